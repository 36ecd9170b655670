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
enum Mark {
    Null,
    Text(String),
    Raw(Bytes),
    Count(i64),
}

charter_avro::union! { Mark { Null, Text(String), Raw(Bytes), Count(i64) } }

#[derive(Clone, Debug, PartialEq)]
enum MarkRef<'a> {
    Null,
    Text(&'a str),
    Raw(&'a [u8]),
    Count(i64),
}

charter_avro::union_ref! { MarkRef<'a> => Mark { Null, Text(&'a str), Raw(&'a [u8]), Count(i64) } }

#[derive(Clone, Debug, PartialEq)]
struct Node {
    name: String,
    raw: Bytes,
    labels: BTreeMap<String, String>,
    count: i64,
    note: Option<String>,
    last: NullLast<String>,
    mark: Mark,
    id: Uuid,
    price: Decimal<9, 2>,
    children: Vec<Node>,
}

charter_avro::record! {
    Node {
        "name" => name: String,
        "raw" => raw: Bytes,
        "labels" => labels: BTreeMap<String, String>,
        "count" => count: i64,
        "note" => note: Option<String> = Some("none".into()),
        "last" => last: NullLast<String>,
        "mark" => mark: Mark,
        "id" => id: Uuid,
        "price" => price: Decimal<9, 2>,
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
    last: NullLast<&'a str>,
    mark: MarkRef<'a>,
    id: Uuid,
    price: Decimal<9, 2>,
    children: Vec<NodeRef<'a>>,
}

charter_avro::record_ref! {
    NodeRef<'a> => Node {
        "name" => name: &'a str,
        "raw" => raw: &'a [u8],
        "labels" => labels: BTreeMap<&'a str, &'a str>,
        "count" => count: i64,
        "note" => note: Option<&'a str> = Some("none"),
        "last" => last: NullLast<&'a str>,
        "mark" => mark: MarkRef<'a>,
        "id" => id: Uuid,
        "price" => price: Decimal<9, 2>,
        "children" => children: Vec<NodeRef<'a>>,
    }
}

fn schema(number: &str, more: &str) -> Schema {
    let json = format!(
        r#"{{"type":"record","name":"Node","fields":[
            {{"name":"name","type":"string"}},
            {{"name":"raw","type":"bytes"}},
            {{"name":"labels","type":{{"type":"map","values":"string"}}}},
            {{"name":"count","type":"{number}"}}{more},
            {{"name":"last","type":["string","null"]}},
            {{"name":"mark","type":["null","string","bytes","{number}"]}},
            {{"name":"id","type":{{"type":"string","logicalType":"uuid"}}}},
            {{"name":"price","type":{{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}}},
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
    let borrowed = decode_ref::<NodeRef>(bytes).map(NodeRef::into_owned);
    assert_eq!(said(borrowed), said(decode::<Node>(bytes)));
    let borrowed = decode_ref_with_plan::<NodeRef>(bytes, &PLAN).map(NodeRef::into_owned);
    assert_eq!(said(borrowed), said(decode_with_plan::<Node>(bytes, &PLAN)));
});
