//! The HTTP scenarios of another registry's test suite, each against an empty registry. They are not part of this
//! project: `REGISTRY_SCENARIOS` gives the file's path, else it is `registry_http_axonops.json` in the directory of
//! `PEER_CASES` or in `shared/peer_cases` beside the checkout; where there is none the test says SKIPPED.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use support::{Answer, Server, say};

#[derive(Deserialize)]
struct Scenario {
    name: String,
    avro_only: bool,
    tags: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    request: Request,
    checks: Vec<Check>,
    store: Vec<Store>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    body: Option<Value>,
    raw: Option<String>,
}

#[derive(Deserialize)]
struct Check {
    op: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    var: String,
    #[serde(default)]
    value: Value,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct Store {
    field: String,
    var: String,
}

/// Scenarios that are answered differently on purpose, by the beginning of their name, with the
/// reason. A scenario listed here that passes fails the test too: the list says what is so.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "api_endpoints_advanced.feature:59 ",
        "`/schemas/types` names the types that a registry has a provider for; this one keeps AVRO only",
    ),
    (
        "contexts_advanced_api.feature:500 ",
        "`/schemas/types` names the types that a registry has a provider for; this one keeps AVRO only",
    ),
    (
        "compare_and_set.feature:621 ",
        "the peer's own (`@axonops-only`): it adds metadata to a schema that was sent without",
    ),
    (
        "modeling_avro_conformance.feature:200 ",
        "the peer's own (`@axonops-only`): Confluent tells schemas apart by their whole text, and the \
         sort order of a field is part of it; one id for both would lose it",
    ),
    (
        "references_exhaustive.feature:238 ",
        "a soft-deleted schema is still read by its id, and needs what it references: that is kept \
         until the referrer is deleted for good, as Confluent's registry does today",
    ),
];

/// Where a scenario went another way than it says.
struct Mismatch {
    message: String,
    /// Whether the request was refused, so that nothing was taken in silence.
    refused: bool,
}

/// Why a scenario is out of scope: contexts, metadata and rule sets are refused.
fn out_of_scope(scenario: &Scenario) -> Option<&'static str> {
    let path = |step: &Step| step.request.path.clone();
    let names_context = |path: String| path.contains("/:.") || (path.starts_with("/contexts/"));
    if scenario.steps.iter().map(path).any(names_context) {
        return Some("contexts");
    }
    let body = |step: &Step| step.request.body.as_ref().map(Value::to_string).unwrap_or_default();
    if scenario
        .steps
        .iter()
        .map(body)
        .any(|body| body.contains("\"ruleSet\"") || body.contains("RuleSet\""))
    {
        return Some("rule sets");
    }
    if scenario
        .steps
        .iter()
        .map(body)
        .any(|body| body.contains("\"metadata\":") || body.contains("Metadata\""))
    {
        return Some("metadata");
    }
    None
}

/// Scenarios at once: each waits for the disk most of its time.
const AT_ONCE: usize = 16;

#[tokio::test]
async fn scenarios_of_a_peer_are_answered_alike_or_differ_for_a_reason() {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/peer_cases");
    let directory = std::env::var_os("PEER_CASES").map_or(default, PathBuf::from);
    let file = directory.join("registry_http_axonops.json");
    let file = std::env::var_os("REGISTRY_SCENARIOS").map_or(file, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&file) else {
        say(&format!(
            "SKIPPED: no peer cases at {}; set REGISTRY_SCENARIOS to their file",
            file.display()
        ));
        return;
    };
    let scenarios: Vec<Scenario> = serde_json::from_str(&text).expect("scenarios");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (scenario, outcome) in outcomes(&scenarios).await {
        let listed = DIFFERENT.iter().find(|(name, _)| scenario.name.starts_with(name));
        let word = match (outcome, listed, out_of_scope(scenario)) {
            (Ok(()), None, None) => "passed".to_owned(),
            (Ok(()), None, Some(scope)) => format!("passed, though about {scope}"),
            (Ok(()), Some((_, reason)), _) => {
                wrong
                    .push(format!("{}: listed as different ({reason}), but passes", scenario.name));
                "listed, but passed".to_owned()
            }
            (Err(_), Some(_), _) => "different on purpose".to_owned(),
            (Err(mismatch), None, Some(scope)) if mismatch.refused => {
                format!("refused: {scope}")
            }
            (Err(mismatch), None, _) => {
                let tags = scenario.tags.join(" ");
                wrong.push(format!("{} [{tags}]: {}", scenario.name, mismatch.message));
                "WRONG".to_owned()
            }
        };
        *counts.entry(word).or_default() += 1;
    }
    say(&format!("peer scenarios: {counts:?}"));
    assert!(wrong.is_empty(), "{} unlisted mismatches:\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs the scenarios about Avro, and gives each with its outcome, in their order.
async fn outcomes(scenarios: &[Scenario]) -> Vec<(&Scenario, Result<(), Mismatch>)> {
    let scenarios: Vec<&Scenario> =
        scenarios.iter().filter(|scenario| scenario.avro_only).collect();
    let mut outcomes = Vec::with_capacity(scenarios.len());
    for batch in scenarios.chunks(AT_ONCE) {
        let runs = batch.iter().map(|scenario| run(scenario));
        outcomes.extend(batch.iter().copied().zip(futures_util::future::join_all(runs).await));
    }
    outcomes
}

async fn run(scenario: &Scenario) -> Result<(), Mismatch> {
    // A schema of PostgreSQL for each of 400 would take minutes, and statements are the same there.
    let server = Server::start_embedded().await;
    let mut stored: HashMap<String, Value> = HashMap::new();
    let mut outcome = Ok(());
    for (index, step) in scenario.steps.iter().enumerate() {
        let mut path = step.request.path.clone();
        for (name, value) in &stored {
            path = path.replace(&format!("{{{{{name}}}}}"), &value.to_string());
        }
        let body =
            step.request.raw.clone().or_else(|| step.request.body.as_ref().map(Value::to_string));
        let answer = server.send(&step.request.method, &path, body).await;
        let failed = step.checks.iter().find_map(|check| violated(check, &answer, &stored).err());
        if let Some(failed) = failed {
            let method = &step.request.method;
            let Answer { status, text, .. } = &answer;
            outcome = Err(Mismatch {
                message: format!("step {index} {method} {path}: {failed}; answer {status} {text}"),
                refused: status.is_client_error() && !answer.json["error_code"].is_null(),
            });
            break;
        }
        for Store { field, var } in &step.store {
            stored.insert(var.clone(), answer.json[field].clone());
        }
    }
    server.stop().await;
    outcome
}

fn violated(check: &Check, answer: &Answer, stored: &HashMap<String, Value>) -> Result<(), String> {
    let Check { op, field, var, value, rest } = check;
    let json = &answer.json;
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let items = || json.as_array().map(Vec::as_slice).unwrap_or_default();
    let holds = match op.as_str() {
        "status" => value == answer.status.as_u16(),
        "field_eq" | "field_eq_str" => &json[field] == value,
        "has_field" => json.get(field).is_some(),
        "no_field" => json.get(field).is_none(),
        "field_is_array" => json[field].is_array(),
        "field_array_len" => json[field].as_array().map(Vec::len) == length(value),
        "field_eq_stored" => stored.get(var) == Some(&json[field]),
        "field_ne_stored" => stored.get(var) != Some(&json[field]),
        "array_len" => json.as_array().map(Vec::len) == length(value),
        "array_contains" | "array_contains_str" => items().contains(value),
        "array_not_contains_str" => !items().contains(value),
        "array_contains_stored" => stored.get(var).is_some_and(|value| items().contains(value)),
        "body_contains" => answer.text.contains(&text()),
        "body_not_contains" => !answer.text.contains(&text()),
        "is_compatible" => &json["is_compatible"] == value,
        "int_body" => json == value,
        "message_matches" => {
            json["message"].as_str().is_some_and(|message| message.contains(&text()))
        }
        "header_contains" => answer.content_type.contains(&text()),
        "valid_json" => !json.is_null(),
        other => return Err(format!("unknown check `{other}`")),
    };
    if holds { Ok(()) } else { Err(format!("{op} {field}{var} {value} {rest:?}")) }
}

fn length(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|length| usize::try_from(length).ok())
}
