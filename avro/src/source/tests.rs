use super::{Member, Span, Tree, Value};

fn json(text: &str) -> Tree {
    Tree::parse_json(text).expect("JSON")
}

fn yaml(text: &str) -> Tree {
    Tree::parse_yaml(text).expect("YAML")
}

fn place(span: Span, text: &str) -> (u32, u32, &str) {
    (span.line, span.column, &text[span.start as usize..span.end as usize])
}

#[test]
fn json_knows_where_everything_stands() {
    let text = "{\r\n  \"ä\": [1, \"b\\u0041\"],\n\t\"c\": {\"d\": null} }";
    let tree = json(text);
    assert_eq!(place(tree.span, text), (1, 1, text));
    let first = tree.member("ä").expect("a member");
    assert_eq!(place(first.key_span, text), (2, 3, "\"ä\""));
    assert_eq!(place(first.value.span, text), (2, 8, "[1, \"b\\u0041\"]"));
    let items = first.value.as_array().expect("an array");
    assert_eq!(place(items[1].span, text), (2, 12, "\"b\\u0041\""));
    assert_eq!(items[1].as_str(), Some("bA"));
    let inner = tree.get("c").and_then(|tree| tree.member("d")).expect("a member");
    assert_eq!(place(inner.key_span, text), (3, 8, "\"d\""));
    assert_eq!(place(inner.value.span, text), (3, 13, "null"));
}

#[test]
fn json_is_read_as_strictly_as_serde_json_reads_it() {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "{\"a\" 1}",
        "nul",
        "nulls",
        "True",
        "+1",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\t\"",
        "\"\n\"",
        "# c\n1",
        "// c\n1",
        "1 1",
        "- 1",
        "[1]]",
        "\u{b}1",
        "{}",
        "[]",
        "0",
        "-0",
        "1.5e-3",
        "\"\\ud83e\\udd80\"",
        "\"\u{7f}\"",
        " [ 1 , { \"a\" : [ ] } ] ",
        "\"\\/\"",
        "true",
        "\r\n1\t",
    ];
    for text in texts {
        let expected: Result<serde_json::Value, _> = serde_json::from_str(text);
        let found = Tree::parse_json(text);
        assert_eq!(found.as_ref().ok().map(Tree::to_json), expected.ok(), "{text:?}: {found:?}");
    }
}

#[test]
fn numbers_keep_their_digits() {
    let tree = json(
        "[18446744073709551615, 0.10, 123456789012345678901234567890, -9223372036854775808, 1E2, -0]",
    );
    let items = tree.as_array().expect("an array");
    let texts: Vec<&str> =
        items.iter().filter_map(|item| item.as_number().map(super::Number::as_str)).collect();
    assert_eq!(
        texts,
        [
            "18446744073709551615",
            "0.10",
            "123456789012345678901234567890",
            "-9223372036854775808",
            "1E2",
            "-0"
        ]
    );
    assert_eq!((items[0].as_u64(), items[0].as_i64()), (Some(u64::MAX), None));
    assert_eq!((items[3].as_i64(), items[3].as_u64()), (Some(i64::MIN), None));
    assert_eq!((items[4].as_i64(), items[5].as_i64(), items[5].as_u64()), (None, Some(0), Some(0)));
    assert_eq!(
        tree.to_json().to_string(),
        "[18446744073709551615,0.1,1.2345678901234568e+29,-9223372036854775808,100.0,-0.0]"
    );
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let cases = [
        (
            "{\"a\": 1,\n \"b\": 2,\n \"a\": 3}",
            "SOURCE_DUPLICATE_KEY",
            (3, 2),
            "expected each key once, found `a` again (first at 1:2)",
        ),
        ("[1, 2\n", "SOURCE_SYNTAX", (2, 1), "expected `,` or `]`, found the end of the document"),
        ("{\"a\": }", "SOURCE_SYNTAX", (1, 7), "expected a JSON value, found `}`"),
        (
            "\"ä\u{1}\"",
            "SOURCE_SYNTAX",
            (1, 3),
            "expected an escape such as `\\n` in place of a control character, found `\\u{1}`",
        ),
        (
            "[1e400]",
            "SOURCE_NUMBER",
            (1, 2),
            "expected a number within the range of a double, found `1e400`",
        ),
        (
            "[1, \"abc",
            "SOURCE_SYNTAX",
            (1, 5),
            "expected `\"` at the end of the string, found the end of the document",
        ),
    ];
    for (text, rule, place, message) in cases {
        let error = Tree::parse_json(text).expect_err(text);
        assert_eq!(
            (error.rule, (error.span.line, error.span.column), error.message.as_str()),
            (rule, place, message)
        );
    }
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(129);
        assert_eq!(Tree::parse_json(&deep).expect_err("deep").rule, "SOURCE_DEPTH");
    }
}

#[test]
fn yaml_knows_where_everything_stands() {
    let text = "# a comment\npaths:\n  /shows:\n    get: {x-query: seat.Show, tags: [a, \"b\"]}\n  'q': >\n    folded\n";
    let tree = yaml(text);
    let paths = tree.member("paths").expect("a member");
    assert_eq!(place(paths.key_span, text), (2, 1, "paths"));
    let shows = paths.value.member("/shows").expect("a member");
    assert_eq!(place(shows.key_span, text), (3, 3, "/shows"));
    let get = shows.value.get("get").expect("a member");
    assert_eq!(place(get.span, text), (4, 10, "{x-query: seat.Show, tags: [a, \"b\"]}"));
    assert_eq!(place(get.get("x-query").expect("a member").span, text), (4, 20, "seat.Show"));
    let tags = get.get("tags").and_then(Tree::as_array).expect("an array");
    assert_eq!(place(tags[1].span, text), (4, 41, "\"b\""));
    assert_eq!(paths.value.get("q").and_then(Tree::as_str), Some("folded\n"));
}

#[test]
fn plain_yaml_scalars_follow_the_core_schema() {
    let words = "~, null, , Null, true, False, yes, 1, -2, +3, 007, 0o17, 0x1F, 1.5, .5, 1., 1e3, .inf, 1_000, 12:30, '1', \"true\", !!str 5, 0xZ, 1e";
    let lines: Vec<String> = words.split(", ").map(|word| format!("- {word}")).collect();
    let tree = yaml(&lines.join("\n"));
    let expected: serde_json::Value = serde_json::from_str(
        r#"[null, null, null, null, true, false, "yes", 1, -2, 3, 7, 15, 31, 1.5, 0.5, 1.0, 1000.0, ".inf", "1_000", "12:30", "1", "true", "5", "0xZ", "1e"]"#,
    )
    .expect("JSON");
    let found = tree.to_json();
    assert_eq!(found, expected);
}

#[test]
fn json_read_as_yaml_is_the_same_tree() {
    let text = "{\n  \"a\": [1, \"x\", null, true, {\"b\": \"\"}],\n  \"c\": -1.5e3\n}";
    assert_eq!(yaml(text).to_json(), json(text).to_json());
    let spans = |tree: &Tree| {
        let member = |member: &Member| (member.key_span, member.value.span);
        tree.as_object().expect("an object").iter().map(member).collect::<Vec<_>>()
    };
    assert_eq!(spans(&yaml(text)), spans(&json(text)));
}

#[test]
fn yaml_aliases_stand_for_what_the_anchor_names() {
    let text = "base: &b {x: 1}\nuses: [*b, *b]\n";
    let tree = yaml(text);
    assert_eq!(tree.to_json(), serde_json::json!({"base": {"x": 1}, "uses": [{"x": 1}, {"x": 1}]}));
    let uses = tree.get("uses").and_then(Tree::as_array).expect("an array");
    assert_eq!(uses[0].span.line, 1);

    let mut laughs = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for level in 1..9 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        laughs.push(format!("a{level}: &a{level} [{before}]"));
    }
    assert_eq!(Tree::parse_yaml(&laughs.join("\n")).expect_err("a billion").rule, "SOURCE_SIZE");
}

/// `<<` was a key like any other, so that what an OpenAPI document merged was not there.
#[test]
fn yaml_merges_what_a_key_of_two_arrows_names() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\none: {<<: *a, x: 3}\ntwo: {z: 4, <<: [*a, *b]}\nplain: {'<<': 5}\nown: {<<: {x: 6}}\n";
    let tree = yaml(text).to_json();
    assert_eq!(tree["one"], serde_json::json!({"x": 3, "y": 1}));
    assert_eq!(tree["two"], serde_json::json!({"z": 4, "x": 1, "y": 1}));
    assert_eq!(tree["plain"], serde_json::json!({"<<": 5}));
    assert_eq!(tree["own"], serde_json::json!({"x": 6}));
}

#[test]
fn yaml_that_is_no_json_value_is_refused() {
    let cases = [
        ("a: {<<: 1}\n", "SOURCE_SYNTAX", (1, 9)),
        ("a: {<<: {x: 1}, <<: {y: 1}}\n", "SOURCE_DUPLICATE_KEY", (1, 17)),
        ("a: 1\nb: 2\na: 3\n", "SOURCE_DUPLICATE_KEY", (3, 1)),
        ("a: [1\n", "SOURCE_SYNTAX", (1, 4)),
        ("a: 1\n---\nb: 2\n", "SOURCE_SYNTAX", (2, 1)),
        ("? [a]\n: 1\n", "SOURCE_SYNTAX", (1, 3)),
        ("a: !thing 1\n", "SOURCE_SYNTAX", (1, 11)),
        ("a: *b\n", "SOURCE_SYNTAX", (1, 4)),
        ("a: 1e999\n", "SOURCE_NUMBER", (1, 4)),
    ];
    for (text, rule, place) in cases {
        let error = Tree::parse_yaml(text).expect_err(text);
        assert_eq!(
            (error.rule, (error.span.line, error.span.column)),
            (rule, place),
            "{text}: {error}"
        );
    }
    assert!(Tree::parse_yaml("").is_err());
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    assert_eq!(Tree::parse_yaml(&deep).expect_err("deep").rule, "SOURCE_DEPTH");
    assert_eq!(yaml("--- 1\n...\n").value, json("1").value);
    assert_eq!(yaml("[]").value, Value::Array(Vec::new()));
}

/// Files that Windows editors saved were refused.
#[test]
fn a_byte_order_mark_says_nothing() {
    let tree = Tree::parse_json("\u{feff}{\"a\": 1}").unwrap();
    assert_eq!(tree.get("a").map(|tree| (tree.span.column, tree.span.start)), Some((7, 9)));
    let error = Tree::parse_json("{\u{feff}}").unwrap_err();
    assert_eq!(error.rule, "SOURCE_SYNTAX");
}
