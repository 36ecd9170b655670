//! Text as a schema. Nothing may panic, and an accepted schema must mean the same when it is written and parsed again.
#![no_main]

use charter_avro::compat::is_compatible;
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(schema) = Schema::parse(text) else { return };
    let again = Schema::parse(&schema.to_json().to_string()).expect("our own text");
    assert_eq!(schema.canonical_form(), again.canonical_form());
    assert!(is_compatible(&again, &schema));
    assert!(Plan::compile(&schema, &again).expect("the same schema").is_identical());
});
