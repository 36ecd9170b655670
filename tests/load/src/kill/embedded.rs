//! The whole platform in one process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::Place;
use crate::evidence::{Evidence, read_directory};
use crate::history::Record;
use crate::launch::{Launch, Running, free_addresses};

/// A platform with its data directory.
#[derive(Debug)]
pub struct Embedded {
    launch: Launch,
    running: Option<Running>,
    gateway: String,
    data_dir: PathBuf,
    started_in: Duration,
}

impl Embedded {
    /// Starts the platform of this binary, with data and log in `directory`.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(binary: &Path, directory: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let data_dir = directory.join("data");
        let addresses = free_addresses(2)?;
        let launch = Launch::new(binary, directory.join("platform.log"))
            .arg("--listen")
            .arg(&addresses[0])
            .arg("--registry-listen")
            .arg(&addresses[1])
            .arg("--data-dir")
            .arg(data_dir.to_string_lossy());
        let (running, started_in) = launch.start().context("the platform")?;
        let (running, gateway) = (Some(running), addresses[0].clone());
        Ok(Self { launch, running, gateway, data_dir, started_in })
    }

    /// From its first start until it was ready.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The process, where it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    fn running(&mut self) -> anyhow::Result<Running> {
        self.running.take().context("the platform does not run")
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let status = self.running()?.terminate()?;
        anyhow::ensure!(status.success(), "the platform ended with {status}");
        Ok(())
    }
}

impl Place for Embedded {
    fn gateways(&self) -> Vec<String> {
        vec![self.gateway.clone()]
    }

    fn kill(&mut self, _: u64) -> anyhow::Result<String> {
        self.running()?.kill()?;
        self.running = Some(self.launch.start().context("the platform")?.0);
        Ok("platform".to_owned())
    }

    /// It starts once more from what it left, so that this is seen to work.
    fn stop(&mut self) -> anyhow::Result<()> {
        self.end()?;
        self.running = Some(self.launch.start().context("the platform")?.0);
        self.end()
    }

    fn evidence(&mut self, history: Vec<Record>) -> anyhow::Result<Evidence> {
        if let Some(running) = self.running.take() {
            running.kill()?;
        }
        Runtime::new()?.block_on(read_directory(&self.data_dir, history))
    }
}
