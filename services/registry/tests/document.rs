//! `/openapi.json` against what is served: every route is in it, and every answer is as it says.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use support::{Answer, Server, record};

/// What is served, by path, with its methods. The page's two parts and the document itself are not of the API.
const SERVED: &[(&str, &[&str])] = &[
    ("/", &["get"]),
    ("/compatibility/subjects/{subject}/versions", &["post"]),
    ("/compatibility/subjects/{subject}/versions/{version}", &["post"]),
    ("/config", &["delete", "get", "put"]),
    ("/config/{subject}", &["delete", "get", "put"]),
    ("/contexts", &["get"]),
    ("/health/live", &["get"]),
    ("/health/ready", &["get"]),
    ("/metrics", &["get"]),
    ("/mode", &["delete", "get", "put"]),
    ("/mode/{subject}", &["delete", "get", "put"]),
    ("/schemas", &["get"]),
    ("/schemas/ids/{id}", &["get"]),
    ("/schemas/ids/{id}/schema", &["get"]),
    ("/schemas/ids/{id}/subjects", &["get"]),
    ("/schemas/ids/{id}/versions", &["get"]),
    ("/schemas/types", &["get"]),
    ("/subjects", &["get"]),
    ("/subjects/{subject}", &["delete", "post"]),
    ("/subjects/{subject}/versions", &["get", "post"]),
    ("/subjects/{subject}/versions/{version}", &["delete", "get"]),
    ("/subjects/{subject}/versions/{version}/referencedby", &["get"]),
    ("/subjects/{subject}/versions/{version}/schema", &["get"]),
    ("/v1/metadata/id", &["get"]),
    ("/v1/metadata/version", &["get"]),
];

#[tokio::test]
async fn every_route_is_in_the_document_and_each_has_words_and_answers() {
    let server = Server::start_embedded().await;
    let answer = server.get("/openapi.json").await;
    assert_eq!(answer.content_type, "application/json");
    let document = answer.ok();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = document["paths"].as_object().expect("paths");
    let found: BTreeMap<&str, BTreeSet<&str>> = paths
        .iter()
        .map(|(path, item)| {
            (path.as_str(), item.as_object().expect("item").keys().map(String::as_str).collect())
        })
        .collect();
    let expected: BTreeMap<&str, BTreeSet<&str>> =
        SERVED.iter().map(|(path, methods)| (*path, methods.iter().copied().collect())).collect();
    assert_eq!(found, expected);
    let mut ids = BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("item") {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id), "{place}: `{id}` is taken");
            assert!(operation["summary"].is_string(), "{place}");
            let names: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().expect("a name"))
                .collect();
            let in_path: BTreeSet<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert_eq!(names, in_path, "{place}");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let description = response["description"].as_str().expect("a description");
                assert!(!description.is_empty(), "{place} {status}");
            }
            // What the document has and the router has not would be answered so.
            let filled = path.replace("{id}", "1").replace("{version}", "1");
            let filled = filled.replace("{subject}", "probe");
            let answer = server.send(&method.to_uppercase(), &filled, None).await;
            assert_ne!(answer.status, 405, "{place}");
            if path != "/metrics" {
                assert_ne!(answer.json["message"], "HTTP 404 Not Found", "{place}");
            }
        }
    }
    server.stop().await;
}

/// A server whose answers are held against its document.
struct Held {
    server: Server,
    document: Value,
    /// Operations with the statuses they were answered with.
    seen: BTreeSet<(String, u16)>,
}

impl Held {
    async fn start() -> Self {
        let server = Server::start_embedded().await;
        let mut document = server.get("/openapi.json").await.ok().clone();
        // What the document does not name must not come.
        for schema in
            document["components"]["schemas"].as_object_mut().expect("schemas").values_mut()
        {
            if schema["properties"].is_object() {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self { server, document, seen: BTreeSet::new() }
    }

    /// Sends a request to an operation, asserts the status, and holds the answer against the document.
    async fn ask(
        &mut self,
        id: &str,
        values: &[(&str, &str)],
        query: &str,
        body: Option<Value>,
        status: u16,
    ) -> Answer {
        let (path, method, operation) = self.operation(id);
        let mut filled = path;
        for (name, value) in values {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        if let Some(body) = &body {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            self.holds(schema, body, &format!("{id}: the request"));
        }
        let body = body.map(|body| body.to_string());
        let answer = self.server.send(&method, &format!("{filled}{query}"), body).await;
        assert_eq!(answer.status, status, "{id}: {}", answer.text);
        let responses = operation["responses"].as_object().expect("responses");
        let exact = responses.get(&status.to_string());
        let class = format!("{}XX", status / 100);
        let response = exact.or_else(|| responses.get(&class));
        let response = response.unwrap_or_else(|| panic!("{id}: {status} is not in the document"));
        let content = response["content"].as_object().expect("content");
        let kind = answer.content_type.as_str();
        let body =
            content.get(kind).unwrap_or_else(|| panic!("{id}: `{kind}` is not in {content:?}"));
        self.holds(&body["schema"], &answer.json, &format!("{id}: the answer {status}"));
        self.seen.insert((id.to_owned(), status));
        answer
    }

    fn operation(&self, wanted: &str) -> (String, String, Value) {
        for (path, item) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("item") {
                if operation["operationId"] == wanted {
                    return (path.clone(), method.to_uppercase(), operation.clone());
                }
            }
        }
        panic!("no operation `{wanted}`")
    }

    #[track_caller]
    fn holds(&self, schema: &Value, value: &Value, what: &str) {
        let mut whole = schema.as_object().cloned().unwrap_or_else(Map::new);
        whole.insert("components".to_owned(), self.document["components"].clone());
        let validator = jsonschema::validator_for(&whole.into()).expect("a schema");
        let problems: Vec<String> =
            validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{what} {value}: {problems:?}");
    }
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let mut held = Held::start().await;
    let body = |schema: &str| Some(json!({ "schema": schema }));
    let string = body("\"string\"");
    let subject = [("subject", "s")];
    let first = [("subject", "s"), ("version", "1")];

    for id in [
        "getRoot",
        "getClusterId",
        "getServerVersion",
        "listContexts",
        "getLiveness",
        "getReadiness",
        "listTypes",
    ] {
        held.ask(id, &[], "", None, 200).await;
    }
    held.ask("getMetrics", &[], "", None, 404).await;

    let before = record("R", "a", "string");
    held.ask("register", &subject, "", body(&before), 200).await;
    held.ask("register", &subject, "", body(&record("R", "a", "int")), 409).await;
    held.ask("register", &subject, "", body("{"), 422).await;
    let reference = json!({ "schema": "{\"type\":\"array\",\"items\":\"R\"}", "schemaType": "AVRO",
                            "references": [{ "name": "R", "subject": "s", "version": 1 }] });
    held.ask("register", &[("subject", "t")], "?normalize=true", Some(reference), 200).await;
    held.ask("lookUp", &subject, "", body(&before), 200).await;
    held.ask("lookUp", &subject, "", string.clone(), 404).await;
    held.ask("listSubjects", &[], "?subjectPrefix=s&offset=0&limit=5", None, 200).await;
    held.ask("listVersions", &subject, "?deletedAsNegative=true", None, 200).await;
    held.ask("listVersions", &[("subject", "none")], "", None, 404).await;
    held.ask("getVersion", &first, "", None, 200).await;
    held.ask(
        "getVersion",
        &[("subject", "t"), ("version", "latest")],
        "?format=resolved",
        None,
        200,
    )
    .await;
    held.ask("getVersion", &[("subject", "s"), ("version", "7")], "", None, 404).await;
    held.ask("getVersion", &[("subject", "s"), ("version", "x")], "", None, 422).await;
    held.ask("getVersionText", &first, "", None, 200).await;
    held.ask("listReferrers", &first, "", None, 200).await;

    held.ask("listSchemas", &[], "?latestOnly=true", None, 200).await;
    held.ask("getSchema", &[("id", "1")], "", None, 200).await;
    held.ask("getSchema", &[("id", "2")], "?fetchMaxId=true", None, 200).await;
    held.ask("getSchema", &[("id", "9")], "", None, 404).await;
    held.ask("getSchemaText", &[("id", "2")], "?format=resolved", None, 200).await;
    held.ask("listSubjectsOfSchema", &[("id", "1")], "", None, 200).await;
    held.ask("listVersionsOfSchema", &[("id", "1")], "?deleted=true", None, 200).await;

    let verdict = held
        .ask("checkWithSubject", &subject, "?verbose=true", body(&record("R", "a", "int")), 200)
        .await;
    assert_eq!(verdict.json["violations"].as_array().map(Vec::len), Some(1), "{}", verdict.text);
    held.ask("checkWithSubject", &subject, "", body(&before), 200).await;
    held.ask("checkWithVersion", &first, "?verbose=true", string.clone(), 200).await;
    held.ask("checkWithVersion", &[("subject", "s"), ("version", "9")], "", string, 404).await;

    held.ask("getGlobalConfig", &[], "", None, 200).await;
    held.ask("putGlobalConfig", &[], "", Some(json!({ "compatibility": "FULL" })), 200).await;
    held.ask("deleteGlobalConfig", &[], "", None, 200).await;
    held.ask("getConfig", &subject, "", None, 404).await;
    let change = json!({ "compatibility": "none", "normalize": true, "validateFields": false, "alias": null });
    held.ask("putConfig", &subject, "", Some(change), 200).await;
    held.ask("putConfig", &subject, "", Some(json!({ "compatibility": "sideways" })), 422).await;
    held.ask("getConfig", &subject, "", None, 200).await;
    held.ask("putConfig", &[("subject", "other")], "", Some(json!({ "alias": "s" })), 200).await;
    held.ask("getConfig", &[("subject", "other")], "?defaultToGlobal=true", None, 200).await;
    held.ask("deleteConfig", &subject, "", None, 200).await;
    held.ask("getGlobalMode", &[], "", None, 200).await;
    held.ask("putGlobalMode", &[], "?force=true", Some(json!({ "mode": "IMPORT" })), 200).await;
    held.ask("deleteGlobalMode", &[], "", None, 200).await;
    held.ask("getMode", &subject, "", None, 404).await;
    held.ask("putMode", &subject, "", Some(json!({ "mode": "readonly" })), 200).await;
    held.ask("putMode", &subject, "", Some(json!({ "mode": "sideways" })), 422).await;
    held.ask("getMode", &subject, "?defaultToGlobal=true", None, 200).await;
    held.ask("deleteMode", &subject, "", None, 200).await;

    held.ask("deleteVersion", &first, "", None, 422).await;
    held.ask("deleteSubject", &[("subject", "t")], "", None, 200).await;
    held.ask("deleteSubject", &[("subject", "t")], "", None, 404).await;
    held.ask("deleteSubject", &[("subject", "t")], "?permanent=true", None, 200).await;
    held.ask("deleteVersion", &first, "", None, 200).await;
    held.ask("listSchemas", &[], "?deleted=true", None, 200).await;

    // Each operation was asked, and all but metrics, which this one does not keep, did what they are for.
    let asked: BTreeSet<&str> =
        held.seen.iter().filter(|(_, status)| *status == 200).map(|(id, _)| id.as_str()).collect();
    for item in held.document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("item").values() {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(asked.contains(id) || id == "getMetrics", "`{id}` was not asked");
        }
    }
    held.server.stop().await;
}
