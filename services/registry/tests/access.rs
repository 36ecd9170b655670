//! API keys: who may do what.

mod support;

use registry_service::access::{Keys, Role, fresh};
use serde_json::{Value, json};
use support::database::Home;
use support::{Answer, Server, record};

/// A registry with a key of each role, and the secrets.
async fn guarded() -> (Server, [String; 3]) {
    let roles = [
        ("reader", Role::Read),
        ("orders", Role::Write { prefix: "orders-".to_owned() }),
        ("boss", Role::Admin),
    ];
    let made = roles.map(|(name, role)| fresh(name, &role));
    let directory = tempfile::TempDir::new().expect("directory");
    let file = directory.path().join("keys");
    let lines: Vec<&str> = made.iter().map(|(_, line)| line.as_str()).collect();
    std::fs::write(&file, lines.join("\n")).expect("writes");
    let keys = Keys::read(&file).expect("keys");
    let server = Server::start_with(Home::new(), Some(keys)).await;
    (server, made.map(|(secret, _)| secret))
}

async fn send(server: &Server, key: (&str, &str), method: &str, path: &str, body: Value) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("method");
    let request = server
        .client
        .request(method, format!("{}{path}", server.url))
        .basic_auth(key.0, Some(key.1))
        .json(&body);
    Answer::of(request.send().await.expect("answers")).await
}

#[tokio::test]
async fn a_key_allows_what_its_role_says_and_no_more() {
    let (server, [reader, orders, boss]) = guarded().await;
    let (reader, orders, boss) = (("reader", &*reader), ("orders", &*orders), ("boss", &*boss));
    let schema = json!({ "schema": record("R", "a", "int") });

    let answer = server.get("/subjects").await;
    assert_eq!(
        answer.error(401, 40101),
        "Unauthorized: expected an API key, its name as the user and its secret as the password"
    );
    send(&server, ("reader", "guess"), "GET", "/subjects", json!({})).await.error(401, 40101);
    server.get("/health/ready").await.ok();

    let register = async |key, subject: &str| {
        send(&server, key, "POST", &format!("/subjects/{subject}/versions"), schema.clone()).await
    };
    register(orders, "orders-value").await.ok();
    assert_eq!(
        register(orders, "seats-value").await.error(403, 40301),
        "Forbidden: the key's role is `write:orders-`, which does not allow this"
    );
    register(reader, "orders-value").await.error(403, 40301);
    register(boss, "seats-value").await.ok();

    for key in [reader, orders, boss] {
        send(&server, key, "GET", "/schemas/ids/1", json!({})).await.ok();
        send(&server, key, "POST", "/subjects/seats-value", schema.clone()).await.ok();
        let path = "/compatibility/subjects/seats-value/versions";
        send(&server, key, "POST", path, schema.clone()).await.ok();
    }
    let level = json!({ "compatibility": "NONE" });
    send(&server, orders, "PUT", "/config/orders-value", level.clone()).await.ok();
    send(&server, orders, "PUT", "/config", level.clone()).await.error(403, 40301);
    send(&server, boss, "PUT", "/config", level).await.ok();
    server.stop().await;
}

/// A key could once have written any subject by way of an alias that it sets itself.
#[tokio::test]
async fn an_alias_does_not_widen_a_key() {
    let (server, [_, orders, boss]) = guarded().await;
    let schema = json!({ "schema": record("R", "a", "int") });
    send(&server, ("boss", &boss), "POST", "/subjects/seats-value/versions", schema).await.ok();
    let alias = json!({ "alias": "seats-value" });
    send(&server, ("orders", &orders), "PUT", "/config/orders-x", alias).await.error(403, 40301);
    let alias = json!({ "alias": "orders-y" });
    send(&server, ("orders", &orders), "PUT", "/config/orders-x", alias).await.ok();
    server.stop().await;
}
