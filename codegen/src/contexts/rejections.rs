//! Rejections: each code once for a context.

use std::collections::BTreeMap;

use crate::attribute::DeclaredRejection;
use crate::ir::{Rejection, Role, TypeId};
use crate::problem::{Problem, Problems};
use crate::types::Types;
use crate::{names, rules};

/// All rejections that the commands of a context declare, in the order of codes.
pub(super) fn collect(
    commands: &[TypeId],
    types: &Types,
    problems: &mut Problems,
) -> Vec<Rejection> {
    let mut found: BTreeMap<&str, (&DeclaredRejection, Option<Rejection>)> = BTreeMap::new();
    let declared = commands.iter().flat_map(|id| &types.attributes[id].rejections);
    for declaration in declared {
        let code = declaration.code.value.as_str();
        if let Some((first, _)) = found.get(code) {
            differences(declaration, first, problems);
        } else {
            let rejection = resolve(declaration, types, problems);
            found.insert(code, (declaration, rejection));
        }
    }
    let mut seen: BTreeMap<String, &DeclaredRejection> = BTreeMap::new();
    for (declaration, _) in found.values() {
        if let Some(other) = seen.insert(names::upper(&declaration.code.value), declaration) {
            let (code, other_code) = (&declaration.code.value, &other.code.value);
            let message =
                format!("expected codes that differ in Rust, found `{code}` and `{other_code}`");
            let problem = Problem::new(&rules::NAME_CLASH, &declaration.code.origin, message);
            problems
                .push(problem.related(&other.code.origin, format!("`{other_code}` stands here")));
        }
    }
    found.into_values().filter_map(|(_, rejection)| rejection).collect()
}

fn resolve(
    declaration: &DeclaredRejection,
    types: &Types,
    problems: &mut Problems,
) -> Option<Rejection> {
    let DeclaredRejection { code, status, details, doc } = declaration;
    if !names::is_upper_snake(&code.value) {
        let message = format!("expected a code like `SEAT_TAKEN`, found `{}`", code.value);
        problems.push(Problem::new(&rules::REJECTION_CODE, &code.origin, message));
    }
    if doc.as_ref().is_none_or(|doc| doc.trim().is_empty()) {
        let message =
            format!("expected the rejection `{}` to have a `doc`, found none", code.value);
        problems.push(Problem::new(&rules::DOC_MISSING, &code.origin, message));
    }
    let number = u16::try_from(status.value).ok().filter(|status| (400..500).contains(status));
    if number.is_none() {
        let message = format!("expected a status from 400 to 499, found {}", status.value);
        problems.push(Problem::new(&rules::REJECTION_STATUS, &status.origin, message));
    }
    let mut details_id = None;
    if let Some(details) = details {
        details_id = types
            .find(&details.value)
            .filter(|id| types.record(*id).is_some() && types.def(*id).role == Role::Type);
        if details_id.is_none() && !types.is_broken(&details.value) {
            let message = format!(
                "expected a record for the details of `{}`, found `{}`",
                code.value, details.value
            );
            problems.push(Problem::new(&rules::REJECTION_DETAILS, &details.origin, message));
        }
    }
    Some(Rejection {
        code: code.value.clone(),
        rust: names::upper(&code.value),
        status: number?,
        doc: doc.clone().unwrap_or_default(),
        details: details_id,
        origin: code.origin.clone(),
    })
}

fn differences(
    declaration: &DeclaredRejection,
    first: &DeclaredRejection,
    problems: &mut Problems,
) {
    let name =
        |details: &DeclaredRejection| details.details.as_ref().map(|details| details.value.clone());
    let difference = if declaration.status.value != first.status.value {
        Some(("status", first.status.value.to_string(), declaration.status.value.to_string()))
    } else if name(declaration) != name(first) {
        let text = |details: Option<String>| details.unwrap_or_else(|| "none".to_owned());
        Some(("details", text(name(first)), text(name(declaration))))
    } else if declaration.doc != first.doc {
        let text = |doc: &Option<String>| doc.clone().unwrap_or_else(|| "none".to_owned());
        Some(("doc", text(&first.doc), text(&declaration.doc)))
    } else {
        None
    };
    if let Some((what, expected, found)) = difference {
        let code = &declaration.code.value;
        let message = format!(
            "expected the {what} `{expected}` that `{code}` has elsewhere, found `{found}`"
        );
        let problem = Problem::new(&rules::REJECTION_DIFFERS, &declaration.code.origin, message);
        problems
            .push(problem.related(&first.code.origin, format!("`{code}` is declared here first")));
    }
}
