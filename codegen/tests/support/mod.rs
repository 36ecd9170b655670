//! What the tests of this crate share: contracts in a temporary folder, and changes to them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::path::Path;

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Applies a `change.txt` to the contracts in `root`.
pub(crate) fn change(text: &str, root: &Path) {
    let mut path = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(dropped) = line.strip_prefix("drop ") {
            fs::remove_file(root.join(dropped)).unwrap();
        } else if let Some(named) = line.strip_prefix("file ") {
            path = Some(root.join(named));
        } else if line.starts_with(['-', '+']) {
            let mut block = vec![line];
            while let Some(next) = lines.next_if(|next| next.starts_with(['-', '+'])) {
                block.push(next);
            }
            replace(path.as_deref().expect("a `file` line comes first"), &block);
        }
    }
}

fn replace(path: &Path, block: &[&str]) {
    let side = |sign: char| -> String {
        block
            .iter()
            .filter_map(|line| line.strip_prefix(sign))
            .flat_map(|line| [line, "\n"])
            .collect()
    };
    let (old, new) = (side('-'), side('+'));
    let text = fs::read_to_string(path).unwrap_or_default();
    if old.is_empty() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text + &new).unwrap();
        return;
    }
    // Whole lines only: what stands before a match ends a line.
    let places: Vec<usize> = text
        .match_indices(&old)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')
        .collect();
    assert_eq!(places.len(), 1, "{} holds these lines once:\n{old}", path.display());
    let at = places[0];
    fs::write(path, format!("{}{new}{}", &text[..at], &text[at + old.len()..])).unwrap();
}
