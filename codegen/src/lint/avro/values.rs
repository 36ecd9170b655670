//! What the values of fields mean: money, time, ids, secrets.

use charter_avro::schema::{Kind, Logical};
use charter_avro::source::Tree;

use super::{Field, Named, words as type_words};
use crate::lint::finding::Findings;
use crate::lint::rules::contracts as rules;
use crate::lint::words;

pub(super) fn lint(named: &Named<'_>, found: &mut Findings) {
    let fields = named.fields();
    let currency =
        fields.iter().any(|field| words::words(field.name()).iter().any(|w| w == "currency"));
    for field in &fields {
        money(field, currency, found);
        time(field, found);
        uuid(field, found);
        guarded(field, found);
    }
}

fn money(field: &Field<'_>, currency: bool, found: &mut Findings) {
    let Some(core) = field.core() else { return };
    if let Some(Logical::Decimal { .. }) = core.logical {
        let holder = innermost(field.tree.get("type"));
        if holder
            .is_some_and(|tree| tree.get("logicalType").is_some() && tree.get("scale").is_none())
        {
            let text = "expected a `scale`, found none".to_owned();
            field.push(&rules::DECIMAL_SCALE, "type", text, found);
        }
    }
    if !words::is_money(field.name()) {
        return;
    }
    let real = matches!(core.kind, Kind::Float | Kind::Double);
    if real {
        let text = format!("expected a decimal, found `{}`", type_words(core));
        field.push(&rules::MONEY_FLOAT, "type", text, found);
    }
    let number = real
        || matches!(core.logical, Some(Logical::Decimal { .. }))
        || (matches!(core.kind, Kind::Int | Kind::Long) && core.logical.is_none());
    let unit = field.attribute("unit").and_then(Tree::as_str).is_some_and(|unit| !unit.is_empty());
    if number && !currency && !unit {
        let text = format!("expected a currency of `{}`, found none", field.name());
        field.push(&rules::MONEY_CURRENCY, "name", text, found);
    }
}

/// The object that says a logical type: below unions, arrays and maps.
fn innermost(tree: Option<&Tree>) -> Option<&Tree> {
    let tree = tree?;
    if let Some(branches) = tree.as_array() {
        return branches.iter().filter_map(|branch| innermost(Some(branch))).next_back();
    }
    let inner = tree.get("items").or_else(|| tree.get("values"));
    let nested = tree.get("type").filter(|inner| inner.as_object().is_some());
    match inner.or(nested) {
        Some(inner) => innermost(Some(inner)),
        None => Some(tree).filter(|tree| tree.as_object().is_some()),
    }
}

fn time(field: &Field<'_>, found: &mut Findings) {
    let Some(core) = field.core() else { return };
    if let Some(
        logical @ (Logical::LocalTimestampMillis
        | Logical::LocalTimestampMicros
        | Logical::LocalTimestampNanos),
    ) = core.logical
    {
        let text = format!("expected a time in UTC, found `{}`", logical.as_str());
        field.push(&rules::TIMESTAMP_ZONE, "type", text, found);
    }
    let plain =
        core.logical.is_none() && matches!(core.kind, Kind::Int | Kind::Long | Kind::String);
    if plain && words::is_time(field.name()) {
        let text = format!("expected a timestamp, found `{}`", core.kind.type_name());
        field.push(&rules::TIMESTAMP_LOGICAL, "type", text, found);
    }
    if plain && words::is_day(field.name()) {
        let text = format!("expected a `date`, found `{}`", core.kind.type_name());
        field.push(&rules::DATE_LOGICAL, "type", text, found);
    }
}

fn uuid(field: &Field<'_>, found: &mut Findings) {
    let Some(core) = field.core() else { return };
    let shown = match field.attribute("example").map(Tree::to_json) {
        Some(serde_json::Value::String(text)) => words::is_uuid_text(&text),
        Some(serde_json::Value::Array(items)) => {
            items.iter().any(|item| item.as_str().is_some_and(words::is_uuid_text))
        }
        _ => false,
    };
    if core.logical.is_none()
        && matches!(core.kind, Kind::String)
        && (shown || words::is_uuid(field.name()))
    {
        let text = "expected the logical type `uuid`, found `string`".to_owned();
        field.push(&rules::UUID_LOGICAL, "type", text, found);
    }
}

fn guarded(field: &Field<'_>, found: &mut Findings) {
    let name = field.name();
    let kept = matches!(field.owner.kind(), Some("event" | "view"));
    if kept && words::is_secret(name) {
        let text = format!("expected no secret in what is kept, found `{name}`");
        field.push(&rules::SECRET_IN_EVENT, "name", text, found);
    }
    let private = field.attribute("private").and_then(Tree::as_bool) == Some(true);
    let broadcast = field.owner.attribute("broadcast").is_some();
    if broadcast && !private && words::is_personal(name) {
        let text = format!("expected `{name}` to be private, for the event is broadcast");
        field.push(&rules::PERSONAL_BROADCAST, "name", text, found);
    }
}
