//! How fast a check is: all contracts of a large repository by the command itself, a pair of Avro schemas, a pair of
//! OpenAPI documents. `cargo bench -p charter-codegen --bench check`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use charter_avro::compat::Mode;
use charter_avro::logical::Date;
use charter_avro::schema::Schema;
use charter_codegen::check::avro::{self, Version};
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use serde_json::Value;

const SCHEMAS: usize = 1_000;
const VERSIONS: usize = 10;
const OPERATIONS: usize = 500;

fn main() {
    cold();
    avro_pair();
    openapi_pairs();
}

/// The command over 1,000 schemas with ten released versions each and a pair of documents with 500 operations.
fn cold() {
    let root = tempfile::tempdir().unwrap();
    for version in 1..=VERSIONS {
        schemas(&root.path().join(format!("schemas/released/v{version}")), version);
        let folder = root.path().join(format!("openapi/released/v{version}"));
        put(&folder.join("gateway.yaml"), &document(version));
    }
    schemas(&root.path().join("schemas"), VERSIONS + 1);
    put(&root.path().join("openapi/gateway.yaml"), &document(VERSIONS + 1));
    let mut times: Vec<Duration> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let output = Command::new(env!("CARGO_BIN_EXE_charter"))
                .args(["check", "--format", "short"])
                .current_dir(root.path())
                .output()
                .unwrap();
            let taken = start.elapsed();
            assert_eq!(
                output.status.code(),
                Some(1),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            taken
        })
        .collect();
    times.sort_unstable();
    println!(
        "{SCHEMAS} schemas x {VERSIONS} versions, {OPERATIONS} operations: {:.2} s (median of {}, {:.2} to {:.2})",
        times[times.len() / 2].as_secs_f64(),
        times.len(),
        times[0].as_secs_f64(),
        times[times.len() - 1].as_secs_f64(),
    );
}

fn schemas(folder: &Path, version: usize) {
    for number in 0..SCHEMAS {
        let name = format!("Thing{number}Done");
        let path = format!("context{}/events/thing{number}_done.avsc", number % 10);
        put(&folder.join(path), &schema(&format!("context{}", number % 10), &name, version));
    }
}

fn schema(namespace: &str, name: &str, version: usize) -> String {
    let mut fields = String::new();
    for field in 0..8 {
        let _ =
            write!(fields, r#"{{"name": "field{field}", "type": "string", "doc": "A value."}},"#);
    }
    for field in 1..=version {
        let _ = write!(
            fields,
            r#"{{"name": "added{field}", "type": ["null", "long"], "default": null, "doc": "Later."}},"#
        );
    }
    fields.pop();
    format!(
        r#"{{"type": "record", "namespace": "{namespace}", "name": "{name}", "doc": "It was done.",
            "charter": {{"kind": "event", "key": ["field0"]}}, "fields": [{fields}]}}"#
    )
}

fn document(version: usize) -> String {
    let mut text = String::from("openapi: 3.1.0\ninfo: {title: Large, version: 1.0.0}\npaths:\n");
    for operation in 0..OPERATIONS {
        // A tenth of the operations breaks with each version.
        let longest = if operation % 10 == 0 { 100 - version } else { 100 };
        let _ = write!(
            text,
            "  /things{operation}/{{id}}:
    post:
      operationId: do{operation}
      parameters:
        - {{name: id, in: path, required: true, schema: {{type: string, maxLength: 64}}}}
        - {{name: limit, in: query, schema: {{type: integer, minimum: 1, maximum: 100}}}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {{type: string, maxLength: {longest}}}
                tags: {{type: array, items: {{type: string}}, maxItems: 10}}
                owner: {{$ref: '#/components/schemas/Owner'}}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {{type: object, properties: {{owner: {{$ref: '#/components/schemas/Owner'}}, at: {{type: string, format: date-time}}}}}}
        '404': {{description: None.}}
"
        );
    }
    text.push_str(
        "components:\n  schemas:\n    Owner:\n      type: object\n      required: [id]\n      properties:\n        id: {type: string}\n        name: {type: string}\n",
    );
    text
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Two versions of an event: the check of parsed schemas, and with the parsing.
fn avro_pair() {
    let texts = [schema("shop", "OrderPlaced", 3), schema("shop", "OrderPlaced", 4)];
    let version = |text: &str| Version {
        name: String::new(),
        schema: Schema::parse(text).unwrap(),
        paths: vec!["a.avsc".to_owned()],
    };
    let [old, new] = texts.each_ref().map(|text| version(text));
    let check = |old: &Version, new: &Version| {
        avro::compare(Mode::FullTransitive, new, std::slice::from_ref(old), Strictness::Parity)
    };
    assert_eq!(check(&old, &new).len(), 1);
    let parsed = each(20_000, || drop(black_box(check(&old, &new))));
    let whole = each(5_000, || drop(black_box(check(&version(&texts[0]), &version(&texts[1])))));
    println!("Avro pair (12 fields): {parsed:.1} µs, with both schemas parsed {whole:.1} µs");
}

/// The peer cases, where they are there: from the documents' texts to the report.
fn openapi_pairs() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/peer_cases");
    let folder = std::env::var_os("PEER_CASES").map_or(beside, PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join("oasdiff_cases.json")) else {
        println!("no peer cases; set PEER_CASES to the folder that holds them");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let texts: Vec<[String; 2]> =
        cases.iter().map(|case| ["base", "revision"].map(|key| case[key].to_string())).collect();
    let bytes: usize = texts.iter().flatten().map(String::len).sum();
    let today: Date = "2026-09-01".parse().unwrap();
    let load = |text: &String| Document::load("api.json", text.clone(), &NoFiles).unwrap();
    let all = each(20, || {
        for [base, revision] in &texts {
            let found = compare(&load(base), &load(revision), today, Strictness::Parity);
            drop(black_box(found));
        }
    });
    println!(
        "OpenAPI pair: {:.3} ms (mean of {} peer cases of {} KB each)",
        all / 1e3 / f64::from(u32::try_from(texts.len()).unwrap()),
        texts.len(),
        bytes / texts.len() / 1_000,
    );
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("no file `{path}` in this benchmark"))
    }
}

/// Microseconds a call in the mean, the best of five rounds.
fn each(times: u32, mut run: impl FnMut()) -> f64 {
    let mut round = || {
        let start = Instant::now();
        for _ in 0..times {
            run();
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
    };
    (0..5).map(|_| round()).fold(f64::INFINITY, f64::min)
}
