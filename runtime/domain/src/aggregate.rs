//! The name of an aggregate, and the key its messages travel under.

use std::fmt;

/// The unit of consistency and order: a key within a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AggregateId {
    /// The tenant; `default` where a contract has none.
    pub tenant: String,
    /// The key fields' values joined by [`composite_key`].
    pub key: String,
}

impl AggregateId {
    /// Names the aggregate `key` of `tenant`.
    pub fn new(tenant: impl Into<String>, key: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), key: key.into() }
    }

    /// The log record's key, `tenant/key`; `/` and `~` within a tenant are escaped, so that two
    /// aggregates never share a record key.
    #[must_use]
    pub fn record_key(&self) -> String {
        record_key(&self.tenant, &self.key)
    }
}

/// The log record's key of the aggregate `key` of `tenant`, as [`AggregateId::record_key`].
#[must_use]
pub fn record_key(tenant: &str, key: &str) -> String {
    let mut joined = String::with_capacity(tenant.len() + 1 + key.len());
    push_escaped(&mut joined, tenant);
    joined.push('/');
    joined.push_str(key);
    joined
}

impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.record_key())
    }
}

/// Joins the values of several key fields into one key.
///
/// One value is its own key; several are joined by `/`, with `~` as `~0` and `/` as `~1` within a
/// value (the escapes of RFC 6901), so that different values never give the same key.
#[must_use]
pub fn composite_key(values: &[&str]) -> String {
    if let [only] = values {
        return (*only).to_owned();
    }
    let mut joined = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            joined.push('/');
        }
        push_escaped(&mut joined, value);
    }
    joined
}

fn push_escaped(out: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_its_own_key() {
        assert_eq!(composite_key(&["a/b"]), "a/b");
    }

    #[test]
    fn several_values_never_collide() {
        assert_eq!(composite_key(&["a", "b/c"]), "a/b~1c");
        assert_ne!(composite_key(&["a/b", "c"]), composite_key(&["a", "b/c"]));
        assert_ne!(composite_key(&["a~1b", "c"]), composite_key(&["a/b", "c"]));
    }

    #[test]
    fn a_tenant_cannot_reach_into_another() {
        let one = AggregateId::new("a/b", "c");
        let other = AggregateId::new("a", "b/c");
        assert_eq!(one.record_key(), "a~1b/c");
        assert_ne!(one.record_key(), other.record_key());
    }
}
