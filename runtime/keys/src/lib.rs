//! Files of API keys: a line for each, with the SHA-256 of its secret (ADR 28). What stands between a key's name
//! and its hash is for whoever reads the file.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// A key in the file begins its hash with this.
const HASH_PREFIX: &str = "sha256:";

/// A line of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, from 1.
    pub number: usize,
    /// The key's name, which no other has.
    pub name: String,
    /// What stands between name and hash.
    pub words: Vec<String>,
    /// The SHA-256 of the secret.
    pub hash: [u8; 32],
}

impl std::fmt::Debug for Line {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, name, words, .. } = self;
        f.debug_struct("Line")
            .field("number", number)
            .field("name", name)
            .field("words", words)
            .finish_non_exhaustive()
    }
}

/// Why a file of keys can't be used. One line, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file can't be read or made.
    #[error("file of API keys `{}` can't be used: {source}; check `--api-keys`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not a key.
    #[error("file of API keys `{}`, line {line}: {problem}; the subcommand `key` prints a line that fits", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a file: a key a line, `shape` and then `sha256:HASH`; empty lines and those that begin with `#` say
/// nothing.
///
/// # Errors
/// [`KeysError`].
pub fn read(path: &Path, shape: &[&str]) -> Result<Vec<Line>, KeysError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| KeysError::Unreadable { path: path.to_owned(), source })?;
    parse(&text, shape).map_err(|(line, problem)| at(path, line, problem))
}

/// What is wrong with a line of a file.
#[must_use]
pub fn at(path: &Path, line: usize, problem: String) -> KeysError {
    KeysError::Line { path: path.to_owned(), line, problem }
}

/// Reads the text of a file; `shape` names the words of a line before the hash, the first is the key's name.
///
/// # Errors
/// The line, from 1, and what is wrong with it.
pub fn parse(text: &str, shape: &[&str]) -> Result<Vec<Line>, (usize, String)> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let mut words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        if words.len() != shape.len() + 1 {
            return Err((number, format!("expected `{} {HASH_PREFIX}HASH`", shape.join(" "))));
        }
        let hash = words.pop().as_deref().and_then(parse_hash).ok_or_else(|| {
            (number, "expected `sha256:` and 64 hexadecimal digits at the end".to_owned())
        })?;
        let name = words.remove(0);
        if lines.iter().any(|line| line.name == name) {
            return Err((number, format!("name `{name}` is there twice")));
        }
        lines.push(Line { number, name, words, hash });
    }
    Ok(lines)
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

/// What the file has of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A fresh secret of 244 random bits, and the line for the file. Secrets are never chosen by people, so that one
/// round of SHA-256 is as hard to turn round as many.
#[must_use]
pub fn fresh(name: &str, words: &[&str]) -> (String, String) {
    let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let mut line = format!("{name} {} {HASH_PREFIX}", words.join(" "));
    for byte in hash(&secret) {
        for half in [byte >> 4, byte & 0xf] {
            line.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    (secret, line)
}

/// Whether this can be a key's name: letters, digits, `_`, `.`, `-`, 64 at most.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_line_is_read_back_and_does_not_tell_its_secret() {
        let (secret, line) = fresh("shop", &["acme", "buyer"]);
        assert!(!line.contains(&secret) && secret.len() == 64);
        let lines = parse(&format!("# keys\n\n{line}\n"), &["NAME", "TENANT", "GRANTS"]);
        let lines = lines.expect("a key");
        assert_eq!((lines[0].number, lines[0].name.as_str()), (3, "shop"));
        assert_eq!(lines[0].words, ["acme", "buyer"]);
        assert_eq!(lines[0].hash, hash(&secret));
        assert!(!format!("{lines:?}").contains("hash:"));
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let hash = "0".repeat(64);
        for (text, line, problem) in [
            ("a read".to_owned(), 1, "expected `NAME ROLE sha256:HASH`"),
            ("a read sha256:12".to_owned(), 1, "expected `sha256:`"),
            (
                format!("a read sha256:{hash}\n#\na read sha256:{hash}"),
                3,
                "name `a` is there twice",
            ),
        ] {
            let (found, message) = parse(&text, &["NAME", "ROLE"]).expect_err("refused");
            assert_eq!(found, line, "{text}");
            assert!(message.starts_with(problem), "{message}");
        }
    }
}
