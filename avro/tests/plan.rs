//! Resolution of one schema to another, case by case (Avro 1.12 specification, "Schema Resolution").
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use charter_avro::codec::prelude::*;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;

fn plan(writer: &str, reader: &str) -> Plan {
    Plan::compile(&Schema::parse(writer).unwrap(), &Schema::parse(reader).unwrap()).unwrap()
}

fn refused(writer: &str, reader: &str) -> String {
    Plan::compile(&Schema::parse(writer).unwrap(), &Schema::parse(reader).unwrap())
        .unwrap_err()
        .to_string()
}

fn read<T: Codec>(writer: &str, reader: &str, bytes: &[u8]) -> T {
    decode_with_plan(bytes, &plan(writer, reader)).unwrap()
}

fn fails<T: Codec + std::fmt::Debug>(plan: &Plan, bytes: &[u8]) -> String {
    decode_with_plan::<T>(bytes, plan).unwrap_err().to_string()
}

#[derive(Clone, Debug, PartialEq)]
struct Hold {
    show_id: String,
    seats: Vec<Seat>,
    seconds: i64,
    status: Status,
    note: Option<String>,
}

charter_avro::record! {
    Hold {
        "showId" => show_id: String,
        "seats" => seats: Vec<Seat>,
        "seconds" => seconds: i64 = 300,
        "status" => status: Status = Status::Unknown,
        "note" => note: Option<String> = None,
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Seat {
    id: String,
    price: f64,
}

charter_avro::record! {
    Seat {
        "id" => id: String,
        "price" => price: f64,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Status {
    Unknown,
    Held,
}

charter_avro::enumeration! {
    Status {
        Unknown = "UNKNOWN",
        Held = "HELD",
    }
}

const HOLD: &str = r#"{"type":"record","name":"seat.Hold","fields":[
    {"name":"showId","type":"string"},
    {"name":"seats","type":{"type":"array","items":{"type":"record","name":"Seat","fields":[
        {"name":"id","type":"string"},{"name":"price","type":"double"}]}}},
    {"name":"seconds","type":"long","default":300,"aliases":["duration"]},
    {"name":"status","type":{"type":"enum","name":"Status","symbols":["UNKNOWN","HELD"],"default":"UNKNOWN"},"default":"UNKNOWN"},
    {"name":"note","type":["null","string"],"default":null}]}"#;

#[test]
fn the_same_schema_needs_no_step() {
    assert!(plan(HOLD, HOLD).is_identical());
}

#[test]
fn a_record_of_an_older_writer() {
    let writer = r#"{"type":"record","name":"seat.Hold","fields":[
        {"name":"gone","type":{"type":"map","values":["null","long"]}},
        {"name":"status","type":{"type":"enum","name":"Status","symbols":["HELD","SOLD"]}},
        {"name":"seats","type":{"type":"array","items":{"type":"record","name":"Seat","fields":[
            {"name":"price","type":"int"},{"name":"row","type":"string"},{"name":"id","type":"bytes"}]}}},
        {"name":"duration","type":"int"},
        {"name":"showId","type":"string"}]}"#;
    let bytes = [
        2, 2, b'k', 2, 8, 0, // gone
        2, // SOLD
        1, 10, 14, 2, b'r', 2, b'a', 0, // a block of 5 bytes announced as 5: one seat
        120, 2, b's',
    ];
    let mut bytes = bytes.to_vec();
    bytes[8] = 10; // 5 bytes, zig-zag
    let hold: Hold = read(writer, HOLD, &bytes);
    let expected = Hold {
        show_id: "s".into(),
        seats: vec![Seat { id: "a".into(), price: 7.0 }],
        seconds: 60,
        status: Status::Unknown,
        note: None,
    };
    assert_eq!(hold, expected);
    bytes[8] = 8;
    assert_eq!(
        fails::<Hold>(&plan(writer, HOLD), &bytes),
        "byte 9, field `seats`: a block announces 4 bytes, its items take 5"
    );
    let error = fails::<Hold>(&plan(writer, HOLD), &[2, 2, b'k', 2]);
    assert!(error.starts_with("byte 4, field `gone[\"k\"]`: "), "{error}");
}

#[test]
fn numbers_promote() {
    assert_eq!(read::<i64>("\"int\"", "\"long\"", &[0x80, 0x01]), 64);
    assert_eq!(read::<f32>("\"int\"", "\"float\"", &[3]).to_bits(), (-2.0_f32).to_bits());
    assert_eq!(read::<f64>("\"int\"", "\"double\"", &[3]).to_bits(), (-2.0_f64).to_bits());
    assert_eq!(read::<f32>("\"long\"", "\"float\"", &[3]).to_bits(), (-2.0_f32).to_bits());
    assert_eq!(read::<f64>("\"long\"", "\"double\"", &[3]).to_bits(), (-2.0_f64).to_bits());
    let half = 0.5_f32.to_le_bytes();
    assert_eq!(read::<f64>("\"float\"", "\"double\"", &half).to_bits(), 0.5_f64.to_bits());
    assert_eq!(read::<String>("\"bytes\"", "\"string\"", &[2, b'x']), "x");
    assert_eq!(read::<Bytes>("\"string\"", "\"bytes\"", &[2, b'x']), Bytes(vec![b'x']));
    for (writer, reader) in
        [("\"long\"", "\"int\""), ("\"double\"", "\"float\""), ("\"string\"", "\"int\"")]
    {
        assert!(refused(writer, reader).contains("TYPE_MISMATCH"), "{writer} as {reader}");
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Change {
    Null,
    A(A),
    B(B),
}

charter_avro::union! {
    Change {
        Null,
        A(A),
        B(B),
    }
}

#[derive(Clone, Debug, PartialEq)]
struct A {
    x: i32,
}

charter_avro::record! {
    A {
        "x" => x: i32,
    }
}

#[derive(Clone, Debug, PartialEq)]
struct B {
    x: i32,
}

charter_avro::record! {
    B {
        "x" => x: i32,
    }
}

const A_SCHEMA: &str = r#"{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]}"#;
const B_SCHEMA: &str = r#"{"type":"record","name":"B","fields":[{"name":"x","type":"int"}]}"#;

#[test]
fn union_branches_go_by_name_not_by_shape() {
    let reader = format!("[\"null\",{A_SCHEMA},{B_SCHEMA}]");
    let writer = format!("[{B_SCHEMA},\"null\",{A_SCHEMA}]");
    assert_eq!(read::<Change>(&writer, &reader, &[0, 2]), Change::B(B { x: 1 }));
    assert_eq!(read::<Change>(&writer, &reader, &[2]), Change::Null);
    assert_eq!(read::<Change>(&writer, &reader, &[4, 2]), Change::A(A { x: 1 }));
    assert_eq!(
        fails::<Change>(&plan(&writer, &reader), &[6]),
        "byte 0: expected a union branch below 3, found `3`"
    );
}

#[test]
fn a_union_on_one_side_only() {
    let reader = format!("[\"null\",{A_SCHEMA},{B_SCHEMA}]");
    assert_eq!(read::<Change>(B_SCHEMA, &reader, &[2]), Change::B(B { x: 1 }));
    assert_eq!(read::<Change>("\"null\"", &reader, &[]), Change::Null);
    assert_eq!(read::<i64>("[\"int\",\"long\"]", "\"long\"", &[0, 2]), 1);
    assert_eq!(read::<i64>("[\"int\",\"long\"]", "\"long\"", &[2, 2]), 1);
    assert_eq!(read::<Option<i64>>("\"int\"", "[\"null\",\"long\"]", &[2]), Some(1));
    assert_eq!(read::<Option<i64>>("[\"long\",\"null\"]", "[\"null\",\"long\"]", &[2]), None);
    assert_eq!(
        read::<NullLast<i64>>("[\"null\",\"int\"]", "[\"long\",\"null\"]", &[2, 2]),
        NullLast(Some(1))
    );
    assert_eq!(
        refused("[\"null\",\"string\"]", "\"string\""),
        "the reader's schema cannot read the writer's: TYPE_MISMATCH at `/0`: the reader expects `string`, the writer writes `null`"
    );
    let lenient = Plan::compile_lenient(
        &Schema::parse("[\"null\",\"string\"]").unwrap(),
        &Schema::parse("\"string\"").unwrap(),
    );
    assert_eq!(decode_with_plan::<String>(&[2, 2, b'x'], &lenient).unwrap(), "x");
    assert_eq!(fails::<String>(&lenient, &[0]), "byte 1: expected string, found null");
}

#[test]
fn an_exact_branch_goes_before_a_promotion() {
    #[derive(Debug, PartialEq)]
    enum Number {
        Long(i64),
        Int(i32),
    }
    charter_avro::union! { Number { Long(i64), Int(i32) } }
    assert_eq!(read::<Number>("\"int\"", "[\"long\",\"int\"]", &[2]), Number::Int(1));
    assert_eq!(read::<Number>("\"int\"", "[\"long\",\"string\"]", &[2]), Number::Long(1));
}

#[test]
fn recursion_is_an_index() {
    #[derive(Debug, PartialEq)]
    struct Node {
        value: i64,
        next: Option<Box<Node>>,
    }
    charter_avro::record! { Node { "value" => value: i64, "next" => next: Option<Box<Node>> } }
    let schema = |number| {
        format!(
            r#"{{"type":"record","name":"Node","fields":[
                {{"name":"value","type":"{number}"}},{{"name":"next","type":["null","Node"]}}]}}"#
        )
    };
    assert!(plan(&schema("long"), &schema("long")).is_identical());
    let node: Node = read(&schema("int"), &schema("long"), &[2, 2, 4, 0]);
    assert_eq!(node.next.unwrap().value, 2);
    let mut deep = [2, 2].repeat(63);
    deep.extend([2, 0]);
    let promoting = plan(&schema("int"), &schema("long"));
    decode_with_plan::<Node>(&deep, &promoting).unwrap();
    decode::<Node>(&deep).unwrap();
    deep.splice(0..0, [2, 2]);
    assert!(
        fails::<Node>(&promoting, &deep).ends_with("values stand more than 64 deep in each other")
    );
    assert!(
        decode::<Node>(&deep).unwrap_err().to_string().ends_with("more than 64 deep in each other")
    );
}

/// Each field of each record may nest arrays and maps by itself, so that a limit on records alone would not bound the stack.
#[test]
fn arrays_and_maps_count_as_depth_wherever_they_are_read() {
    #[derive(Debug)]
    struct Tree {
        _value: i64,
        _trees: Vec<BTreeMap<String, Tree>>,
    }
    charter_avro::record! {
        Tree { "value" => _value: i64, "trees" => _trees: Vec<BTreeMap<String, Tree>> = Vec::new() }
    }
    let schema = |number, name| {
        format!(
            r#"{{"type":"record","name":"Tree","fields":[{{"name":"value","type":"{number}"}},
                {{"name":"{name}","type":{{"type":"array","items":{{"type":"map","values":"Tree"}}}},"default":[]}}]}}"#
        )
    };
    // A level is the value, an array of one, a map of one, its key.
    let message =
        |levels| [&[2, 2, 2, 0].repeat(levels)[..], &[2, 0], &[0, 0].repeat(levels)].concat();
    let same = plan(&schema("long", "trees"), &schema("long", "trees"));
    let promoting = plan(&schema("int", "trees"), &schema("long", "trees"));
    let skipping = plan(&schema("int", "gone"), &schema("long", "trees"));
    let (fits, deeper) = (message(21), message(22));
    for plan in [&same, &promoting, &skipping] {
        decode_with_plan::<Tree>(&fits, plan).unwrap();
        plan.decode_value(&fits).unwrap();
        let expected = "values stand more than 64 deep in each other";
        assert!(fails::<Tree>(plan, &deeper).ends_with(expected));
        assert!(plan.decode_value(&deeper).unwrap_err().to_string().ends_with(expected));
    }
}

/// Each record of one ring is met with each of the other before the first pair comes again.
#[test]
fn pairs_of_recursive_types_may_chain_far_longer_than_types_nest() {
    const WRITERS: usize = 61;
    const READERS: usize = 60;
    let ring = |prefix, length: usize, number, aliases: &str| {
        let record = |index| {
            let next = (index + 1) % length;
            format!(
                r#"{{"type":"record","name":"{prefix}{index}","aliases":[{aliases}],"fields":[
                    {{"name":"value","type":"{number}"}},{{"name":"next","type":["null","{prefix}{next}"]}}]}}"#
            )
        };
        format!("[{}]", (0..length).map(record).collect::<Vec<_>>().join(","))
    };
    let aliases: Vec<String> = (0..WRITERS).map(|index| format!("\"W{index}\"")).collect();
    let writer = ring("W", WRITERS, "int", "");
    let reader = ring("R", READERS, "long", &aliases.join(","));
    let message = [&[0][..], &[2, 2].repeat(62), &[2, 0]].concat();
    plan(&writer, &reader).decode_value(&message).unwrap();
}

#[test]
fn names_go_without_namespace_and_by_alias() {
    let writer = r#"{"type":"fixed","name":"old.F","size":2}"#;
    assert_eq!(
        read::<Fixed<2>>(writer, r#"{"type":"fixed","name":"new.F","size":2}"#, &[1, 2]).0,
        [1, 2]
    );
    assert_eq!(
        read::<Fixed<2>>(
            writer,
            r#"{"type":"fixed","name":"G","size":2,"aliases":["old.F"]}"#,
            &[1, 2]
        )
        .0,
        [1, 2]
    );
    assert_eq!(
        refused(writer, r#"{"type":"fixed","name":"G","size":2}"#),
        "the reader's schema cannot read the writer's: NAME_MISMATCH at `/name`: the reader's fixed `G` is not the writer's fixed `old.F`, nor does it name it as an alias"
    );
}

#[test]
fn all_reasons_are_given() {
    let writer = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]}}]}"#;
    let reader = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["Y"]}}]}"#;
    let error = Plan::compile(&Schema::parse(writer).unwrap(), &Schema::parse(reader).unwrap())
        .unwrap_err();
    assert_eq!(error.reasons.len(), 3, "{error}");
}

#[test]
fn decimals_and_times_are_converted_not_misread() {
    let decimal = |scale: u32| {
        format!(r#"{{"type":"bytes","logicalType":"decimal","precision":9,"scale":{scale}}}"#)
    };
    let amount: Decimal<9, 2> = read(&decimal(1), &decimal(2), &[2, 125]);
    assert_eq!(amount.to_string(), "12.50");
    let amount: Decimal<9, 1> = read(&decimal(2), &decimal(1), &[4, 4, 226]);
    assert_eq!(amount.to_string(), "12.5");
    let narrowing = plan(&decimal(2), &decimal(1));
    assert_eq!(
        fails::<Decimal<9, 1>>(&narrowing, &[2, 1]),
        "byte 0: `1` cannot be said exactly in the reader's scale or unit"
    );
    let time = |unit: &str| format!(r#"{{"type":"long","logicalType":"timestamp-{unit}"}}"#);
    let at: TimestampMicros = read(&time("millis"), &time("micros"), &[3]);
    assert_eq!(at.micros(), -2000);
    let at: TimestampMillis = read(&time("micros"), &time("millis"), &[1]);
    assert_eq!(at.millis(), -1);
}
