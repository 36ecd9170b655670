//! `deploy/`: what stands there names settings, metrics and documents that exist. Whether the files are what
//! Kubernetes and Prometheus expect is asked of those themselves, by `tests/deploy/check`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use charter_avro::source::Tree;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a YAML file.
fn documents(path: &str) -> Vec<Value> {
    let text = file(path);
    let each = text.split("\n---\n").map(|part| Tree::parse_yaml(part).expect("YAML").to_json());
    each.collect()
}

/// Every word of `text` that begins with `prefix` and goes on as metrics and variables do.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character: char| !is_part(character));
    words
        .filter(|word| word.starts_with(prefix) && word.len() > prefix.len())
        .map(str::to_owned)
        .collect()
}

#[test]
fn rules_and_dashboards_ask_for_metrics_that_exist() {
    let reference = words(&file("docs/metrics.md"), "charter_");
    assert!(reference.len() > 20, "{reference:?}");
    let asked: BTreeSet<String> = [
        "deploy/prometheus/alerts.yml",
        "deploy/prometheus/alerts_test.yml",
        "deploy/grafana/dashboards/charter.json",
    ]
    .iter()
    .flat_map(|path| words(&file(path), "charter_"))
    .map(|name| {
        let part = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        part.map_or_else(|| name.clone(), str::to_owned)
    })
    .collect();
    let unknown: Vec<_> = asked.difference(&reference).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "docs/metrics.md has none of these");
}

#[test]
fn every_alert_is_tested_and_explained() {
    let rules = documents("deploy/prometheus/alerts.yml").remove(0);
    let (tests, explained) =
        (file("deploy/prometheus/alerts_test.yml"), file("docs/operations.md"));
    let alerts = rules["groups"][0]["rules"].as_array().expect("rules").clone();
    assert!(alerts.len() > 10, "{}", alerts.len());
    for alert in alerts {
        let name = alert["alert"].as_str().expect("a name");
        let runbook = format!("docs/operations.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], runbook, "{name}");
        assert!(explained.contains(&format!("### {name}\n")), "{name} is not explained");
        for which in ["fires", "does not fire"] {
            assert!(
                tests.contains(&format!("- name: {name} {which}\n")),
                "{name} {which}: no test"
            );
        }
    }
}

#[test]
fn a_dashboard_shows_something_in_every_panel() {
    let board: Value =
        serde_json::from_str(&file("deploy/grafana/dashboards/charter.json")).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("a number")), "an id stands twice: {panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_ne!(panel["description"].as_str().unwrap_or_default(), "", "{}", panel["title"]);
        for target in panel["targets"].as_array().expect("targets") {
            assert!(!words(target["expr"].as_str().expect("a query"), "charter_").is_empty());
        }
    }
}

#[test]
fn manifests_are_listed_and_give_settings_that_exist() {
    let base = documents("deploy/kubernetes/base/kustomization.yaml").remove(0);
    let listed: BTreeSet<&str> =
        base["resources"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let folder = std::fs::read_dir(root().join("deploy/kubernetes/base")).expect("a folder");
    let found: BTreeSet<String> = folder
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .filter(|name| name != "kustomization.yaml")
        .collect();
    assert_eq!(listed, found.iter().map(String::as_str).collect::<BTreeSet<_>>());

    let settings = file("docs/settings.md");
    let is_setting = |name: &str| {
        name.starts_with("KAFKA_")
            || charter_http::traces::VARIABLES.contains(&name)
            || settings.contains(&format!("| `{name}` |"))
    };
    for path in listed {
        for document in documents(&format!("deploy/kubernetes/base/{path}")) {
            let data =
                document["data"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
            let containers = document["spec"]["template"]["spec"]["containers"].as_array().cloned();
            let given = containers.into_iter().flatten().flat_map(|container| {
                let variables = container["env"].as_array().cloned().unwrap_or_default();
                variables.into_iter().map(|it| it["name"].as_str().expect("a name").to_owned())
            });
            for name in data.chain(given) {
                assert!(is_setting(&name), "{path}: no service knows `{name}`");
            }
        }
    }
}

/// Gateways whose manifests named no Redis each let a client ask as often as all of them may be asked.
#[test]
fn gateways_count_together_on_kubernetes_as_they_do_in_the_compose_file() {
    let compose = documents("docker-compose.yml").remove(0);
    let manifests = documents("deploy/kubernetes/base/redis.yaml");
    let kinds: Vec<_> = manifests.iter().map(|one| one["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["Deployment", "Service", "NetworkPolicy"]);
    let container = &manifests[0]["spec"]["template"]["spec"]["containers"][0];
    let composed = &compose["services"]["redis"];
    assert_eq!(
        (&container["image"], &container["args"]),
        (&composed["image"], &composed["command"])
    );

    let gateway = documents("deploy/kubernetes/base/gateway.yaml").remove(0);
    let variables = gateway["spec"]["template"]["spec"]["containers"][0]["env"].as_array().cloned();
    let given = variables.into_iter().flatten().find(|variable| variable["name"] == "REDIS_URL");
    let given = given.expect("the gateway is given a Redis")["value"].clone();
    assert_eq!(given, compose["services"]["gateway"]["environment"]["REDIS_URL"]);
    let service = &manifests[1];
    let name = service["metadata"]["name"].as_str().expect("a name");
    assert_eq!(given, format!("redis://{name}:{}", service["spec"]["ports"][0]["port"]));
    // Who asks for no password is reached by gateways alone.
    let let_in = &manifests[2]["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"];
    assert_eq!(*let_in, gateway["spec"]["template"]["metadata"]["labels"]);
}
