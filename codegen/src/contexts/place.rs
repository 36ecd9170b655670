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
    for id in types.attributes.keys().filter(|id| !types.attributes[*id].kind_unknown) {
        let def = types.def(*id);
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

fn expected(def: &TypeDef) -> String {
    let name = def.name.to_snake_case();
    let namespace = if def.namespace.is_empty() { "<namespace>" } else { def.namespace.as_str() };
    if namespace == SHARED {
        format!("{SCHEMAS}/{SHARED}/{name}.avsc")
    } else {
        format!("{SCHEMAS}/{namespace}/{}/{name}.avsc", def.role.module())
    }
}
