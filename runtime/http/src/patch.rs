//! A field of a JSON merge patch (RFC 7396): absent keeps, null clears, a value sets.

use serde::{Deserialize, Deserializer};

/// What a merge patch says of one nullable field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field is absent.
    #[default]
    Keep,
    /// The field is null.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Patch<T> {
    /// The value, if one is set; a cleared field's `name` goes to `cleared`.
    pub fn split(self, name: &str, cleared: &mut Vec<String>) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Clear => {
                cleared.push(name.to_owned());
                None
            }
            Self::Set(value) => Some(value),
        }
    }
}

/// Deserialise with `#[serde(default)]`, so that an absent field is [`Patch::Keep`].
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        notes: Patch<String>,
    }

    fn notes(json: &str) -> Patch<String> {
        serde_json::from_str::<Body>(json).expect("a body").notes
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        assert_eq!(notes("{}"), Patch::Keep);
        assert_eq!(notes(r#"{"notes":null}"#), Patch::Clear);
        assert_eq!(notes(r#"{"notes":"late"}"#), Patch::Set("late".to_owned()));
    }

    #[test]
    fn only_a_cleared_field_is_named() {
        let mut cleared = Vec::new();
        assert_eq!(Patch::Set(1).split("a", &mut cleared), Some(1));
        assert_eq!(Patch::<i32>::Clear.split("b", &mut cleared), None);
        assert_eq!(Patch::<i32>::Keep.split("c", &mut cleared), None);
        assert_eq!(cleared, ["b"]);
    }
}
