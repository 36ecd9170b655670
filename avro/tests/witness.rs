//! Witnesses: every incompatibility shows itself in a message, or says why there is none.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use charter_avro::compat::{
    Incompatibility, IncompatibilityKind, Witness, Witnesses, compatibility, is_compatible, witness,
};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_avro::value::{JsonForm, Value};
use proptest::prelude::{
    ProptestConfig, TestCaseError, prop_assert, prop_assert_eq, prop_assert_ne, proptest,
};
use serde_json::{Value as Json, json};
use support::random::{self, Entropy, Shape};

/// The witnesses of a pair, with the kinds they are for.
fn all(reader: &Json, writer: &Json) -> Vec<(IncompatibilityKind, Witness)> {
    let reader = Schema::parse(&reader.to_string()).expect("a reader");
    let writer = Schema::parse(&writer.to_string()).expect("a writer");
    let found = compatibility(&reader, &writer);
    assert_ne!(found, []);
    found.iter().map(|one| (one.kind, witness(&reader, &writer, one))).collect()
}

/// The one witness of a pair: value, bytes, field and error.
#[track_caller]
fn only(reader: &Json, writer: &Json) -> (Json, Vec<u8>, String, String) {
    let mut all = all(reader, writer);
    assert_eq!(all.len(), 1, "{all:#?}");
    let (_, Witness { message, field, error }) = all.remove(0);
    let message = message.expect("a message");
    (message.value, message.bytes, field, error)
}

fn record(fields: &Json) -> Json {
    json!({ "type": "record", "name": "R", "fields": fields })
}

#[test]
fn a_new_enum_symbol_is_the_one_that_the_reader_lacks() {
    let state = |symbols: Json| {
        let state = json!({ "type": "enum", "name": "S", "symbols": symbols });
        record(&json!([
            { "name": "id", "type": "string" },
            { "name": "states", "type": { "type": "array", "items": ["null", state] } },
        ]))
    };
    assert_eq!(
        only(&state(json!(["OPEN", "SHUT"])), &state(json!(["OPEN", "HELD", "SHUT", "LOST"]))),
        (
            json!({ "id": "", "states": ["HELD"] }),
            vec![0, 2, 2, 2, 0],
            "states[0]".to_owned(),
            "byte 3, field `states[0]`: the reader's enum lacks the symbol and has no default"
                .to_owned(),
        )
    );
}

#[test]
fn a_type_that_changed_is_shown_at_its_field() {
    let reader = record(&json!([{ "name": "price", "type": "int" }]));
    let writer = record(&json!([
        { "name": "note", "type": ["null", "string"] },
        { "name": "price", "type": { "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2 } },
    ]));
    assert_eq!(
        only(&reader, &writer),
        (
            json!({ "note": null, "price": "0.00" }),
            vec![0, 2, 0],
            "price".to_owned(),
            "byte 1, field `price`: expected int, found bytes".to_owned(),
        )
    );
}

#[test]
fn a_field_without_default_that_the_writer_lacks_is_missed_at_the_end_of_its_record() {
    let inner = |fields: Json| json!({ "type": "record", "name": "I", "fields": fields });
    let outer = |inner: Json| {
        record(&json!([{ "name": "by", "type": { "type": "map", "values": inner } }]))
    };
    let reader = outer(inner(json!([{ "name": "a", "type": "int" }])));
    let writer = outer(inner(json!([])));
    assert_eq!(
        only(&reader, &writer),
        (
            json!({ "by": { "key": {} } }),
            vec![2, 6, b'k', b'e', b'y', 0],
            "by[\"key\"].a".to_owned(),
            "byte 5, field `by[\"key\"].a`: the writer has no such field, and there is no usable default"
                .to_owned(),
        )
    );
}

#[test]
fn of_several_incompatibilities_each_has_a_message_and_its_own_error() {
    let reader = record(&json!([
        { "name": "a", "type": "int" },
        { "name": "b", "type": { "type": "fixed", "name": "F", "size": 2 } },
        { "name": "c", "type": ["null", "long"] },
    ]));
    let writer = record(&json!([
        { "name": "a", "type": "string" },
        { "name": "b", "type": { "type": "fixed", "name": "F", "size": 3 } },
        { "name": "c", "type": ["null", "string"] },
    ]));
    let seen: Vec<_> = all(&reader, &writer)
        .into_iter()
        .map(|(kind, witness)| {
            (kind.as_str(), witness.field, witness.error, witness.message.unwrap().value)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                "TYPE_MISMATCH",
                "a".to_owned(),
                "byte 0, field `a`: expected int, found string".to_owned(),
                json!({ "a": "", "b": "AAAA", "c": null })
            ),
            (
                "FIXED_SIZE_MISMATCH",
                "b".to_owned(),
                "field `b`: expected fixed `F` of 2 bytes, found fixed `F` of 3 bytes".to_owned(),
                json!({ "a": "", "b": "AAAA", "c": null })
            ),
            (
                "MISSING_UNION_BRANCH",
                "c".to_owned(),
                "field `c`: no branch of the reader's union takes string".to_owned(),
                json!({ "a": "", "b": "AAAA", "c": "" })
            ),
        ]
    );
}

#[test]
fn a_missing_field_is_shown_also_where_another_one_breaks_before_it() {
    let reader = record(&json!([{ "name": "a", "type": "int" }, { "name": "b", "type": "int" }]));
    let found = all(&reader, &record(&json!([{ "name": "a", "type": "string" }])));
    let seen: Vec<_> = found.iter().map(|(_, witness)| witness.error.as_str()).collect();
    assert_eq!(
        seen,
        [
            "byte 0, field `a`: expected int, found string",
            "field `b`: the writer has no such field, and there is no usable default",
        ]
    );
}

/// The inner record's reason was reported once, at its first place; the second place had no cause of its own to show.
#[test]
fn a_reason_that_is_met_again_through_a_recursive_type_has_a_message_too() {
    let list = json!({ "type": "array", "items": "R" });
    let writer = record(&json!([{ "name": "a", "type": list }, { "name": "b", "type": list }]));
    let reader = record(&json!([
        { "name": "needed", "type": "int" },
        { "name": "a", "type": ["null", list] },
        { "name": "b", "type": ["null", list] },
    ]));
    for (kind, witness) in all(&reader, &writer) {
        assert!(witness.message.is_some(), "{kind}");
    }
}

#[test]
fn a_branch_that_fits_by_name_only_is_shown_where_it_breaks() {
    let inner = |symbols: Json| {
        json!(["null", { "type": "record", "name": "I", "fields": [
            { "name": "s", "type": { "type": "enum", "name": "E", "symbols": symbols } }] }])
    };
    assert_eq!(
        only(&inner(json!(["A"])), &inner(json!(["A", "B"]))),
        (
            json!({ "s": "B" }),
            vec![2, 2],
            "s".to_owned(),
            "byte 1, field `s`: the reader's enum lacks the symbol and has no default".to_owned(),
        )
    );
}

#[test]
fn without_a_message_the_refusal_of_the_pair_is_given() {
    let ambiguous = all(
        &record(&json!([{ "name": "a", "aliases": ["b"], "type": "int" }])),
        &record(&json!([{ "name": "a", "type": "int" }, { "name": "b", "type": "int" }])),
    );
    assert_eq!(
        ambiguous,
        [(
            IncompatibilityKind::AmbiguousField,
            Witness {
                message: None,
                field: String::new(),
                error: "no plan is made for the pair: AMBIGUOUS_FIELD at `/fields/0`: the reader's field `a` fits two of the writer's fields: `a` and `b`".to_owned(),
            }
        )]
    );
    // A record that always holds itself has no message, whoever reads it.
    let endless = |kind: &str| {
        record(&json!([{ "name": "next", "type": "R" }, { "name": "a", "type": kind }]))
    };
    let endless = all(&endless("int"), &endless("string"));
    assert_eq!(endless[0].1.message, None);
}

#[test]
fn a_fixed_of_two_gigabytes_is_not_made() {
    let fixed = |size: u32| json!({ "type": "fixed", "name": "F", "size": size });
    let found = all(&fixed(1), &fixed(i32::MAX as u32));
    assert_eq!(found[0].1.message, None);
}

/// Holds a witness against the schemas and the resolver.
fn check(
    reader: &Schema,
    writer: &Schema,
    found: &Incompatibility,
    witness: &Witness,
) -> Result<(), TestCaseError> {
    let Some(message) = &witness.message else {
        prop_assert!(witness.error.contains(found.kind.as_str()), "{}", witness.error);
        return Ok(());
    };
    let value = Value::decode(writer, &message.bytes);
    prop_assert!(value.is_ok(), "{:?}", value);
    prop_assert_eq!(
        value.unwrap().to_json(writer, JsonForm::Plain).unwrap(),
        message.value.clone()
    );
    let lenient = Plan::compile_lenient(writer, reader).decode_value(&message.bytes);
    prop_assert!(lenient.is_err(), "{found} is not shown by {message:?}");
    if !witness.field.is_empty() {
        prop_assert!(witness.error.contains(&witness.field), "{witness:?}");
    }
    prop_assert_ne!(witness.error.as_str(), "");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Compatible: what the writer writes, the reader reads. Incompatible: each reason has a message that it does not read, or
    /// it is of a kind that needs none.
    #[test]
    fn verdicts_agree_with_data(bytes in random::entropy()) {
        let mut entropy = Entropy::new(bytes);
        let writer_json = random::schema(&mut entropy, Shape { logical: true });
        let reader_json = random::evolve(&mut entropy, &writer_json);
        let writer = Schema::parse(&writer_json.to_string()).expect("random schemas are sound");
        // A change may take away a type that something else refers to.
        let Ok(reader) = Schema::parse(&reader_json.to_string()) else { return Ok(()) };
        let reasons = compatibility(&reader, &writer);
        prop_assert_eq!(reasons.is_empty(), is_compatible(&reader, &writer));
        let witnesses = Witnesses::new(&reader, &writer);
        for found in &reasons {
            let witness = witnesses.of(found);
            check(&reader, &writer, found, &witness)?;
            let needs_none = found.kind == IncompatibilityKind::AmbiguousField;
            prop_assert!(
                witness.message.is_some() || needs_none,
                "{} has no witness: writer {} reader {}", found, writer_json, reader_json
            );
        }
    }
}
