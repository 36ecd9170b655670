//! What the tests of this crate share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod random;

use std::path::PathBuf;

/// The cases in `file` of the peer cases: in the directory that `PEER_CASES` names, else in `shared/peer_cases` beside the
/// repository. `None`, said plainly, when they are not there: the project itself does not contain them.
pub(crate) fn peer_cases(file: &str) -> Option<Vec<serde_json::Value>> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peer_cases");
    let folder = std::env::var_os("PEER_CASES").map_or(beside, PathBuf::from);
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Some(serde_json::from_str(&text).expect("peer cases are a JSON array")),
        Err(error) => {
            println!(
                "SKIPPED: {file} cannot be read ({error}); set PEER_CASES to the folder that holds it"
            );
            None
        }
    }
}
