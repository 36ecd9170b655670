//! Why no value shows a break.

use super::cover::{Cover, may_be};
use super::{Pending, Side, Tried};
use crate::check::change::Unshown;
use crate::check::openapi::document::Node;
use crate::check::openapi::schema::Schema;

/// Why none of `tried` values fits one side and not the other, where that can be told.
pub(super) fn reason<'a>(
    pending: &Pending<'a>,
    (fits, misfits): (&Side<'_, 'a>, &Side<'_, 'a>),
    loose: bool,
    tried: Tried,
) -> Unshown {
    if let Some(reason) = annotation(&pending.keyword) {
        return reason;
    }
    for index in 1..fits.way.len() {
        let (holder, held) = (fits.way[index - 1], fits.way[index]);
        let schema = fits.schemas.at(holder).schema;
        match applied(&schema, fits.schemas.at(held).schema.node) {
            Some("contentSchema") => return Unshown::Content,
            Some(keyword) => {
                let Some(about) = subject(keyword) else { continue };
                if !may_be_any(&schema, about) {
                    return Unshown::NeverAsked { keyword, about: plural(about) };
                }
            }
            None => {}
        }
    }
    if let (Some(last), Some(about)) = (fits.way.last(), subject(&pending.keyword))
        && !may_be_any(&fits.schemas.at(*last).schema, about)
    {
        return Unshown::OtherType { keyword: pending.keyword.clone(), about: plural(about) };
    }
    if loose && pending.keyword == "type" && fits.way.len() == 1 && only_null(fits, misfits) {
        return Unshown::Spelling;
    }
    let mut cover = Cover::new(fits.schemas, misfits.schemas);
    if cover.proves(fits.way[0], misfits.way[0], loose) {
        return Unshown::Covered;
    }
    let is_array =
        |side: &Side<'_, 'a>| side.schemas.at(side.way[0]).schema.types.contains(&"array");
    if loose && is_array(fits) != is_array(misfits) {
        return Unshown::Spelling;
    }
    if tried.fitting == 0 {
        return Unshown::NoValue(tried.values);
    }
    Unshown::Searched(tried.values)
}

/// Whether one side takes `null` beside what both take: on the wire it is a text as all others are.
fn only_null(fits: &Side<'_, '_>, misfits: &Side<'_, '_>) -> bool {
    let takes = |side: &Side<'_, '_>| side.schemas.at(side.way[0]).schema.takes_null();
    takes(fits) && !takes(misfits)
}

/// Keywords that check nothing.
pub(super) fn annotation(keyword: &str) -> Option<Unshown> {
    match keyword {
        "contentEncoding" | "contentMediaType" | "contentSchema" => Some(Unshown::Content),
        "x-extensible-enum" => Some(Unshown::Extensible),
        "default" => Some(Unshown::Meaning),
        _ => None,
    }
}

/// The keyword of `schema` that holds the schema `held`.
fn applied<'a>(schema: &Schema<'a>, held: Node<'a>) -> Option<&'static str> {
    let single = &schema.single;
    let is = |tree: &charter_avro::source::Tree| std::ptr::eq(tree, held.tree);
    let singles = [
        ("items", single.items),
        ("additionalProperties", single.additional_properties),
        ("contains", single.contains),
        ("propertyNames", single.property_names),
        ("unevaluatedItems", single.unevaluated_items),
        ("unevaluatedProperties", single.unevaluated_properties),
        ("contentSchema", single.content_schema),
    ];
    let found = singles.iter().find(|(_, tree)| tree.is_some_and(is)).map(|(key, _)| *key);
    let lists = [
        ("properties", schema.properties),
        ("patternProperties", schema.pattern_properties),
        ("dependentSchemas", schema.dependent_schemas),
    ];
    let named = || {
        let mut lists = lists.iter();
        lists
            .find(|(_, members)| members.iter().any(|member| is(&member.value)))
            .map(|(key, _)| *key)
    };
    found.or_else(named).or_else(|| schema.prefix_items.iter().any(is).then_some("prefixItems"))
}

/// The type of values that a keyword is about.
fn subject(keyword: &str) -> Option<&'static str> {
    match keyword {
        "maxLength" | "minLength" | "pattern" => Some("string"),
        "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum" | "multipleOf" => {
            Some("number")
        }
        "maxItems" | "minItems" | "uniqueItems" | "items" | "prefixItems" | "contains"
        | "maxContains" | "minContains" | "unevaluatedItems" => Some("array"),
        "maxProperties"
        | "minProperties"
        | "required"
        | "properties"
        | "additionalProperties"
        | "patternProperties"
        | "propertyNames"
        | "dependentRequired"
        | "dependentSchemas"
        | "unevaluatedProperties" => Some("object"),
        _ => None,
    }
}

fn may_be_any(schema: &Schema<'_>, about: &str) -> bool {
    may_be(schema, about) || (about == "number" && may_be(schema, "integer"))
}

fn plural(about: &str) -> &'static str {
    match about {
        "string" => "strings",
        "number" => "numbers",
        "array" => "arrays",
        _ => "objects",
    }
}
