//! Bytes as messages: of a generated type, of that type through a plan, and as dynamic values. Nothing may panic, and what
//! is accepted must come back as the same bytes once it is written again and read.
#![no_main]

use std::sync::LazyLock;

use charter_avro::codec::prelude::*;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_avro::value::Value;
use libfuzzer_sys::fuzz_target;

#[derive(Clone, Debug, PartialEq)]
struct Node {
    name: String,
    children: Vec<Node>,
    labels: BTreeMap<String, i64>,
    amount: Decimal<9, 2>,
    at: Timestamp,
    ids: Vec<Uuid>,
    next: Option<Box<Node>>,
}

charter_avro::record! {
    Node {
        "name" => name: String,
        "children" => children: Vec<Node>,
        "labels" => labels: BTreeMap<String, i64>,
        "amount" => amount: Decimal<9, 2>,
        "at" => at: Timestamp,
        "ids" => ids: Vec<Uuid>,
        "next" => next: Option<Box<Node>> = None,
    }
}

fn schema(number: &str, more: &str) -> Schema {
    let json = format!(
        r#"{{"type":"record","name":"Node","fields":[
            {{"name":"name","type":"string"}},
            {{"name":"children","type":{{"type":"array","items":"Node"}}}},
            {{"name":"labels","type":{{"type":"map","values":"{number}"}}}},
            {{"name":"amount","type":{{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}}},
            {{"name":"at","type":{{"type":"long","logicalType":"timestamp-micros"}}}}{more},
            {{"name":"ids","type":{{"type":"array","items":{{"type":"string","logicalType":"uuid"}}}}}},
            {{"name":"next","type":["null","Node"]}}]}}"#
    );
    Schema::parse(&json).expect("a sound schema")
}

const GONE: &str = r#",{"name":"gone","type":{"type":"array","items":{"type":"record","name":"Gone","fields":[
    {"name":"void","type":"null"},{"name":"more","type":{"type":"array","items":["null","Gone","bytes"]}}]}}}"#;

static READER: LazyLock<Schema> = LazyLock::new(|| schema("long", ""));
static PLAN: LazyLock<Plan> =
    LazyLock::new(|| Plan::compile(&schema("int", GONE), &READER).expect("a compatible pair"));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(node) = decode::<Node>(bytes) {
        assert_eq!(decode::<Node>(&encode(&node)).expect("our own bytes"), node);
    }
    if let Ok(value) = Value::decode(&READER, bytes) {
        let written = value.encode(&READER).expect("a value of this schema");
        assert_eq!(Value::decode(&READER, &written).expect("our own bytes"), value);
    }
    let typed = decode_with_plan::<Node>(bytes, &PLAN);
    let dynamic = PLAN.decode_value(bytes);
    assert!(typed.is_err() || dynamic.is_ok(), "the dynamic way accepts what the typed way does");
});
