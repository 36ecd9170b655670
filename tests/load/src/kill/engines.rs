//! Engines that go away under load: killed, and started again on the same port with the same data, while the
//! services run on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::client::{Ask, Connection};

/// How long services may take to be no longer ready, and to be ready again once the engine is there.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// An engine that this run may kill.
#[derive(Debug)]
pub(super) struct Engine {
    /// `kafka` or `postgres`: the folder of its scripts.
    name: &'static str,
    /// Who is not ready without it.
    needed_by: Vec<String>,
    directory: PathBuf,
    scripts: PathBuf,
}

impl Engine {
    /// The engine that `tests/<name>/start` started in `directory/<name>`.
    pub(super) fn of(name: &'static str, directory: &Path, needed_by: Vec<String>) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        Self { name, needed_by, directory: directory.join(name), scripts }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Kills it, waits until every service says so, starts it again, and waits until all are ready. `revive` starts
    /// again what may end meanwhile, as its supervisor would; it says whether there was any.
    pub(super) fn kill(
        &self,
        mut revive: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let runtime = Runtime::new()?;
        if self.name == "postgres" {
            // What a crash does: connections are cut, and the log is recovered at the next start. `kill -9` of the
            // server's parent alone would leave its processes at work for a while.
            self.script("stop", &["immediate"])?;
        } else {
            let pid = std::fs::read_to_string(self.directory.join("pid"))?;
            let killed = Command::new("kill").args(["-KILL", pid.trim()]).status()?;
            anyhow::ensure!(killed.success(), "`kill -KILL {}` ended with {killed}", pid.trim());
        }
        runtime.block_on(self.until("no longer ready", 503, &mut revive))?;
        self.script("start", &[])?;
        // Also one that was ready and ended while others were waited for.
        loop {
            runtime.block_on(self.until("ready again", 200, &mut revive))?;
            if !revive()? {
                return Ok(());
            }
        }
    }

    fn script(&self, name: &str, more: &[&str]) -> anyhow::Result<()> {
        let script = self.scripts.join(name);
        let mut command = Command::new(&script);
        let ended = command.arg(&self.directory).args(more).output();
        let ended = ended.with_context(|| format!("running `{}`", script.display()))?;
        let told = String::from_utf8_lossy(&ended.stderr);
        anyhow::ensure!(ended.status.success(), "`{}`: {told}", script.display());
        Ok(())
    }

    /// Waits until each service's readiness has this status.
    async fn until(
        &self,
        what: &str,
        status: u16,
        revive: &mut impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut has_revived = false;
        for address in &self.needed_by {
            let mut connection = Connection::new(std::slice::from_ref(address), 0)?;
            loop {
                let answer =
                    connection.ask(&Ask::get("/health/ready"), Duration::from_secs(5)).await;
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(error) => {
                        // One that was started again listens in a moment.
                        has_revived |= revive()?;
                        if has_revived && begun.elapsed() < PATIENCE {
                            tokio::time::sleep(LOOK).await;
                            continue;
                        }
                        return Err(error.context(format!("the service at {address} is gone")));
                    }
                };
                if answer.status == status {
                    break;
                }
                let text = String::from_utf8_lossy(&answer.body);
                anyhow::ensure!(
                    begun.elapsed() < PATIENCE,
                    "without {}: expected {address} to be {what}, found {} {text}",
                    self.name,
                    answer.status
                );
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }
}
