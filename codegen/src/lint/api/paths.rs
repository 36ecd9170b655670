//! What paths look like.

use super::model::{Api, members};
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;
use crate::lint::words::{self, Case};

pub(super) fn lint(api: &Api<'_>, found: &mut Findings) {
    let root = api.document().root();
    for path in members(root, "paths") {
        let place = api.place_at(root.within(&path.value), path.key_span);
        let parts: Vec<&str> = path.key.split('/').skip(1).collect();
        if path.key.len() > 1 && parts.iter().any(|part| part.is_empty()) {
            let text = format!("expected no empty part, found `{}`", path.key);
            found.push(&rules::PATH_TRAILING_SLASH, place, &path.key, text);
        }
        let plain: Vec<&str> =
            parts.iter().copied().filter(|part| !part.contains('{') && !part.is_empty()).collect();
        for part in &plain {
            // A version may have dots, and an action a colon in front.
            let bare = part.trim_start_matches(':').replace(['.', ':'], "-");
            if !Case::Kebab.fits(&bare) {
                let text = format!("expected `{}`, found `{part}`", Case::Kebab.of(part));
                found.push(&rules::PATH_KEBAB, place, &path.key, text);
            }
        }
        for pair in parts.windows(2) {
            let id = pair[1].starts_with('{') && pair[1].ends_with('}');
            let noun = !pair[0].contains('{') && !is_version(pair[0]);
            if id && noun && !pair[0].is_empty() && !words::is_plural(pair[0]) {
                let text = format!("expected a plural before `{}`, found `{}`", pair[1], pair[0]);
                found.push(&rules::PATH_PLURAL, place, &path.key, text);
            }
        }
    }
}

/// `v1`, `v2beta`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}
