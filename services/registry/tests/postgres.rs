//! Instances that share one PostgreSQL: `tests/postgres/start` gives one. Without it the tests say
//! SKIPPED.
#![cfg(feature = "postgres")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use support::database::{Home, Schema};
use support::{Server, record};

/// `count` instances on one schema, and the schema.
async fn instances(count: usize) -> Option<(Vec<Server>, Arc<Schema>)> {
    let schema = Arc::new(Schema::new()?);
    // At once, so that they meet over the empty schema.
    let starts = (0..count).map(|_| Server::start_in(Home::Postgres(Arc::clone(&schema))));
    Some((futures_util::future::join_all(starts).await, schema))
}

#[tokio::test]
async fn instances_that_register_the_same_schema_at_once_give_one_id() {
    let Some((servers, _schema)) = instances(3).await else { return };
    for round in 0..20 {
        let schema = record(&format!("R{round}"), "a", "int");
        let schema = schema.as_str();
        let requests = servers.iter().flat_map(|server| {
            ["x", "y"]
                .map(|name| async move { server.register(&format!("{name}{round}"), schema).await })
        });
        let ids: Vec<i64> = futures_util::future::join_all(requests).await;
        assert_eq!(ids, vec![round + 1; 6], "round {round}");
    }
}

#[tokio::test]
async fn different_schemas_get_dense_ids_and_versions_from_all_instances() {
    let Some((servers, _schema)) = instances(2).await else { return };
    servers[0].put("/config", json!({ "compatibility": "NONE" })).await.ok();
    let requests = (0..60).map(|number| {
        let schema = record("R", &format!("f{number}"), "int");
        let server = &servers[number % 2];
        async move { server.register("one", &schema).await }
    });
    let ids: BTreeSet<i64> = futures_util::future::join_all(requests).await.into_iter().collect();
    assert_eq!(ids, (1..=60).collect());
    for server in &servers {
        let versions = server.get("/subjects/one/versions").await;
        assert_eq!(*versions.ok(), json!((1..=60).collect::<Vec<i64>>()));
    }
}

#[tokio::test]
async fn what_one_instance_changes_the_others_see_at_once() {
    let Some((servers, _schema)) = instances(2).await else { return };
    let [a, b] = servers.as_slice() else { panic!("two instances") };
    assert_eq!(a.register("s", &record("R", "a", "int")).await, 1);
    assert_eq!(*b.get("/subjects").await.ok(), json!(["s"]));
    b.put("/config/s", json!({ "compatibility": "FORWARD" })).await.ok();
    assert_eq!(a.get("/config/s").await.ok()["compatibilityLevel"], "FORWARD");
    a.put("/mode", json!({ "mode": "READONLY" })).await.ok();
    let refused = b.post("/subjects/s/versions", json!({ "schema": "\"int\"" })).await;
    refused.error(422, 42205);
    a.put("/mode", json!({ "mode": "READWRITE" })).await.ok();
    b.delete("/subjects/s").await.ok();
    a.get("/subjects/s/versions").await.error(404, 40401);
    a.delete("/subjects/s?permanent=true").await.ok();
    assert_eq!(*b.get("/subjects?deleted=true").await.ok(), json!([]));
    // An id that was given is not given again, whoever deleted what had it.
    assert_eq!(b.register("s", &record("S", "a", "int")).await, 2);
}

/// Ids are served from memory, and a deletion for good reaches the memory of all instances.
#[tokio::test]
async fn a_schema_deleted_for_good_is_forgotten_by_all_instances() {
    let Some((servers, _schema)) = instances(2).await else { return };
    let [a, b] = servers.as_slice() else { panic!("two instances") };
    let id = a.register("s", &record("R", "a", "int")).await;
    b.get(&format!("/schemas/ids/{id}")).await.ok();
    a.delete("/subjects/s").await.ok();
    b.get(&format!("/schemas/ids/{id}")).await.ok();
    a.delete("/subjects/s?permanent=true").await.ok();
    a.get(&format!("/schemas/ids/{id}")).await.error(404, 40403);
    let forgotten = async {
        while b.get(&format!("/schemas/ids/{id}")).await.status != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), forgotten).await.expect("forgets");
}

#[tokio::test]
async fn of_schemas_that_rule_each_other_out_one_instance_registers_one() {
    let Some((servers, _schema)) = instances(2).await else { return };
    servers[0].put("/config", json!({ "compatibility": "FULL" })).await.ok();
    let requests = (0..12).map(|number| {
        let kind = ["int", "string", "boolean"][number % 3];
        let body = json!({ "schema": record("R", "a", kind) });
        let server = &servers[number % 2];
        async move { server.post("/subjects/s/versions", body).await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let ids: BTreeSet<i64> =
        answers.iter().filter_map(|answer| answer.json["id"].as_i64()).collect();
    assert_eq!(ids, BTreeSet::from([1]), "{answers:#?}");
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!(refused, 8, "{answers:#?}");
    assert_eq!(*servers[1].get("/subjects/s/versions").await.ok(), json!([1]));
}

#[tokio::test]
async fn connections_that_the_database_cuts_are_made_anew() {
    let Some((servers, schema)) = instances(1).await else { return };
    let server = &servers[0];
    assert_eq!(server.register("s", &record("R", "a", "int")).await, 1);
    let mut connection = schema.connect().await;
    for _ in 0..3 {
        sqlx::query(
            "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
             WHERE a.application_name = 'charter-registry' AND a.query LIKE '%' || $1 || '%'
             OR a.pid IN (SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)",
        )
        .bind(&schema.name)
        .execute(&mut connection)
        .await
        .expect("terminates");
        assert_eq!(*server.get("/subjects").await.ok(), json!(["s"]));
    }
    assert_eq!(server.get("/health/ready").await.ok()["status"], "UP");
}

/// An instance as a process of its own, killed when the test ends before it does.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(schema: &Schema) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("registry"))
            .env_clear()
            .env("DATABASE_URL", &schema.url)
            .args(["--listen", "127.0.0.1:0", "--database-schema", &schema.name])
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let line = lines.next().expect("a line").expect("text");
        let url = line.strip_prefix("schema registry: ").expect("an address").to_owned();
        assert_eq!(lines.next().expect("a line").expect("text"), "ready");
        Self { child, url }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_id_that_was_answered_survives_the_death_of_its_instance() {
    let Some(schema) = Schema::new() else { return };
    let mut killed = Process::start(&schema);
    let other = Process::start(&schema);
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..120 {
        let (client, url) = (client.clone(), format!("{}/subjects/s{number}/versions", killed.url));
        tasks.spawn(async move {
            let schema = record(&format!("R{number}"), "a", "int");
            let answer = client.post(url).json(&json!({ "schema": schema })).send().await.ok()?;
            let answer: Value = answer.json().await.ok()?;
            Some((answer["id"].as_i64()?, number))
        });
    }
    let mut given = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        given.extend(answer.expect("joins"));
        if given.len() == 30 {
            killed.child.kill().expect("kills");
        }
    }
    assert!(given.len() >= 30, "{} answers", given.len());
    for (id, number) in &given {
        let url = format!("{}/subjects/s{number}/versions/1", other.url);
        let answer: Value =
            client.get(url).send().await.expect("answers").json().await.expect("json");
        assert_eq!(answer["id"], *id, "{answer}");
    }
    // The one that died held nothing that keeps the other from writing, and left no half of a
    // registration: ids are dense.
    let url = format!("{}/subjects/next/versions", other.url);
    let body = json!({ "schema": record("Next", "a", "int") });
    let answer: Value =
        client.post(url).json(&body).send().await.expect("answers").json().await.expect("json");
    let schemas: Vec<Value> = client
        .get(format!("{}/schemas", other.url))
        .send()
        .await
        .expect("answers")
        .json()
        .await
        .expect("json");
    let ids: BTreeSet<i64> = schemas.iter().filter_map(|schema| schema["id"].as_i64()).collect();
    assert_eq!(ids, (1..=answer["id"].as_i64().expect("id")).collect());
}

/// The registry ended when its database was a second late, and an orchestrator starts all at once.
#[tokio::test]
async fn a_database_that_comes_late_is_waited_for_and_named() {
    let Some(schema) = Schema::new() else { return };
    // Where nobody listens yet.
    let late = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let place = late.local_addr().expect("address");
    drop(late);
    let (user, rest) = schema.url.rsplit_once('@').expect("a user");
    let (database, name) = rest.split_once('/').expect("a database");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("registry"))
        .env_clear()
        .env("DATABASE_URL", format!("{user}@{place}/{name}"))
        .args(["--listen", "127.0.0.1:0", "--database-schema", &schema.name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut said = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let line = lines.next().expect("a line").expect("text");
    let url = line.strip_prefix("schema registry: ").expect("an address").to_owned();
    let process = Process { child, url };
    let line = said.next().expect("a line").expect("text");
    assert!(line.contains("waiting for PostgreSQL database") && line.contains(name), "{line}");

    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let ready = format!("{}/health/ready", process.url);
    let answer = client.get(&ready).send().await.expect("answers");
    assert_eq!(answer.status(), 503);
    let answer: Value = answer.json().await.expect("json");
    assert_eq!(answer["status"], "DOWN");
    let reason = answer["database"].as_str().expect("a reason");
    assert!(reason.starts_with(&format!("waiting for PostgreSQL database `{place}/")), "{reason}");
    let answer = client.get(format!("{}/subjects", process.url)).send().await.expect("answers");
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.json::<Value>().await.expect("json")["error_code"], 50002);
    let alive = client.get(format!("{}/health/live", process.url)).send().await.expect("answers");
    assert_eq!(alive.status(), 200);

    // It comes: from now on its address leads to the database.
    let database = database.to_owned();
    let relay = tokio::net::TcpListener::bind(place).await.expect("the address is free still");
    let relay = tokio::spawn(async move {
        loop {
            let (mut near, _) = relay.accept().await.expect("accepts");
            let database = database.clone();
            tokio::spawn(async move {
                let mut far = tokio::net::TcpStream::connect(database).await.expect("connects");
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    let line = tokio::task::spawn_blocking(move || lines.next()).await.expect("joins");
    assert_eq!(line.expect("a line").expect("text"), "ready");
    assert_eq!(client.get(&ready).send().await.expect("answers").status(), 200);
    let body = json!({ "schema": record("R", "a", "int") });
    let path = format!("{}/subjects/s/versions", process.url);
    let answer = client.post(path).json(&body).send().await.expect("answers");
    assert_eq!(answer.status(), 200);
    relay.abort();
}

/// What no waiting mends ends the process.
#[tokio::test]
async fn a_database_that_refuses_is_one_line_that_says_what_to_do() {
    let Some(schema) = Schema::new() else { return };
    let (_, place) = schema.url.rsplit_once('@').expect("a user");
    let (address, _) = place.split_once('/').expect("a database");
    for url in [
        format!("postgres://nobody:secret@{place}"),
        schema.url.replace(place, &format!("{address}/nowhere")),
    ] {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("registry"))
            .env_clear()
            .env("DATABASE_URL", &url)
            .args(["--listen", "127.0.0.1:0"])
            .output()
            .expect("runs");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(&format!("database `{address}/")), "{stderr}");
        assert!(stderr.contains("cannot be opened"), "{stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
}
