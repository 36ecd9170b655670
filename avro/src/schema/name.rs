//! Full names and the rules for them (Avro specification, "Names").

use std::fmt;

/// The name of a record, an enum or a fixed: a simple name within a namespace, or within none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FullName {
    full: Box<str>,
    /// Byte offset of the simple name within `full`.
    split: usize,
}

impl FullName {
    /// The name `name` in `namespace`; an empty namespace is none. A dotted `name` brings its own namespace.
    #[must_use]
    pub fn new(namespace: Option<&str>, name: &str) -> Self {
        let (namespace, name) = match name.rsplit_once('.') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (namespace, name),
        };
        match namespace.filter(|namespace| !namespace.is_empty()) {
            Some(namespace) => {
                Self { full: format!("{namespace}.{name}").into(), split: namespace.len() + 1 }
            }
            None => Self { full: name.into(), split: 0 },
        }
    }

    /// `seat.HoldSeats` of `seat.HoldSeats`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// `HoldSeats` of `seat.HoldSeats`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.full[self.split..]
    }

    /// `seat` of `seat.HoldSeats`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.split.checked_sub(1).map(|end| &self.full[..end])
    }

    /// Whether each part of it is a name.
    pub(super) fn is_valid(&self) -> bool {
        self.full.split('.').all(is_name)
    }
}

impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// Whether `text` is a name: a letter or underscore, then letters, digits and underscores, all ASCII.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
