//! A database that is lost and restored, and a log that is lost, as docs/operations.md tells it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::blocking::RequestBuilder;
use serde_json::json;
use tempfile::TempDir;

use super::history;
use super::rush::{Done, Rush};
use crate::support::cluster::{Cluster, Engines, Instance, Plan, alone};
use crate::support::world::Place as _;
use crate::support::{Answer, binary, until};

/// How many commands are sent while the database is backed up and lost.
const COMMANDS: usize = 320;
const PATIENCE: Duration = Duration::from_mins(2);

/// A server of this test's own, since it is lost.
struct Server(TempDir);

impl Server {
    fn start() -> (Self, String) {
        let directory = tempfile::tempdir().expect("a directory");
        // The server runs as another user where this runs as root.
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), all).expect("it is ours");
        let server = Self(directory);
        let said = server.script("start", &[]);
        let url = said.trim().strip_prefix("DATABASE_URL=").expect("a URL").to_owned();
        (server, url)
    }

    /// Runs `tests/postgres/NAME`; gives what it prints.
    fn script(&self, name: &str, before: &[&str]) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres").join(name);
        // A server that stays has no pipe of ours: its end would be waited for.
        let said = self.0.path().join("said");
        let file = std::fs::File::create(&said).expect("a file");
        let mut script = Command::new(path);
        script.args(before.iter().take(1)).arg(self.0.path()).args(before.iter().skip(1));
        let ended = script.stdout(file.try_clone().expect("a file")).stderr(file).status();
        let said = std::fs::read_to_string(said).expect("text");
        assert!(ended.expect("it runs").success(), "{name} {before:?}: {said}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("stop", &[]);
    }
}

/// Waits for the end of a process that refuses to work on; its last line says why.
fn refuses(instance: &mut Instance, reason: &str) {
    let code = instance.wait().code();
    let said = instance.said();
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(reason), "`{reason}` is not in the last line of {said}");
    assert_eq!(code, Some(1), "{said}");
}

/// Opens a show.
fn keyed(cluster: &Cluster, show: &str, key: &str) -> RequestBuilder {
    let body = json!({
        "showId": show, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 9}],
    });
    cluster.client().post("/v1/shows", &body).header("Idempotency-Key", key.to_owned())
}

/// Everything that was told is there, as it was told.
fn check(cluster: &Cluster, rush: Rush, done: &[Done], first: &Answer) {
    rush.check(cluster.client(), done);
    history::check(&cluster.database, done);
    let repeated = cluster.client().decide(keyed(cluster, "kept", "show-key-1")).expect(200);
    assert_eq!(repeated.text, first.text, "the outcome is told again as it was");
}

#[test]
fn a_database_and_a_log_that_are_lost_come_back_as_the_operators_guide_says() {
    let test = "a_database_and_a_log_that_are_lost_come_back_as_the_operators_guide_says";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let (server, database_url) = Server::start();
    let engines = Engines { database_url, ..engines };
    let mut cluster = Cluster::begin(&engines, &Plan { instances: 1, database: None });
    cluster.wait_ready();
    let rush = Rush("rush");
    rush.open(cluster.client());
    let first = cluster.client().decide(keyed(&cluster, "kept", "show-key-1")).expect(200);

    // The database goes while commands come, and the services stay.
    let harm = Mutex::new(());
    let done = rush.run(cluster.client(), COMMANDS, |done| {
        if done == COMMANDS / 8 {
            let _one = harm.lock().expect("no panic");
            server.script("backup", &["take"]);
        }
        if done == COMMANDS / 2 {
            let _one = harm.lock().expect("no panic");
            server.script("backup", &["restore"]);
        }
    });
    check(&cluster, rush, &done, &first);
    let inn = json!({"propertyId": "later", "name": "Inn", "roomTypes": [{"roomTypeId": "king", "rooms": 1}]});
    let client = cluster.client();
    cluster.client().decide(keyed(&cluster, "later", "show-key-3")).expect(200);
    client.decide(client.post("/v1/tenants/rush/properties", &inn)).expect(200);

    // Without the WAL the database is older than what was told: nobody works on that, told at the start or at work.
    server.script("backup", &["restore", "alone"]);
    let older = "the store is older than the log";
    let taken = until(PATIENCE, || {
        let told = keyed(&cluster, "later", "show-key-4").send();
        if told.as_ref().is_ok_and(|told| told.status() == 202) {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        }
    });
    assert!(taken.is_ok(), "the log takes commands: {taken:?}");
    refuses(&mut cluster.seats[0], older);
    cluster.reservations[0].kill();
    for instance in [&mut cluster.reservations[0], &mut cluster.seats[0]] {
        instance.restart();
        refuses(instance, older);
    }
    server.script("backup", &["undo"]);
    for instance in [&mut cluster.seats[0], &mut cluster.reservations[0]] {
        instance.restart();
        instance.readiness(200);
    }
    cluster.housekeeping[0].readiness(200);
    cluster.gateways[0].readiness(200);
    check(&cluster, rush, &done, &first);

    // The log is lost with a command that nobody has decided.
    cluster.seats[0].signal("STOP");
    let lost = Answer::send(keyed(&cluster, "lost", "show-key-2"));
    assert_eq!(lost.status, 202, "{}", lost.text);
    let prefix = format!("{}new.", cluster.database.name());
    for instance in cluster.all() {
        instance.kill();
    }
    cluster.registries[0].restart();
    cluster.cores[0].restart();
    let anew = "the log was made anew";
    cluster.seats[0].restart_with("KAFKA_TOPIC_PREFIX", &prefix);
    refuses(&mut cluster.seats[0], anew);
    let pair = || -> Output {
        let mut pair = Command::new(binary("charterctl"));
        pair.args(["pair", "--yes", "--log-lost"]).env("KAFKA_BROKERS", &engines.brokers);
        pair.env("KAFKA_TOPIC_PREFIX", &prefix).env("DATABASE_URL", cluster.database.url());
        pair.output().expect("it runs")
    };
    let paired = pair();
    assert!(paired.status.success(), "{paired:?}");
    let again = pair();
    let said = String::from_utf8(again.stderr).expect("text");
    assert!(again.status.code() == Some(1) && said.contains("so it is not new"), "{said}");
    let Cluster { seats, reservations, housekeeping, gateways, .. } = &mut cluster;
    for instance in [seats, reservations, housekeeping, gateways].into_iter().flatten() {
        instance.restart_with("KAFKA_TOPIC_PREFIX", &prefix);
    }
    cluster.wait_ready();
    check(&cluster, rush, &done, &first);
    let unknown = Answer::send(cluster.client().get("/v1/shows/lost"));
    assert_eq!(unknown.status, 404, "what was not decided went with the log: {}", unknown.text);
    cluster.client().decide(keyed(&cluster, "lost", "show-key-2")).expect(200);
    let after = Rush("after");
    after.open(cluster.client());
    let mut all = after.run(cluster.client(), COMMANDS / 2, |_| ());
    after.check(cluster.client(), &all);
    all.extend(done);
    history::check(&cluster.database, &all);
}
