//! Who may do what: API keys with roles, read from a file that holds their hashes.

use std::fmt;
use std::path::Path;

use charter_keys::{self as keys, Line};

pub use charter_keys::KeysError;

/// The words of a line before the hash.
const SHAPE: [&str; 2] = ["NAME", "ROLE"];

/// What a key allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// To read everything, look schemas up and check them.
    Read,
    /// That, and to change subjects that begin with a prefix.
    Write {
        /// The prefix; empty for all subjects.
        prefix: String,
    },
    /// Everything, also the settings of the whole registry.
    Admin,
}

impl Role {
    /// Whether a subject may be changed.
    pub(crate) fn may_change(&self, subject: &str) -> bool {
        match self {
            Self::Read => false,
            Self::Write { prefix } => subject.starts_with(prefix.as_str()),
            Self::Admin => true,
        }
    }
}

impl fmt::Display for Role {
    /// As the file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Write { prefix } => write!(f, "write:{prefix}"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "read" => Ok(Self::Read),
            None if text == "admin" => Ok(Self::Admin),
            Some(("write", prefix)) => Ok(Self::Write { prefix: prefix.to_owned() }),
            None | Some(_) => Err(format!(
                "expected `read`, `write:PREFIX` (`write:` for all subjects) or `admin`, found `{text}`"
            )),
        }
    }
}

/// A key as the file has it.
#[derive(Clone)]
struct Key {
    name: String,
    role: Role,
    hash: [u8; 32],
}

/// The keys that a registry takes. Without one it takes no request but those about its health.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

impl fmt::Debug for Keys {
    /// Names and roles only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|key| (&key.name, &key.role))).finish()
    }
}

impl Keys {
    /// Reads a file: a key a line, `NAME ROLE sha256:HASH`; empty lines and those that begin with
    /// `#` say nothing.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let lines = keys::read(path, &SHAPE)?;
        Self::of(lines).map_err(|(line, problem)| keys::at(path, line, problem))
    }

    #[cfg(test)]
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        Self::of(keys::parse(text, &SHAPE)?)
    }

    fn of(lines: Vec<Line>) -> Result<Self, (usize, String)> {
        let key = |line: Line| {
            let role = line.words.concat().parse().map_err(|problem| (line.number, problem))?;
            Ok(Key { name: line.name, role, hash: line.hash })
        };
        lines.into_iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The role of a key, if its secret is right. Secrets are compared by their hashes, so that the
    /// time it takes says nothing of them.
    pub(crate) fn role(&self, name: &str, secret: &str) -> Option<&Role> {
        let hash = keys::hash(secret);
        let key = self.0.iter().find(|key| key.name == name)?;
        (key.hash == hash).then_some(&key.role)
    }
}

/// A fresh secret, and the line for the file.
#[must_use]
pub fn fresh(name: &str, role: &Role) -> (String, String) {
    keys::fresh(name, &[&role.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_key_is_taken_with_its_secret_only() {
        let role = Role::Write { prefix: "orders-".to_owned() };
        let (secret, line) = fresh("orders", &role);
        assert!(!line.contains(&secret));
        let keys = Keys::parse(&format!("# keys\n\n{line}\n")).expect("keys");
        assert_eq!(keys.role("orders", &secret), Some(&role));
        assert_eq!(keys.role("orders", "guess"), None);
        assert_eq!(keys.role("other", &secret), None);
        assert!(role.may_change("orders-value") && !role.may_change("seats-value"));
        assert!(!format!("{keys:?}").contains(&line[line.len() - 64..]));
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let hash = "0".repeat(64);
        for (text, line, problem) in [
            ("a read".to_owned(), 1, "expected `NAME ROLE"),
            (format!("# x\na write sha256:{hash}"), 2, "expected `read`, `write:PREFIX`"),
            ("a read sha256:12".to_owned(), 1, "expected `sha256:`"),
            (format!("a read sha256:{hash}\na read sha256:{hash}"), 2, "name `a` is there twice"),
        ] {
            let (found, message) = Keys::parse(&text).expect_err("refused");
            assert_eq!(found, line, "{text}");
            assert!(message.starts_with(problem), "{message}");
        }
    }
}
