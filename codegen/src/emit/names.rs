//! Names that emitted files need beside those that the IR decided.

use heck::ToSnakeCase;
use proc_macro2::Ident;

/// The name of the file and module of a type: `HoldSeats` → `hold_seats`. Rust's words get a `_`.
pub(super) fn module(type_name: &str) -> String {
    let name = type_name.to_snake_case();
    if syn::parse_str::<Ident>(&name).is_ok() { name } else { format!("{name}_") }
}

/// Whether serde's `rename_all = "camelCase"` makes `name` of the field `rust`.
pub(super) fn is_camel(rust: &str, name: &str) -> bool {
    let mut camel = String::with_capacity(name.len());
    let mut capital = false;
    for character in rust.trim_start_matches("r#").chars() {
        if character == '_' {
            capital = true;
        } else if capital {
            camel.push(character.to_ascii_uppercase());
            capital = false;
        } else {
            camel.push(character);
        }
    }
    camel == name
}

/// Whether serde's `rename_all = "SCREAMING_SNAKE_CASE"` makes `symbol` of the variant `rust`.
pub(super) fn is_screaming(rust: &str, symbol: &str) -> bool {
    let mut screaming = String::with_capacity(symbol.len());
    for character in rust.chars() {
        if character.is_uppercase() && !screaming.is_empty() {
            screaming.push('_');
        }
        screaming.push(character.to_ascii_uppercase());
    }
    screaming == symbol
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_never_one_of_rusts_words() {
        assert_eq!(module("HoldSeats"), "hold_seats");
        assert_eq!(module("Type"), "type_");
    }

    #[test]
    fn serde_gives_camel_names_back() {
        assert!(is_camel("seats_per_row", "seatsPerRow"));
        assert!(is_camel("r#type", "type"));
        assert!(!is_camel("row2_seat", "row2seat"));
        assert!(!is_camel("url", "URL"));
    }

    #[test]
    fn serde_gives_screaming_symbols_back() {
        assert!(is_screaming("CheckedIn", "CHECKED_IN"));
        assert!(!is_screaming("Row1", "ROW_1"));
    }
}
