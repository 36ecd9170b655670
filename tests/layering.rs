//! The direction in which packages may depend on each other, held against `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The packages that each package may use. Nothing points back, and no service uses another but
/// `platform`.
fn allowed(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        "charter-avro" => &[],
        "charter-codegen" | "contract-shared" | "registry-service" => &["charter-avro"],
        "charter-domain" => &["charter-avro", "contract-shared"],
        "contract-seat" | "contract-reservation" | "charter-engine" => {
            &["charter-avro", "charter-domain", "contract-shared"]
        }
        "charter-http" => &["charter-avro", "charter-domain", "charter-engine", "contract-shared"],
        "contract-gateway" => &[
            "charter-avro",
            "charter-domain",
            "charter-engine",
            "charter-http",
            "contract-reservation",
            "contract-seat",
            "contract-shared",
        ],
        "seats-service" | "reservations-service" | "core-service" | "gateway-service" => &[
            "charter-avro",
            "charter-domain",
            "charter-engine",
            "charter-http",
            "contract-gateway",
            "contract-reservation",
            "contract-seat",
            "contract-shared",
        ],
        "platform-service" => &[
            "charter-engine",
            "charter-http",
            "contract-gateway",
            "contract-reservation",
            "contract-seat",
            "core-service",
            "gateway-service",
            "registry-service",
            "reservations-service",
            "seats-service",
        ],
        // Drives the platform from outside; of its code it uses what reads a log and a store.
        "load-tests" => &[
            "charter-avro",
            "charter-domain",
            "charter-engine",
            "contract-reservation",
            "contract-seat",
            "contract-shared",
            "registry-service",
            "reservations-service",
            "seats-service",
        ],
        _ => return None,
    })
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
            if !allowed.contains(&used.as_str()) {
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
    for pure in [
        "charter-avro",
        "charter-domain",
        "contract-seat",
        "contract-reservation",
        "contract-shared",
    ] {
        for used in &packages[pure] {
            let io = ["tokio", "sqlx", "axum", "reqwest", "fjall", "rdkafka", "hyper"]
                .contains(&used.as_str());
            assert!(!io, "`{pure}` must not use `{used}`");
        }
    }
}
