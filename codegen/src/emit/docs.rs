//! Doc comments of a contract's words.

use proc_macro2::TokenStream;
use quote::quote;

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

/// A field's or type's doc with its unit and its example.
pub(super) fn text(doc: Option<&str>, unit: Option<&str>, example: Option<&str>) -> String {
    let mut text = sentence(doc.unwrap_or_default());
    if let Some(unit) = unit {
        push_sentence(&mut text, &format!("Unit: {unit}."));
    }
    if let Some(example) = example {
        push_sentence(&mut text, &format!("Example: `{example}`."));
    }
    text
}

fn push_sentence(text: &mut String, sentence: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', ':', '`']) { text.to_owned() } else { format!("{text}.") }
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
        let doc = text(Some("How long a hold lasts"), Some("seconds"), Some("300"));
        assert_eq!(doc, "How long a hold lasts. Unit: seconds. Example: `300`.");
    }

    #[test]
    fn brackets_are_escaped_outside_code() {
        assert_eq!(escaped("`a[0]` of <b> [c]"), "`a[0]` of \\<b\\> \\[c\\]");
    }
}
