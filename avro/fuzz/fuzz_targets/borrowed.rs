//! Bytes as messages of a type that borrows and of the one beside it that owns, by their own schema and through a plan.
//! Nothing may panic, and both must accept the same messages, as the same values, and refuse the others for one reason.
#![no_main]

use std::fmt::Debug;
use std::sync::LazyLock;

use charter_avro::codec::prelude::*;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_avro::wire::DecodeError;
use libfuzzer_sys::fuzz_target;

#[derive(Clone, Debug, PartialEq)]
struct Node {
    name: String,
    raw: Bytes,
    labels: BTreeMap<String, String>,
    count: i64,
    note: Option<String>,
    children: Vec<Node>,
}

charter_avro::record! {
    Node {
        "name" => name: String,
        "raw" => raw: Bytes,
        "labels" => labels: BTreeMap<String, String>,
        "count" => count: i64,
        "note" => note: Option<String> = Some("none".into()),
        "children" => children: Vec<Node>,
    }
}

#[derive(Clone, Debug, PartialEq)]
struct NodeRef<'a> {
    name: &'a str,
    raw: &'a [u8],
    labels: BTreeMap<&'a str, &'a str>,
    count: i64,
    note: Option<&'a str>,
    children: Vec<NodeRef<'a>>,
}

charter_avro::record_ref! {
    NodeRef<'a> {
        "name" => name: &'a str,
        "raw" => raw: &'a [u8],
        "labels" => labels: BTreeMap<&'a str, &'a str>,
        "count" => count: i64,
        "note" => note: Option<&'a str> = Some("none"),
        "children" => children: Vec<NodeRef<'a>>,
    }
}

impl NodeRef<'_> {
    fn owned(&self) -> Node {
        Node {
            name: self.name.into(),
            raw: Bytes(self.raw.to_vec()),
            labels: self.labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            count: self.count,
            note: self.note.map(Into::into),
            children: self.children.iter().map(NodeRef::owned).collect(),
        }
    }
}

fn schema(number: &str, more: &str) -> Schema {
    let json = format!(
        r#"{{"type":"record","name":"Node","fields":[
            {{"name":"name","type":"string"}},
            {{"name":"raw","type":"bytes"}},
            {{"name":"labels","type":{{"type":"map","values":"string"}}}},
            {{"name":"count","type":"{number}"}}{more},
            {{"name":"children","type":{{"type":"array","items":"Node"}}}}]}}"#
    );
    Schema::parse(&json).expect("a sound schema")
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let gone = r#",{"name":"gone","type":{"type":"array","items":["null","bytes"]}}"#;
    let note = r#",{"name":"note","type":["null","string"],"default":null}"#;
    Plan::compile(&schema("int", gone), &schema("long", note)).expect("a compatible pair")
});

fn said<T: Debug>(result: Result<T, DecodeError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fuzz_target!(|bytes: &[u8]| {
    let borrowed = decode_ref::<NodeRef>(bytes).map(|node| node.owned());
    assert_eq!(said(borrowed), said(decode::<Node>(bytes)));
    let borrowed = decode_ref_with_plan::<NodeRef>(bytes, &PLAN).map(|node| node.owned());
    assert_eq!(said(borrowed), said(decode_with_plan::<Node>(bytes, &PLAN)));
});
