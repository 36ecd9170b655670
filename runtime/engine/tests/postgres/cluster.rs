//! A server of a test's own, to be stopped and started.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A cluster; stopped with the test.
pub(crate) struct Cluster {
    directory: TempDir,
    pub(crate) url: String,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = start(directory.path());
        Self { directory, url }
    }

    /// Ends the server, `fast` or as in a crash (`immediate`).
    pub(crate) fn stop(&self, mode: &str) {
        let directory = self.directory.path();
        let done = script("stop").arg(directory).arg(mode).status().expect("a shell");
        assert!(done.success(), "{done}");
    }

    /// Starts the server again, where it was.
    pub(crate) fn restart(&self) {
        assert_eq!(start(self.directory.path()), self.url);
    }
}

fn script(name: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(root.join("tests/postgres").join(name))
}

fn start(directory: &Path) -> String {
    let done = script("start").arg(directory).output().expect("a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).expect("a text");
    said.trim().strip_prefix("DATABASE_URL=").expect("the server's URL").to_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The directory goes next; a server without one ends by itself.
        let _ = script("stop").arg(self.directory.path()).arg("immediate").status();
    }
}
