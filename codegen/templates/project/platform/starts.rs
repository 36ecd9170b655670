//! The platform starts with all its services.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_becomes_ready() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["--listen", "127.0.0.1:0", "--registry-listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn();
    let mut running = Running(platform.expect("it runs"));
    let lines = BufReader::new(running.0.stdout.take().expect("its words")).lines();
    let (say, said) = mpsc::channel();
    let listening = std::thread::spawn(move || {
        let _ = say.send(lines.map_while(Result::ok).any(|line| line == "ready"));
    });
    let ready = said.recv_timeout(Duration::from_mins(1));
    drop(running);
    listening.join().expect("what it said");
    assert_eq!(ready, Ok(true), "expected a platform that is ready within 60 s");
}
