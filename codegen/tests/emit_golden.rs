//! The golden crates of `emit_fresh.rs`: a context with every form that a contract can take, and the schemas,
//! parameters and responses of its gateway. They compile here as part of this test, and codecs, rows and
//! bodies give back what they were given. (A gateway's operations rest on the runtime, and are compiled with
//! the repository's own.)

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::doc_markdown,
    clippy::large_enum_variant,
    reason = "the golden crate's modules stand in a test here"
)]

#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/commands/mod.rs"]
pub mod commands;
#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/context.rs"]
pub mod context;
#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/events/mod.rs"]
pub mod events;
#[rustfmt::skip]
#[path = "emit/golden/contract-gateway/src/parameters.rs"]
pub mod parameters;
#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/rejections.rs"]
pub mod rejections;
#[rustfmt::skip]
#[path = "emit/golden/contract-gateway/src/responses.rs"]
pub mod responses;
#[rustfmt::skip]
#[path = "emit/golden/contract-gateway/src/schemas/mod.rs"]
pub mod schemas;
#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/types/mod.rs"]
pub mod types;
#[rustfmt::skip]
#[path = "emit/golden/contract-shop/src/views/mod.rs"]
pub mod views;

#[path = "emit_golden/borrowed.rs"]
mod borrowed;
#[allow(dead_code, reason = "what makes random schemas is for others")]
#[path = "../../avro/tests/support/random.rs"]
mod random;

// The gateway's schemas name the context's crate, which stands here too.
extern crate self as contract_shop;

use std::collections::BTreeMap;

use charter_avro::codec::{
    Bytes, Decimal, Fixed, FixedDecimal, NullLast, Uuid, decode, decode_with_plan, encode,
};
use charter_avro::logical::{
    CalendarDuration, Date, LocalTimestampMicros, TimeMicros, TimeMillis, Timestamp,
    TimestampMillis, TimestampNanos,
};
use charter_avro::plan::Plan;
use charter_avro::schema::Schema;
use charter_domain::{Contract, Event, Message, Payload, Rejection, View};

use commands::{DiscardItem, ShopCommand, StockItem};
use context::Shop;
use events::{ItemStocked, ShopEvent};
use rejections::ShopRejection;
use types::{Everything, EverythingEither, Node, Size, Table};
use views::{ItemView, ItemViewKey, LabelView};

fn everything() -> Everything {
    Everything {
        flag: false,
        small: i32::MIN,
        large: i64::MAX,
        single: -0.5,
        double: 1e300,
        raw: Bytes(vec![0, 255]),
        text: "zwölf".to_owned(),
        empty: String::new(),
        id: Uuid::from_u128(7),
        price: "-12.50".parse().unwrap(),
        day: Date::from_days(-1),
        clock: TimeMillis::from_millis(1).unwrap(),
        clock_micros: TimeMicros::from_micros(2).unwrap(),
        millis: TimestampMillis::from_millis(3),
        micros: Timestamp::from_micros(4),
        nanos: TimestampNanos::from_nanos(5),
        local: LocalTimestampMicros::from_micros(6),
        exact: FixedDecimal("-0.001".parse().unwrap()),
        span: CalendarDuration { months: 1, days: 0, millis: 5 },
        digest: Fixed([9, 8, 7, 6]),
        size: Size::X1,
        tags: BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]),
        nested: BTreeMap::from([("n".to_owned(), vec![None, Some("x".to_owned())])]),
        names: vec!["one".to_owned(), "two".to_owned()],
        maybe: Some(1),
        surely: NullLast(None),
        node: Some(Node {
            value: 1,
            next: Some(Box::new(Node { value: 2, next: None, children: Vec::new() })),
            children: vec![Node { value: 3, next: None, children: Vec::new() }],
        }),
        table: Table { legs: 3 },
        option: types::Option { label: Some("l".to_owned()) },
        either: EverythingEither::Table(Table { legs: 1 }),
        r#type: "t".to_owned(),
        self_: "s".to_owned(),
    }
}

#[test]
fn a_record_of_every_form_comes_back_from_its_bytes_and_from_its_json() {
    let value = everything();
    assert_eq!(decode::<Everything>(&encode(&value)).unwrap(), value);
    let json = serde_json::to_value(&value).unwrap();
    assert_eq!(json["clockMicros"], "00:00:00.000002");
    assert_eq!(json["self"], "s");
    assert_eq!(serde_json::from_value::<Everything>(json).unwrap(), value);
}

#[test]
fn a_writer_without_the_fields_leaves_their_defaults() {
    let envelope: serde_json::Value =
        serde_json::from_str(StockItem::TYPE.envelope_schema).unwrap();
    let reader = envelope["fields"][1]["type"]["fields"][2]["type"].clone();
    assert_eq!(reader["name"], "Everything");
    let mut writer = reader.clone();
    let defaulted = |field: &serde_json::Value| field.get("default").is_some();
    writer["fields"].as_array_mut().unwrap().retain(|field| !defaulted(field));
    // A schema stands by itself: types that only the dropped fields declared are declared where they are used.
    for field in writer["fields"].as_array_mut().unwrap() {
        if field["type"] == "Option" || field["type"] == "shop.Option" {
            field["type"] = reader["fields"]
                .as_array()
                .unwrap()
                .iter()
                .find(|f| f["name"] == "option")
                .unwrap()["type"]
                .clone();
        }
    }
    let writer = Schema::parse(&writer.to_string()).expect("a schema");
    let reader = Schema::parse(&reader.to_string()).expect("a schema");
    let plan = Plan::compile(&writer, &reader).expect("they fit");
    // Fields without a default: nested (empty map), option (no label), type, self.
    let bytes = [0, 0, 2, b't', 2, b's'];
    let read: Everything = decode_with_plan(&bytes, &plan).unwrap();
    assert!(read.flag);
    assert_eq!(read.small, -70_000);
    assert_eq!(read.raw, Bytes(vec![1, 255]));
    assert_eq!(read.text, "a \"b\"");
    assert_eq!(read.id.to_string(), "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20");
    assert_eq!(read.price, Decimal::from_unscaled(1250).unwrap());
    assert_eq!(read.clock.to_string(), "01:00:00");
    assert_eq!(read.micros, Timestamp::from_micros(-1));
    assert_eq!(read.exact.to_string(), "1.250");
    assert_eq!(read.span, CalendarDuration { months: 1, days: 2, millis: 3 });
    assert_eq!(read.digest, Fixed([0, 1, 2, 3]));
    assert_eq!(read.size, Size::Large);
    assert_eq!(read.tags, BTreeMap::from([("one".to_owned(), 1)]));
    assert_eq!(read.surely, NullLast(Some(8)));
    assert_eq!(read.table, Table { legs: 4 });
    assert_eq!(read.either, EverythingEither::Null);
    assert_eq!((read.r#type.as_str(), read.self_.as_str()), ("t", "s"));
}

#[test]
fn an_envelope_is_read_as_its_message() {
    let command =
        ShopCommand::from(DiscardItem { shop_id: "a/b".to_owned(), item_number: 7, why: None });
    assert_eq!(command.key(), "a~1b/7");
    assert_eq!(command.message_type().wire_type, "shop.discardItem");
    let envelope = charter_domain::Envelope {
        metadata: metadata(),
        payload: DiscardItem {
            shop_id: "s".to_owned(),
            item_number: 1,
            why: Some("old".to_owned()),
        },
    };
    let bytes = encode(&envelope);
    let read = ShopCommand::decode_envelope(DiscardItem::TYPE, &bytes, None).unwrap();
    assert_eq!(read, envelope.clone().map(ShopCommand::DiscardItem));
    let schema = Schema::parse(DiscardItem::TYPE.envelope_schema).expect("a schema");
    let plan = Plan::compile(&schema, &schema).expect("they fit");
    assert_eq!(ShopCommand::decode_envelope(DiscardItem::TYPE, &bytes, Some(&plan)).unwrap(), read);
    for plan in [None, Some(&plan)] {
        let payload = ShopCommand::decode_payload(DiscardItem::TYPE, &bytes, plan).unwrap();
        assert_eq!(payload, read.payload);
        let lent = charter_domain::EnvelopeRef::<DiscardItem>::read(&bytes, plan).unwrap();
        let metadata = &lent.metadata;
        assert_eq!((metadata.id, metadata.r#type), (Uuid::from_u128(1), "shop.discardItem"));
        assert_eq!((metadata.key, metadata.position, metadata.actor), ("s/1", -1, None));
        assert_eq!(lent.payload, envelope.payload);
    }
    let wrong = ShopCommand::decode_envelope(ItemStocked::TYPE, &bytes, None).unwrap_err();
    assert!(
        wrong.to_string().contains("`shop.ItemStocked` is none of the context's messages"),
        "{wrong}"
    );
    let wrong = ShopCommand::decode_payload(ItemStocked::TYPE, &bytes, None).unwrap_err();
    assert!(wrong.to_string().contains("none of the context's messages"), "{wrong}");
}

fn metadata() -> contract_shared::Metadata {
    contract_shared::Metadata {
        id: Uuid::from_u128(1),
        r#type: "shop.discardItem".to_owned(),
        source: "charter://test".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: "c".to_owned(),
        causation_id: None,
        time: Timestamp::from_micros(0),
        key: "s/1".to_owned(),
        sequence: 0,
        position: -1,
        actor: None,
        reply_to: None,
    }
}

#[test]
fn an_event_sets_its_deadline_where_it_has_a_time() {
    let stocked = |best_before| {
        ShopEvent::from(ItemStocked { shop_id: "s".to_owned(), item_number: 1, best_before })
    };
    assert_eq!(stocked(None).deadlines(), []);
    let due = Timestamp::from_micros(9);
    let expected = DiscardItem { shop_id: "s".to_owned(), item_number: 1, why: None };
    assert_eq!(
        stocked(Some(due)).deadlines(),
        [charter_domain::Deadline { due, command: expected.into() }]
    );
}

#[test]
fn a_rejection_has_its_code_and_details() {
    let refused = ShopRejection::NoRoom(Table { legs: 2 });
    assert_eq!((refused.code(), refused.details().as_deref()), ("NO_ROOM", Some(r#"{"legs":2}"#)));
    assert_eq!((ShopRejection::Closed.code(), ShopRejection::Closed.details()), ("CLOSED", None));
    assert_eq!(StockItem::TYPE.rejection("CLOSED").unwrap().status, 403);
    assert_eq!(DiscardItem::TYPE.rejections, []);
}

#[test]
fn a_row_comes_back_from_its_values() {
    let row = ItemView {
        shop_id: "s".to_owned(),
        item_number: 3,
        size: Size::Large,
        wish: None,
        price: "1.20".parse().unwrap(),
        day: Date::from_days(1),
        table: Table { legs: 4 },
        surely: NullLast(Some(2)),
        tags: BTreeMap::from([("a".to_owned(), 1)]),
        digest: Fixed([1; 4]),
        weight: 0.1,
        clock: TimeMillis::from_millis(1).unwrap(),
        span: CalendarDuration { months: 0, days: 7, millis: 0 },
    };
    let values = row.to_values();
    assert_eq!(values.len(), ItemView::TABLE.columns.len());
    assert_eq!(ItemView::from_values(values.clone()).unwrap(), row);
    assert_eq!(
        row.key(),
        ItemViewKey { shop_id: "s".to_owned(), item_number: 3, size: Size::Large }
    );
    assert_eq!(ItemView::key_values(&row.key()), values[..3]);

    let mut wrong = values.clone();
    wrong[2] = charter_domain::ColumnValue::Text("HUGE".to_owned());
    let error = ItemView::from_values(wrong).unwrap_err();
    assert_eq!((error.table, error.column), ("shop_item_view", "size"));
    let error = ItemView::from_values(values[..4].to_vec()).unwrap_err();
    assert_eq!((error.column, error.found.as_str()), ("price", "no value"));
}

#[test]
fn the_context_knows_its_parts() {
    assert_eq!((Shop::NAME, Shop::VERSION), ("shop", 1));
    assert_eq!(Shop::TABLES, [ItemView::TABLE, LabelView::TABLE]);
    let names: Vec<_> = ShopCommand::TYPES.iter().map(|known| known.full_name).collect();
    assert_eq!(names, ["shop.DiscardItem", "shop.LabelItem", "shop.StockItem"]);
}

#[test]
fn a_body_reaches_its_message_through_one_of_aliases_and_maps() {
    let body = serde_json::json!({
        "colour": "red",
        "others": ["blue"],
        "mark": {"kind": "Stamp", "text": "M"},
        "counts": {"a": 1},
        "tables": {"hall": {"legs": 4}},
    });
    let request: schemas::LabelItemRequest = serde_json::from_value(body.clone()).unwrap();
    // The branches look alike, so that only the discriminator can tell.
    assert!(matches!(&request.mark, schemas::Mark::Stamp(stamp) if stamp.text == "M"));
    assert_eq!(request.lining, None);
    assert_eq!(serde_json::to_value(&request).unwrap(), body);
    let mark = types::LabelItemMark::from(request.mark);
    assert_eq!(mark, types::LabelItemMark::Stamp(types::Stamp { text: "M".to_owned() }));

    let unknown = serde_json::json!({"kind": "Brand", "text": "M"});
    let error = serde_json::from_value::<schemas::Mark>(unknown).unwrap_err();
    assert_eq!(error.to_string(), "expected `kind` to be one of `Sticker`, `Stamp`");
}

#[test]
fn a_row_becomes_a_body_with_one_of_aliases_and_maps() {
    let row = LabelView {
        shop_id: "s".to_owned(),
        item_number: 1,
        colour: "red".to_owned(),
        lining: None,
        others: vec!["blue".to_owned()],
        mark: types::LabelViewMark::Sticker(types::Sticker { text: "N".to_owned() }),
        counts: BTreeMap::from([("a".to_owned(), 1)]),
        tables: BTreeMap::from([("hall".to_owned(), Table { legs: 4 })]),
    };
    assert_eq!(LabelView::from_values(row.to_values()).unwrap(), row);
    let expected = serde_json::json!({
        "shopId": "s",
        "itemNumber": 1,
        "colour": "red",
        "lining": null,
        "others": ["blue"],
        "mark": {"kind": "Sticker", "text": "N"},
        "counts": {"a": 1},
        "tables": {"hall": {"legs": 4}},
    });
    assert_eq!(serde_json::to_value(schemas::Label::from(row)).unwrap(), expected);
}

/// The schema without what `utoipa` adds to maps and what holds of all of JSON: that keys are strings.
fn without_property_names(schema: serde_json::Value) -> serde_json::Value {
    let serde_json::Value::Object(mut members) = schema else { return schema };
    let strings = serde_json::json!({"type": "string"});
    if members.get("propertyNames") == Some(&strings) {
        members.remove("propertyNames");
    }
    members.into_iter().map(|(name, value)| (name, without_property_names(value))).collect()
}

/// What the annotations say of a schema and what the contract says.
fn said<T: utoipa::PartialSchema>(name: &str) -> (serde_json::Value, serde_json::Value) {
    let contract: serde_json::Value =
        serde_json::from_str(include_str!("emit/golden/contract-gateway/openapi.json")).unwrap();
    let code = without_property_names(serde_json::to_value(T::schema()).unwrap());
    (code, contract["components"]["schemas"][name].clone())
}

#[test]
fn the_annotations_say_what_the_contract_says() {
    for (code, contract) in [
        said::<schemas::Colour>("Colour"),
        said::<schemas::Counts>("Counts"),
        said::<schemas::Tables>("Tables"),
        said::<schemas::Table>("Table"),
        said::<schemas::Stamp>("Stamp"),
        said::<schemas::Mark>("Mark"),
        said::<schemas::Label>("Label"),
        said::<schemas::LabelItemRequest>("LabelItemRequest"),
        said::<schemas::Status>("Status"),
    ] {
        assert_eq!(code, contract);
    }
}
