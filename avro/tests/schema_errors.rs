//! What the parser finds wrong, and where: a table of malformed schemas.

mod support;

use charter_avro::schema::{Schema, SchemaError, SchemaSet, SourceFile};
use charter_avro::source::Tree;
use proptest::prelude::{any, prop_assert, proptest};
use support::random::{self, Entropy, Shape};

/// The rule, line and column of each problem.
type Found = Vec<(&'static str, u32, u32)>;

fn found(errors: &[SchemaError]) -> Found {
    errors.iter().map(|error| (error.rule, error.span.line, error.span.column)).collect()
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

/// A text and what is wrong with it.
type Case = (&'static str, &'static [(&'static str, u32, u32)]);

/// Malformed for every reader.
const READER: &[Case] = &[
    // The text.
    ("", &[("SOURCE_SYNTAX", 1, 1)]),
    ("{\"type\": \"int\",\n}", &[("SOURCE_SYNTAX", 2, 1)]),
    ("{\"type\": 'int'}", &[("SOURCE_SYNTAX", 1, 10)]),
    ("\"int\" \"int\"", &[("SOURCE_SYNTAX", 1, 7)]),
    ("{\"type\": \"int\",\n \"ä\": 1, \"type\": \"int\"}", &[("SOURCE_DUPLICATE_KEY", 2, 10)]),
    ("\"\\ud800\"", &[("SOURCE_SYNTAX", 1, 1)]),
    ("[01]", &[("SOURCE_SYNTAX", 1, 3)]),
    ("{\"type\":\"int\",\"x\":1e999}", &[("SOURCE_NUMBER", 1, 19)]),
    // The shape.
    ("null", &[("AVRO_NOT_A_SCHEMA", 1, 1)]),
    ("[\n  \"int\",\n  7]", &[("AVRO_NOT_A_SCHEMA", 3, 3)]),
    ("{\"name\":\"X\"}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":[\"null\",\"int\"]}", &[("AVRO_WRONG_ATTRIBUTE", 1, 9)]),
    ("{\"type\":\"array\"}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":\"map\",\"values\":\"nothing\"}", &[("AVRO_UNKNOWN_TYPE", 1, 24)]),
    ("\"Int\"", &[("AVRO_UNKNOWN_TYPE", 1, 1)]),
    // Names.
    ("{\"type\":\"fixed\",\"size\":4}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":\"fixed\",\"name\":4,\"size\":4}", &[("AVRO_WRONG_ATTRIBUTE", 1, 24)]),
    ("{\"type\":\"fixed\",\"name\":\"a-b\",\"size\":4}", &[("AVRO_INVALID_NAME", 1, 24)]),
    (
        "{\"type\":\"fixed\",\"name\":\"X\",\"namespace\":\"a..b\",\"size\":4}",
        &[("AVRO_INVALID_NAME", 1, 24)],
    ),
    ("{\"type\":\"fixed\",\"name\":\"int\",\"size\":4}", &[("AVRO_INVALID_NAME", 1, 24)]),
    (
        "{\"type\":\"fixed\",\"name\":\"X\",\"aliases\":[\"1\"],\"size\":4}",
        &[("AVRO_INVALID_NAME", 1, 39)],
    ),
    (
        "{\"type\":\"record\",\"name\":\"a.X\",\"fields\":[\n{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"X\",\"size\":1}}]}",
        &[("AVRO_DUPLICATE_NAME", 2, 43)],
    ),
    // Records.
    ("{\"type\":\"record\",\"name\":\"X\"}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":\"record\",\"name\":\"X\",\"fields\":{}}", &[("AVRO_WRONG_ATTRIBUTE", 1, 38)]),
    ("{\"type\":\"record\",\"name\":\"X\",\"fields\":[\"a\"]}", &[("AVRO_WRONG_ATTRIBUTE", 1, 39)]),
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"type\":\"int\"}]}",
        &[("AVRO_MISSING_ATTRIBUTE", 1, 39)],
    ),
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"a\"}]}",
        &[("AVRO_MISSING_ATTRIBUTE", 1, 39)],
    ),
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"a b\",\"type\":\"int\"}]}",
        &[("AVRO_INVALID_NAME", 1, 47)],
    ),
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"a\",\"type\":\"int\",\"order\":\"up\"}]}",
        &[("AVRO_INVALID_ORDER", 1, 72)],
    ),
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[\n{\"name\":\"a\",\"type\":\"int\"},\n{\"name\":\"a\",\"type\":\"long\"}]}",
        &[("AVRO_DUPLICATE_FIELD", 3, 9)],
    ),
    // Several at once.
    (
        "{\"type\":\"record\",\"name\":\"X\",\"fields\":[\n{\"name\":\"a\",\"type\":\"Y\"},\n{\"name\":\"b\",\"type\":\"int\",\"default\":\"1\"},\n{\"type\":\"Z\"}]}",
        &[
            ("AVRO_UNKNOWN_TYPE", 2, 20),
            ("AVRO_INVALID_DEFAULT", 3, 36),
            ("AVRO_MISSING_ATTRIBUTE", 4, 1),
            ("AVRO_UNKNOWN_TYPE", 4, 9),
        ],
    ),
    // Enums.
    ("{\"type\":\"enum\",\"name\":\"X\"}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":\"enum\",\"name\":\"X\",\"symbols\":\"A\"}", &[("AVRO_WRONG_ATTRIBUTE", 1, 37)]),
    (
        "{\"type\":\"enum\",\"name\":\"X\",\"symbols\":[\"A\",1]}",
        &[("AVRO_WRONG_ATTRIBUTE", 1, 42)],
    ),
    (
        "{\"type\":\"enum\",\"name\":\"X\",\"symbols\":[\"A\",\"B!\"]}",
        &[("AVRO_INVALID_SYMBOL", 1, 42)],
    ),
    (
        "{\"type\":\"enum\",\"name\":\"X\",\"symbols\":[\"A\",\"A\"]}",
        &[("AVRO_DUPLICATE_SYMBOL", 1, 42)],
    ),
    (
        "{\"type\":\"enum\",\"name\":\"X\",\"symbols\":[\"A\"],\"default\":\"B\"}",
        &[("AVRO_ENUM_DEFAULT", 1, 53)],
    ),
    // Fixed.
    ("{\"type\":\"fixed\",\"name\":\"X\"}", &[("AVRO_MISSING_ATTRIBUTE", 1, 1)]),
    ("{\"type\":\"fixed\",\"name\":\"X\",\"size\":-1}", &[("AVRO_FIXED_SIZE", 1, 35)]),
    ("{\"type\":\"fixed\",\"name\":\"X\",\"size\":1.0}", &[("AVRO_FIXED_SIZE", 1, 35)]),
    ("{\"type\":\"fixed\",\"name\":\"X\",\"size\":2147483648}", &[("AVRO_FIXED_SIZE", 1, 35)]),
    // Unions.
    ("[\"int\",[\"null\"]]", &[("AVRO_NESTED_UNION", 1, 8)]),
    ("[\"int\",\"int\"]", &[("AVRO_DUPLICATE_BRANCH", 1, 8)]),
    (
        "[{\"type\":\"array\",\"items\":\"int\"},{\"type\":\"array\",\"items\":\"long\"}]",
        &[("AVRO_DUPLICATE_BRANCH", 1, 33)],
    ),
    ("[{\"type\":\"fixed\",\"name\":\"X\",\"size\":1},\"X\"]", &[("AVRO_DUPLICATE_BRANCH", 1, 39)]),
];

#[test]
fn readers_are_told_rule_line_and_column() {
    let mut failures = Vec::new();
    for (text, expected) in READER {
        let errors = Schema::parse(text).expect_err(text);
        if found(&errors.0) != *expected {
            failures.push(format!("{text}: expected {expected:?}, found {errors}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A field's type and default, and the column of the problem within the default.
const DEFAULTS: &[(&str, &str, Option<&str>)] = &[
    (r#""null""#, "null", None),
    (r#""null""#, "0", Some("expected null, found `0`")),
    (r#""boolean""#, "true", None),
    (r#""int""#, "2147483647", None),
    (r#""int""#, "2147483648", Some("expected an integer of 32 bits, found `2147483648`")),
    (r#""int""#, "1.0", Some("expected an integer of 32 bits, found `1.0`")),
    (r#""int""#, "null", Some("expected an integer of 32 bits, found null")),
    (r#""long""#, "-9223372036854775808", None),
    (
        r#""long""#,
        "9223372036854775808",
        Some("expected an integer of 64 bits, found `9223372036854775808`"),
    ),
    (r#""double""#, "1", None),
    (r#""double""#, r#""NaN""#, None),
    (r#""double""#, r#""many""#, Some(r#"expected a number, found `"many"`"#)),
    (r#""bytes""#, r#""\u00ff""#, None),
    (
        r#""bytes""#,
        r#""€""#,
        Some(r#"expected a string of characters up to U+00FF, one a byte, found `"€"`"#),
    ),
    (r#"{"type":"fixed","name":"F","size":2}"#, r#""ab""#, None),
    (
        r#"{"type":"fixed","name":"F","size":2}"#,
        r#""abc""#,
        Some(r#"expected a string of 2 characters up to U+00FF, one a byte, found `"abc"`"#),
    ),
    (r#"{"type":"enum","name":"E","symbols":["A"]}"#, r#""A""#, None),
    (
        r#"{"type":"enum","name":"E","symbols":["A"]}"#,
        r#""B""#,
        Some(r#"expected one of the symbols `A`, found `"B"`"#),
    ),
    (r#"{"type":"array","items":"int"}"#, "[1,2]", None),
    (
        r#"{"type":"array","items":"int"}"#,
        r#"[1,"2"]"#,
        Some(r#"expected an integer of 32 bits, found `"2"`"#),
    ),
    (r#"{"type":"map","values":"int"}"#, r#"{"a":1}"#, None),
    (r#"{"type":"map","values":"int"}"#, "[]", Some("expected an object, found an array")),
    (r#"["null","int"]"#, "1", None),
    (r#"["null","int"]"#, r#""1""#, Some(r#"expected null, found `"1"`"#)),
    (
        r#"{"type":"record","name":"I","fields":[{"name":"a","type":"int","default":1}]}"#,
        "{}",
        None,
    ),
    (
        r#"{"type":"record","name":"I","fields":[{"name":"a","type":"int"}]}"#,
        "{}",
        Some("expected a value for the field `a`, found an object"),
    ),
];

#[test]
fn defaults_are_checked_against_their_types() {
    for (kind, default, expected) in DEFAULTS {
        let text = format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{kind},"default":{default}}}]}}"#
        );
        let message = Schema::parse(&text).err().map(|errors| errors.0[0].message.clone());
        let expected = expected.map(|expected| format!("the default of `f`: {expected}"));
        assert_eq!(message, expected, "{text}");
    }
}

/// Problems in contracts only: readers ignore or accept these. The text stands in place of a field's type.
const CONTRACT: &[(&str, &str, u32)] = &[
    (r#"{"type":"int","logicalType":"timestamp-millis"}"#, "AVRO_INVALID_LOGICAL_TYPE", 29),
    (r#"{"type":"int","logicalType":"datum"}"#, "AVRO_UNKNOWN_LOGICAL_TYPE", 29),
    (r#"{"type":"bytes","logicalType":"decimal"}"#, "AVRO_INVALID_LOGICAL_TYPE", 31),
    (r#"{"type":"bytes","logicalType":"decimal","precision":0}"#, "AVRO_INVALID_LOGICAL_TYPE", 53),
    (
        r#"{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}"#,
        "AVRO_INVALID_LOGICAL_TYPE",
        63,
    ),
    (r#"{"type":"string","logicalType":7}"#, "AVRO_INVALID_LOGICAL_TYPE", 32),
    ("[]", "AVRO_EMPTY_UNION", 1),
    (r#"["null","int"], "default": 1"#, "AVRO_DEFAULT_BRANCH", 28),
    (r#""double", "default": "NaN""#, "AVRO_INVALID_DEFAULT", 22),
    (r#"{"type":"x.Other","doc":"lost"}"#, "AVRO_REFERENCE_ATTRIBUTES", 19),
    (r#"{"type":"fixed","name":"F","size":2}"#, "AVRO_NESTED_DEFINITION", 24),
    (r#""x.R""#, "AVRO_INFINITE_RECORD", 0),
    (r#""int", "aliases": ["other"]"#, "AVRO_DUPLICATE_ALIAS", 20),
    (r#""int", "aliases": ["a-b"]"#, "AVRO_INVALID_NAME", 20),
    (r#""int", "doc": 7"#, "AVRO_WRONG_ATTRIBUTE", 15),
];

#[test]
fn contracts_are_told_what_readers_would_ignore() {
    let other = file("Other.avsc", r#"{"type":"fixed","name":"x.Other","size":16}"#);
    let start = "{\"type\":\"record\",\"name\":\"x.R\",\"fields\":[{\"name\":\"other\",\"type\":\"int\"},\n{\"name\":\"f\",\"type\":";
    for (kind, rule, column) in CONTRACT {
        let text = format!("{start}{kind}}}]}}");
        let (set, errors) = SchemaSet::parse(&[file("R.avsc", &text), other.clone()]);
        let place = if *column == 0 { (1, 1) } else { (2, 19 + column) };
        assert_eq!(found(&errors), [(*rule, place.0, place.1)], "{text}: {errors:?}");
        assert_eq!(
            set.types().map(|known| known.name.to_string()).collect::<Vec<_>>(),
            ["x.Other"],
            "{text}"
        );
    }
}

#[test]
fn what_a_reader_ignores_it_keeps_as_attributes() {
    let text = r#"{"type":"int","logicalType":"timestamp-millis","unit":"ms"}"#;
    let schema = Schema::parse(text).expect("a reader's schema");
    let node = schema.node(schema.root());
    assert_eq!(node.logical, None);
    assert_eq!(schema.to_json().to_string(), text);
}

#[test]
fn names_resolve_across_files_in_any_order() {
    let files = [
        file(
            "a.avsc",
            r#"{"type":"record","name":"seat.A","fields":[{"name":"b","type":"B"},{"name":"m","type":"shared.M"}]}"#,
        ),
        file("b.avsc", r#"{"type":"enum","name":"B","namespace":"seat","symbols":["X"]}"#),
        file(
            "m.avsc",
            r#"{"type":"record","name":"M","namespace":"shared","fields":[{"name":"a","type":["null","seat.A"]}]}"#,
        ),
    ];
    let (set, errors) = SchemaSet::parse(&files);
    assert_eq!(errors, []);
    assert_eq!(
        set.schema("seat.A").expect("seat.A").canonical_form(),
        concat!(
            r#"{"name":"seat.A","type":"record","fields":[{"name":"b","type":{"name":"seat.B","type":"enum","symbols":["X"]}},"#,
            r#"{"name":"m","type":{"name":"shared.M","type":"record","fields":[{"name":"a","type":["null","seat.A"]}]}}]}"#,
        )
    );
    let written = set.schema("shared.M").expect("shared.M").to_json().to_string();
    assert_eq!(
        Schema::parse(&written).expect("self-contained").canonical_form(),
        set.schema("shared.M").expect("shared.M").canonical_form()
    );
}

#[test]
fn a_broken_file_takes_only_itself_along() {
    let files = [
        file("a.avsc", r#"{"type":"record","name":"A","fields":[{"name":"b","type":"B"}]}"#),
        file("b.avsc", "{\"type\":\"enum\",\"name\":\"B\",\n\"symbols\":[\"X\",\"X\"]}"),
        file("c.avsc", "\"int\""),
        file("d.avsc", r#"{"type":"fixed","name":"A","size":1}"#),
        file("e.avsc", "\"A\""),
    ];
    let (set, errors) = SchemaSet::parse(&files);
    let seen: Vec<_> =
        errors.iter().map(|error| (error.file, error.rule, error.span.line)).collect();
    assert_eq!(
        seen,
        [
            (1, "AVRO_DUPLICATE_SYMBOL", 2),
            (2, "AVRO_NOT_NAMED", 1),
            (3, "AVRO_DUPLICATE_NAME", 1),
            (4, "AVRO_NOT_NAMED", 1)
        ]
    );
    assert_eq!(
        set.types().map(|known| (known.name.as_str(), known.file)).collect::<Vec<_>>(),
        [("A", 0)]
    );
}

#[test]
fn a_second_definition_names_the_first() {
    let files = [
        file("seat/A.avsc", r#"{"type":"fixed","name":"A","size":1}"#),
        file("b.avsc", r#"{"type":"fixed","name":"A","size":1}"#),
    ];
    let (_, errors) = SchemaSet::parse(&files);
    assert_eq!(
        errors[0].message,
        "expected each type to be defined once, found `A` again (first in seat/A.avsc at 1:24)"
    );
}

#[test]
fn long_lists_are_cut() {
    let symbols: Vec<String> = (0..30).map(|index| format!("\"S{index}\"")).collect();
    let text =
        format!(r#"{{"type":"enum","name":"E","symbols":[{}],"default":"X"}}"#, symbols.join(","));
    let errors = Schema::parse(&text).expect_err("no such symbol");
    let help = errors.0[0].help.as_deref().expect("help");
    assert!(help.ends_with("`S18`, `S19` and 10 more"), "{help}");
}

proptest! {
    /// Neither does a text that is nearly a schema: some bytes of it are taken away, doubled or changed.
    #[test]
    fn no_text_makes_the_parsers_panic(bytes in random::entropy(), changes in proptest::collection::vec(any::<(u16, u8)>(), 0..6)) {
        let json = random::schema(&mut Entropy::new(bytes), Shape { logical: true });
        let mut text = json.to_string().into_bytes();
        for (place, change) in changes {
            let place = usize::from(place) % text.len().max(1);
            match change {
                0..60 if !text.is_empty() => drop(text.remove(place)),
                60..120 if !text.is_empty() => text.insert(place, text[place]),
                _ if !text.is_empty() => text[place] = change,
                _ => {}
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        if let Err(errors) = Schema::parse(&text) {
            prop_assert!(!errors.0.is_empty());
            for error in &errors.0 {
                let span = error.span;
                prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{}: {:?}", text, error);
                prop_assert!(span.line > 0 && span.column > 0, "{}: {:?}", text, error);
            }
        }
        let (_, _) = SchemaSet::parse(&[file("a.avsc", &text)]);
        let _ = Tree::parse_yaml(&text);
    }
}

#[test]
fn an_unknown_name_is_answered_with_one_that_is_known() {
    let files = [
        file(
            "a.avsc",
            r#"{"type":"record","name":"seat.A","fields":[{"name":"b","type":"seat.SeatStatis"}]}"#,
        ),
        file("b.avsc", r#"{"type":"enum","name":"seat.SeatStatus","symbols":["X"]}"#),
    ];
    let (_, errors) = SchemaSet::parse(&files);
    assert_eq!(
        errors[0].message,
        "expected the name of a type that is defined, found `seat.SeatStatis`"
    );
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `seat.SeatStatus`?"));
}

#[test]
fn names_and_namespaces_follow_the_specification() {
    let text = r#"{"type":"record","name":"Example","doc":"A simple name (attribute) and no namespace attribute: use the null namespace",
        "fields":[
          {"name":"inheritNull","type":{"type":"enum","name":"Simple","symbols":["a","b"]}},
          {"name":"explicitNamespace","type":{"type":"fixed","name":"Simple","namespace":"explicit","size":12}},
          {"name":"fullName","type":{"type":"record","name":"a.full.Name","namespace":"ignored","fields":[
            {"name":"inheritNamespace","type":{"type":"enum","name":"Understanding","symbols":["d","e"]}},
            {"name":"far","type":"Simple"}]}}]}"#;
    let schema = Schema::parse(text).expect("the specification's example");
    let names: Vec<String> = schema
        .named_types()
        .iter()
        .filter_map(|id| schema.node(*id).kind.name().map(ToString::to_string))
        .collect();
    assert_eq!(
        names,
        ["Example", "Simple", "explicit.Simple", "a.full.Name", "a.full.Understanding"]
    );
}

#[test]
fn references_are_read_beside_a_schema() {
    let text = r#"{"type":"record","name":"x.R","fields":[{"name":"m","type":"shared.Money"}]}"#;
    let money = r#"{"type":"record","name":"shared.Money","fields":[{"name":"cents","type":"shared.Cents"}]}"#;
    let cents = r#"{"type":"fixed","name":"shared.Cents","size":8}"#;
    let schema = Schema::parse_with_references(text, &[money, cents]).expect("resolved");
    assert_eq!(schema.named_types().len(), 3);
    let errors = Schema::parse_with_references(text, &[money]).expect_err("one is missing");
    assert_eq!((errors.0[0].file, errors.0[0].rule), (1, "AVRO_UNKNOWN_TYPE"));
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| {
        format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(levels), "}".repeat(levels))
    };
    assert!(Schema::parse(&deep(128)).is_ok());
    assert_eq!(Schema::parse(&deep(129)).expect_err("too deep").0[0].rule, "SOURCE_DEPTH");
    // Names chain without nesting in the text.
    let chain = |length: usize| {
        let links = (0..length).map(|index| {
            let next = if index + 1 == length {
                "\"int\"".to_owned()
            } else {
                format!("\"R{}\"", index + 1)
            };
            format!(
                r#"{{"type":"record","name":"R{index}","fields":[{{"name":"n","type":{next}}}]}}"#
            )
        });
        format!("[{}]", links.collect::<Vec<_>>().join(","))
    };
    assert!(Schema::parse(&chain(200)).is_ok());
    assert_eq!(Schema::parse(&chain(300)).expect_err("too deep").0[0].rule, "AVRO_DEPTH");
}

/// A default that fails at the bottom of nested unions was tried 2^60 times.
#[test]
fn a_default_deep_in_nested_unions_is_refused_at_once() {
    let value = format!("{}7{}", r#"{"f":"#.repeat(60), "}".repeat(60));
    let text = format!(
        r#"{{"type":"record","name":"A","fields":[{{"name":"f","type":["null","A",
            {{"type":"record","name":"B","fields":[{{"name":"f","type":["null","A","B"]}}]}}]}},
            {{"name":"g","type":"A","default":{value}}}]}}"#
    );
    assert_eq!(Schema::parse(&text).expect_err("refused").0[0].rule, "AVRO_INVALID_DEFAULT");
}
