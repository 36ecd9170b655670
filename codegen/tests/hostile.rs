//! Documents that mean harm: each is refused with a place and a sentence, or compared; none panics, hangs or fills the memory.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use charter_avro::logical::Date;
use charter_avro::schema::Schema;
use charter_codegen::check::change::Change;
use charter_codegen::check::openapi::{Document, Files, Strictness, compare};
use charter_codegen::problem::Problem;

/// Files of a test, by their paths.
#[derive(Default)]
struct Beside(BTreeMap<String, String>);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| format!("no file `{path}`"))
    }
}

/// What a check says of a document against itself with another title.
fn check(path: &str, text: &str, files: &Beside) -> Result<Vec<Change>, Vec<Problem>> {
    let load =
        |text: &str| Document::load(path, text.to_owned(), files).map_err(|problem| vec![*problem]);
    let today: Date = "2026-06-01".parse().unwrap();
    let changed = text.replacen("maxLength: 9", "maxLength: 8", 1);
    compare(&load(text)?, &load(&changed)?, today, Strictness::Strict)
}

/// The first problem: place and message.
#[track_caller]
fn refused(path: &str, text: &str, files: &Beside) -> (u32, String) {
    let problems = check(path, text, files).expect_err("refused");
    assert!(problems.iter().all(|problem| problem.origin.line > 0 && !problem.help.is_empty()));
    (problems[0].origin.line, problems[0].message.clone())
}

const HEAD: &str = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n";

fn with_schema(schema: &str) -> String {
    format!(
        "{HEAD}paths:\n  /a:\n    post:\n      requestBody:\n        content:\n          application/json:\n            schema: {schema}\n      responses: {{}}\n"
    )
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = format!("{HEAD}paths: {{}}\nx-0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "x-{level}: &a{level} [{aliases}]");
    }
    let (line, message) = refused("a.yaml", &text, &Beside::default());
    assert!(line > 4, "line {line}: {message}");
}

#[test]
fn deep_nesting_is_refused() {
    for (path, open) in
        [("a.json", "["), ("a.yaml", "["), ("a.json", "{\"a\":"), ("a.yaml", "{a: ")]
    {
        let (line, message) = refused(path, &open.repeat(200_000), &Beside::default());
        assert_eq!(line, 1, "{message}");
    }
    let deep = format!("{}{{maxLength: 9}}{}", "{not: ".repeat(5_000), "}".repeat(5_000));
    let problems = check("a.yaml", &with_schema(&deep), &Beside::default());
    assert!(problems.is_err());
    assert!(Schema::parse(&"[".repeat(200_000)).is_err());
    assert!(Schema::parse(&"{\"type\":".repeat(200_000)).is_err());
}

#[test]
fn references_in_a_circle_are_refused_where_they_hold_nothing() {
    let text = with_schema("{$ref: '#/components/schemas/A'}")
        + "components:\n  schemas:\n    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n    C: {maxLength: 9}\n";
    let (_, message) = refused("a.yaml", &text, &Beside::default());
    assert!(message.contains("a reference that ends"), "{message}");
    // Across files, too; and a file that refers to itself is read once.
    let mut files = Beside::default();
    files.0.insert("b.yaml".to_owned(), "A: {$ref: 'a.yaml#/components/schemas/A'}\n".to_owned());
    let text = with_schema("{$ref: '#/components/schemas/A'}")
        + "components:\n  schemas:\n    A: {$ref: 'b.yaml#/A'}\n    C: {maxLength: 9}\n";
    files.0.insert("a.yaml".to_owned(), text.clone());
    let (_, message) = refused("a.yaml", &text, &files);
    assert!(message.contains("a reference that ends"), "{message}");
}

#[test]
fn schemas_that_hold_themselves_are_compared() {
    let text = with_schema("{$ref: '#/components/schemas/Tree'}")
        + "components:\n  schemas:\n    Tree:\n      type: object\n      properties:\n        name: {type: string, maxLength: 9}\n        children: {type: array, items: {$ref: '#/components/schemas/Tree'}}\n        best: {$ref: '#/components/schemas/Tree'}\n";
    let found = check("a.yaml", &text, &Beside::default()).unwrap();
    let rules: Vec<&str> = found.iter().map(|change| change.rule.id.as_str()).collect();
    assert_eq!(rules[0], "request-property-max-length-decreased");
    let sample = found[0].sample.as_ref().unwrap().to_string();
    assert!(sample.contains(r#"{"name":"aaaaaaaaa"}"#), "{sample}");
}

#[test]
fn references_that_lead_out_are_refused() {
    for (reference, expected) in [
        ("https://example.com/a.yaml", "charter reads no URLs"),
        ("../../../etc/passwd", "found none at"),
        ("#/nowhere", "found nothing"),
        ("#name", "expected a JSON pointer"),
    ] {
        let (line, message) = refused(
            "a.yaml",
            &with_schema(&format!("{{$ref: '{reference}'}}")),
            &Beside::default(),
        );
        assert!(message.contains(expected), "{reference}: {message}");
        assert_eq!(line, 9, "{reference}: {message}");
    }
}

/// Shapes that are not what OpenAPI says, in every place: refused with their place, or of no consequence.
#[test]
fn wrong_shapes_are_never_a_panic() {
    let document = with_schema(
        "{type: object, properties: {a: {type: string, maxLength: 9}}, required: [a], enum: [{}], allOf: [{}]}",
    ) + "components: {schemas: {A: {}}, securitySchemes: {k: {type: apiKey}}}\nsecurity: [{k: []}]\nservers: [{url: /}]\n";
    let words: Vec<&str> = document
        .split(['\n', ' ', ',', '{', '}', '[', ']'])
        .filter(|word| !word.is_empty())
        .collect();
    for word in words {
        for other in ["null", "7", "'x'", "[]", "{}", "[7]", "{x: 7}", "~", "1e999", "-0", "0.1"] {
            let text = document.replacen(word, other, 1);
            if let Err(problems) = check("a.yaml", &text, &Beside::default()) {
                assert!(!problems.is_empty(), "{word} -> {other}");
            }
        }
    }
}

/// Patterns that make a regular expression large or slow are not tried, and large bounds make no large witness.
#[test]
fn large_bounds_and_patterns_make_no_large_witness() {
    for schema in [
        "{type: string, maxLength: 9, pattern: '^(a{1000}){1000}$'}",
        "{type: string, maxLength: 9, minLength: 4000000000}",
        "{type: array, items: {type: string, maxLength: 9}, minItems: 4000000000}",
        "{type: object, minProperties: 4000000000, properties: {a: {maxLength: 9}}}",
        "{type: number, multipleOf: 1e-300, maximum: 1e300, not: {maxLength: 9}}",
        "{type: string, maxLength: 9, pattern: '(((((a*)*)*)*)*)*$'}",
    ] {
        let found = check("a.yaml", &with_schema(schema), &Beside::default()).unwrap();
        for change in found {
            let length = change.evidence().map_or(0, |text| text.len());
            assert!(length < 5_000, "{schema}: a witness of {length} bytes");
        }
    }
}

/// Looking for a value that shows a break took minutes with five such schemas: each holds the next in four ways.
#[test]
fn schemas_that_hold_one_another_in_many_ways_end() {
    for depth in [5, 12, 40] {
        let mut text = with_schema("{$ref: '#/components/schemas/S0'}");
        text.push_str("components:\n  schemas:\n");
        for level in 0..depth {
            let next = format!("{{$ref: '#/components/schemas/S{}'}}", level + 1);
            let _ = writeln!(
                text,
                "    S{level}: {{allOf: [{next}, {{properties: {{p: {next}}}}}], anyOf: [{next}, {next}], unevaluatedProperties: {{maxLength: 5}}}}"
            );
        }
        let _ =
            writeln!(text, "    S{depth}: {{properties: {{z: {{type: string, maxLength: 9}}}}}}");
        let found = check("a.yaml", &text, &Beside::default()).unwrap();
        let broken: Vec<_> =
            found.iter().filter(|change| change.rule.id.contains("max-length")).collect();
        assert!(!broken.is_empty(), "{found:?}");
        assert!(broken.iter().all(|change| change.sample.is_some() || change.unshown.is_some()));
    }
}
