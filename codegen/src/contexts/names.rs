//! Names that differ in the contracts may not differ in Rust.

use std::collections::BTreeMap;

use crate::ir::{Field, Origin, Role, Shape, TypeId};
use crate::problem::{Problem, Problems};
use crate::types::{SHARED, Types};
use crate::{names, rules};

/// Checks types against each other and what is generated beside them, fields and variants.
pub(super) fn check(types: &Types, problems: &mut Problems) {
    let mut seen: BTreeMap<(String, String), (String, Origin)> = BTreeMap::new();
    for (namespace, name, what) in generated(types) {
        seen.entry((namespace, name)).or_insert((what, Origin::default()));
    }
    for id in types.all() {
        let def = types.def(id);
        let key = (def.namespace.clone(), def.rust.name.clone());
        let head = types.head(id);
        match seen.get(&key) {
            Some((other, at)) => {
                problems.push(clash(&def.full_name, other, &def.rust.name, &head, at));
            }
            None => drop(seen.insert(key, (def.full_name.clone(), head))),
        }
        match &def.shape {
            Shape::Record(record) => fields(&record.fields, problems),
            Shape::Enum(symbols) => {
                let symbols =
                    symbols.variants.iter().map(|variant| (&variant.symbol, &variant.rust));
                variants(symbols, id, types, problems);
            }
            Shape::Union(union) => {
                let branches = union.branches.iter().map(|branch| (&branch.name, &branch.rust));
                variants(branches, id, types, problems);
            }
            Shape::Fixed { .. } => {}
        }
    }
}

/// What a context's crate holds beside the contracts' own types: namespace, Rust name, what it is.
fn generated(types: &Types) -> Vec<(String, String, String)> {
    let mut names = Vec::new();
    for def in types.defs.iter().filter(|def| def.is_lent) {
        let what = format!("the borrowing form of `{}`", def.full_name);
        names.push((def.namespace.clone(), format!("{}Ref", def.rust.name), what));
    }
    for def in types.defs.iter().filter(|def| def.role != Role::Type && def.namespace != SHARED) {
        let context = names::upper(&def.namespace);
        for suffix in ["", "Command", "Event", "Rejection"] {
            let name = format!("{context}{suffix}");
            names.push((
                def.namespace.clone(),
                name,
                format!("the generated name of context `{}`", def.namespace),
            ));
        }
        if matches!(def.role, Role::Command | Role::Event) {
            let what = format!("the envelope of `{}`", def.full_name);
            names.push((def.namespace.clone(), format!("{}Envelope", def.rust.name), what));
        }
        if def.role == Role::Event {
            let what = format!("the borrowing envelope of `{}`", def.full_name);
            names.push((def.namespace.clone(), format!("{}EnvelopeRef", def.rust.name), what));
        }
        if def.role == Role::View {
            let what = format!("the key of `{}`", def.full_name);
            names.push((def.namespace.clone(), format!("{}Key", def.rust.name), what));
        }
    }
    names
}

fn fields(fields: &[Field], problems: &mut Problems) {
    let mut seen: BTreeMap<&str, &Field> = BTreeMap::new();
    for field in fields {
        if let Some(other) = seen.insert(&field.rust, field) {
            problems.push(clash(
                &field.name,
                &other.name,
                &field.rust,
                &field.origin,
                &other.origin,
            ));
        }
    }
}

fn variants<'a>(
    variants: impl Iterator<Item = (&'a String, &'a String)>,
    id: TypeId,
    types: &Types,
    problems: &mut Problems,
) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (symbol, rust) in variants {
        if let Some(other) = seen.insert(rust, symbol) {
            problems.push(clash(symbol, other, rust, &types.head(id), &Origin::default()));
        }
    }
}

fn clash(name: &str, other: &str, rust: &str, at: &Origin, other_at: &Origin) -> Problem {
    let other = if other.contains(' ') { other.to_owned() } else { format!("`{other}`") };
    let message = format!(
        "expected names that differ in Rust, found `{name}` and {other}: both are `{rust}`"
    );
    let problem = Problem::new(&rules::NAME_CLASH, at, message);
    if other_at.file.is_empty() {
        problem
    } else {
        problem.related(other_at, format!("{other} stands here"))
    }
}
