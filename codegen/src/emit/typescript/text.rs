//! Text of TypeScript files.

use heck::ToLowerCamelCase;

use crate::emit::docs;
use crate::emit::text::banner;

/// A TypeScript file in the making.
#[derive(Debug)]
pub(super) struct TsFile {
    text: String,
}

impl TsFile {
    /// A file that opens with the banner naming `source`, the contract that it was made from.
    pub(super) fn from_source(source: &str) -> Self {
        Self { text: format!("{}\n\n", banner("//", source)) }
    }

    /// A part of a file, to be put into one.
    pub(super) fn part() -> Self {
        Self { text: String::new() }
    }

    /// Whether the text is there already.
    pub(super) fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// Whether the name stands there as a word of its own; what it ends with may say how it is used: `Message<`.
    pub(super) fn names(&self, name: &str) -> bool {
        let is_letter =
            |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '_';
        self.text.match_indices(name).any(|(at, _)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + name.len()..].chars().next();
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
                || name.ends_with('<') && !before.is_some_and(is_letter)
        })
    }

    /// Adds a line as it is.
    pub(super) fn line(&mut self, line: &str) -> &mut Self {
        self.text.push_str(line);
        self.text.push('\n');
        self
    }

    /// Adds a doc comment, indented by `indent`; nothing for no text.
    pub(super) fn doc(&mut self, indent: &str, text: &str) -> &mut Self {
        let text = text.trim().replace("*/", "*\u{200b}/");
        let lines = docs::filled(&text);
        match lines.as_slice() {
            [] => {}
            [line] => {
                self.line(&format!("{indent}/** {line} */"));
            }
            lines => {
                self.line(&format!("{indent}/**"));
                for line in lines {
                    self.line(format!("{indent} * {line}").trim_end());
                }
                self.line(&format!("{indent} */"));
            }
        }
        self
    }

    /// The file's text, ending in one line feed.
    pub(super) fn finish(&self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

/// A name as a member of an object: in quotes where it is no identifier.
pub(super) fn member(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// How a member of `object` is reached.
pub(super) fn reached(object: &str, name: &str) -> String {
    if is_identifier(name) {
        format!("{object}.{name}")
    } else {
        format!("{object}[{}]", quoted(name))
    }
}

/// A name as a variable or namespace.
pub(super) fn identifier(name: &str) -> String {
    let camel = name.to_lower_camel_case();
    if RESERVED.contains(&camel.as_str()) { format!("{camel}_") } else { camel }
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn is_identifier(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$')
}

/// Words that no namespace or variable may have as its name.
const RESERVED: [&str; 47] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "yield",
];

/// A list of `T`.
pub(super) fn list_of(ty: &str) -> String {
    if ty.contains(['|', '&', ' ']) && !ty.starts_with('{') {
        format!("({ty})[]")
    } else {
        format!("{ty}[]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_identifiers_are_quoted() {
        assert_eq!(member("showId"), "showId");
        assert_eq!(member("X-Tenant"), "\"X-Tenant\"");
        assert_eq!(reached("params", "X-Tenant"), "params[\"X-Tenant\"]");
        assert_eq!(identifier("new"), "new_");
        assert_eq!(identifier("room-service"), "roomService");
    }

    #[test]
    fn a_list_of_alternatives_has_parentheses() {
        assert_eq!(list_of("string"), "string[]");
        assert_eq!(list_of("string | null"), "(string | null)[]");
    }

    #[test]
    fn a_comment_cannot_be_left() {
        let mut file = TsFile::from_source("a");
        file.doc("", "ends */ here");
        assert!(!file.finish().contains("*/ here"));
    }
}
