//! A process of the platform's or a service's, started the same way again and again.

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

/// What a process is told here alone, whatever this one's environment says.
const TOLD: [&str; 8] = [
    "CORE_URL",
    "DATABASE_URL",
    "DATA_DIR",
    "KAFKA_BROKERS",
    "LISTEN",
    "REGISTRY_LISTEN",
    "RESERVATIONS_URL",
    "SCHEMA_REGISTRY_URL",
];

/// How a process is started.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: PathBuf,
    args: Vec<String>,
    variables: Vec<(String, String)>,
    log: PathBuf,
}

impl Launch {
    /// A launch of this binary, whose standard error is appended to the file `log`.
    #[must_use]
    pub fn new(binary: &Path, log: PathBuf) -> Self {
        Self { binary: binary.to_owned(), args: Vec::new(), variables: Vec::new(), log }
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Starts the process; it need not be ready.
    ///
    /// # Errors
    /// Where it can't be started.
    pub fn spawn(&self) -> anyhow::Result<Running> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.binary);
        for name in TOLD {
            command.env_remove(name);
        }
        let mut child = command
            .args(&self.args)
            // Load is more than one client may send; what a run sets itself wins.
            .env("RATE_LIMIT_PER_MINUTE", "0")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting `{}`", self.binary.display()))?;
        let stdout = child.stdout.take().context("a pipe")?;
        let (is_ready, ready) = mpsc::channel();
        // It reads on, so that the pipe never fills; it ends with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.trim() == "ready" {
                    let _ = is_ready.send(());
                }
            }
        });
        Ok(Running { child, ready, log: self.log.clone() })
    }

    /// Starts the process and waits until it says that it is ready; gives how long that took, too.
    ///
    /// # Errors
    /// Where it ends instead, or is not ready in two minutes.
    pub fn start(&self) -> anyhow::Result<(Running, Duration)> {
        let begun = Instant::now();
        let mut running = self.spawn()?;
        running.wait_ready()?;
        Ok((running, begun.elapsed()))
    }
}

/// So many ports of the loopback that nobody listens on now, as `127.0.0.1:port`.
///
/// They lie below those that the system gives to clients: a process that is started again finds its own free.
///
/// # Errors
/// Where there are none.
pub fn free_addresses(count: usize) -> anyhow::Result<Vec<String>> {
    let mut held = Vec::new();
    for _ in 0..1_000 {
        if held.len() == count {
            break;
        }
        // Held until all are found, so that they differ.
        held.extend(TcpListener::bind(("127.0.0.1", fastrand::u16(20_000..32_000))));
    }
    anyhow::ensure!(held.len() == count, "there are no {count} free ports");
    held.iter().map(|listener| Ok(listener.local_addr()?.to_string())).collect()
}

/// A process that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ready: mpsc::Receiver<()>,
    log: PathBuf,
}

impl Running {
    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it has.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// Where it ends instead, or is not ready in two minutes.
    pub fn wait_ready(&mut self) -> anyhow::Result<()> {
        if self.ready.recv_timeout(PATIENCE).is_ok() {
            return Ok(());
        }
        let ended = self.child.try_wait()?;
        anyhow::bail!(
            "it is not ready, it {}; see `{}`",
            ended.map_or("still runs".to_owned(), |status| format!("ended with {status}")),
            self.log.display()
        )
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
            anyhow::ensure!(
                begun.elapsed() < PATIENCE,
                "it does not end; see `{}`",
                self.log.display()
            );
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
