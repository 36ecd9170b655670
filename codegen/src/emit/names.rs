//! Rust names of a contract's names.

use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// The identifier of a field, a function or a module: `showId` → `show_id`, `type` → `r#type`.
pub(super) fn snake(name: &str) -> Ident {
    identifier(&name.to_snake_case())
}

/// The identifier of a type or a variant: `hold_seats` → `HoldSeats`, `SEAT_TAKEN` → `SeatTaken`.
pub(super) fn upper(name: &str) -> Ident {
    identifier(&name.to_upper_camel_case())
}

/// The name of the file and module of a type: `HoldSeats` → `hold_seats`.
pub(super) fn module(name: &str) -> String {
    name.to_snake_case()
}

/// Whether serde's `rename_all = "camelCase"` turns the Rust name of `name` into `name` again.
pub(super) fn is_camel(name: &str) -> bool {
    let snake = name.to_snake_case();
    snake.to_lower_camel_case() == name && serde_camel(&snake) == name
}

/// What serde's `rename_all = "camelCase"` makes of a snake-case field name.
fn serde_camel(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    let mut capital = false;
    for character in snake.chars() {
        if character == '_' {
            capital = true;
        } else if capital {
            camel.push(character.to_ascii_uppercase());
            capital = false;
        } else {
            camel.push(character);
        }
    }
    camel
}

/// An identifier, raw where the word is one of Rust's, with a `_` where raw is not allowed or the name
/// would open with a digit.
pub(super) fn identifier(name: &str) -> Ident {
    const NEVER_RAW: [&str; 5] = ["crate", "self", "super", "Self", "_"];
    if name.is_empty() || NEVER_RAW.contains(&name) {
        return Ident::new(&format!("{name}_"), Span::call_site());
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return Ident::new(&format!("_{name}"), Span::call_site());
    }
    syn::parse_str::<Ident>(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_become_raw_identifiers() {
        assert_eq!(snake("type").to_string(), "r#type");
        assert_eq!(snake("self").to_string(), "self_");
        assert_eq!(upper("SEAT_TAKEN").to_string(), "SeatTaken");
    }

    #[test]
    fn only_names_that_serde_gives_back_are_camel() {
        assert!(is_camel("seatsPerRow"));
        assert!(!is_camel("rate_code"));
        assert!(!is_camel("URL"));
        assert!(!is_camel("row2Seat"), "`row2_seat` and `row2Seat` differ in where a word begins");
    }
}
