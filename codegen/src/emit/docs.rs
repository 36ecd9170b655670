//! Doc comments of a contract's words.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value as Json;

use crate::ir::{Field, TypeDef, Variant};

/// The column that doc comments are filled to, before indentation.
const WIDTH: usize = 92;

/// `#[doc]` attributes of a text, one a line, filled to [`WIDTH`].
pub(super) fn attributes(text: &str) -> TokenStream {
    let lines = filled(&escaped(text)).into_iter().map(|line| {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// What a type's doc comment says; its Avro name where the contract says nothing.
pub(super) fn of_type(def: &TypeDef) -> String {
    described(def.doc.as_deref(), &def.full_name)
}

/// What a field's doc comment says, with its unit and its example.
pub(super) fn of_field(field: &Field) -> String {
    let mut text = described(field.doc.as_deref(), &field.name);
    if let Some(unit) = &field.unit {
        push_sentence(&mut text, &format!("Unit: {unit}."));
    }
    if let Some(example) = &field.example {
        push_sentence(&mut text, &format!("Example: `{}`.", plain(example)));
    }
    text
}

/// What a symbol's doc comment says.
pub(super) fn of_symbol(variant: &Variant) -> String {
    described(variant.doc.as_deref(), &variant.symbol)
}

/// A contract's words as a sentence; the name as code where it has none.
pub(super) fn described(doc: Option<&str>, name: &str) -> String {
    match doc.map(str::trim) {
        None | Some("") => format!("`{name}`."),
        Some(doc) => sentence(doc),
    }
}

/// An example as a reader would write it: a string without quotation marks.
pub(super) fn plain(example: &Json) -> String {
    example.as_str().map_or_else(|| example.to_string(), str::to_owned)
}

fn push_sentence(text: &mut String, sentence: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '`']) { text.to_owned() } else { format!("{text}.") }
}

/// The text with what rustdoc would read as a link or as HTML escaped, outside code spans.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut code = false;
    for character in text.chars() {
        match character {
            '`' => code = !code,
            '[' | ']' | '<' | '>' if !code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

/// Lines of at most [`WIDTH`] characters where words allow it; paragraphs stay apart.
pub(super) fn filled(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split("\n\n") {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_examples_follow_the_doc() {
        let field = Field {
            name: "holdSeconds".to_owned(),
            rust: "hold_seconds".to_owned(),
            doc: Some("How long a hold lasts".to_owned()),
            unit: Some("seconds".to_owned()),
            example: Some(Json::from(300)),
            private: false,
            ty: crate::ir::Type::Int,
            default: None,
            aliases: Vec::new(),
            origin: crate::ir::Origin::default(),
        };
        assert_eq!(of_field(&field), "How long a hold lasts. Unit: seconds. Example: `300`.");
    }

    #[test]
    fn a_name_stands_for_a_missing_doc() {
        assert_eq!(described(None, "showId"), "`showId`.");
    }

    #[test]
    fn brackets_are_escaped_outside_code() {
        assert_eq!(escaped("`a[0]` of <b> [c]"), "`a[0]` of \\<b\\> \\[c\\]");
    }
}
