//! `docker-compose.yml`, held against the Compose Specification's schema and against the services' own flags:
//! there is no Docker engine here to start it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use charter_avro::source::Tree;
use serde_json::{Map, Value};

use crate::support::binary;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A value with what `<<` merges into its mappings.
fn merged(value: &Value) -> Value {
    if let Some(items) = value.as_array() {
        return items.iter().map(merged).collect();
    }
    let Some(members) = value.as_object() else { return value.clone() };
    let mut whole = Map::new();
    if let Some(base) = members.get("<<") {
        let bases = base.as_array().cloned().unwrap_or_else(|| vec![base.clone()]);
        for base in bases {
            whole.extend(merged(&base).as_object().expect("a mapping to merge").clone());
        }
    }
    let own = members.iter().filter(|(key, _)| *key != "<<");
    whole.extend(own.map(|(key, value)| (key.clone(), merged(value))));
    Value::Object(whole)
}

fn compose() -> Value {
    merged(&Tree::parse_yaml(&file("docker-compose.yml")).expect("YAML").to_json())
}

fn services(compose: &Value) -> &Map<String, Value> {
    compose["services"].as_object().expect("services")
}

#[test]
fn it_is_what_the_compose_specification_says() {
    let schema = serde_json::from_str(&file("tests/compose/compose-spec.json")).expect("JSON");
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .build(&schema)
        .expect("a schema");
    let compose = compose();
    let errors: Vec<_> = validator
        .iter_errors(&compose)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn infra_is_the_engines_and_all_is_everything() {
    let compose = compose();
    let of = |profile: &str| -> Vec<&str> {
        let has = |service: &&(&String, &Value)| {
            service.1["profiles"].as_array().expect("profiles").contains(&profile.into())
        };
        let services: Vec<_> = services(&compose).iter().collect();
        let mut names: Vec<_> =
            services.iter().filter(has).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(of("infra"), ["kafka", "postgres", "redis"]);
    assert_eq!(of("observe"), ["grafana", "otel-collector", "prometheus"]);
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").read_dir().expect("services");
    let mut all: Vec<String> = folders
        .map(|folder| folder.expect("a folder").file_name().into_string().expect("a name"))
        .filter(|name| name != "platform" && name != "charterctl")
        .chain(["kafka", "postgres", "redis"].map(ToOwned::to_owned))
        .collect();
    all.sort_unstable();
    assert!(all.len() >= 9, "{all:?}");
    assert_eq!(of("all"), all);
    assert_eq!(services(&compose).len(), all.len() + 3, "each is in a profile");
}

#[test]
fn services_are_given_what_they_know_and_have() {
    let dockerfile = file("Dockerfile");
    for (name, service) in services(&compose()) {
        if service["image"] != "charter" {
            continue;
        }
        assert_eq!(service["command"], serde_json::json!([name]));
        assert!(
            dockerfile.contains(&format!("target/release/{name}")),
            "{name} is not in the image"
        );
        let help = Command::new(binary(name)).arg("--help").output().expect("it runs");
        let help = String::from_utf8(help.stdout).expect("text");
        let mut known: BTreeSet<&str> =
            help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
        if name != "registry" {
            known.extend(charter_http::traces::VARIABLES);
        }
        let given: BTreeSet<&str> = service["environment"]
            .as_object()
            .expect("variables")
            .keys()
            .map(String::as_str)
            .collect();
        let unknown: Vec<_> = given.difference(&known).collect();
        assert_eq!(unknown, Vec::<&&str>::new(), "`{name}` knows {known:?}");
        let needed: BTreeSet<&str> =
            ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL", "LISTEN"].into();
        // Who serves operations beyond its own machine asks who it is: the registry has keys of its own.
        if known.contains("API_KEYS") && name != "registry" {
            assert!(given.contains("API_KEYS"), "`{name}` would serve everybody");
            let volumes = service["volumes"].as_array().expect("volumes");
            assert!(volumes.contains(&"keys:/keys".into()), "{name}");
        }
        let missing: Vec<_> =
            known.intersection(&needed).filter(|name| !given.contains(*name)).collect();
        assert_eq!(missing, Vec::<&&str>::new(), "`{name}` is given {given:?}");
    }
}
