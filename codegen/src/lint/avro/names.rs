//! What types, fields and symbols are called, and what is said about them.

use std::collections::BTreeMap;

use charter_avro::schema::{Kind, Logical, Node};
use charter_avro::source::Tree;

use super::{Field, Named};
use crate::lint::finding::{Findings, Place};
use crate::lint::rules::contracts as rules;
use crate::lint::words::{self, Case};

pub(super) fn lint(named: &Named<'_>, found: &mut Findings) {
    docs(named, found);
    own_name(named, found);
    if let Kind::Enum(symbols) = &named.node.kind {
        let trees = named.tree.get("symbols").and_then(Tree::as_array).unwrap_or_default();
        for (symbol, tree) in symbols.symbols.iter().zip(trees) {
            if !Case::UpperSnake.fits(symbol) {
                let text = format!("expected `{}`, found `{symbol}`", Case::UpperSnake.of(symbol));
                found.push(&rules::SYMBOL_NAME, named.place_at(tree.span), named.name, text);
            }
        }
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for field in named.fields() {
        let name = field.name();
        if !Case::Camel.fits(name) {
            let text = format!("expected `{}`, found `{name}`", Case::Camel.of(name));
            field.push(&rules::FIELD_NAME, "name", text, found);
        }
        if words::is_reserved(name) {
            let text = format!("expected a word that no language keeps for itself, found `{name}`");
            field.push(&rules::RESERVED_WORD, "name", text, found);
        }
        if let Some(other) = seen.insert(words::folded(name), name) {
            let text = format!("expected a name unlike `{other}`, found `{name}`");
            field.push(&rules::NAME_CASE_CLASH, "name", text, found);
        }
        if field.core().is_some_and(|core| matches!(core.kind, Kind::Boolean))
            && let Some((what, better)) = words::boolean_trouble(name)
        {
            let text =
                format!("expected a name without {what}, such as `{better}`, found `{name}`");
            field.push(&rules::BOOLEAN_NAME, "name", text, found);
        }
        spoken(&field, found);
    }
}

fn own_name(named: &Named<'_>, found: &mut Findings) {
    let name = named.simple_name();
    if !Case::Pascal.fits(name) {
        let text = format!("expected `{}`, found `{name}`", Case::Pascal.of(name));
        named.push(&rules::TYPE_NAME, "name", text, found);
    }
    let namespace = named.namespace();
    if namespace.is_empty() {
        let text = "expected a namespace, found none".to_owned();
        named.push(&rules::NAMESPACE_MISSING, "name", text, found);
    }
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !namespace.is_empty() && !namespace.split('.').all(part) {
        let text = format!("expected small letters, found `{namespace}`");
        named.push(&rules::NAMESPACE_FORM, "namespace", text, found);
    }
    match named.kind() {
        Some("event") if !words::is_past(name) => {
            let text = format!("expected a name in the past tense, found `{name}`");
            named.push(&rules::EVENT_PAST_TENSE, "name", text, found);
        }
        Some("command") if !words::is_imperative(name) => {
            let text = format!("expected a name that begins with a verb, found `{name}`");
            named.push(&rules::COMMAND_IMPERATIVE, "name", text, found);
        }
        _ => {}
    }
    let suffix = ["Command", "Event", "Message"].iter().find(|suffix| name.ends_with(**suffix));
    if let Some(suffix) = suffix.filter(|_| matches!(named.kind(), Some("command" | "event"))) {
        let better = name.strip_suffix(*suffix).unwrap_or(name);
        let text = format!("expected `{better}`, found `{name}`");
        named.push(&rules::MESSAGE_SUFFIX, "name", text, found);
    }
}

fn docs(named: &Named<'_>, found: &mut Findings) {
    match named.node.kind.doc() {
        Some(doc) if !doc.trim().is_empty() => sentence(doc, named.place("doc"), named.name, found),
        _ => {
            let text = "expected a `doc`, found none".to_owned();
            named.push(&rules::TYPE_DOC, "name", text, found);
        }
    }
    for field in named.fields() {
        let subject = format!("{}.{}", named.name, field.name());
        match &field.of.doc {
            Some(doc) if !doc.trim().is_empty() => {
                sentence(doc, field.place("doc"), &subject, found);
            }
            _ => {
                let text = "expected a `doc`, found none".to_owned();
                field.push(&rules::FIELD_DOC, "name", text, found);
            }
        }
    }
    let rejections = named.attribute("rejections").and_then(Tree::as_object).unwrap_or_default();
    for rejection in rejections {
        let doc = rejection.value.get("doc");
        if let Some(doc) = doc.filter(|doc| doc.as_str().is_some_and(|doc| !doc.trim().is_empty()))
        {
            let place = named.place_at(doc.span);
            sentence(doc.as_str().unwrap_or_default(), place, &rejection.key, found);
        } else {
            let place =
                Place { file: named.file, at: rejection.key_span, within: rejection.value.span };
            let text = format!("expected `{}` to have a `doc`, found none", rejection.key);
            found.push(&rules::REJECTION_DOC, place, named.name, text);
        }
    }
}

fn sentence(doc: &str, place: Place<'_>, subject: &str, found: &mut Findings) {
    let doc = doc.trim();
    let begins = doc.starts_with(|first: char| !first.is_lowercase());
    let ends = doc.ends_with(['.', '!', '?', '`', ')', ':']);
    if !(begins && ends) {
        let what = if begins { "a full stop at its end" } else { "a capital at its start" };
        found.push(&rules::DOC_SENTENCE, place, subject, format!("expected {what}, found `{doc}`"));
    }
}

/// Units and examples.
fn spoken(field: &Field<'_>, found: &mut Findings) {
    let Some(core) = field.core() else { return };
    let number = matches!(core.kind, Kind::Int | Kind::Long | Kind::Float | Kind::Double);
    let decimal = matches!(core.logical, Some(Logical::Decimal { .. }));
    let plain = number && core.logical.is_none();
    let measured = (plain || decimal) && words::is_measure(field.name());
    let real = matches!(core.kind, Kind::Float | Kind::Double) && !words::says_unit(field.name());
    // Where the field's name says money, the currency is the unit, which has a rule of its own.
    let unit = field.attribute("unit").and_then(Tree::as_str).is_some_and(|unit| !unit.is_empty());
    if (measured || real) && !unit && !words::is_money(field.name()) {
        let text = format!("expected a unit of `{}`, found none", field.name());
        field.push(&rules::UNIT_MISSING, "name", text, found);
    }
    if wants_example(core) && field.attribute("example").is_none() {
        let text = "expected an example, found none".to_owned();
        field.push(&rules::EXAMPLE_MISSING, "name", text, found);
    }
}

fn wants_example(core: &Node) -> bool {
    let plain =
        matches!(core.kind, Kind::Int | Kind::Long | Kind::Float | Kind::Double | Kind::String);
    plain || core.logical.is_some()
}
