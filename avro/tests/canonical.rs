//! Parsing Canonical Form and fingerprints.

mod support;

use charter_avro::fingerprint::crc64;
use charter_avro::schema::Schema;
use support::peer_cases;

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[test]
fn form_and_fingerprints_equal_those_of_avro_java() {
    let Some(cases) = peer_cases("avro_canonical.json") else {
        return;
    };
    let mut failures = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("name");
        let schema = match Schema::parse(case["input"].as_str().expect("input")) {
            Ok(schema) => schema,
            Err(errors) => {
                failures.push(format!("{name}: {errors}"));
                continue;
            }
        };
        let found = [
            ("canonical", schema.canonical_form()),
            ("java_canonical", schema.canonical_form()),
            ("fingerprint_crc64", schema.fingerprint_crc64().cast_signed().to_string()),
            ("java_crc64", schema.fingerprint_crc64().cast_signed().to_string()),
            ("java_md5", hex(&schema.fingerprint_md5())),
            ("java_sha256", hex(&schema.fingerprint_sha256())),
        ];
        for (key, found) in found {
            if let Some(expected) = case[key].as_str().filter(|expected| *expected != found) {
                failures.push(format!("{name}: {key}: expected {expected}, found {found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} problems:\n{}", failures.len(), failures.join("\n"));
    println!("{} cases", cases.len());
}

#[test]
fn the_form_keeps_what_matters_for_reading_only() {
    let schema = Schema::parse(
        r#"{"type":"record","name":"Show","namespace":"seat","doc":"A show.","aliases":["Event"],"charter":{"kind":"view"},
            "fields":[
              {"name":"id","type":{"type":"string","logicalType":"uuid"},"default":"x","doc":"Id."},
              {"name":"status","type":{"type":"enum","name":"Status","symbols":["A","B"],"default":"A"}},
              {"name":"before","type":["null","Status"],"default":null},
              {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
              {"name":"next","type":{"type":"array","items":"Show"}},
              {"name":"hash","type":{"type":"fixed","name":"other.Hash","size":16}}]}"#,
    )
    .expect("sound");
    assert_eq!(
        schema.canonical_form(),
        concat!(
            r#"{"name":"seat.Show","type":"record","fields":[{"name":"id","type":"string"},"#,
            r#"{"name":"status","type":{"name":"seat.Status","type":"enum","symbols":["A","B"]}},"#,
            r#"{"name":"before","type":["null","seat.Status"]},{"name":"price","type":"bytes"},"#,
            r#"{"name":"next","type":{"type":"array","items":"seat.Show"}},"#,
            r#"{"name":"hash","type":{"name":"other.Hash","type":"fixed","size":16}}]}"#,
        )
    );
}

#[test]
fn the_fingerprint_of_nothing_is_the_specifications_constant() {
    assert_eq!(crc64(b""), 0xc15d_213a_a4d7_a795);
}

#[test]
fn a_schema_written_as_json_has_the_same_form() {
    let text = r#"{"type":"record","name":"a.b.Outer","fields":[
        {"name":"inner","type":{"type":"record","name":"Inner","namespace":"","fields":[
            {"name":"up","type":["null","a.b.Outer"]}]}},
        {"name":"again","type":"Inner"}]}"#;
    let schema = Schema::parse(text).expect("sound");
    let written = schema.to_json().to_string();
    assert_eq!(Schema::parse(&written).expect("sound").canonical_form(), schema.canonical_form());
    assert!(written.contains(r#""namespace":"""#), "{written}");
    assert!(written.contains(r#"".Inner""#), "{written}");
}
