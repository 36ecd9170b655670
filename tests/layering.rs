//! The direction in which packages may depend on each other, held against `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Stands for the contracts of every context: `contract-<context>`.
const CONTEXTS: &str = "contract-*";
/// Stands for the services that decide, a context each: `<name>-service`.
const DECIDERS: &str = "*-service";

/// The packages that each package may use. Nothing points back, and no service uses another but
/// `platform`.
fn allowed(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        // Whoever has the client has nothing of the platform with it (ADR 52).
        "charter-avro"
        | "charter-connections"
        | "charter-gateway-client"
        | "charter-keys"
        | "charter-portal" => &[],
        "charter-codegen" | "contract-shared" => &["charter-avro"],
        "registry-service" => &["charter-avro", "charter-connections", "charter-keys"],
        "charter-domain" => &["charter-avro", "contract-shared"],
        "charter-engine" => &["charter-avro", "charter-domain", "contract-shared"],
        "charter-http" => &[
            "charter-avro",
            "charter-connections",
            "charter-domain",
            "charter-engine",
            "charter-keys",
            "contract-shared",
        ],
        "contract-gateway" => &[
            "charter-avro",
            "charter-domain",
            "charter-engine",
            "charter-http",
            CONTEXTS,
            "contract-shared",
        ],
        // Every platform has a registry of its own, which knows no contract (ADR 51).
        "charter-platform" => &[
            "charter-domain",
            "charter-engine",
            "charter-http",
            "charter-portal",
            "registry-service",
        ],
        "platform-service" => {
            &["charter-platform", "contract-gateway", "gateway-service", DECIDERS]
        }
        // Held seats are paid for: an effect beside the service of the shows, which its tests run.
        "seat-payment-example" => &["charter-domain", "charter-engine", "contract-seat"],
        // Drives the platform from outside; of its code it uses what reads a log and a store.
        "load-tests" => &[
            "charter-avro",
            "charter-domain",
            "charter-engine",
            CONTEXTS,
            "contract-shared",
            "registry-service",
            DECIDERS,
        ],
        context if kind(context) == Some(CONTEXTS) => {
            &["charter-avro", "charter-domain", "contract-shared"]
        }
        "core-service" => SERVICE,
        "gateway-service" => {
            &["charter-engine", "charter-http", "charter-portal", "contract-gateway", CONTEXTS]
        }
        service if kind(service) == Some(DECIDERS) => SERVICE,
        _ => return None,
    })
}

/// What a service of one's own may use.
const SERVICE: &[&str] = &[
    "charter-avro",
    "charter-domain",
    "charter-engine",
    "charter-http",
    "contract-gateway",
    CONTEXTS,
    "contract-shared",
];

/// What a package is one of many of.
fn kind(package: &str) -> Option<&'static str> {
    match package {
        // One of a kind, though their names end as others do.
        "contract-gateway" | "contract-shared" | "core-service" | "gateway-service"
        | "registry-service" | "platform-service" => None,
        _ if package.starts_with("contract-") => Some(CONTEXTS),
        _ if package.ends_with("-service") => Some(DECIDERS),
        _ => None,
    }
}

/// The workspace's packages with what they use outside of tests.
fn packages() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = metadata["packages"].as_array().expect("packages");
    list.iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let uses = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                .collect();
            (name, uses)
        })
        .collect()
}

#[test]
fn packages_depend_in_one_direction() {
    let packages = packages();
    let mut wrong = Vec::new();
    for (package, uses) in &packages {
        let Some(allowed) = allowed(package) else {
            wrong.push(format!("`{package}` has no place in tests/layering.rs"));
            continue;
        };
        for used in uses.iter().filter(|used| packages.contains_key(*used)) {
            let one_of = kind(used).is_some_and(|kind| allowed.contains(&kind));
            if !allowed.contains(&used.as_str()) && !one_of {
                wrong.push(format!("`{package}` must not use `{used}`"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(packages.len() >= 15, "only {} packages were found", packages.len());
}

#[test]
fn the_domain_and_the_avro_core_name_no_crate_that_does_io() {
    let packages = packages();
    let contexts = packages.keys().map(String::as_str);
    let contexts: Vec<&str> = contexts.filter(|package| kind(package) == Some(CONTEXTS)).collect();
    assert!(contexts.len() >= 2, "{contexts:?}");
    for pure in ["charter-avro", "charter-domain", "contract-shared"].into_iter().chain(contexts) {
        for used in &packages[pure] {
            let io = ["tokio", "sqlx", "axum", "reqwest", "fjall", "rdkafka", "hyper"]
                .contains(&used.as_str());
            assert!(!io, "`{pure}` must not use `{used}`");
        }
    }
}
