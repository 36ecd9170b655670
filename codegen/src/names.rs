//! Contract names as Rust and the database write them.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Keywords of Rust 2024, reserved ones too, that `r#` can escape.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Names that `r#` cannot escape.
const RESERVED: &[&str] = &["self", "super", "crate", "Self", "_"];

/// A field, parameter or function: `showId` gives `show_id`, `type` gives `r#type`, `self` gives `self_`.
#[must_use]
pub fn field(name: &str) -> String {
    escape(column(name))
}

/// A column or table, and every other name outside Rust: `showId` gives `show_id`.
#[must_use]
pub fn column(name: &str) -> String {
    let snake = name.to_snake_case();
    if snake.starts_with(|first: char| first.is_ascii_digit()) || snake.is_empty() {
        format!("_{snake}")
    } else {
        snake
    }
}

/// A type or variant: `CHECKED_IN` gives `CheckedIn`, `seat.held` gives `SeatHeld`, `2nd` gives `V2nd`.
#[must_use]
pub fn upper(name: &str) -> String {
    let camel = name.to_upper_camel_case();
    if camel.starts_with(|first: char| first.is_ascii_digit()) || camel.is_empty() {
        format!("V{camel}")
    } else {
        escape(camel)
    }
}

/// A name of the form `lowerCamel`: letters and digits, a small one first.
#[must_use]
pub fn is_lower_camel(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A name of the form `UPPER_SNAKE`: capitals, digits and underscores, a capital first.
#[must_use]
pub fn is_upper_snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The first letter small: `HoldSeats` gives `holdSeats`.
#[must_use]
pub fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn escape(name: String) -> String {
    if RESERVED.contains(&name.as_str()) {
        format!("{name}_")
    } else if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_escaped_and_what_cannot_be_gets_an_underscore() {
        assert_eq!(field("showId"), "show_id");
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("Self"), "self_");
        assert_eq!(column("type"), "type");
        assert_eq!(upper("self"), "Self_");
    }

    #[test]
    fn every_name_is_an_identifier() {
        assert_eq!(upper("CHECKED_IN"), "CheckedIn");
        assert_eq!(upper("seat.held"), "SeatHeld");
        assert_eq!(upper("2nd"), "V2nd");
        assert_eq!(field("2nd"), "_2nd");
    }
}
