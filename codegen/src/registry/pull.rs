//! From the registry to people and folders.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::client::{Client, Registered};
use super::{Outcome, Progress};

/// Whether files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Files,
    Nothing,
}

/// A line a subject.
pub(super) fn list(client: &Client, prefix: &str) -> anyhow::Result<Outcome> {
    let subjects = client.subjects(prefix)?;
    let mut progress = Progress::new(subjects.len());
    for subject in &subjects {
        progress.step(subject);
        let level = client.level(subject)?;
        if let Some(Registered { id, version, .. }) = client.latest(subject)? {
            progress.line(&format!("{subject} version {version} id {id} {level}"))?;
        }
    }
    Ok(Outcome::Clean)
}

/// Writes the latest version of each subject that a file lacks or says otherwise.
pub(super) fn pull(
    client: &Client,
    into: &Path,
    prefix: &str,
    writing: Writing,
) -> anyhow::Result<Outcome> {
    let subjects = client.subjects(prefix)?;
    let mut progress = Progress::new(subjects.len());
    for subject in &subjects {
        progress.step(subject);
        let Some(latest) = client.latest(subject)? else { continue };
        let schema: Value = serde_json::from_str(&latest.schema)
            .with_context(|| format!("the schema of `{subject}` is not JSON"))?;
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        let file = into.join(file_name(subject));
        if fs::read_to_string(&file).is_ok_and(|known| known == text) {
            continue;
        }
        if writing == Writing::Files {
            let refused = || format!("cannot write `{}`", file.display());
            fs::create_dir_all(into).with_context(refused)?;
            fs::write(&file, text).with_context(refused)?;
        }
        let word = if writing == Writing::Files { "written" } else { "would be written" };
        progress.line(&format!("{word} {} version {}", file.display(), latest.version))?;
    }
    Ok(Outcome::Clean)
}

/// A subject as the name of a file: what is not a letter, a digit, `_`, `-` or a dot inside stands as `%` and two
/// hexadecimal digits, so that no subject leads out of the folder and no two have one file.
fn file_name(subject: &str) -> PathBuf {
    let mut name = String::new();
    for (index, byte) in subject.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || (byte == b'.' && index > 0) {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    PathBuf::from(name + ".avsc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_subject_leads_out_of_the_folder() {
        for (subject, file) in [
            ("seat.SeatsHeld", "seat.SeatsHeld.avsc"),
            ("orders-value", "orders-value.avsc"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.avsc"),
            ("ä%", "%C3%A4%25.avsc"),
        ] {
            assert_eq!(file_name(subject), PathBuf::from(file));
        }
    }
}
