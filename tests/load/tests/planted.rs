//! Planted bugs keep step with the engine: a patch that no longer applies would find nothing.

use std::path::Path;
use std::process::Command;

#[test]
fn every_planted_bug_applies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut patches = 0;
    for entry in std::fs::read_dir(root.join("tests/load/planted")).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        patches += 1;
        let text = std::fs::read_to_string(&path).expect("a patch");
        // What turns the others on is none itself.
        let is_bug = path.file_stem().is_some_and(|stem| stem != "switch");
        let expects = text.lines().any(|line| line.starts_with("Expect: "));
        assert_eq!(expects, is_bug, "{}", path.display());
        let name = path.canonicalize().expect("a path");
        let applied = Command::new("git")
            .arg("-C")
            .arg(&root)
            .args(["apply", "--check"])
            .arg(name)
            .output()
            .expect("git");
        assert!(
            applied.status.success(),
            "{}: {}",
            path.display(),
            String::from_utf8_lossy(&applied.stderr)
        );
    }
    assert_eq!(patches, 9, "eight bugs and what turns them on");
}
