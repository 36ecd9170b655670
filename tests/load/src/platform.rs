//! The platform as a process of its own, on ports that it keeps over restarts.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// How a platform is started, each time again.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary.
    pub binary: PathBuf,
    /// The data directory.
    pub data_dir: PathBuf,
    /// File that it says on its standard error what it does; appended to.
    pub log: PathBuf,
    /// The gateway's address.
    pub gateway: String,
    /// The registry's address.
    pub registry: String,
}

impl Launch {
    /// A launch on two free ports of the loopback.
    ///
    /// # Errors
    /// Where there is no free port.
    pub fn new(binary: &Path, data_dir: &Path) -> anyhow::Result<Self> {
        // Both at once, so that they differ. They are free again until the platform listens there.
        let ports = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        Ok(Self {
            binary: binary.to_owned(),
            data_dir: data_dir.to_owned(),
            log: data_dir.with_extension("log"),
            gateway: ports[0].local_addr()?.to_string(),
            registry: ports[1].local_addr()?.to_string(),
        })
    }

    /// Starts the platform and waits until it says that it is ready; gives how long that took, too.
    ///
    /// # Errors
    /// Where it ends instead, or is not ready in two minutes.
    pub fn start(&self) -> anyhow::Result<(Running, Duration)> {
        let begun = Instant::now();
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut child = Command::new(&self.binary)
            .args(["--listen", &self.gateway, "--registry-listen", &self.registry, "--data-dir"])
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting `{}`", self.binary.display()))?;
        let stdout = child.stdout.take().context("a pipe")?;
        let mut running = Running { child };
        let (ready, is_ready) = mpsc::channel();
        // It reads on, so that the pipe never fills; it ends with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.trim() == "ready" {
                    let _ = ready.send(());
                }
            }
        });
        if is_ready.recv_timeout(PATIENCE).is_ok() {
            return Ok((running, begun.elapsed()));
        }
        let ended = running.child.try_wait()?;
        anyhow::bail!(
            "the platform is not ready, it {}; see `{}`",
            ended.map_or("still runs".to_owned(), |status| format!("ended with {status}")),
            self.log.display()
        )
    }
}

/// A platform that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// Where it can't be waited for.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, then its end.
    ///
    /// # Errors
    /// Where it does not end in two minutes.
    pub fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status()?;
        anyhow::ensure!(sent.success(), "`kill -TERM {pid}` ended with {sent}");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "the platform does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
