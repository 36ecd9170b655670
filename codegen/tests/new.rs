//! `charter new`: what it plans, what it writes, and that it works at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use assert_cmd::Command;
use support::copy;
use tempfile::TempDir;

const ORDERS: &[&str] = &[
    "new",
    "service",
    "orders",
    "--aggregate",
    "WorkOrder",
    "--context",
    "order",
    "--commands",
    "place-work-order,StartWorkOrder,CancelWorkOrder",
    "--events",
    "WorkOrderPlaced,WorkOrderStarted,WorkOrderCancelled",
    "--views",
    "WorkOrderView,WorkOrderSummaryView",
    "--http",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The parts of this repository that `charter new` reads and writes.
fn ground() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["schemas", "openapi", "services", "deploy", ".ci"] {
        copy(&repository().join(folder), &root.path().join(folder));
    }
    let files = ["docker-compose.yml", "Dockerfile", "justfile"];
    for file in ["Cargo.toml", "rustfmt.toml", "charter-lint.yaml"].into_iter().chain(files) {
        fs::copy(repository().join(file), root.path().join(file)).unwrap();
    }
    root
}

fn charter(arguments: &[&str], root: &Path) -> Output {
    Command::cargo_bin("charter").unwrap().args(arguments).current_dir(root).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every file with its text.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(folder) = stack.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_service_is_planned_written_and_not_written_twice() {
    let root = ground();
    let before = files(root.path());
    let dry: Vec<&str> = ORDERS.iter().copied().chain(["--dry-run"]).collect();
    let planned = charter(&dry, root.path());
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned.stderr));
    assert_eq!(files(root.path()), before, "a dry run writes nothing");
    let plan = text(&planned.stdout);
    for line in [
        "+ schemas/order/commands/place_work_order.avsc\n",
        "+ schemas/order/types/work_order_status.avsc\n",
        "+ services/orders/src/domain.rs\n",
        "~ openapi/gateway.yaml\n",
        "~ services/platform/src/contexts.rs\n",
    ] {
        assert!(plan.contains(line), "{line}{plan}");
    }

    let written = charter(ORDERS, root.path());
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    assert_eq!(text(&written.stdout), plan, "what is done is what was planned");
    for check in [
        ["generate", "--check"].as_slice(),
        &["fmt", "--check"],
        &["lint", "--fail-on", "info"],
        &["check"],
    ] {
        let output = charter(check, root.path());
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "charter {check:?}: {said}");
    }
    for line in
        plan.lines().filter(|line| Path::new(line).extension().is_some_and(|end| end == "rs"))
    {
        let file = root.path().join(&line[2..]);
        let rustfmt =
            Process::new("rustfmt").args(["--edition", "2024", "--check"]).arg(&file).output();
        assert!(rustfmt.unwrap().status.success(), "{line} is formatted");
    }

    let before = files(root.path());
    let again = charter(ORDERS, root.path());
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("= services/orders/src/domain.rs\n"));
    assert!(
        text(&again.stderr).starts_with("nothing written: 17 of these files are there already")
    );
    assert_eq!(files(root.path()), before, "nothing is written over");
}

#[test]
fn a_service_runs_apart_wherever_the_others_do() {
    let root = ground();
    let written = charter(ORDERS, root.path());
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
    let others = read("deploy/kubernetes/base/housekeeping.yaml")
        .replace("context: housekeeping", "context: order")
        .replace("`housekeeping`", "`order`")
        .replace("housekeeping", "orders");
    assert_eq!(read("deploy/kubernetes/base/orders.yaml"), others);
    for (path, line) in [
        ("deploy/kubernetes/base/kustomization.yaml", "  - orders.yaml\n  - core.yaml\n"),
        (
            "docker-compose.yml",
            "\n  orders:\n    <<: *service\n    command: [orders]\n    environment: *engines\n    deploy: { replicas: 2 }\n\n  core:\n",
        ),
        ("Dockerfile", " -p orders-service -p core-service "),
        ("Dockerfile", " target/release/orders target/release/core "),
        ("deploy/prometheus/prometheus.yml", " orders, core, registry]"),
        (".ci/engines", " orders-service platform-service "),
        ("justfile", "    services+=(orders)\n    packages=()\n"),
    ] {
        assert!(read(path).contains(line), "{path}: {line}{}", read(path));
    }
}

#[test]
fn what_is_asked_for_is_checked_first() {
    let root = ground();
    let before = files(root.path());
    for (arguments, said) in [
        (vec!["new", "service", "Orders", "--aggregate", "Order"], "expected a service's name"),
        (vec!["new", "service", "core", "--aggregate", "Order"], "expected a service's name"),
        (vec!["new", "service", "../orders", "--aggregate", "Order"], "expected a service's name"),
        (
            vec!["new", "service", "orders", "--aggregate", "7 up"],
            "expected the name of an aggregate",
        ),
        (
            vec!["new", "service", "orders", "--aggregate", "Order", "--context", "shared"],
            "expected a context's name",
        ),
        (
            vec![
                "new",
                "service",
                "orders",
                "--aggregate",
                "Order",
                "--commands",
                "PlaceOrder,CancelOrder",
                "--events",
                "OrderPlaced",
            ],
            "expected an event for each command, found 2 commands and 1 events",
        ),
        (
            vec![
                "new",
                "service",
                "orders",
                "--aggregate",
                "Order",
                "--commands",
                "Order",
                "--events",
                "OrderPlaced",
            ],
            "expected names of messages and views that differ",
        ),
        (
            vec!["new", "service", "shows", "--aggregate", "Show", "--http"],
            "expected no path `/v1/shows`",
        ),
        (
            vec!["new", "event", "OrderShipped", "--context", "order"],
            "expected messages with a key",
        ),
    ] {
        let output = charter(&arguments, root.path());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    assert_eq!(files(root.path()), before, "nothing is written");
}

#[test]
fn contracts_come_one_by_one_too() {
    let root = ground();
    let done = |arguments: &[&str]| {
        let output = charter(arguments, root.path());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    };
    done(&["new", "context", "order", "--aggregate", "Order"]);
    done(&["new", "command", "ShipOrder", "--context", "order"]);
    done(&["new", "event", "OrderShipped", "--context", "order"]);
    done(&["new", "view", "OrderSummaryView", "--context", "order"]);
    done(&["generate"]);
    done(&["fmt", "--check"]);
    let command =
        fs::read_to_string(root.path().join("schemas/order/commands/ship_order.avsc")).unwrap();
    assert!(command.contains("\"key\": [\"orderId\"]"), "{command}");
    let code = root.path().join("generated/contract-order/src");
    let events = fs::read_to_string(code.join("events/mod.rs")).unwrap();
    assert!(events.contains("OrderShipped(OrderShipped)"), "{events}");
    assert!(code.join("views/order_summary_view.rs").exists());
}

#[test]
fn templates_of_ones_own_take_the_place_of_the_built_in_ones() {
    let root = ground();
    let templates = root.path().join("own/contracts");
    fs::create_dir_all(&templates).unwrap();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/contracts/event.avsc");
    let event = fs::read_to_string(built_in)
        .unwrap()
        .replace("When it happened, UTC.", "When it came to be, UTC.");
    fs::write(templates.join("event.avsc"), event).unwrap();
    let arguments = ["new", "context", "order", "--aggregate", "Order", "--templates", "own"];
    assert_eq!(charter(&arguments, root.path()).status.code(), Some(0));
    let opened =
        fs::read_to_string(root.path().join("schemas/order/events/order_opened.avsc")).unwrap();
    assert!(opened.contains("When it came to be, UTC."), "{opened}");
    fs::write(templates.join("command.avsc"), "{{ nobody }}").unwrap();
    let arguments = ["new", "context", "bill", "--aggregate", "Bill", "--templates", "own"];
    let broken = charter(&arguments, root.path());
    assert_eq!(broken.status.code(), Some(2));
    assert!(text(&broken.stderr).contains("`contracts/command.avsc`"), "{}", text(&broken.stderr));
}

/// Arguments of a project on this checkout, with more behind them.
fn shop<'a>(checkout: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ["new", "project", "shop", "--platform-path", checkout].iter().chain(more).copied().collect()
}

#[test]
fn a_project_is_a_workspace_in_which_services_are_made() {
    let parent = tempfile::tempdir().unwrap();
    let repository = repository();
    let checkout = repository.to_str().unwrap();
    let planned = charter(&shop(checkout, &["--dry-run"]), parent.path());
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned.stderr));
    assert_eq!(files(parent.path()), BTreeMap::new(), "a dry run writes nothing");

    let written = charter(&shop(checkout, &[]), parent.path());
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    assert_eq!(text(&written.stdout), text(&planned.stdout), "what is done is what was planned");
    assert!(text(&written.stderr).contains("next: `cd shop`, `cargo run`"));
    let root = parent.path().join("shop");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(read("charter-project.yaml").ends_with("\nproject: shop\n"));
    let engine = format!("charter-engine = {{ path = \"{checkout}/runtime/engine\" }}\n");
    assert!(read("Cargo.toml").contains(&engine), "{}", read("Cargo.toml"));
    assert!(!root.join("generated/contract-shared").exists(), "that crate is the platform's");

    let made = charter(ORDERS, &root);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    for (path, line) in [
        ("Cargo.toml", "    \"services/orders\",\n"),
        ("Cargo.toml", "\norders-service = { path = \"services/orders\" }\n"),
        ("services/platform/Cargo.toml", "\norders-service.workspace = true\n"),
        ("services/platform/src/contexts.rs", "\n        .context(orders_service::service())\n"),
    ] {
        assert!(read(path).contains(line), "{line}{}", read(path));
    }
    for check in [
        ["generate", "--check"].as_slice(),
        &["fmt", "--check"],
        &["lint", "--fail-on", "info"],
        &["release"],
        &["check", "--strict"],
    ] {
        let output = charter(check, &root);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "charter {check:?}: {said}");
    }
    let before = files(parent.path());
    let again = charter(&shop(checkout, &[]), parent.path());
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("= services/platform/src/main.rs\n"));
    assert_eq!(files(parent.path()), before, "nothing is written over");
}

#[test]
fn a_projects_ground_is_checked_first() {
    let parent = tempfile::tempdir().unwrap();
    let checkout = repository();
    let checkout = checkout.to_str().unwrap();
    let nowhere = parent.path().join("nowhere");
    for (arguments, said) in [
        (vec!["new", "project"], "expected a project's name, found none"),
        (vec!["new", "project", "../shop"], "expected a project's name in small letters"),
        (vec!["new", "project", "Shop"], "expected a project's name in small letters"),
        (shop(nowhere.to_str().unwrap(), &[]), "expected a checkout of version"),
        (shop(checkout, &["--aggregate", "7 up"]), "expected the name of an aggregate"),
        (shop(checkout, &["--service", "platform"]), "expected a service's name"),
        (shop(checkout, &["--root", checkout]), "expected a folder outside of any workspace"),
    ] {
        let output = charter(&arguments, parent.path());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    assert_eq!(files(parent.path()), BTreeMap::new(), "nothing is written");
}

#[test]
fn a_published_platform_is_named_by_the_compilers_version() {
    let parent = tempfile::tempdir().unwrap();
    let made = charter(&["new", "project", "shop"], parent.path());
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let root = parent.path().join("shop");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let line = format!("\ncharter-platform = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&line), "{manifest}");
    assert!(!root.join("Cargo.lock").exists());
}

#[test]
fn shared_schemas_of_a_project_are_the_platforms() {
    let parent = tempfile::tempdir().unwrap();
    assert_eq!(charter(&["new", "project", "shop"], parent.path()).status.code(), Some(0));
    let root = parent.path().join("shop");
    let metadata = root.join("schemas/shared/metadata.avsc");
    let built_in = fs::read_to_string(&metadata).unwrap();
    fs::write(&metadata, built_in.replace("who, when, why", "who and why")).unwrap();
    let differs = charter(&["generate"], &root);
    assert_eq!(differs.status.code(), Some(1));
    assert!(text(&differs.stderr).contains("SHARED_DIFFERS"), "{}", text(&differs.stderr));
    fs::remove_file(&metadata).unwrap();
    assert_eq!(charter(&["generate", "--check"], &root).status.code(), Some(4));
    assert_eq!(charter(&["generate"], &root).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&metadata).unwrap(), built_in);
}

#[test]
fn a_project_has_the_platforms_dependencies() {
    let lines = |path: PathBuf| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(ToOwned::to_owned).collect()
    };
    let ours = lines(repository().join("Cargo.toml"));
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/project/manifest.toml");
    let theirs = lines(template);
    let rest = theirs.iter().position(|line| line.starts_with("# What generated code")).unwrap();
    let theirs: Vec<&String> = theirs[rest + 1..].iter().filter(|line| !line.is_empty()).collect();
    let other: Vec<_> = theirs.iter().filter(|line| !ours.contains(line)).collect();
    assert!(theirs.len() > 15 && other.is_empty(), "not as in this workspace: {other:#?}");
}
