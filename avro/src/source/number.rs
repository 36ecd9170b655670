//! Numbers that keep what was written.

use std::fmt;

/// A JSON number, exactly as written. Two numbers are equal when they are written alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    text: Box<str>,
}

impl Number {
    /// Takes a text that already has the form of a JSON number; `None` when it is outside the range of a double.
    pub(super) fn new(text: &str) -> Option<Self> {
        let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        finite.then(|| Self { text: text.into() })
    }

    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is written without fraction and exponent.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !self.text.contains(['.', 'e', 'E'])
    }

    /// The value, if it is written as an integer within −2⁶³..2⁶³.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The value, if it is written as an integer within 0..2⁶⁴.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        // "-0" is an integer too; Rust's unsigned parser refuses every sign but "+", which JSON refuses.
        if self.text.as_ref() == "-0" { Some(0) } else { self.text.parse().ok() }
    }

    /// The nearest double; always finite.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        self.text.parse().unwrap_or_default()
    }

    /// The same number for `serde_json`: an integer within 64 bits, else the nearest double.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Minus zero is a double only: an integer would lose its sign.
        if let Some(integer) = self.as_i64().filter(|_| self.as_str() != "-0") {
            integer.into()
        } else if let Some(integer) = self.as_u64().filter(|integer| *integer > 0) {
            integer.into()
        } else {
            self.as_f64().into()
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
