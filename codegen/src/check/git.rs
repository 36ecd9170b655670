//! Contracts as git has them, without touching the work tree.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::contracts::Contracts;

/// Why git did not give what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The command `git` could not be started, or broke off.
    #[error("cannot run `git {arguments}`")]
    Run {
        /// What it was asked.
        arguments: String,
        /// Why.
        source: std::io::Error,
    },
    /// Git refused.
    #[error("`git {arguments}` says: {said}")]
    Refused {
        /// What it was asked.
        arguments: String,
        /// What it answered.
        said: String,
    },
    /// A reference that git would take for an option.
    #[error("expected a branch, a tag or a commit, found `{0}`")]
    Reference(String),
}

/// The contracts below `root` at `reference`: a branch, a tag, a commit.
///
/// # Errors
/// Where there is no git, no repository, or no such reference.
pub fn contracts(root: &Path, reference: &str) -> Result<Contracts, GitError> {
    if reference.starts_with('-') || reference.contains(['\0', '\n', ':']) || reference.is_empty() {
        return Err(GitError::Reference(reference.to_owned()));
    }
    let listed =
        run(root, &["ls-tree", "-r", "-z", "--name-only", reference, "--", "schemas", "openapi"])?;
    let paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    let mut contracts = Contracts {
        name: format!("`{reference}`"),
        prefix: format!("{reference}:"),
        ..Contracts::default()
    };
    for (path, text) in paths.iter().zip(texts(root, reference, &paths)?) {
        contracts.add(path, text);
    }
    Ok(contracts)
}

/// Where `folder` lies in its work tree, with a `/` at the end: what paths below it begin with for who looks from the
/// work tree's root. Empty at the root, and where there is no git.
#[must_use]
pub fn prefix(folder: &Path) -> String {
    let said = run(folder, &["rev-parse", "--show-prefix"]).unwrap_or_default();
    said.trim_end_matches(['\n', '\r']).to_owned()
}

fn run(root: &Path, arguments: &[&str]) -> Result<String, GitError> {
    let words = arguments.join(" ");
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    let output = output.map_err(|source| GitError::Run { arguments: words.clone(), source })?;
    if !output.status.success() {
        let mut said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if said.contains("Not a valid object name") {
            said.push_str("; fetch it first, where the clone has not all of the history");
        }
        return Err(GitError::Refused { arguments: words, said });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The texts of files at a reference, in their order, by one process.
fn texts(root: &Path, reference: &str, paths: &[&str]) -> Result<Vec<String>, GitError> {
    let arguments = "cat-file --batch";
    let failed = |source| GitError::Run { arguments: arguments.to_owned(), source };
    let mut child = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
    };
    let mut answers = BufReader::new(stdout);
    let mut texts = Vec::with_capacity(paths.len());
    for path in paths {
        writeln!(stdin, "{reference}:./{path}").and_then(|()| stdin.flush()).map_err(failed)?;
        let mut head = String::new();
        answers.read_line(&mut head).map_err(failed)?;
        let size: Option<usize> =
            head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok());
        let Some(size) = size else {
            let said = head.trim_end().to_owned();
            return Err(GitError::Refused { arguments: arguments.to_owned(), said });
        };
        // The text, and the line's end behind it.
        let mut bytes = vec![0; size + 1];
        answers.read_exact(&mut bytes).map_err(failed)?;
        bytes.pop();
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    drop(stdin);
    child.wait().map_err(failed)?;
    Ok(texts)
}
