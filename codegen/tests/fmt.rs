//! `charter fmt`: one layout, and never another meaning.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use charter_avro::schema::Schema;
use charter_avro::source::{Tree, Value};
use charter_codegen::fmt::{WIDTH, format};
use fastrand::Rng;

/// Written by hand, with what people do: other orders, tabs, attributes that Avro does not know.
const BY_HAND: &str = "{\"fields\": [\r\n\
  {\"doc\":\"The order. It is named by whoever places it, and stays the same in every system that hears of it.\", \"name\": \"orderId\",\"type\":\"string\"},\n\
  \t{\"charter\": {\"example\": 2, \"unit\":\"1\"}, \"connect.index\": 1, \"name\":\"lines\", \"type\":{\"items\": {\"type\":\"record\",\"name\":\"Line\",\"fields\":[]}, \"type\":\"array\"}, \"order\":\"ignore\", \"doc\": \"Its lines.\"}],\n\
  \"charter\": {\"rejections\": {\"Z_LAST\": {\"doc\":\"Second.\",\"status\":409}, \"A_FIRST\": {\"status\":404}}, \"key\":[\"orderId\"], \"kind\":\"command\"},\n\
  \"name\":\"PlaceOrder\", \"x-team\": {\"b\":1.50,\"a\":[]}, \"doc\":\"Place an \\u006frder \\u2013 or \\\"more\\\".\", \"type\":\"record\",\n\"namespace\":\"shop\", \"aliases\": [\"shop.Order\"]}";

const FORMATTED: &str = r#"{
  "type": "record", "namespace": "shop", "name": "PlaceOrder",
  "aliases": ["shop.Order"],
  "doc": "Place an order – or \"more\".",
  "charter": {
    "kind": "command",
    "key": ["orderId"],
    "rejections": { "Z_LAST": { "status": 409, "doc": "Second." }, "A_FIRST": { "status": 404 } }
  },
  "x-team": { "b": 1.50, "a": [] },
  "fields": [
    {
      "name": "orderId",
      "type": "string",
      "doc": "The order. It is named by whoever places it, and stays the same in every system that hears of it."
    },
    {
      "name": "lines",
      "type": { "type": "array", "items": { "type": "record", "name": "Line", "fields": [] } },
      "doc": "Its lines.",
      "order": "ignore",
      "connect.index": 1,
      "charter": { "unit": "1", "example": 2 }
    }
  ]
}
"#;

#[test]
fn one_layout() {
    assert_eq!(format(BY_HAND).unwrap(), FORMATTED);
    assert_eq!(format(FORMATTED).unwrap(), FORMATTED);
}

/// What a tree says, whatever the order of its keys: numbers as they are written.
fn meaning(tree: &Tree) -> String {
    match &tree.value {
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|member| format!("{:?}:{}", member.key, meaning(&member.value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(meaning).collect::<Vec<_>>().join(","))
        }
        Value::Number(number) => number.as_str().to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => "null".to_owned(),
    }
}

/// A text of random letters, those that JSON escapes and wide ones among them.
fn text(rng: &mut Rng, longest: usize) -> String {
    const LETTERS: &[char] =
        &['a', 'Z', '0', ' ', '"', '\\', '\n', '\u{1}', '/', 'é', '→', '🦀', '.', '`'];
    (0..rng.usize(0..=longest)).map(|_| LETTERS[rng.usize(0..LETTERS.len())]).collect()
}

fn json(rng: &mut Rng, depth: usize) -> String {
    match rng.usize(0..if depth == 0 { 4 } else { 6 }) {
        0 => {
            (*["0", "-0", "1.50", "12345678901234567890123", "-1e3"].get(rng.usize(0..5)).unwrap())
                .to_owned()
        }
        1 => (*["true", "false", "null"].get(rng.usize(0..3)).unwrap()).to_owned(),
        2 | 3 => serde_json::Value::from(text(rng, 30)).to_string(),
        4 => {
            let items: Vec<String> = (0..rng.usize(0..4)).map(|_| json(rng, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let parts =
                (0..rng.usize(0..4)).map(|i| (format!("k{i}"), json(rng, depth - 1))).collect();
            object(rng, parts)
        }
    }
}

/// An object with its keys in any order and any space between.
fn object(rng: &mut Rng, mut parts: Vec<(String, String)>) -> String {
    rng.shuffle(&mut parts);
    let space = |rng: &mut Rng| ["", " ", "\n", "\t ", "\r\n    "][rng.usize(0..5)];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(key, value)| {
            format!(
                "{}{}{}:{}{value}",
                space(rng),
                serde_json::Value::from(key),
                space(rng),
                space(rng)
            )
        })
        .collect();
    format!("{{{}{}}}", parts.join(","), space(rng))
}

/// A random schema. `named` counts the types, whose names differ.
fn schema(rng: &mut Rng, depth: usize, named: &mut usize) -> String {
    let extra = |rng: &mut Rng, parts: &mut Vec<(String, String)>| {
        if rng.bool() {
            parts.push(("doc".to_owned(), serde_json::Value::from(text(rng, 150)).to_string()));
        }
        for key in ["charter", "x-team", "connect.name"] {
            if rng.u8(0..4) == 0 {
                parts.push((key.to_owned(), json(rng, 2)));
            }
        }
    };
    let pair = |key: &str, value: String| (key.to_owned(), value);
    let quoted = |text: &str| format!("\"{text}\"");
    match rng.usize(0..if depth == 0 { 4 } else { 9 }) {
        0 => quoted("string"),
        1 => quoted("long"),
        2 => object(
            rng,
            vec![pair("type", quoted("long")), pair("logicalType", quoted("timestamp-micros"))],
        ),
        3 => object(
            rng,
            vec![
                pair("type", quoted("bytes")),
                pair("logicalType", quoted("decimal")),
                pair("precision", "14".to_owned()),
                pair("scale", "2".to_owned()),
            ],
        ),
        4 => {
            let items = schema(rng, depth - 1, named);
            object(rng, vec![pair("type", quoted("array")), pair("items", items)])
        }
        5 => {
            *named += 1;
            let mut parts = vec![
                pair("type", quoted("enum")),
                pair("name", quoted(&format!("E{named}"))),
                pair("symbols", "[ \"B\",\"A\" , \"C\"]".to_owned()),
            ];
            if rng.bool() {
                parts.push(pair("default", quoted("A")));
            }
            extra(rng, &mut parts);
            object(rng, parts)
        }
        6 => {
            let values = schema(rng, depth - 1, named);
            object(rng, vec![pair("type", quoted("map")), pair("values", values)])
        }
        _ => {
            *named += 1;
            let name = format!("R{named}");
            let fields: Vec<String> = (0..rng.usize(0..5))
                .map(|index| {
                    let ty = if rng.bool() {
                        format!("[\"null\",{}]", schema(rng, depth - 1, named))
                    } else {
                        schema(rng, depth - 1, named)
                    };
                    let mut parts =
                        vec![pair("name", quoted(&format!("f{index}"))), pair("type", ty.clone())];
                    if ty.starts_with('[') && rng.bool() {
                        parts.push(pair("default", "null".to_owned()));
                    }
                    if rng.bool() {
                        parts.push(pair("order", quoted("descending")));
                    }
                    extra(rng, &mut parts);
                    object(rng, parts)
                })
                .collect();
            let mut parts = vec![
                pair("type", quoted("record")),
                pair("namespace", quoted("a.b")),
                pair("name", quoted(&name)),
                pair("aliases", "[\"Old\" ]".to_owned()),
                pair("fields", format!("[{}]", fields.join(" ,\n"))),
            ];
            extra(rng, &mut parts);
            object(rng, parts)
        }
    }
}

#[test]
fn no_meaning_changes_and_twice_is_once() {
    let mut records = 0;
    for seed in 0..1_500 {
        let mut rng = Rng::with_seed(seed);
        let written = schema(&mut rng, 4, &mut 0);
        let formatted =
            format(&written).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{written}"));
        assert_eq!(format(&formatted).unwrap(), formatted, "seed {seed}: twice is once");
        let (before, after) =
            (Tree::parse_json(&written).unwrap(), Tree::parse_json(&formatted).unwrap());
        assert_eq!(meaning(&before), meaning(&after), "seed {seed}:\n{written}\n{formatted}");
        let (before, after) =
            (Schema::parse(&written).unwrap(), Schema::parse(&formatted).unwrap());
        assert_eq!(before.canonical_form(), after.canonical_form(), "seed {seed}");
        records += usize::from(written.contains("\"record\""));
        assert!(!formatted.contains(['\r', '\t']) && formatted.ends_with('\n'), "seed {seed}");
        for line in formatted.lines() {
            let alone = !line.contains(", \"") || line.matches("\": ").count() <= 1;
            assert!(line.chars().count() <= WIDTH || alone, "seed {seed}: {line}");
        }
    }
    assert!(records > 250, "there are records among them: {records}");
}

#[test]
fn the_order_of_keys_and_the_space_between_leave_no_trace() {
    for seed in 0..300 {
        let texts: Vec<String> = (0..2)
            .map(|order| {
                let tree = Tree::parse_json(&schema(&mut Rng::with_seed(seed), 3, &mut 0)).unwrap();
                let mut rng = Rng::with_seed(order);
                shuffled(&mut rng, &tree, true)
            })
            .collect();
        assert_eq!(
            format(&texts[0]).unwrap(),
            format(&texts[1]).unwrap(),
            "seed {seed}\n{}\n{}",
            texts[0],
            texts[1]
        );
    }
}

/// The same schema, the keys that Avro knows in another order; others keep theirs.
fn shuffled(rng: &mut Rng, tree: &Tree, is_schema: bool) -> String {
    const KNOWN: &[&str] = &[
        "type",
        "name",
        "namespace",
        "aliases",
        "doc",
        "fields",
        "items",
        "values",
        "symbols",
        "default",
        "order",
        "precision",
        "scale",
        "logicalType",
    ];
    match &tree.value {
        Value::Object(members) if is_schema => {
            let (mut known, unknown): (Vec<_>, Vec<_>) =
                members.iter().partition(|member| KNOWN.contains(&member.key.as_str()));
            rng.shuffle(&mut known);
            let parts: Vec<String> = known
                .into_iter()
                .map(|member| (member, true))
                .chain(unknown.into_iter().map(|member| (member, false)))
                .map(|(member, inner)| {
                    format!("{:?}: {}", member.key, shuffled(rng, &member.value, inner))
                })
                .collect();
            format!("{{{}}}", parts.join([",", ",\n"][rng.usize(0..2)]))
        }
        Value::Array(items) if is_schema => {
            let items: Vec<String> = items.iter().map(|item| shuffled(rng, item, true)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => tree.to_json().to_string(),
    }
}

fn charter(arguments: &[&str], root: &Path) -> Output {
    Command::cargo_bin("charter")
        .unwrap()
        .arg("fmt")
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap()
}

#[test]
fn files_are_checked_and_written() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("schemas/shop/commands/place_order.avsc");
    let frozen = root.path().join("schemas/released/v1/shop/commands/place_order.avsc");
    for path in [&place, &frozen] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, BY_HAND).unwrap();
    }
    let check = charter(&["--check"], root.path());
    assert_eq!(check.status.code(), Some(4));
    assert_eq!(
        String::from_utf8(check.stderr).unwrap(),
        "schemas need formatting:\n  schemas/shop/commands/place_order.avsc\nrun `charter fmt`\n"
    );
    assert_eq!(fs::read_to_string(&place).unwrap(), BY_HAND, "a check writes nothing");
    assert_eq!(charter(&[], root.path()).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&place).unwrap(), FORMATTED);
    assert_eq!(fs::read_to_string(&frozen).unwrap(), BY_HAND, "what is released stays as it was");
    assert_eq!(charter(&["--check"], root.path()).status.code(), Some(0));

    fs::write(&place, "{\n  \"type\": \"record\",,\n}").unwrap();
    let broken = charter(&[], root.path());
    assert_eq!(broken.status.code(), Some(2));
    let said = String::from_utf8(broken.stderr).unwrap();
    assert!(said.contains("schemas/shop/commands/place_order.avsc:2:20"), "{said}");
    assert_eq!(charter(&["nowhere.avsc"], root.path()).status.code(), Some(2));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let root = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], input: &str| {
        Command::cargo_bin("charter")
            .unwrap()
            .arg("fmt")
            .args(arguments)
            .write_stdin(input.to_owned())
            .current_dir(root.path())
            .output()
            .unwrap()
    };
    let output = run(&["-"], BY_HAND);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), FORMATTED);
    assert_eq!(run(&["-", "--check"], BY_HAND).status.code(), Some(4));
    assert_eq!(run(&["-", "--check"], FORMATTED).status.code(), Some(0));
    assert_eq!(run(&["-", "other.avsc"], FORMATTED).status.code(), Some(2));
}

#[test]
fn this_repositorys_schemas_are_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = charter(&["--check"], &root);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
