//! A Redis of a test's own, by the scripts in `tests/redis`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A running Redis in a directory of its own.
#[derive(Debug)]
pub struct Redis {
    directory: TempDir,
    pub url: String,
}

impl Redis {
    /// Starts one. `None`, said on the standard error output, where `redis-server` is not installed; with
    /// `CHARTER_REQUIRE_ENGINES=1` the test fails then.
    pub fn start(test: &str) -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            let why = "there is no `redis-server` (Debian: `apt-get install redis-server`)";
            assert!(std::env::var_os("CHARTER_REQUIRE_ENGINES").is_none(), "{test}: {why}");
            eprintln!("{test} was skipped: {why}");
            return None;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let url = start(directory.path());
        Some(Self { directory, url })
    }

    /// It is gone, and with it what it knew.
    pub fn stop(&self) {
        let done = script("stop").arg(self.directory.path()).status();
        assert!(done.expect("the script runs").success());
    }

    /// It is there again, where it was.
    pub fn start_again(&self) {
        assert_eq!(start(self.directory.path()), self.url, "another one has the port now");
    }

    /// It is there and does not answer, or goes on: SIGSTOP, SIGCONT.
    pub fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.directory.path().join("pid")).expect("a pid");
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.trim()).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that a test has stopped hears no other signal.
        if let Ok(pid) = std::fs::read_to_string(self.directory.path().join("pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).status();
        }
        let _ = script("stop").arg(self.directory.path()).status();
    }
}

fn start(directory: &Path) -> String {
    let said = script("start").arg(directory).output().expect("the script runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    text.trim().strip_prefix("REDIS_URL=").expect("a URL").to_owned()
}

fn script(name: &str) -> Command {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/redis");
    Command::new(scripts.join(name))
}
