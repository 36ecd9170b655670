//! The API over HTTP, request by request.

mod support;

use serde_json::{Value, json};
use support::{Answer, Server, record};

const V1: &str =
    r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"}]}"#;
const V2: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"},{"name":"note","type":"string","default":""}]}"#;

#[tokio::test]
async fn a_schema_is_registered_and_read_back_every_way() {
    let server = Server::start().await;
    let answer = server.post("/subjects/orders/versions", json!({ "schema": V1 })).await;
    let stored = json!({
        "subject": "orders", "id": 1, "version": 1, "schemaType": "AVRO", "schema": V1,
    });
    assert_eq!(answer.ok(), &stored);
    assert_eq!(server.register("orders", V2).await, 2);
    assert_eq!(server.register("orders-copy", V1).await, 1);

    for path in ["/subjects/orders/versions/1", "/subjects/:.:orders/versions/1"] {
        assert_eq!(server.get(path).await.ok(), &stored);
    }
    for version in ["2", "latest", "-1"] {
        let answer = server.get(&format!("/subjects/orders/versions/{version}")).await;
        assert_eq!(answer.ok()["version"], 2);
    }
    assert_eq!(server.get("/subjects/orders/versions/1/schema").await.text, V1);
    assert_eq!(
        server.get("/schemas/ids/2").await.ok(),
        &json!({ "schemaType": "AVRO", "schema": V2 })
    );
    assert_eq!(server.get("/schemas/ids/1?fetchMaxId=true").await.ok()["maxId"], 2);
    assert_eq!(server.get("/schemas/ids/1/schema").await.text, V1);
    assert_eq!(server.get("/schemas/ids/1/subjects").await.ok(), &json!(["orders", "orders-copy"]));
    let places = json!([
        { "subject": "orders", "version": 1 }, { "subject": "orders-copy", "version": 1 },
    ]);
    assert_eq!(server.get("/schemas/ids/1/versions").await.ok(), &places);
    assert_eq!(server.get("/subjects").await.ok(), &json!(["orders", "orders-copy"]));
    assert_eq!(server.get("/subjects?subjectPrefix=orders-").await.ok(), &json!(["orders-copy"]));
    assert_eq!(server.get("/subjects/orders/versions").await.ok(), &json!([1, 2]));
    assert_eq!(server.post("/subjects/orders", json!({ "schema": V1 })).await.ok(), &stored);
    let all = server.get("/schemas").await;
    assert_eq!(places_of(all.ok()), [("orders", 1), ("orders", 2), ("orders-copy", 1)]);
    let latest = server.get("/schemas?latestOnly=true&offset=0&limit=1").await;
    assert_eq!(places_of(latest.ok()), [("orders", 2)]);
    server.stop().await;
}

fn places_of(list: &Value) -> Vec<(&str, i64)> {
    let items = list.as_array().expect("array");
    items
        .iter()
        .map(|item| {
            let subject = item["subject"].as_str().expect("subject");
            (subject, item["version"].as_i64().expect("version"))
        })
        .collect()
}

#[tokio::test]
async fn errors_have_confluents_codes_and_messages() {
    let server = Server::start().await;
    server.register("orders", V1).await;
    let message = |answer: Answer, status, code| answer.error(status, code).to_owned();

    let answer = server.get("/subjects/none/versions").await;
    assert_eq!(message(answer, 404, 40401), "Subject 'none' not found.");
    let answer = server.get("/subjects/orders/versions/9").await;
    assert_eq!(message(answer, 404, 40402), "Version 9 not found.");
    let answer = server.get("/schemas/ids/77").await;
    assert_eq!(message(answer, 404, 40403), "Schema 77 not found");
    let answer = server.post("/subjects/orders", json!({ "schema": V2 })).await;
    assert_eq!(message(answer, 404, 40403), "Schema not found");
    let answer = server.get("/config/orders").await;
    assert_eq!(
        message(answer, 404, 40408),
        "Subject 'orders' does not have subject-level compatibility configured"
    );
    let answer = server.get("/mode/orders").await;
    assert_eq!(
        message(answer, 404, 40409),
        "Subject 'orders' does not have subject-level mode configured"
    );
    let answer = server.get("/subjects/orders/versions/0").await;
    assert_eq!(
        message(answer, 422, 42202),
        "The specified version '0' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
    );
    let answer = server.put("/config", json!({ "compatibility": "SIDEWAYS" })).await;
    assert!(message(answer, 422, 42203).starts_with("Invalid compatibility level."));
    let answer = server.put("/mode", json!({ "mode": "FORWARD" })).await;
    assert!(message(answer, 422, 42204).starts_with("Invalid mode."));
    let answer = server.post("/subjects/__GLOBAL/versions", json!({ "schema": V1 })).await;
    assert_eq!(
        message(answer, 422, 42208),
        "The specified subject '__GLOBAL' is not a valid subject."
    );

    let broken = "{\n \"type\": \"record\", \"name\": \"R\",\n \"fields\": [{\"name\": \"a\", \"type\": \"str\"}]}";
    let answer = server.post("/subjects/x/versions", json!({ "schema": broken })).await;
    let text = message(answer, 422, 42201);
    assert!(text.starts_with("Invalid schema of type AVRO, details: 3:"), "{text}");
    assert!(text.contains("`str`"), "{text}");

    let answer = server.get("/nowhere").await;
    assert_eq!(message(answer, 404, 404), "HTTP 404 Not Found");
    let answer = server.delete("/schemas/types").await;
    assert_eq!(message(answer, 405, 405), "HTTP 405 Method Not Allowed");
    let answer = server.send("POST", "/subjects/x/versions", Some("{".to_owned())).await;
    assert_eq!(
        answer.error(400, 400).split(':').next(),
        Some("the request body is not what this route expects")
    );
    let huge = json!({ "schema": " ".repeat(registry_service::MAX_BODY_BYTES) });
    let answer = server.post("/subjects/x/versions", huge).await;
    assert_eq!(message(answer, 422, 42209), "the request body is larger than 1048576 bytes");
    server.stop().await;
}

#[tokio::test]
async fn what_the_registry_does_not_keep_is_refused_by_name() {
    let server = Server::start().await;
    let post = async |body| server.post("/subjects/x/versions", body).await;
    for kind in ["JSON", "PROTOBUF"] {
        let answer = post(json!({ "schema": "{}", "schemaType": kind })).await;
        assert!(
            answer
                .error(422, 42201)
                .starts_with(&format!("schema type `{kind}` is not stored here"))
        );
    }
    let answer = post(json!({ "schema": V1, "schemaType": "avro" })).await;
    assert_eq!(answer.error(422, 42201), "Invalid schema type avro, expected AVRO (in capitals)");
    let answer =
        post(json!({ "schema": V1, "metadata": { "properties": { "owner": "a" } } })).await;
    assert!(answer.error(422, 42205).starts_with("`metadata` is not supported"));
    let answer =
        post(json!({ "schema": V1, "ruleSet": { "domainRules": [{ "name": "r" }] } })).await;
    assert!(answer.error(422, 42205).starts_with("`ruleSet` is not supported"));
    for path in ["/subjects/:.team:x/versions", "/contexts/.team/subjects", "/config/:.__GLOBAL:"] {
        let answer = server.get(path).await;
        assert!(answer.error(422, 42208).contains("contexts are not supported"), "{path}");
    }
    let answer = server.put("/config", json!({ "defaultMetadata": { "properties": {} } })).await;
    assert!(answer.error(422, 42205).starts_with("`defaultMetadata` is not supported"));
    // Clients take 404 as a registry without the function, and go on without.
    for (path, what) in [
        ("/associations/resources/-/topic?resourceType=topic", "associations"),
        ("/schemas/guids/6b1e2f5c-0000-0000-0000-000000000000", "schema GUIDs"),
        ("/subjects/x/metadata?key=owner&value=a", "metadata and tags"),
    ] {
        let answer = server.get(path).await;
        assert!(answer.error(404, 404).contains(&format!("{what} are not supported")), "{path}");
    }
    // Nothing was stored on the way, and what says nothing is let through.
    assert_eq!(server.get("/subjects").await.ok(), &json!([]));
    let empty = json!({ "schema": V1, "metadata": null, "ruleSet": {}, "references": [] });
    assert_eq!(post(empty).await.ok()["id"], 1);
    assert_eq!(server.get("/schemas/types").await.ok(), &json!(["AVRO"]));
    assert_eq!(server.get("/contexts").await.ok(), &json!(["."]));
    server.stop().await;
}

#[tokio::test]
async fn an_incompatible_schema_is_refused_with_every_reason() {
    let server = Server::start().await;
    server.register("orders", V1).await;
    let bad = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"string"},{"name":"by","type":"int"}]}"#;
    let answer = server.post("/subjects/orders/versions", json!({ "schema": bad })).await;
    let message = answer.error(409, 409);
    assert!(
        message.starts_with(
            "Schema being registered is incompatible with an earlier schema for subject \"orders\""
        ),
        "{message}"
    );
    for part in [
        "{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type')",
        "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'by' at path '/fields/1' in the new schema",
        "{oldSchemaVersion: 1}",
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }

    let check = async |path: &str, schema: &str| {
        let path = format!("/compatibility/subjects/orders/versions{path}");
        server.post(&path, json!({ "schema": schema })).await.ok().clone()
    };
    assert_eq!(check("/latest", V2).await, json!({ "is_compatible": true }));
    assert_eq!(check("?verbose=true", V2).await, json!({ "is_compatible": true, "messages": [] }));
    let verdict = check("/1?verbose=true", bad).await;
    assert_eq!(verdict["is_compatible"], false);
    assert_eq!(verdict["messages"].as_array().expect("messages").len(), 5, "{verdict}");
    assert_eq!(verdict["violations"].as_array().expect("violations").len(), 2, "{verdict}");
    let first = &verdict["violations"][0];
    assert_eq!(first["errorType"], "TYPE_MISMATCH");
    assert_eq!(first["version"], 1);
    assert_eq!(first["witness"]["field"], "id");
    assert_eq!(first["witness"]["value"], json!({ "id": 0 }));
    let verdict = check("?verbose=true", "{").await;
    assert_eq!(verdict["is_compatible"], false);
    let answer =
        server.post("/compatibility/subjects/orders/versions/7", json!({ "schema": V2 })).await;
    answer.error(404, 40402);

    server.put("/config/orders", json!({ "compatibility": "none" })).await.ok();
    assert_eq!(server.register("orders", bad).await, 2);
    server.stop().await;
}

#[tokio::test]
async fn transitive_levels_look_at_every_version() {
    let server = Server::start().await;
    let a_int = record("R", "a", "int");
    let none = r#"{"type":"record","name":"R","fields":[]}"#;
    let a_text =
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string","default":""}]}"#;
    server.register("r", &a_int).await;
    server.register("r", none).await;
    let check = async |level: &str| {
        server.put("/config", json!({ "compatibility": level })).await.ok();
        let answer =
            server.post("/compatibility/subjects/r/versions", json!({ "schema": a_text })).await;
        answer.ok()["is_compatible"].as_bool().expect("verdict")
    };
    assert!(check("BACKWARD").await);
    assert!(!check("BACKWARD_TRANSITIVE").await);
    assert!(check("FORWARD").await);
    assert!(!check("FULL_TRANSITIVE").await);
    server.stop().await;
}

#[tokio::test]
async fn deleting_is_soft_first_then_for_good() {
    let server = Server::start().await;
    server.register("orders", V1).await;
    server.register("orders", V2).await;
    server.delete("/subjects/orders/versions/1?permanent=true").await.error(404, 40407);
    assert_eq!(server.delete("/subjects/orders/versions/1").await.ok(), &json!(1));
    server.delete("/subjects/orders/versions/1").await.error(404, 40406);
    assert_eq!(server.get("/subjects/orders/versions").await.ok(), &json!([2]));
    assert_eq!(server.get("/subjects/orders/versions?deleted=true").await.ok(), &json!([1, 2]));
    assert_eq!(server.get("/subjects/orders/versions?deletedOnly=true").await.ok(), &json!([1]));
    assert_eq!(
        server.get("/subjects/orders/versions?deletedAsNegative=true").await.ok(),
        &json!([-1, 2])
    );
    assert_eq!(server.get("/subjects/orders/versions/1?deleted=true").await.ok()["deleted"], true);
    assert_eq!(server.get("/schemas/ids/1").await.ok()["schema"], V1);
    assert_eq!(server.delete("/subjects/orders/versions/1?permanent=true").await.ok(), &json!(1));
    server.get("/schemas/ids/1").await.error(404, 40403);

    server.delete("/subjects/orders?permanent=true").await.error(404, 40405);
    assert_eq!(server.delete("/subjects/orders").await.ok(), &json!([2]));
    server.delete("/subjects/orders").await.error(404, 40404);
    assert_eq!(server.get("/subjects").await.ok(), &json!([]));
    assert_eq!(server.get("/subjects?deleted=true").await.ok(), &json!(["orders"]));
    assert_eq!(server.delete("/subjects/orders?permanent=true").await.ok(), &json!([2]));
    server.delete("/subjects/orders").await.error(404, 40401);
    // An id never comes twice: the bytes written with it may still be about.
    assert_eq!(server.register("orders", V1).await, 3);
    server.stop().await;
}

#[tokio::test]
async fn references_join_subjects_and_hold_what_they_name() {
    let server = Server::start().await;
    let address = r#"{"type":"record","name":"Address","namespace":"geo","fields":[{"name":"city","type":"string"}]}"#;
    let person = r#"{"type":"record","name":"Person","namespace":"people","fields":[{"name":"home","type":"geo.Address"}]}"#;
    server.register("address", address).await;
    let with = |subject: &str, version: i64| json!({ "schema": person, "references": [{ "name": "geo.Address", "subject": subject, "version": version }] });
    let answer = server.post("/subjects/person/versions", with("nobody", 1)).await;
    assert_eq!(
        answer.error(422, 42201),
        "Invalid schema of type AVRO, details: No schema reference found for subject \"nobody\" and version 1"
    );
    server.post("/subjects/person/versions", json!({ "schema": person })).await.error(422, 42201);
    // The latest version is fixed when it is registered.
    let answer = server.post("/subjects/person/versions", with("address", -1)).await;
    let references = json!([{ "name": "geo.Address", "subject": "address", "version": 1 }]);
    assert_eq!(answer.ok()["references"], references);
    assert_eq!(answer.ok()["id"], 2);
    assert_eq!(server.get("/schemas/ids/2").await.ok()["references"], references);
    assert_eq!(server.get("/subjects/address/versions/1/referencedby").await.ok(), &json!([2]));
    let resolved = r#"{"type":"record","name":"Person","namespace":"people","fields":[{"name":"home","type":{"type":"record","name":"Address","namespace":"geo","fields":[{"name":"city","type":"string"}]}}]}"#;
    assert_eq!(server.get("/schemas/ids/2/schema?format=resolved").await.text, resolved);
    // Sent with its reference put in, it is the same schema.
    assert_eq!(server.register("person", resolved).await, 2);
    assert_eq!(
        server.post("/subjects/person", json!({ "schema": resolved })).await.ok()["version"],
        1
    );

    let message = "One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=address,version=1}.";
    assert_eq!(server.delete("/subjects/address").await.error(422, 42206), message);
    assert_eq!(server.delete("/subjects/address/versions/1").await.error(422, 42206), message);
    server.delete("/subjects/person").await.ok();
    server.delete("/subjects/address").await.ok();
    assert_eq!(server.delete("/subjects/address?permanent=true").await.error(422, 42206), message);
    server.delete("/subjects/person?permanent=true").await.ok();
    server.delete("/subjects/address?permanent=true").await.ok();
    server.stop().await;
}

#[tokio::test]
async fn modes_say_what_may_be_written() {
    let server = Server::start().await;
    server.register("orders", V1).await;
    assert_eq!(server.get("/mode").await.ok(), &json!({ "mode": "READWRITE" }));
    assert_eq!(
        server.put("/mode", json!({ "mode": "readonly" })).await.ok(),
        &json!({ "mode": "READONLY" })
    );
    let answer = server.post("/subjects/orders/versions", json!({ "schema": V2 })).await;
    assert_eq!(answer.error(422, 42205), "Subject orders is in read-only mode");
    // What is there needs no writing.
    assert_eq!(server.register("orders", V1).await, 1);
    server.delete("/subjects/orders").await.error(422, 42205);
    server.put("/config", json!({ "compatibility": "NONE" })).await.error(422, 42205);
    server.put("/mode/orders", json!({ "mode": "READWRITE" })).await.ok();
    assert_eq!(server.register("orders", V2).await, 2);
    server.put("/mode", json!({ "mode": "READONLY_OVERRIDE" })).await.ok();
    server.delete("/subjects/orders").await.error(422, 42205);
    assert_eq!(
        server.get("/mode/orders?defaultToGlobal=true").await.ok()["mode"],
        "READONLY_OVERRIDE"
    );
    assert_eq!(server.delete("/mode").await.ok()["mode"], "READONLY_OVERRIDE");
    assert_eq!(server.delete("/mode/orders").await.ok()["mode"], "READWRITE");
    server.delete("/mode/orders").await.error(404, 40401);
    server.stop().await;
}

#[tokio::test]
async fn an_import_keeps_ids_and_versions() {
    let server = Server::start().await;
    server.register("here", V1).await;
    let import = async |subject: &str, schema: &str, id: i64, version: i64| {
        let body = json!({ "schema": schema, "id": id, "version": version });
        server.post(&format!("/subjects/{subject}/versions"), body).await
    };
    import("orders", V1, 40, 3).await.error(422, 42205);
    server.put("/mode", json!({ "mode": "IMPORT" })).await.error(422, 42205);
    server.put("/mode?force=true", json!({ "mode": "IMPORT" })).await.ok();
    let answer = import("orders", V2, 40, 3).await;
    assert_eq!((&answer.ok()["id"], &answer.ok()["version"]), (&json!(40), &json!(3)));
    assert_eq!(import("orders", V2, 40, 3).await.ok()["version"], 3, "again");
    // Unchecked, and under two ids where the source had it so.
    assert_eq!(import("orders", &record("Order", "x", "int"), 7, 1).await.ok()["id"], 7);
    assert_eq!(import("copy", V2, 41, 1).await.ok()["id"], 41);
    import("copy", V1, 40, 2).await.error(422, 42205);
    import("orders", V1, 50, 3).await.error(422, 42205);
    let answer = server
        .post("/subjects/orders/versions", json!({ "schema": record("N", "x", "int") }))
        .await;
    assert!(answer.error(422, 42205).contains("is not in read-write mode"));
    server.put("/mode", json!({ "mode": "READWRITE" })).await.ok();
    assert_eq!(server.register("new", &record("N", "x", "int")).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn an_id_means_one_schema_for_ever() {
    let server = Server::start().await;
    let (old, other) = (record("Old", "a", "int"), record("Other", "a", "int"));
    server.put("/mode", json!({ "mode": "IMPORT" })).await.ok();
    let import = |schema: &str| json!({ "schema": schema, "id": 7, "version": 1 });
    server.post("/subjects/s/versions", import(&old)).await.ok();
    server.delete("/subjects/s").await.ok();
    server.delete("/subjects/s?permanent=true").await.ok();
    server.get("/schemas/ids/7").await.error(404, 40403);
    let refused = server.post("/subjects/s/versions", import(&other)).await;
    assert_eq!(
        refused.error(422, 42205),
        "Overwrite new schema with id 7 is not permitted: the id belongs to another schema, or did before that was deleted"
    );
    // The schema that had it may come back under it.
    assert_eq!(server.post("/subjects/s/versions", import(&old)).await.ok()["id"], 7);
    server.put("/mode", json!({ "mode": "READWRITE" })).await.ok();
    assert_eq!(server.register("t", &other).await, 8);
    server.stop().await;
}

#[tokio::test]
async fn answers_have_tags_by_which_they_need_not_be_sent_again() {
    let server = Server::start().await;
    let id = server.register("s", &record("R", "a", "int")).await;
    for (path, cache_control) in [
        (format!("/schemas/ids/{id}"), "public, max-age=86400, immutable"),
        (format!("/schemas/ids/{id}/schema"), "public, max-age=86400, immutable"),
        ("/subjects/s/versions/latest".to_owned(), "no-cache"),
        ("/config".to_owned(), "no-cache"),
    ] {
        let get = |tag: Option<&str>| {
            let request = server.client.get(format!("{}{path}", server.url));
            match tag {
                Some(tag) => request.header("if-none-match", tag),
                None => request,
            }
        };
        let first = get(None).send().await.expect("answers");
        assert_eq!(first.headers()["cache-control"], cache_control, "{path}");
        let tag = first.headers()["etag"].to_str().expect("text").to_owned();
        let again = get(Some(&tag)).send().await.expect("answers");
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], tag, "{path}");
        assert_eq!(again.text().await.expect("body"), "", "{path}");
        let other = get(Some("\"other\"")).send().await.expect("answers");
        assert_eq!(other.status(), 200, "{path}");
    }
    // A change of what is named makes another tag.
    let latest = format!("{}/subjects/s/versions/latest", server.url);
    let tag = server.client.get(&latest).send().await.expect("answers").headers()["etag"].clone();
    let evolved = r#"{"type":"record","name":"R","fields":[]}"#;
    server.register("s", evolved).await;
    let again = server.client.get(&latest).header("if-none-match", tag).send().await;
    assert_eq!(again.expect("answers").status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn a_browser_gets_a_page_that_loads_nothing_from_elsewhere_and_a_client_its_object() {
    let server = Server::start().await;
    assert_eq!(*server.get("/").await.ok(), json!({}));
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/ui/page.css", "text/css; charset=utf-8"),
        ("/ui/page.js", "text/javascript; charset=utf-8"),
    ] {
        let request = server.client.get(format!("{}{path}", server.url)).header("accept", browser);
        let answer = request.send().await.expect("answers");
        assert_eq!(answer.headers()["content-type"], kind);
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let text = answer.text().await.expect("body");
        assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn settings_are_inherited_changed_and_cleared() {
    let server = Server::start().await;
    assert_eq!(server.get("/config").await.ok(), &json!({ "compatibilityLevel": "BACKWARD" }));
    let answer = server.put("/config", json!({ "compatibility": "full", "normalize": true })).await;
    assert_eq!(answer.ok(), &json!({ "normalize": true, "compatibility": "FULL" }));
    let answer = server.get("/config/orders?defaultToGlobal=true").await;
    assert_eq!(answer.ok(), &json!({ "normalize": true, "compatibilityLevel": "FULL" }));
    server.put("/config/orders", json!({ "compatibility": "NONE" })).await.ok();
    assert_eq!(server.get("/config/orders").await.ok(), &json!({ "compatibilityLevel": "NONE" }));
    server
        .put("/config/orders", json!({ "compatibility": null, "validateFields": true }))
        .await
        .ok();
    let answer = server.get("/config/orders").await;
    assert_eq!(answer.ok(), &json!({ "validateFields": true, "compatibilityLevel": "FULL" }));
    server.delete("/config/orders").await.ok();
    server.delete("/config/orders").await.error(404, 40401);
    assert_eq!(server.delete("/config").await.ok()["compatibilityLevel"], "FULL");
    assert_eq!(server.get("/config").await.ok(), &json!({ "compatibilityLevel": "BACKWARD" }));

    // An alias answers for another subject, but has settings of its own.
    server.register("orders", V1).await;
    server.put("/config/short", json!({ "alias": "orders" })).await.ok();
    assert_eq!(server.get("/subjects/short/versions/1").await.ok()["subject"], "orders");
    server.stop().await;
}

#[tokio::test]
async fn layout_makes_no_new_schema_and_normalizing_no_new_order() {
    let server = Server::start().await;
    let a = r#"{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"long","b":1,"a":2}}]}"#;
    let spaced = r#"{ "fields" : [ {"type":{"type":"long","b":1,"a":2},"name":"x"} ], "name":"R", "type":"record" }"#;
    let sorted = r#"{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"long","a":2,"b":1}}]}"#;
    assert_eq!(server.register("r", a).await, 1);
    assert_eq!(server.register("r", spaced).await, 1);
    let look_up = async |normalize: &str| {
        server.post(&format!("/subjects/s{normalize}"), json!({ "schema": a })).await
    };
    let answer = server.post("/subjects/s/versions?normalize=true", json!({ "schema": a })).await;
    assert_eq!((&answer.ok()["id"], &answer.ok()["schema"]), (&json!(2), &json!(sorted)));
    look_up("").await.error(404, 40403);
    assert_eq!(look_up("?normalize=true").await.ok()["id"], 2);
    server.stop().await;
}

#[tokio::test]
async fn content_types_are_negotiated() {
    let server = Server::start().await;
    let v1 = "application/vnd.schemaregistry.v1+json";
    assert_eq!(server.get("/subjects").await.content_type, v1);
    assert_eq!(server.get("/nowhere").await.content_type, v1);
    let get = async |accept: &str| {
        let request =
            server.client.get(format!("{}/subjects", server.url)).header("accept", accept);
        Answer::of(request.send().await.expect("answers")).await
    };
    assert_eq!(get("application/json").await.content_type, "application/json");
    get("text/html").await.error(406, 406);
    let request =
        server.client.put(format!("{}/config", server.url)).header("content-type", "text/plain");
    let answer = Answer::of(request.body("{}").send().await.expect("answers")).await;
    assert!(answer.error(415, 415).contains("`text/plain`"));
    assert_eq!(server.get("/health/live").await.ok(), &json!({ "status": "UP" }));
    assert_eq!(server.get("/health/ready").await.ok()["status"], "UP");
    server.stop().await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let server = Server::start().await;
    server.register("orders", V1).await;
    server.put("/config/orders", json!({ "compatibility": "FULL" })).await.ok();
    let server = Server::start_in(server.stop().await).await;
    assert_eq!(server.get("/subjects/orders/versions/1/schema").await.text, V1);
    assert_eq!(server.get("/config/orders").await.ok()["compatibilityLevel"], "FULL");
    assert_eq!(server.register("orders", V2).await, 2);
    server.stop().await;
}

#[tokio::test]
async fn many_registrations_at_once_give_dense_ids_and_one_for_each_schema() {
    let server = std::sync::Arc::new(Server::start().await);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..40 {
        let server = std::sync::Arc::clone(&server);
        // Each schema is sent four times, under two subjects.
        let (schema, subject) = (record(&format!("R{}", task % 10), "a", "int"), task % 2);
        let name = format!("s{}-{subject}", task % 10);
        tasks.spawn(async move { (task % 10, server.register(&name, &schema).await) });
    }
    let mut ids: Vec<(i32, i64)> = tasks.join_all().await;
    ids.sort_unstable();
    ids.dedup();
    let mut given: Vec<i64> = ids.iter().map(|(_, id)| *id).collect();
    given.sort_unstable();
    assert_eq!(given, (1..=10).collect::<Vec<i64>>(), "one id a schema: {ids:?}");
}

#[tokio::test]
async fn of_schemas_that_rule_each_other_out_one_is_registered() {
    let server = std::sync::Arc::new(Server::start().await);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..20 {
        let server = std::sync::Arc::clone(&server);
        let schema = record("R", &format!("field{task}"), "int");
        tasks.spawn(async move {
            let answer = server.post("/subjects/r/versions", json!({ "schema": schema })).await;
            answer.status.as_u16()
        });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, [409; 19].as_slice()));
    assert_eq!(server.get("/subjects/r/versions").await.ok(), &json!([1]));
}
