//! Where a contract lies says what it is.

use std::path::Path;

use heck::ToSnakeCase;

use crate::input::SCHEMAS;
use crate::ir::{Role, TypeDef};
use crate::problem::{Problem, Problems};
use crate::rules;
use crate::types::{SHARED, Types};

/// Checks that each file lies where its namespace, kind and name say.
pub(super) fn check(types: &Types, problems: &mut Problems) {
    for id in types.attributes.keys().filter(|id| !types.is_broken(&types.def(**id).full_name)) {
        let def = types.def(*id);
        if !is_context_name(&def.namespace) {
            let message = format!("expected a namespace like `seat`, found `{}`", def.namespace);
            problems.push(Problem::new(&rules::CONTEXT_NAME, &types.head(*id), message));
            continue;
        }
        let expected = expected(def);
        if def.origin.file != expected {
            let message = format!("expected `{}` in `{expected}`", def.full_name);
            let found = Path::new(&def.origin.file).display().to_string();
            let problem = Problem::new(&rules::CONTRACT_PLACE, &types.head(*id), message);
            problems.push(problem.label(format!("found in `{found}`")));
        }
        if def.namespace == SHARED && def.role != Role::Type {
            let message =
                format!("expected a type without `kind` in `{SHARED}`, found `{}`", def.full_name);
            let help = "a message and a view belong to a context of their own";
            problems
                .push(Problem::new(&rules::CONTRACT_PLACE, &types.head(*id), message).help(help));
        }
    }
}

/// Names a crate and a folder: `contract-<name>` and `schemas/<name>`, apart from those that are taken.
fn is_context_name(name: &str) -> bool {
    let is_word =
        name.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit());
    is_word
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !matches!(name, "gateway" | "released")
}

fn expected(def: &TypeDef) -> String {
    let name = def.name.to_snake_case();
    let namespace = def.namespace.as_str();
    if namespace == SHARED {
        format!("{SCHEMAS}/{SHARED}/{name}.avsc")
    } else {
        format!("{SCHEMAS}/{namespace}/{}/{name}.avsc", def.role.module())
    }
}
