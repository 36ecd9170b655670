//! Compatibility verdicts and their reasons.

mod support;

use charter_avro::compat::{
    Budget, Incompatibility, Mode, TooComplex, Verdicts, check_mode, check_mode_within,
    compatibility, is_compatible,
};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use serde_json::{Value, json};
use support::peer_cases;
use support::random::{self, Entropy, Shape};

fn parse(schema: &Value) -> Schema {
    Schema::parse(&schema.to_string()).unwrap_or_else(|errors| panic!("{schema}: {errors}"))
}

fn described(found: &[Incompatibility]) -> Vec<(String, String, String)> {
    found.iter().map(|one| (one.kind.to_string(), one.path.clone(), one.detail.clone())).collect()
}

#[test]
fn verdicts_types_and_paths_equal_those_of_avro_java() {
    let Some(cases) = peer_cases("avro_compat.json") else {
        return;
    };
    let mut failures = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("name");
        let found = compatibility(&parse(&case["reader"]), &parse(&case["writer"]));
        let text = |value: &Value, key: &str| value[key].as_str().expect("a string").to_owned();
        let expected: Vec<(String, String, String)> = case["java_incompatibilities"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|one| (text(one, "type"), text(one, "path"), text(one, "message")))
            .collect();
        if found.is_empty() != case["compatible"].as_bool().expect("a verdict")
            || described(&found) != expected
        {
            failures.push(format!("{name}: expected {expected:?}, found {:?}", described(&found)));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
    println!("{} cases", cases.len());
}

/// As Avro Java 1.12 answers: it holds the enum against the writer's record.
#[test]
fn an_enums_default_does_not_stand_for_a_missing_field() {
    let reader = parse(&json!({"type": "record", "name": "R", "fields": [{"name": "state", "type":
        {"type": "enum", "name": "S", "symbols": ["A", "B"], "default": "A"}}]}));
    let writer = parse(&json!({"type": "record", "name": "R", "fields": []}));
    let found = compatibility(&reader, &writer);
    let expected = [(
        "TYPE_MISMATCH".to_owned(),
        "/fields/0/type".to_owned(),
        "reader type: ENUM not compatible with writer type: RECORD".to_owned(),
    )];
    assert_eq!(described(&found), expected);
}

#[test]
fn modes_give_the_verdicts_of_registries() {
    let Some(cases) = peer_cases("avro_compat_modes.json") else {
        return;
    };
    let mut failures = Vec::new();
    for case in &cases {
        let mode: Mode = case["mode"].as_str().expect("mode").parse().expect("a mode");
        let previous: Vec<Schema> =
            case["previous"].as_array().expect("an array").iter().map(parse).collect();
        let found = check_mode(mode, &parse(&case["new"]), &previous);
        if found.is_empty() != case["compatible"].as_bool().expect("a verdict") {
            failures.push(format!("{}: found {found:?}", case["name"]));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
    println!("{} cases", cases.len());
}

fn pair(reader: &str, writer: &str) -> Vec<Incompatibility> {
    let (reader, writer) =
        (Schema::parse(reader).expect("a reader"), Schema::parse(writer).expect("a writer"));
    let found = compatibility(&reader, &writer);
    assert_eq!(found.is_empty(), is_compatible(&reader, &writer));
    found
}

#[test]
fn every_reason_has_its_places_on_both_sides() {
    let found = pair(
        r#"{"type":"record","name":"a.R","fields":[
            {"name":"new","type":"int"},
            {"name":"moved","type":{"type":"array","items":"int"},"aliases":["old"]},
            {"name":"state","type":{"type":"enum","name":"S","symbols":["A"]}},
            {"name":"hash","type":{"type":"fixed","name":"H","size":4}}]}"#,
        r#"{"type":"record","name":"b.R","fields":[
            {"name":"hash","type":{"type":"fixed","name":"G","size":8}},
            {"name":"old","type":{"type":"array","items":"string"}},
            {"name":"state","type":{"type":"enum","name":"S","symbols":["C","B","A"]}}]}"#,
    );
    let seen: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.kind.as_str(),
                one.reader_path.as_str(),
                one.writer_path.as_str(),
                one.message.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                "READER_FIELD_MISSING_DEFAULT_VALUE",
                "/fields/0",
                "",
                "the reader's field `new` has no default and the writer's `b.R` has no such field"
            ),
            (
                "TYPE_MISMATCH",
                "/fields/1/type/items",
                "/fields/1/type/items",
                "the reader expects `int`, the writer writes `string`"
            ),
            (
                "MISSING_ENUM_SYMBOLS",
                "/fields/2/type/symbols",
                "/fields/2/type/symbols",
                "the reader's enum `a.S` has no default and lacks the symbols `B`, `C`"
            ),
            (
                "NAME_MISMATCH",
                "/fields/3/type/name",
                "/fields/0/type/name",
                "the reader's fixed `a.H` is not the writer's fixed `b.G`, nor does it name it as an alias"
            ),
            (
                "FIXED_SIZE_MISMATCH",
                "/fields/3/type/size",
                "/fields/0/type/size",
                "the reader expects 4 bytes in `a.H`, the writer writes 8"
            ),
        ]
    );
    assert_eq!((found[1].reader_span.line, found[1].writer_span.line), (3, 3));
}

#[test]
fn a_missing_branch_says_why_the_branch_of_that_name_does_not_do() {
    let found = pair(
        r#"["null",{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}]"#,
        r#"[{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}, "null"]"#,
    );
    assert_eq!(described(&found).len(), 1);
    assert_eq!(
        (found[0].path.as_str(), found[0].reader_path.as_str(), found[0].writer_path.as_str()),
        ("/0", "", "/0")
    );
    let causes: Vec<_> =
        found[0].causes.iter().map(|one| (one.reader_path.as_str(), one.kind.as_str())).collect();
    assert_eq!(
        causes,
        [
            ("/1/fields/0/type", "TYPE_MISMATCH"),
            ("/1/fields/1", "READER_FIELD_MISSING_DEFAULT_VALUE")
        ]
    );
}

#[test]
fn a_field_that_fits_two_of_the_writers_is_refused() {
    let found = pair(
        r#"{"type":"record","name":"R","fields":[{"name":"a","aliases":["b"],"type":"int"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#,
    );
    assert_eq!(
        described(&found),
        [("AMBIGUOUS_FIELD".to_owned(), "/fields/0".to_owned(), "a".to_owned())]
    );
}

/// Avro Java remembers the inner pair as fit while the outer one is still open, and keeps it when the outer one falls.
#[test]
fn a_recursive_pair_that_falls_takes_what_leant_on_it_along() {
    let reader = r#"["null",
        {"type":"record","name":"x.A","fields":[
            {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"up","type":["null","x.A"]}]}},
            {"name":"extra","type":"int"}]},
        {"type":"record","name":"y.A","fields":[{"name":"inner","type":"x.I"}]}]"#;
    let writer = r#"{"type":"record","name":"z.A","fields":[
        {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"up","type":["null","z.A"]}]}}]}"#;
    assert_eq!(pair(reader, writer).len(), 1);
}

/// Which of two branches takes a record was once found by compiling each of them anew, without end for recursive ones.
#[test]
fn a_plan_for_recursive_records_of_one_simple_name_compiles() {
    let reader = r#"["null",
        {"type":"record","name":"x.A","fields":[
            {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"up","type":["null","x.A","y.A"]}]}}]},
        {"type":"record","name":"y.A","fields":[{"name":"inner","type":"x.I"}]}]"#;
    let writer = r#"{"type":"record","name":"z.A","fields":[
        {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"up","type":["null","z.A"]}]}}]}"#;
    let (reader, writer) =
        (Schema::parse(reader).expect("sound"), Schema::parse(writer).expect("sound"));
    assert!(is_compatible(&reader, &writer));
    assert!(Plan::compile(&writer, &reader).is_ok());
}

#[test]
fn recursive_types_fit_themselves_and_are_reported_once() {
    let list = |value: &str| {
        format!(
            r#"{{"type":"record","name":"L","fields":[{{"name":"v","type":"{value}"}},{{"name":"n","type":["null","L"]}}]}}"#
        )
    };
    assert_eq!(pair(&list("long"), &list("int")), []);
    let found = pair(&list("int"), &list("long"));
    // Avro Java finds the same: the value's type, and the branch that recursion would need.
    assert_eq!(found[0].path, "/fields/0/type");
    assert!(found.len() <= 2, "{found:?}");
}

#[test]
fn aliases_are_the_readers_and_count_in_full() {
    let reader = r#"{"type":"enum","name":"a.New","aliases":["b.Old"],"symbols":["A"]}"#;
    assert_eq!(pair(reader, r#"{"type":"enum","name":"b.Old","symbols":["A"]}"#), []);
    assert_eq!(pair(reader, r#"{"type":"enum","name":"c.Old","symbols":["A"]}"#).len(), 1);
    assert_eq!(pair(r#"{"type":"enum","name":"b.Old","symbols":["A"]}"#, reader).len(), 1);
}

/// Chains of pairs get as long as the product of two rings of types; the walk must not take a thread's stack for it.
#[test]
fn two_rings_of_types_do_not_overflow_the_stack() {
    let ring = |prefix: &str, length: usize, aliases: &str, last: &str| {
        let mut text = String::new();
        for index in (0..length).rev() {
            let next = if index == length - 1 { format!(r#""{prefix}R0""#) } else { text };
            text = format!(
                r#"{{"type":"record","name":"{prefix}R{index}","aliases":[{aliases}],"fields":[{{"name":"n","type":{next}}}{last}]}}"#
            );
        }
        text
    };
    let aliases: Vec<String> = (0..31).map(|index| format!(r#""w.R{index}""#)).collect();
    let reader = ring("r.", 30, &aliases.join(","), r#",{"name":"x","type":"int"}"#);
    let writer = ring("w.", 31, "", "");
    assert_eq!(pair(&reader, &writer).len(), 30 * 31);
}

/// Ten thousand fields that all changed once cost a look at the whole record each.
#[test]
fn a_budget_ends_what_would_take_long_and_lets_large_schemas_pass() {
    let of = |kind: &Value| {
        let fields: Vec<Value> =
            (0..2_000).map(|field| json!({ "name": format!("f{field}"), "type": kind })).collect();
        parse(&json!({ "type": "record", "name": "R", "fields": fields }))
    };
    let fields = |kind: &str| of(&json!(kind));
    // Pairs of primitive types are judged at sight and not kept.
    let arrays = || of(&json!({ "type": "array", "items": "int" }));
    let budget = Budget { pairs: 3_000, steps: 20_000 };
    let verdicts = Verdicts::within(budget, &fields("int"), &fields("string")).expect("is small");
    assert!(!verdicts.compatible(verdicts.reader().root(), verdicts.writer().root()));
    let tight = Budget { pairs: 1_000, ..budget };
    assert_eq!(
        Verdicts::within(tight, &arrays(), &arrays()).expect_err("is large").to_string(),
        "the schemas take more than 1000 pairs of types or 20000 steps to compare; give them fewer types that refer to each other, and fewer branches to a union"
    );
    let tight = Budget { steps: 3_000, ..budget };
    assert_eq!(
        check_mode_within(tight, Mode::Forward, &fields("int"), &[fields("int")]),
        Err(TooComplex { budget: tight })
    );
}

#[test]
fn full_compatibility_names_who_cannot_read_whom() {
    let schema = |text: &str| Schema::parse(text).expect("sound");
    let found = check_mode(
        Mode::FullTransitive,
        &schema(r#""long""#),
        &[schema(r#""string""#), schema(r#""int""#)],
    );
    let seen: Vec<_> =
        found.iter().map(|one| (one.previous, format!("{:?}", one.direction))).collect();
    assert_eq!(
        seen,
        [(1, "Forward".to_owned()), (0, "Backward".to_owned()), (0, "Forward".to_owned())]
    );
    assert_eq!(
        "FULLY".parse::<Mode>().expect_err("no mode").to_string(),
        "expected NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL or FULL_TRANSITIVE, found `FULLY`"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_plan_compiles_exactly_for_what_is_compatible(bytes in random::entropy()) {
        let mut entropy = Entropy::new(bytes);
        let writer_json = random::schema(&mut entropy, Shape { logical: false });
        let reader_json = random::evolve(&mut entropy, &writer_json);
        let writer = Schema::parse(&writer_json.to_string()).expect("random schemas are sound");
        // A change may take away a type that something else refers to.
        if let Ok(reader) = Schema::parse(&reader_json.to_string()) {
            let found = compatibility(&reader, &writer);
            prop_assert_eq!(found.is_empty(), is_compatible(&reader, &writer));
            let plan = Plan::compile(&writer, &reader);
            prop_assert_eq!(plan.is_ok(), found.is_empty(), "{} {} {:?} {:?}", writer_json, reader_json, found, plan.err());
        }
    }
}
