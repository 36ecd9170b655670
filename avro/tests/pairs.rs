//! Random pairs of schemas with values, and what the resolver makes of them, for a resolver that is not ours:
//! `tests/registry/fastavro_agrees.py` reads them. Written where `CHARTER_PAIRS` names a file.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;

use charter_avro::compat::{Witnesses, compatibility};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_avro::value::Value;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};
use support::random::{self, Entropy, Shape};

/// Enough for each kind of change many times; a resolver in Python reads them within seconds.
const PAIRS: usize = 4_000;

/// A value with its type where JSON has no own word for it.
fn tagged(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!(value),
        Value::Int(number) => json!(number),
        Value::Long(number) => json!(number),
        // Both are doubles for Python.
        Value::Float(number) => json!(["float", f64::from(*number).to_bits().to_string()]),
        Value::Double(number) => json!(["float", number.to_bits().to_string()]),
        Value::Bytes(bytes) | Value::Fixed(bytes) => json!(["bytes", hexadecimal(bytes)]),
        Value::String(text) | Value::Enum(text) => json!(text),
        Value::Array(items) => json!(["array", items.iter().map(tagged).collect::<Json>()]),
        Value::Map(entries) | Value::Record(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), tagged(value))).collect()
        }
        Value::Union(_, value) => tagged(value),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// One pair: the schemas; of compatible ones messages with the value that the reader has, of others messages that it
/// cannot read.
fn pair(bytes: Vec<u8>) -> Option<Json> {
    let mut entropy = Entropy::new(bytes);
    let writer_json = random::schema(&mut entropy, Shape { logical: false });
    let reader_json = random::evolve(&mut entropy, &writer_json);
    let writer = Schema::parse(&writer_json.to_string()).unwrap();
    // A change may take away a type that something else refers to.
    let reader = Schema::parse(&reader_json.to_string()).ok()?;
    let reasons = compatibility(&reader, &writer);
    let mut messages = Vec::new();
    if let Ok(plan) = Plan::compile(&writer, &reader) {
        assert_eq!(reasons, [], "{writer_json} {reader_json}");
        for _ in 0..4 {
            let message = random::value(&mut entropy, &writer, 3).encode(&writer).unwrap();
            // What reads as a string need not be one in bytes.
            let value = plan.decode_value(&message).ok().map(|value| tagged(&value));
            let bytes = hexadecimal(&message);
            messages.push(match value {
                Some(value) => json!({ "bytes": bytes, "value": value }),
                None => json!({ "bytes": bytes, "text": false }),
            });
        }
    }
    let witnesses = Witnesses::new(&reader, &writer);
    let shown = reasons.iter().filter_map(|reason| {
        let message = witnesses.of(reason).message?;
        Some(json!({ "kind": reason.kind.as_str(), "bytes": hexadecimal(&message.bytes) }))
    });
    let shown: Vec<Json> = shown.collect();
    Some(json!({
        "writer": writer_json, "reader": reader_json, "compatible": reasons.is_empty(),
        "messages": messages, "witnesses": shown,
    }))
}

#[test]
fn pairs_are_written_for_another_resolver() {
    let Some(file) = std::env::var_os("CHARTER_PAIRS") else {
        println!("no pairs are written: CHARTER_PAIRS names no file");
        return;
    };
    // Other pairs in each run, but for one that is repeated by its seed.
    let seed = std::env::var("CHARTER_PAIRS_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seed: u64 = seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap()
    });
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let entropy = random::entropy();
    let mut lines = json!({ "seed": seed.to_string() }).to_string();
    let mut count = 0;
    while count < PAIRS {
        if let Some(pair) = pair(entropy.new_tree(&mut runner).unwrap().current()) {
            write!(lines, "\n{pair}").unwrap();
            count += 1;
        }
    }
    std::fs::write(file, lines + "\n").unwrap();
}
