//! What the platform measures, as `/metrics` serves it after a short load, held to the tables that describe it and
//! to the reference that operators read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use charter_engine::measures::{self, Kind, Measure, Shown};
use serde_json::json;

use crate::support::{Answer, Platform, until};

/// How long the next look at the partitions may be away.
const PATIENCE: Duration = Duration::from_mins(1);

/// A family on `/metrics`.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    /// Names of labels, of each sample a set.
    labels: BTreeSet<BTreeSet<String>>,
}

fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a name and a text");
            help.clone_into(&mut families.entry(name.to_owned()).or_default().help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a kind");
            kind.clone_into(&mut families.entry(name.to_owned()).or_default().kind);
        } else {
            let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a value"));
            let suffixes = ["_bucket", "_sum", "_count"];
            let whole = suffixes
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .find(|name| families.contains_key(*name));
            let family = families.get_mut(whole.unwrap_or(name)).expect("its kind stands before");
            // No value of a label here holds `="`.
            let mut parts: Vec<_> = rest.split("=\"").collect();
            parts.pop();
            let names = parts.into_iter().filter_map(|part| {
                part.rsplit(['{', ',']).next().filter(|name| *name != "le").map(str::to_owned)
            });
            family.labels.insert(names.collect());
        }
    }
    families
}

/// The tables of all crates, in the reference's order.
fn tables() -> Vec<(&'static str, Vec<Measure>)> {
    let registry = registry_service::MEASURES.iter().map(|(name, kind, labels, help)| Measure {
        name,
        kind: if *kind == "counter" { Kind::Counter } else { Kind::Seconds },
        labels,
        help,
        shown: Shown::Working,
    });
    let process = charter_http::measures::PROCESS.iter().map(|(name, kind, help)| Measure {
        name,
        kind: *kind,
        labels: &[],
        help,
        shown: Shown::Working,
    });
    vec![
        ("Log, store, deciding and projecting", measures::MEASURES.to_vec()),
        ("HTTP", charter_http::measures::MEASURES.to_vec()),
        ("The schema registry", registry.collect()),
        ("The process", process.collect()),
    ]
}

/// What is served once a look at the partitions has found two commands of `seat` decided and projected.
fn after_two_commands(platform: &Platform) -> String {
    until(PATIENCE, || {
        let text = Answer::send(platform.get("/metrics")).expect(200).text;
        let are_decided = text.contains("charter_inbox_outcomes{context=\"seat\"} 2\n");
        let unprojected = "charter_events_unprojected{context=\"seat\"";
        let lags: Vec<_> = text.lines().filter(|line| line.starts_with(unprojected)).collect();
        // Outcomes are counted before the first look at the partitions has been told of.
        let are_projected = !lags.is_empty() && lags.iter().all(|line| line.ends_with(" 0"));
        if are_decided && are_projected { Ok(text) } else { Err(text) }
    })
    .expect("a look after both")
}

#[test]
fn every_metric_is_described_and_served_as_described() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let section = json!({ "sectionId": "north", "rows": 2, "seatsPerRow": 5 });
    let show = json!({ "showId": "s", "title": "A show", "sections": [section] });
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    platform.decide(platform.post("/v1/shows", &show)).expect(409);
    // What is measured every few seconds shows what is there now at the next look.
    let served = families(&after_two_commands(&platform));
    let tables = tables();
    let known: BTreeMap<&str, &Measure> =
        tables.iter().flat_map(|(_, table)| table).map(|one| (one.name, one)).collect();
    for (name, family) in &served {
        let Some(measure) = known.get(name.as_str()) else {
            panic!("`{name}` is served and stands in no table of measures");
        };
        assert_eq!(family.kind, measure.kind.as_str(), "{name}");
        let labels: BTreeSet<String> =
            measure.labels.iter().map(|label| (*label).to_owned()).collect();
        assert_eq!(family.labels, BTreeSet::from([labels]), "{name}");
        if name.starts_with("charter_") {
            assert_eq!(family.help, measure.help, "{name}");
        } else {
            assert!(!family.help.is_empty(), "{name}");
        }
    }
    let missing: Vec<_> = known
        .values()
        .filter(|one| one.shown == Shown::Working && !served.contains_key(one.name))
        .map(|one| one.name)
        .collect();
    assert!(missing.is_empty(), "not served after a short load: {missing:?}");
}

#[test]
fn lag_outcomes_and_times_are_those_of_the_load() {
    let data = tempfile::tempdir().expect("a directory");
    let platform = Platform::start(data.path());
    let section = json!({ "sectionId": "north", "rows": 2, "seatsPerRow": 5 });
    let show = json!({ "showId": "s", "title": "A show", "sections": [section] });
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    platform.decide(platform.post("/v1/shows", &show)).expect(409);
    let text = after_two_commands(&platform);
    let value = |series: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no `{series}` in {text}")).parse::<f64>().expect("a number")
    };
    let sum = |name: &str| {
        let series = format!("{name}{{context=\"seat\",");
        let found = text.lines().filter(|line| line.starts_with(&series));
        let values = found.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.collect::<Vec<_>>()
    };
    let commands = "charter_commands_total{context=\"seat\",outcome=";
    assert!((value(&format!("{commands}\"APPLIED\",code=\"\"}}")) - 1.0).abs() < 0.5);
    assert!((value(&format!("{commands}\"REJECTED\",code=\"SHOW_EXISTS\"}}")) - 1.0).abs() < 0.5);
    for name in ["charter_accepted_to_decided_seconds", "charter_accepted_to_visible_seconds"] {
        let count = value(&format!("{name}_count{{context=\"seat\"}}"));
        let expected = if name.contains("visible") { 1.0 } else { 2.0 };
        assert!((count - expected).abs() < 0.5, "{name}: {count}");
    }
    let undecided = sum("charter_commands_undecided");
    assert_eq!(undecided, [0.0; 12], "all is decided");
    assert_eq!(sum("charter_partition_epoch"), [1.0; 12]);
    assert_eq!(sum("charter_partition_owned"), [1.0; 24], "decided and projected here");
}

const INTRODUCTION: &str = "\
# Metrics

`GET /metrics` of every process gives these in Prometheus' text format 0.0.4. Names tell the unit: `_seconds`, `_bytes`,
`_total` for what only rises; everything else is a count. A metric that is marked † is served once what it counts has
happened (those without labels are there from the start) or where the settings call for it.

`context` is a folder of contracts (`seat`, `reservation`), `partition` a number from 0, `code` a code of the contracts.
How far partitions are is told every 5 s by each process of a context's service, and of all partitions, also of those
that nobody owns: of several processes take the `max by (context, partition)`.

Histograms have the buckets 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500 ms, 1, 2.5, 10, 30 s, those of sizes 1, 2, 5, 10,
20, 50, 100, 200, 500, 1,000, 2,000, 5,000; the schema registry as a process of its own has finer ones.

This page is written by `CHARTER_WRITE_DOCS=1 cargo test -p platform-service --test end_to_end metrics::`, and that test
holds it, and what a platform serves, to the tables in the code.
";

#[test]
fn the_reference_is_what_the_tables_say() {
    let mut text = INTRODUCTION.to_owned();
    for (title, table) in tables() {
        write!(text, "\n## {title}\n\n{}", measures::markdown(&table)).expect("a string takes all");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    if std::env::var_os("CHARTER_WRITE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "`docs/metrics.md` is not what the tables say: CHARTER_WRITE_DOCS=1 cargo test -p platform-service --test end_to_end metrics::"
    );
}
