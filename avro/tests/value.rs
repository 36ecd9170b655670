//! Dynamic values: bytes against `apache-avro`, JSON in both forms, defaults, limits.

mod support;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Oracle;
use apache_avro::writer::datum::GenericDatumWriter;
use charter_avro::schema::{Kind, NodeId, Schema};
use charter_avro::value::{JsonForm, Value};
use charter_avro::wire::Limits;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value as Json, json};
use support::random::{self, Entropy, Shape};

/// The same value in `apache-avro`'s terms.
fn oracle(schema: &Schema, id: NodeId, value: &Value) -> Oracle {
    match (&schema.node(id).kind, value) {
        (_, Value::Null) => Oracle::Null,
        (_, Value::Boolean(flag)) => Oracle::Boolean(*flag),
        (_, Value::Int(number)) => Oracle::Int(*number),
        (_, Value::Long(number)) => Oracle::Long(*number),
        (_, Value::Float(number)) => Oracle::Float(*number),
        (_, Value::Double(number)) => Oracle::Double(*number),
        (_, Value::Bytes(bytes)) => Oracle::Bytes(bytes.clone()),
        (_, Value::String(text)) => Oracle::String(text.clone()),
        (_, Value::Fixed(bytes)) => Oracle::Fixed(bytes.len(), bytes.clone()),
        (Kind::Enum(kind), Value::Enum(symbol)) => {
            let index = kind.symbols.iter().position(|known| known == symbol).expect("a symbol");
            Oracle::Enum(u32::try_from(index).expect("few symbols"), symbol.clone())
        }
        (Kind::Array { items }, Value::Array(values)) => {
            Oracle::Array(values.iter().map(|value| oracle(schema, *items, value)).collect())
        }
        (Kind::Map { values }, Value::Map(entries)) => Oracle::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), oracle(schema, *values, value)))
                .collect(),
        ),
        (Kind::Union { branches }, Value::Union(index, value)) => {
            Oracle::Union(*index, Box::new(oracle(schema, branches[*index as usize], value)))
        }
        (Kind::Record(record), Value::Record(fields)) => {
            let pairs = record.fields.iter().zip(fields);
            Oracle::Record(
                pairs
                    .map(|(field, (name, value))| {
                        (name.clone(), oracle(schema, field.schema, value))
                    })
                    .collect(),
            )
        }
        (kind, value) => panic!("{value:?} is no {}", kind.type_name()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Maps hold one entry at most, because the oracle's have no order.
    #[test]
    fn bytes_equal_those_of_apache_avro_and_come_back(bytes in random::entropy()) {
        let mut entropy = Entropy::new(bytes);
        let json = random::schema(&mut entropy, Shape { logical: false });
        let schema = Schema::parse(&json.to_string()).expect("random schemas are sound");
        let value = random::value(&mut entropy, &schema, 1);
        let encoded = value.encode(&schema).expect("random values fit");
        let theirs = apache_avro::Schema::parse(&json).expect("sound for them too");
        let writer = GenericDatumWriter::builder(&theirs).build().expect("sound for them too");
        let expected = oracle(&schema, schema.root(), &value);
        prop_assert_eq!(&writer.write_value_to_vec(expected.clone()).expect("fits"), &encoded, "{}", json);
        let reader = GenericDatumReader::builder(&theirs).build().expect("sound for them too");
        let decoded = reader.read_value(&mut encoded.as_slice()).expect("theirs to read");
        prop_assert_eq!(decoded, expected);
        prop_assert_eq!(Value::decode(&schema, &encoded).expect("ours to read"), value);
    }

    #[test]
    fn json_comes_back_in_both_forms(bytes in random::entropy()) {
        let mut entropy = Entropy::new(bytes);
        let json = random::schema(&mut entropy, Shape { logical: true });
        let schema = Schema::parse(&json.to_string()).expect("random schemas are sound");
        let value = random::value(&mut entropy, &schema, 3);
        for form in [JsonForm::Avro, JsonForm::Plain] {
            let text = value.to_json(&schema, form).expect("random values fit").to_string();
            let read: Json = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(Value::from_json(&schema, &read, form).expect(&text), value.clone(), "{} {}", json, text);
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in random::entropy(), message in proptest::collection::vec(any::<u8>(), 0..64)) {
        let json = random::schema(&mut Entropy::new(bytes), Shape { logical: true });
        let schema = Schema::parse(&json.to_string()).expect("random schemas are sound");
        if let Ok(value) = Value::decode(&schema, &message) {
            let encoded = value.encode(&schema).expect("what was read can be written");
            // Compared as bytes, because not-a-number is no equal of itself.
            let again = Value::decode(&schema, &encoded).expect("what was written can be read");
            prop_assert_eq!(again.encode(&schema).expect("written again"), encoded);
        }
    }

    #[test]
    fn a_schema_comes_back_from_its_json(bytes in random::entropy()) {
        let json = random::schema(&mut Entropy::new(bytes), Shape { logical: true });
        let schema = Schema::parse(&json.to_string()).expect("random schemas are sound");
        let again = Schema::parse(&schema.to_json().to_string()).expect("self-contained");
        prop_assert_eq!(again.canonical_form(), schema.canonical_form());
        prop_assert_eq!(again.to_json(), schema.to_json());
        let theirs = apache_avro::Schema::parse(&json).expect("sound for them too");
        // Their form keeps logical types, which the specification strips.
        if !json.to_string().contains("logicalType") {
            prop_assert_eq!(theirs.canonical_form(), schema.canonical_form());
        }
    }

    #[test]
    fn random_schemas_read_themselves(bytes in random::entropy()) {
        let json = random::schema(&mut Entropy::new(bytes), Shape { logical: true });
        let schema = Schema::parse(&json.to_string()).expect("random schemas are sound");
        prop_assert!(charter_avro::compat::is_compatible(&schema, &schema));
    }
}

fn schema(json: &Json) -> Schema {
    Schema::parse(&json.to_string()).expect("sound")
}

#[test]
fn the_two_forms_of_json() {
    let schema = schema(&json!({"type": "record", "name": "x.R", "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "raw", "type": "bytes"},
        {"name": "note", "type": ["null", "string"]},
        {"name": "either", "type": ["null", "int", {"type": "fixed", "name": "F", "size": 2}]},
        {"name": "ratio", "type": "float"},
        {"name": "none", "type": ["null", "string"]}]}));
    let avro = json!({
        "id": "00000000-0000-0000-0000-000000000001", "price": "\u{4}\u{d2}", "day": 20779, "at": 1_795_356_000_000_001_i64,
        "raw": "\u{0}\u{ff}", "note": {"string": "hi"}, "either": {"x.F": "\u{1}\u{2}"}, "ratio": 0.1, "none": null});
    let plain = json!({
        "id": "00000000-0000-0000-0000-000000000001", "price": "12.34", "day": "2026-11-22", "at": "2026-11-22T14:00:00.000001Z",
        "raw": "AP8=", "note": "hi", "either": {"x.F": "AQI="}, "ratio": 0.1, "none": null});
    let value = Value::from_json(&schema, &avro, JsonForm::Avro).expect("fits");
    assert_eq!(value.to_json(&schema, JsonForm::Plain).expect("fits"), plain);
    assert_eq!(Value::from_json(&schema, &plain, JsonForm::Plain).expect("fits"), value);
    assert_eq!(value.to_json(&schema, JsonForm::Avro).expect("fits"), avro);
    assert_eq!(value.get("note"), Some(&Value::Union(1, Box::new(Value::String("hi".to_owned())))));
}

#[test]
fn what_has_no_text_is_shown_as_what_it_rests_on() {
    let cases = [
        (json!({"type": "int", "logicalType": "time-millis"}), Value::Int(-1), json!(-1)),
        (
            json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}),
            Value::Bytes(vec![0, 1]),
            json!({"unscaled": "AAE="}),
        ),
        (
            json!({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 2}),
            Value::Bytes(vec![0x7f]),
            json!({"unscaled": "fw=="}),
        ),
        (json!("double"), Value::Double(f64::INFINITY), json!("Infinity")),
    ];
    for (json, value, expected) in cases {
        let schema = schema(&json);
        assert_eq!(value.to_json(&schema, JsonForm::Plain).expect("fits"), expected);
        assert_eq!(Value::from_json(&schema, &expected, JsonForm::Plain).expect("fits"), value);
    }
}

#[test]
fn errors_say_where_and_what() {
    let schema = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "list", "type": {"type": "array", "items": "int"}},
        {"name": "map", "type": {"type": "map", "values": ["null", {"type": "enum", "name": "E", "symbols": ["A"]}]}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "default": "\u{0}"},
        {"name": "two", "type": ["int", "string"], "default": 1}]}));
    let cases = [
        (json!([]), "expected a record `R`, found an array"),
        (json!({}), "at `/list`: expected a value, found none"),
        (json!({"list": [1, "2"]}), "at `/list/1`: expected an int, found `\"2\"`"),
        (json!({"list": [2_147_483_648_i64]}), "at `/list/0`: expected an int, found `2147483648`"),
        (
            json!({"list": [], "map": {"a/b": "B"}}),
            "at `/map/a~1b`: expected an enum `E`, found `\"B\"`",
        ),
        (json!({"list": [], "other": 1}), "at `/other`: expected fields of `R`, found `other`"),
        (
            json!({"list": [], "map": {}, "price": "1.234"}),
            "at `/price`: expected a decimal in a string, of at most 4 digits, 2 of them behind the point, found `\"1.234\"`",
        ),
        (
            json!({"list": [], "map": {}, "two": 1}),
            "at `/two`: expected an object with one key, the type's name, out of `int`, `string`, found `1`",
        ),
    ];
    for (json, expected) in cases {
        let error = Value::from_json(&schema, &json, JsonForm::Plain).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
    let wrong = Value::Record(vec![("list".to_owned(), Value::Array(vec![Value::Long(1)]))]);
    let error = wrong.encode(&schema).expect_err("fields are missing");
    assert_eq!(error.to_string(), "expected a field `map`, found none");
    let error = Value::Union(2, Box::new(Value::Null))
        .encode(&Schema::parse(r#"["null"]"#).expect("sound"));
    assert_eq!(
        error.expect_err("no such branch").to_string(),
        "expected a branch within 0..1, found `2`"
    );
}

#[test]
fn fields_left_out_take_their_defaults_in_the_plain_form_only() {
    let schema = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "union", "type": ["null", "int"], "default": 7},
        {"name": "bytes", "type": "bytes", "default": "\u{ff}"},
        {"name": "float", "type": "float", "default": "NaN"},
        {"name": "enum", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}, "default": "B"},
        {"name": "inner", "type": {"type": "record", "name": "I", "fields": [{"name": "a", "type": "long", "default": 5}]}, "default": {}},
        {"name": "list", "type": {"type": "array", "items": ["int", "string"]}, "default": [1, "x"]}]}));
    let value = Value::from_json(&schema, &json!({}), JsonForm::Plain).expect("all have defaults");
    let shown = value.to_json(&schema, JsonForm::Plain).expect("fits");
    assert_eq!(
        shown,
        json!({"union": 7, "bytes": "/w==", "float": "NaN", "enum": "B", "inner": {"a": 5}, "list": [{"int": 1}, {"string": "x"}]})
    );
    assert!(Value::from_json(&schema, &json!({}), JsonForm::Avro).is_err());
}

#[test]
fn a_default_without_end_is_an_error() {
    let schema = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "next", "type": {"type": "record", "name": "N", "fields": [{"name": "next", "type": "N", "default": {}}]}, "default": {}}]}));
    let error = Value::from_json(&schema, &json!({}), JsonForm::Plain).expect_err("no end");
    assert_eq!(
        error.to_string(),
        "at `/next`: expected at most 256 values nested in one another, found more"
    );
}

/// Thirty records, each of two of the next, take no bytes and would be a billion values.
#[test]
fn values_without_bytes_are_counted() {
    let mut inner = json!({"type": "record", "name": "R0", "fields": []});
    for level in 1..30 {
        inner = json!({"type": "record", "name": format!("R{level}"), "fields": [
            {"name": "a", "type": inner}, {"name": "b", "type": format!("R{}", level - 1)}]});
    }
    let error = Value::decode(&schema(&inner), &[]).expect_err("too many");
    assert!(error.to_string().contains("more than 1024 items take no bytes"), "{error}");
}

#[test]
fn nesting_and_trailing_bytes_are_bounded() {
    let list = schema(
        &json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}),
    );
    let mut message = vec![2; 63];
    message.push(0);
    assert!(Value::decode(&list, &message).is_ok());
    assert!(Value::decode(&list, &[2; 100]).expect_err("too deep").to_string().contains("64 deep"));
    message.push(0);
    assert!(
        Value::decode(&list, &message)
            .expect_err("one too many")
            .to_string()
            .contains("1 bytes are left")
    );
    let mut limits = Limits::default();
    limits.message_bytes = 10;
    assert!(Value::decode_with_limits(&list, &message, limits).is_err());

    let arrays = (0..100).fold(json!("int"), |inner, _| json!({"type": "array", "items": inner}));
    let recursive = schema(
        &json!({"type": "record", "name": "D", "fields": [{"name": "f", "type": ["int", "D", arrays]}]}),
    );
    let value = (0..60).fold(Value::Int(1), |inner, level| {
        let index = u32::from(level > 0);
        Value::Record(vec![("f".to_owned(), Value::Union(index, Box::new(inner)))])
    });
    let encoded = value.encode(&recursive).expect("fits");
    assert_eq!(Value::decode(&recursive, &encoded).expect("60 records, 120 levels"), value);
}

/// Items of one byte are the smallest that a message can hold many of: this is what each of them becomes.
#[test]
fn a_value_takes_thirty_two_bytes_at_most() {
    assert!(size_of::<Value>() <= 32);
}
