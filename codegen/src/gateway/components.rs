//! Parameters and responses that stand under `components` once and that operations share.

use std::collections::BTreeMap;

use charter_avro::source::Tree;

use super::document::Document;
use crate::ir::{Component, Operation};
use crate::names;
use crate::problem::{Problem, Problems};
use crate::rules;

/// The component of `section`, `parameters` or `responses`, that `tree` refers to. `None` for what stands in
/// its place.
pub(super) fn referred(document: &Document<'_>, tree: &Tree, section: &str) -> Option<Component> {
    let reference = tree.get("$ref")?.as_str()?;
    let name = reference.strip_prefix("#/components/")?.strip_prefix(section)?.strip_prefix('/')?;
    let member = document.tree.get("components")?.get(section)?.member(name)?;
    Some(Component {
        name: name.to_owned(),
        rust: names::upper(name),
        origin: document.key_at(member),
    })
}

/// Two components of one section may not have one name in Rust.
pub(super) fn check_names(operations: &[Operation], problems: &mut Problems) {
    let parameters = operations.iter().flat_map(|operation| &operation.parameters);
    check(parameters.filter_map(|parameter| parameter.component.as_ref()), problems);
    let responses = operations.iter().flat_map(|operation| &operation.responses);
    check(responses.filter_map(|response| response.component.as_ref()), problems);
}

fn check<'a>(components: impl Iterator<Item = &'a Component>, problems: &mut Problems) {
    let mut seen: BTreeMap<&str, BTreeMap<&str, &Component>> = BTreeMap::new();
    for component in components {
        seen.entry(&component.rust).or_default().insert(&component.name, component);
    }
    for named in seen.values() {
        let mut named = named.values();
        let Some(first) = named.next() else { continue };
        for other in named {
            let message = format!(
                "expected components that differ in Rust, found `{}` and `{}`: both are `{}`",
                other.name, first.name, first.rust
            );
            let problem = Problem::new(&rules::NAME_CLASH, &other.origin, message);
            problems.push(problem.related(&first.origin, format!("`{}` stands here", first.name)));
        }
    }
}
