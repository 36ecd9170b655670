//! Why no value shows a break.

use super::cover::{Cover, may_be};
use super::empty::Emptiness;
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
        return Unshown::NoNull;
    }
    if let Some(reason) = proved((fits, misfits), loose) {
        return reason;
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

/// Why no value can be told apart at a place on the way: nothing fits there, or all that fits there fits in the other
/// version. Where the way goes by a branch, that is asked of what fits the branch.
fn proved<'a>((fits, misfits): (&Side<'_, 'a>, &Side<'_, 'a>), loose: bool) -> Option<Unshown> {
    let mut empty = Emptiness::new(fits.schemas);
    for place in 0..fits.way.len() {
        if let Some(reason) = empty.of(fits.way[place]) {
            return Some(Unshown::Nothing(reason));
        }
        let covers = |from: usize| {
            let mut cover = Cover::new(fits.schemas, misfits.schemas);
            cover.proves(fits.way[from], misfits.way[place], loose)
        };
        if covers(place) {
            return Some(Unshown::Covered);
        }
        for branch in place + 1..fits.way.len() {
            if !is_branch(fits, branch) {
                break;
            }
            if covers(branch) {
                return Some(Unshown::OtherBranch);
            }
        }
        // Behind a branch, a condition or `not` it is not only what fits there that counts.
        if !(place + 1 < fits.way.len() && is_held(fits, place + 1)) {
            break;
        }
    }
    None
}

/// Whether the schema at `index` of the way is a branch of the one before.
fn is_branch(side: &Side<'_, '_>, index: usize) -> bool {
    let schema = side.schemas.at(side.way[index - 1]).schema;
    let held = side.schemas.at(side.way[index]).schema.node;
    let mut trees = schema.all_of.iter().chain(schema.any_of).chain(schema.one_of);
    trees.any(|tree| side.schemas.at(schema.within(tree)).schema.node.address() == held.address())
}

/// Whether the schema at `index` of the way is asked of what the value at hand holds.
fn is_held(side: &Side<'_, '_>, index: usize) -> bool {
    let schema = side.schemas.at(side.way[index - 1]).schema;
    let held = side.schemas.at(side.way[index]).schema.node;
    let single = [schema.single.items, schema.single.additional_properties];
    let named = schema.properties.iter().map(|member| &member.value);
    let mut trees = named.chain(schema.prefix_items).chain(single.into_iter().flatten());
    trees.any(|tree| side.schemas.at(schema.within(tree)).schema.node.address() == held.address())
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
