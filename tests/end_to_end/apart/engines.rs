//! Engines that come late, go away, or refuse.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::cluster::{Cluster, Engines, Plan, alone, free_port};
use crate::support::relay::Relay;
use crate::support::world::Place as _;
use crate::support::{Answer, binary, until};

/// Where nobody listens.
fn nowhere() -> String {
    format!("127.0.0.1:{}", free_port())
}

#[test]
fn services_wait_for_a_database_that_comes_late_and_outlive_its_absence() {
    let test = "services_wait_for_a_database_that_comes_late_and_outlive_its_absence";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let relay = Relay::closed(&engines.database_address());
    let plan = Plan { instances: 1, database: Some(relay.address()) };
    let mut cluster = Cluster::begin(&engines, &plan);
    for instance in [&mut cluster.gateways, &mut cluster.seats, &mut cluster.cores] {
        instance[0].not_ready("it waits for PostgreSQL");
    }
    let early = Answer::send(cluster.client().get("/v1/shows/s")).expect(503);
    assert_eq!(early.str("code"), "UNAVAILABLE");
    assert!(early.header("retry-after").is_some());

    relay.open();
    cluster.wait_ready();
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 9}]});
    let client = cluster.client();
    client.decide(client.post("/v1/shows", &show)).expect(200);
    let lines = |said: String| said.matches("waiting for PostgreSQL").count();
    assert_eq!(lines(cluster.seats[0].said()), 1, "{}", cluster.seats[0].said());

    relay.close();
    let hold = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer-1"});
    // The log is there, so the command is accepted; nobody can decide it yet.
    let accepted = Answer::send(client.post("/v1/shows/s/holds", &hold)).expect(202);
    for instance in [&mut cluster.gateways, &mut cluster.seats, &mut cluster.cores] {
        instance[0].not_ready(r#""name":"store","ready":false"#);
    }
    let away = Answer::send(cluster.client().get("/v1/shows/s")).expect(503);
    assert_eq!(away.str("code"), "UNAVAILABLE");

    relay.open();
    let location = accepted.header("location").expect("where to ask").to_owned();
    let decided = until(Duration::from_mins(1), || {
        let told = Answer::send(cluster.client().get(&location));
        if told.status == 200 && told.str("status") == "APPLIED" { Ok(()) } else { Err(told.text) }
    });
    decided.unwrap_or_else(|last| panic!("never decided: {last}"));
    for instance in [&mut cluster.gateways, &mut cluster.seats, &mut cluster.cores] {
        instance[0].readiness(200);
    }
}

#[test]
fn services_wait_for_a_registry_that_comes_late() {
    let test = "services_wait_for_a_registry_that_comes_late";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::begin(&engines, &Plan { instances: 1, database: None });
    cluster.registries[0].kill();
    // Without the registry nobody knows the schemas' ids.
    cluster.gateways[0].not_ready("it waits for the log, the store and the schema registry");
    cluster.registries[0].restart();
    cluster.wait_ready();
}

#[test]
fn a_process_that_waits_ends_when_it_is_told_to() {
    let test = "a_process_that_waits_ends_when_it_is_told_to";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let database = nowhere();
    for (kafka, database) in
        [(nowhere(), engines.database_address()), (engines.brokers.clone(), database)]
    {
        let engines = Engines { brokers: kafka, ..engines.clone() };
        let mut cluster =
            Cluster::begin(&engines, &Plan { instances: 1, database: Some(database) });
        let gateway = &mut cluster.gateways[0];
        gateway.not_ready("it waits for ");
        gateway.signal("TERM");
        let begun = Instant::now();
        assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.said());
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

/// What a service that is refused says in its one line, and its exit code.
fn refused(service: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut start = Command::new(binary(service));
    for name in ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL", "RUST_LOG"] {
        start.env_remove(name);
    }
    let output = start.env("LISTEN", "127.0.0.1:0").envs(variables.iter().copied()).output();
    let output = output.expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    // A process that asks nobody who they are has said so before.
    let lines: Vec<&str> = said.lines().filter(|line| !line.contains("development mode")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    (output.status.code(), lines[0].to_owned())
}

#[test]
fn what_is_wrong_is_one_line_with_what_to_do() {
    let database = ("DATABASE_URL", "postgres://a:secret@localhost:1/c");
    let kafka = ("KAFKA_BROKERS", "localhost:1");
    let registry = ("SCHEMA_REGISTRY_URL", "http://localhost:1");
    for (service, variables, expected) in [
        ("seats", vec![database, registry], "seats: `KAFKA_BROKERS` is not set"),
        ("gateway", vec![kafka, registry], "gateway: `DATABASE_URL` is not set"),
        ("reservations", vec![kafka, database], "reservations: `SCHEMA_REGISTRY_URL` is not set"),
        ("core", vec![], "core: `DATABASE_URL` is not set"),
        ("core", vec![("DATABASE_URL", "secret")], "core: `DATABASE_URL` can't be read"),
        (
            "seats",
            vec![kafka, database, registry, ("KAFKA_ACKS", "1")],
            "seats: `KAFKA_ACKS` can't be set",
        ),
        (
            "gateway",
            vec![kafka, database, registry, ("CORE_URL", "core:8080")],
            "gateway: `CORE_URL`: ",
        ),
    ] {
        let (code, said) = refused(service, &variables);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with(expected) && !said.contains("secret"), "{said}");
    }
}

#[test]
fn a_database_that_refuses_ends_the_process_with_a_line() {
    let test = "a_database_that_refuses_ends_the_process_with_a_line";
    let Some(engines) = Engines::from_env(test) else { return };
    let address = engines.database_address();
    for url in [
        format!("postgres://charter:wrong@{address}/charter"),
        format!("postgres://charter:charter@{address}/nowhere"),
    ] {
        let (code, said) = refused("core", &[("DATABASE_URL", &url)]);
        // The second one has the right password, or the test's server has another.
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("core: PostgreSQL refuses `DATABASE_URL`: "), "{said}");
    }
}

#[test]
fn core_is_not_ready_before_the_tables_are_there() {
    let test = "core_is_not_ready_before_the_tables_are_there";
    let Some(engines) = Engines::from_env(test) else { return };
    let _alone = alone();
    let mut cluster = Cluster::begin(&engines, &Plan { instances: 1, database: None });
    let Cluster { seats, reservations, housekeeping, .. } = &mut cluster;
    for instance in [seats, reservations, housekeeping].into_iter().flatten() {
        instance.kill();
    }
    cluster.cores[0].not_ready("should be of version");
    let Cluster { seats, reservations, housekeeping, .. } = &mut cluster;
    for instance in [seats, reservations, housekeeping].into_iter().flatten() {
        instance.restart();
    }
    cluster.wait_ready();
}
