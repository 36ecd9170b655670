//! Names as the command line gives them, and in all the forms that templates want.

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use serde::Serialize;

use super::ScaffoldError;
use crate::names;

/// Names of services that are there already, or mean something else.
const TAKEN_SERVICES: &[&str] = &[
    "charterctl",
    "core",
    "gateway",
    "platform",
    "registry",
    "released",
    "shared",
    "test",
    "tests",
];
/// Namespaces that mean something else (`CONTEXT_NAME`).
const TAKEN_CONTEXTS: &[&str] = &["gateway", "released", "shared"];

/// A service's name: words in small letters with hyphens.
///
/// # Errors
/// Where it is written otherwise, or taken.
pub fn service(text: &str) -> Result<String, ScaffoldError> {
    if text.len() <= 40 && text.split('-').all(is_word) && !TAKEN_SERVICES.contains(&text) {
        return Ok(text.to_owned());
    }
    let expected = "a service's name in small letters, such as `invoices`, that is not taken";
    Err(ScaffoldError::Name { expected: expected.to_owned(), found: text.to_owned() })
}

/// A project's name: words in small letters with hyphens, which is its folder's too.
///
/// # Errors
/// Where it is written otherwise.
pub fn project(text: &str) -> Result<String, ScaffoldError> {
    if text.len() <= 40 && text.split('-').all(is_word) {
        return Ok(text.to_owned());
    }
    let expected = "a project's name in small letters, such as `corner-shop`";
    Err(ScaffoldError::Name { expected: expected.to_owned(), found: text.to_owned() })
}

/// A context's name: small letters and digits, a letter first.
///
/// # Errors
/// Where it is written otherwise, or means something else.
pub fn context(text: &str) -> Result<String, ScaffoldError> {
    let formed = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if formed && text.len() <= 40 && !TAKEN_CONTEXTS.contains(&text) && !is_keyword(text) {
        return Ok(text.to_owned());
    }
    let expected =
        "a context's name in small letters and digits, such as `invoice`, that means nothing else";
    Err(ScaffoldError::Name { expected: expected.to_owned(), found: text.to_owned() })
}

/// A type's name, brought to `PascalCase`: `place-order` and `placeOrder` are `PlaceOrder`.
///
/// # Errors
/// Where it holds other than letters, digits, hyphens and underscores, or does not begin with a letter.
pub fn type_name(text: &str, what: &str) -> Result<String, ScaffoldError> {
    let formed = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let name = text.to_upper_camel_case();
    if formed && text.len() <= 60 && !is_keyword(&name.to_snake_case()) {
        return Ok(name);
    }
    let expected = format!("the name of {what}, such as `PlaceOrder` or `place-order`");
    Err(ScaffoldError::Name { expected, found: text.to_owned() })
}

/// Whether a word is of small letters and digits, a letter first.
fn is_word(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Whether Rust keeps the word for itself, so that a module could not be called so.
fn is_keyword(word: &str) -> bool {
    names::field(word) != word
}

/// `a` or `an`, by the first letter.
#[must_use]
pub fn article(words: &str) -> &'static str {
    if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// The plural, as most nouns have it.
#[must_use]
pub fn plural(word: &str) -> String {
    let vowel_y = ["ay", "ey", "oy", "uy"].iter().any(|end| word.ends_with(end));
    if ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end)) {
        format!("{word}es")
    } else if word.ends_with('y') && !vowel_y {
        format!("{}ies", &word[..word.len() - 1])
    } else {
        format!("{word}s")
    }
}

/// `orderLine` and `OrderLine` as `order line`.
#[must_use]
pub fn words(name: &str) -> String {
    name.to_snake_case().replace('_', " ")
}

/// The first letter large.
#[must_use]
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The unit of consistency, in all forms.
#[derive(Clone, Debug, Serialize)]
pub struct Aggregate {
    /// `WorkOrder`.
    pub name: String,
    /// `work_order`.
    pub snake: String,
    /// `work order`.
    pub words: String,
    /// `a`.
    pub article: &'static str,
    /// `workOrderId`.
    pub id: String,
    /// `work_order_id`.
    pub id_snake: String,
    /// `WorkOrderId`.
    pub id_pascal: String,
    /// `The work order, chosen by the caller.`
    pub id_doc: String,
    /// `What the work order is called.`
    pub name_doc: String,
    /// `A work order`, of one that is called something.
    pub name_example: String,
    /// `work-order-7`.
    pub example: String,
    /// The same for several.
    pub plural: Plural,
}

/// Several of a kind.
#[derive(Clone, Debug, Serialize)]
pub struct Plural {
    /// `WorkOrders`.
    pub pascal: String,
    /// `work orders`.
    pub words: String,
    /// `Work orders`.
    pub sentence: String,
    /// `work-orders`.
    pub kebab: String,
}

impl Aggregate {
    /// All forms of a name in `PascalCase`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let (snake, words) = (name.to_snake_case(), words(name));
        let plural = plural(&words);
        let id = format!("{name}Id");
        Self {
            article: article(&words),
            id: id.to_lower_camel_case(),
            id_snake: id.to_snake_case(),
            id_doc: format!("The {words}."),
            name_doc: format!("What the {words} is called."),
            name_example: format!("The seventh {words}"),
            example: format!("{}-7", name.to_kebab_case()),
            plural: Plural {
                pascal: plural.to_upper_camel_case(),
                sentence: sentence(&plural),
                kebab: plural.to_kebab_case(),
                words: plural,
            },
            id_pascal: id,
            name: name.to_owned(),
            snake,
            words,
        }
    }
}

/// A command, in all forms.
#[derive(Clone, Debug, Serialize)]
pub struct Command {
    /// `PlaceOrder`.
    pub name: String,
    /// `placeOrder`.
    pub camel: String,
    /// `place_order`.
    pub snake: String,
    /// `Place an order.`
    pub doc: String,
    /// `Place an order`.
    pub summary: String,
    /// What the operation does, in a sentence.
    pub description: String,
    /// What its body is.
    pub request_doc: String,
    /// `cancel`: the last part of its path.
    pub action: String,
    /// Whether the aggregate begins with it.
    pub first: bool,
    /// What it leads to.
    pub event: Event,
}

/// An event, in all forms.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// `OrderPlaced`.
    pub name: String,
    /// `orderPlaced`.
    pub camel: String,
    /// `order_placed`.
    pub snake: String,
    /// `An order was placed.`
    pub doc: String,
    /// `PLACED`: the status after it.
    pub symbol: String,
    /// `Placed`: the same in Rust.
    pub variant: String,
    /// Whether the aggregate begins with it.
    pub first: bool,
}

/// A view, in all forms.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// `OrderView`.
    pub name: String,
    /// `order_view`.
    pub snake: String,
    /// `An order as it stands.`
    pub doc: String,
    /// `An order`.
    pub summary: String,
    /// `Order`: the schema of the API.
    pub schema: String,
    /// `Orders`.
    pub schema_plural: String,
    /// `order`: the last part of its path.
    pub kebab: String,
    /// Whether it is the one that lists are made of.
    pub first: bool,
}

impl Event {
    /// All forms of a name in `PascalCase`. `short` leaves the aggregate's name out of the status.
    #[must_use]
    pub fn new(name: &str, aggregate: &Aggregate, first: bool, short: bool) -> Self {
        let all = words(name);
        let rest = all.strip_prefix(&format!("{} ", aggregate.words));
        let doc = rest.map_or_else(
            || format!("{}.", sentence(&all)),
            |rest| format!("{} {} was {rest}.", sentence(aggregate.article), aggregate.words),
        );
        let symbol = if short { rest.unwrap_or(&all) } else { &all }.to_shouty_snake_case();
        Self {
            name: name.to_owned(),
            camel: name.to_lower_camel_case(),
            snake: name.to_snake_case(),
            doc,
            variant: names::upper(&symbol),
            symbol,
            first,
        }
    }
}

impl Command {
    /// All forms of a name in `PascalCase`.
    #[must_use]
    pub fn new(name: &str, aggregate: &Aggregate, first: bool, event: Event) -> Self {
        let all = words(name);
        let verb = all.strip_suffix(&format!(" {}", aggregate.words));
        let summary = verb.map_or_else(
            || sentence(&all),
            |verb| format!("{} {} {}", sentence(verb), aggregate.article, aggregate.words),
        );
        let doc = if first {
            format!("{summary}: the first that is asked of it.")
        } else {
            format!("{summary}. Changes nothing where that has happened already.")
        };
        Self {
            name: name.to_owned(),
            camel: name.to_lower_camel_case(),
            snake: name.to_snake_case(),
            description: doc.clone(),
            doc,
            request_doc: format!("What is needed to {}.", lower(&summary)),
            summary,
            action: verb.unwrap_or(&all).to_kebab_case(),
            first,
            event,
        }
    }
}

impl View {
    /// All forms of a name in `PascalCase`.
    #[must_use]
    pub fn new(name: &str, aggregate: &Aggregate, first: bool) -> Self {
        let schema = name.strip_suffix("View").filter(|rest| !rest.is_empty()).unwrap_or(name);
        let words = words(schema);
        let part = words.strip_prefix(&format!("{} ", aggregate.words));
        let summary = if words == aggregate.words {
            sentence(&format!("{} {words}", article(&words)))
        } else {
            let part = part.unwrap_or(&words);
            format!("The {part} of {} {}", aggregate.article, aggregate.words)
        };
        let doc = if words == aggregate.words {
            format!("{summary} as it stands.")
        } else {
            format!("{summary}.")
        };
        Self {
            name: name.to_owned(),
            snake: name.to_snake_case(),
            doc,
            summary,
            schema: schema.to_owned(),
            schema_plural: plural(&words).to_upper_camel_case(),
            kebab: part.unwrap_or(&words).to_kebab_case(),
            first,
        }
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["invoices", "work-orders", "billing2"] {
            assert!(service(good).is_ok(), "{good}");
        }
        for bad in ["Invoices", "core", "2nd", "a--b", "-a", "a_b", "", "../up", "a b"] {
            assert!(service(bad).is_err(), "{bad}");
        }
        for bad in ["shared", "type", "Shop", "a-b", "", "match"] {
            assert!(context(bad).is_err(), "{bad}");
        }
        assert_eq!(type_name("place-order", "a command").ok().as_deref(), Some("PlaceOrder"));
        assert_eq!(type_name("placeOrder", "a command").ok().as_deref(), Some("PlaceOrder"));
        for bad in ["", "7up", "a b", "a/b", "match"] {
            assert!(type_name(bad, "a command").is_err(), "{bad}");
        }
    }

    #[test]
    fn words_become_sentences() {
        let order = Aggregate::new("WorkOrder");
        assert_eq!(order.plural.kebab, "work-orders");
        let event = Event::new("WorkOrderPlaced", &order, true, true);
        assert_eq!(
            (event.doc.as_str(), event.symbol.as_str()),
            ("A work order was placed.", "PLACED")
        );
        let command = Command::new("CancelWorkOrder", &order, false, event);
        assert_eq!(
            (command.summary.as_str(), command.action.as_str()),
            ("Cancel a work order", "cancel")
        );
        assert_eq!(View::new("WorkOrderView", &order, true).doc, "A work order as it stands.");
        assert_eq!(plural("history"), "histories");
        assert_eq!(plural("day"), "days");
        assert_eq!(plural("box"), "boxes");
    }
}
