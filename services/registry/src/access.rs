//! Who may do what: API keys with roles, read from a file that holds their hashes.

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A key in the file begins its hash with this.
const HASH_PREFIX: &str = "sha256:";

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

/// Why a file of keys cannot be used. One line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("file of API keys `{}` cannot be read: {source}; check `--api-keys`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not a key.
    #[error(
        "file of API keys `{}`, line {line}: {problem}; `registry key` prints a line that fits",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Keys {
    /// Reads a file: a key a line, `NAME ROLE sha256:HASH`; empty lines and those that begin with
    /// `#` say nothing.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| KeysError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|(line, problem)| KeysError::Line {
            path: path.to_owned(),
            line,
            problem,
        })
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let parts: Vec<&str> = text.split_whitespace().collect();
            let &[name, role, hash] = parts.as_slice() else {
                return Err((line, "expected `NAME ROLE sha256:HASH`".to_owned()));
            };
            if keys.iter().any(|key| key.name == name) {
                return Err((line, format!("name `{name}` is there twice")));
            }
            let role = role.parse().map_err(|problem| (line, problem))?;
            let hash = parse_hash(hash).ok_or_else(|| {
                (line, "expected `sha256:` and 64 hexadecimal digits at the end".to_owned())
            })?;
            keys.push(Key { name: name.to_owned(), role, hash });
        }
        Ok(Self(keys))
    }

    /// The role of a key, if its secret is right. Secrets are compared by their hashes, so that the
    /// time it takes says nothing of them.
    pub(crate) fn role(&self, name: &str, secret: &str) -> Option<&Role> {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        let key = self.0.iter().find(|key| key.name == name)?;
        (key.hash == hash).then_some(&key.role)
    }
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix(HASH_PREFIX)?;
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, index) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(index..index + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// A fresh secret of 244 random bits, and the line for the file. Secrets are never chosen by people,
/// so that one round of SHA-256 is as hard to turn round as many.
#[must_use]
pub fn fresh(name: &str, role: &Role) -> (String, String) {
    let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let mut line = format!("{name} {role} {HASH_PREFIX}");
    for byte in Sha256::digest(&secret) {
        for half in [byte >> 4, byte & 0xf] {
            line.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    (secret, line)
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
