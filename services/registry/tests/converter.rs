//! `schema_registry_converter`, the client that services use, against the registry.

mod support;

use schema_registry_converter::async_impl::avro::{AvroDecoder, AvroEncoder};
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_all_subjects, get_all_versions, get_schema_by_id, get_schema_by_subject,
    is_compatible_schema, post_schema,
};
use schema_registry_converter::avro_common::DecodeResult;
use schema_registry_converter::schema_registry_common::{
    SchemaType, SubjectNameStrategy, SuppliedReference, SuppliedSchema,
};
use support::{Server, record};

fn supplied(schema: &str) -> SuppliedSchema {
    SuppliedSchema::new(None, SchemaType::Avro, schema.to_owned())
}

fn settings(server: &Server) -> SrSettings {
    SrSettings::new_builder(server.url.clone()).no_proxy().build().expect("settings")
}

#[tokio::test]
async fn the_converter_registers_looks_up_and_is_refused() {
    let server = Server::start().await;
    let settings = settings(&server);
    let schema = record("Held", "seat", "string");
    let registered =
        post_schema(&settings, "seats".to_owned(), supplied(&schema)).await.expect("registers");
    assert_eq!(registered.id, 1);

    let found = get_schema_by_id(1, &settings).await.expect("by id");
    assert_eq!((found.schema, found.schema_type), (schema.clone(), SchemaType::Avro));
    let strategy = SubjectNameStrategy::TopicNameStrategy("held".to_owned(), false);
    let missing = get_schema_by_subject(&settings, &strategy).await.expect_err("missing");
    assert!(missing.to_string().contains("40401"), "{missing}");
    assert_eq!(get_all_subjects(&settings).await.expect("subjects"), ["seats"]);
    assert_eq!(get_all_versions(&settings, "seats".to_owned()).await.expect("versions"), [1]);

    let other = record("Held", "seat", "int");
    let verdict = is_compatible_schema(&settings, "seats".to_owned(), supplied(&other)).await;
    assert!(!verdict.expect("verdict"));
    let refused =
        post_schema(&settings, "seats".to_owned(), supplied(&other)).await.expect_err("refused");
    assert!(refused.to_string().contains("incompatible with an earlier schema"), "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn the_converter_encodes_and_decodes_with_references() {
    let server = Server::start().await;
    let address = r#"{"type":"record","name":"Address","namespace":"people","fields":[{"name":"city","type":"string"}]}"#;
    let person = r#"{"type":"record","name":"Person","namespace":"people","fields":[{"name":"home","type":"Address"}]}"#;
    let reference = SuppliedReference::new(
        "people.Address".to_owned(),
        "address".to_owned(),
        address.to_owned(),
    );
    let schema =
        SuppliedSchema::new(Some("people.Person".to_owned()), SchemaType::Avro, person.to_owned())
            .with_references(vec![reference]);
    let strategy = SubjectNameStrategy::RecordNameStrategyWithSchema(schema);
    let encoder = AvroEncoder::new(settings(&server));
    let home = apache_record("city", "Oslo");
    let bytes = encoder.encode(vec![("home", home.clone())], strategy).await.expect("encodes");
    assert_eq!(&bytes[..5], [0, 0, 0, 0, 2], "magic byte and id");

    let decoder = AvroDecoder::new(settings(&server));
    let DecodeResult { value, .. } = decoder.decode(Some(&bytes)).await.expect("decodes");
    assert_eq!(format!("{value:?}"), format!("Record([(\"home\", {home:?})])"));
    server.stop().await;
}

fn apache_record(field: &str, text: &str) -> apache_avro::types::Value {
    let value = apache_avro::types::Value::String(text.to_owned());
    apache_avro::types::Value::Record(vec![(field.to_owned(), value)])
}
