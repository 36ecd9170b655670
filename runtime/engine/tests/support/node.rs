//! A Kafka node of a test's own. Needs the jars of `tests/kafka`, which `CHARTER_KAFKA_JARS` names.

// Not every test that has a node does all of this with it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::kafka::skip;

/// A node in a directory of its own; ended when dropped.
pub(crate) struct Node {
    directory: tempfile::TempDir,
    user: Option<&'static str>,
}

impl Node {
    /// `None` where it can't be had, which is told.
    pub(crate) fn new() -> Option<Self> {
        if std::env::var_os("CHARTER_KAFKA_JARS").is_none() {
            skip("`CHARTER_KAFKA_JARS` is not set (a directory for the jars of tests/kafka)");
            return None;
        }
        Some(Self { directory: tempfile::tempdir().expect("a directory"), user: None })
    }

    /// The same, which lets in nobody but `user`, `name:password`, by `SASL_SSL`.
    pub(crate) fn secured(mut self, user: &'static str) -> Self {
        self.user = Some(user);
        self
    }

    /// The certificate that a secured node shows.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("tls/ca.pem")
    }

    fn run(&self, script: &str) -> String {
        let scripts: PathBuf =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kafka").join(script);
        let mut command = Command::new(&scripts);
        if let Some(user) = self.user {
            command.env("CHARTER_KAFKA_SASL", user);
        }
        let output = command.arg(self.directory.path()).output();
        let output = output.expect("the script runs");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts it, again on the port that it had; gives its address.
    pub(crate) fn start(&self) -> String {
        let told = self.run("start");
        told.trim().strip_prefix("KAFKA_BROKERS=").expect("the address").to_owned()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.directory.path().join("pid")).expect("its pid");
        let status = Command::new("kill").args([signal, pid.trim()]).status().expect("kill runs");
        assert!(status.success(), "kill {signal} {pid}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.run("stop");
    }
}
