//! Hand-written code in exactly the form that the contract compiler emits, and the bytes it must give.
//! The compiler's author copies from here; `charter_avro::codec` explains the form.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use charter_avro::codec::prelude::*;
use serde::{Deserialize, Serialize};

// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    #[serde(rename = "sectionId")]
    pub section_id: String,
    #[serde(rename = "rows")]
    pub rows: i32,
    #[serde(rename = "seatsPerRow")]
    pub seats_per_row: i32,
}

charter_avro::record! {
    Section {
        "sectionId" => section_id: String,
        "rows" => rows: i32,
        "seatsPerRow" => seats_per_row: i32 = 10,
    }
}

// An enum. A default for unknown symbols stands in the schema only: the plan knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReleaseReason {
    #[serde(rename = "RELEASED")]
    Released,
    #[serde(rename = "EXPIRED")]
    Expired,
}

charter_avro::enumeration! {
    ReleaseReason {
        Released = "RELEASED",
        Expired = "EXPIRED",
    }
}

// A record with everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Everything {
    #[serde(rename = "type")]
    pub r#type: String,
    #[serde(rename = "sections")]
    pub sections: Vec<Section>,
    #[serde(rename = "labels")]
    pub labels: BTreeMap<String, i64>,
    #[serde(rename = "note")]
    pub note: Option<String>,
    #[serde(rename = "limit")]
    pub limit: NullLast<i32>,
    #[serde(rename = "amount")]
    pub amount: Decimal<12, 2>,
    #[serde(rename = "id")]
    pub id: Uuid,
    #[serde(rename = "at")]
    pub at: Timestamp,
    #[serde(rename = "night")]
    pub night: Date,
    #[serde(rename = "reason")]
    pub reason: ReleaseReason,
    #[serde(rename = "digest")]
    pub digest: Fixed<4>,
    #[serde(rename = "end")]
    pub end: End,
}

charter_avro::record! {
    Everything {
        "type" => r#type: String,
        "sections" => sections: Vec<Section>,
        "labels" => labels: BTreeMap<String, i64> = BTreeMap::new(),
        "note" => note: Option<String> = None,
        "limit" => limit: NullLast<i32> = NullLast(Some(8)),
        "amount" => amount: Decimal<12, 2>,
        "id" => id: Uuid,
        "at" => at: Timestamp,
        "night" => night: Date,
        "reason" => reason: ReleaseReason = ReleaseReason::Released,
        "digest" => digest: Fixed<4>,
        "end" => end: End,
    }
}

// A union of two records and null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum End {
    Null,
    Released(Released),
    Expired(Expired),
}

charter_avro::union! {
    End {
        Null,
        Released(Released),
        Expired(Expired),
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Released {
    #[serde(rename = "by")]
    pub by: String,
}

charter_avro::record! {
    Released {
        "by" => by: String,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expired {
    #[serde(rename = "after")]
    pub after: i32,
}

charter_avro::record! {
    Expired {
        "after" => after: i32,
    }
}

// A recursive record: through an array and through an optional value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    #[serde(rename = "value")]
    pub value: i64,
    #[serde(rename = "children")]
    pub children: Vec<Tree>,
    #[serde(rename = "next")]
    pub next: Option<Box<Tree>>,
}

charter_avro::record! {
    Tree {
        "value" => value: i64,
        "children" => children: Vec<Tree>,
        "next" => next: Option<Box<Tree>> = None,
    }
}

// A record without fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nothing {}

charter_avro::record! {
    Nothing {}
}

// An envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    #[serde(rename = "id")]
    pub id: Uuid,
    #[serde(rename = "type")]
    pub r#type: String,
    #[serde(rename = "causationId")]
    pub causation_id: Option<Uuid>,
    #[serde(rename = "time")]
    pub time: Timestamp,
}

charter_avro::record! {
    Metadata {
        "id" => id: Uuid,
        "type" => r#type: String,
        "causationId" => causation_id: Option<Uuid> = None,
        "time" => time: Timestamp,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SectionEnvelope {
    #[serde(rename = "metadata")]
    pub metadata: Metadata,
    #[serde(rename = "payload")]
    pub payload: Section,
}

charter_avro::record! {
    SectionEnvelope {
        "metadata" => metadata: Metadata,
        "payload" => payload: Section,
    }
}

fn everything() -> Everything {
    Everything {
        r#type: "t".into(),
        sections: vec![Section { section_id: "up".into(), rows: 64, seats_per_row: -1 }],
        labels: BTreeMap::from([("b".into(), 300), ("a".into(), -65)]),
        note: None,
        limit: NullLast(None),
        amount: "-12.5".parse().unwrap(),
        id: Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        at: "2026-11-22T02:57:19.123456Z".parse().unwrap(),
        night: "2026-11-22".parse().unwrap(),
        reason: ReleaseReason::Expired,
        digest: Fixed([1, 2, 3, 4]),
        end: End::Expired(Expired { after: 1 }),
    }
}

#[test]
fn a_record_with_everything() {
    let mut expected = vec![2, b't'];
    expected.extend([2, 4, b'u', b'p', 0x80, 0x01, 1, 0]); // one section
    expected.extend([4, 2, b'a', 0x81, 0x01, 2, b'b', 0xd8, 0x04, 0]); // two labels, by key
    expected.extend([0, 2]); // no note, no limit
    expected.extend([4, 0xfb, 0x1e]); // -1250
    expected.push(72);
    expected.extend(b"01234567-89ab-cdef-0123-456789abcdef");
    expected.extend([0x80, 0x83, 0xad, 0x80, 0x9d, 0xda, 0xaf, 0x06]);
    expected.extend([0xa0, 0xc5, 0x02]); // day 20,779 is 2026-11-22
    expected.extend([2, 1, 2, 3, 4]);
    expected.extend([4, 2]);
    let bytes = encode(&everything());
    assert_eq!(&bytes[..62], &expected[..62]);
    assert_eq!(decode::<Everything>(&bytes).unwrap(), everything());
    assert_eq!(everything().at.micros(), 1_795_316_239_123_456);
    assert_eq!(everything().night.days(), 20_779);
}

#[test]
fn json_is_the_form_of_the_openapi_contract() {
    let json = serde_json::to_value(everything()).unwrap();
    assert_eq!(json["amount"], "-12.50");
    assert_eq!(json["at"], "2026-11-22T02:57:19.123456Z");
    assert_eq!(json["night"], "2026-11-22");
    assert_eq!(json["digest"], "AQIDBA==");
    assert_eq!(json["reason"], "EXPIRED");
    assert_eq!(json["limit"], serde_json::Value::Null);
    assert_eq!(serde_json::from_value::<Everything>(json).unwrap(), everything());
}

#[test]
fn a_recursive_record() {
    let leaf = |value| Tree { value, children: vec![], next: None };
    let tree = Tree { value: 1, children: vec![leaf(2), leaf(3)], next: Some(Box::new(leaf(4))) };
    let bytes = encode(&tree);
    assert_eq!(bytes, [2, 4, 4, 0, 0, 6, 0, 0, 0, 2, 8, 0, 0]);
    assert_eq!(decode::<Tree>(&bytes).unwrap(), tree);
}

#[test]
fn a_record_without_fields() {
    assert!(encode(&Nothing {}).is_empty());
    assert_eq!(decode::<Nothing>(&[]).unwrap(), Nothing {});
}

#[test]
fn an_envelope() {
    let envelope = SectionEnvelope {
        metadata: Metadata {
            id: Uuid::nil(),
            r#type: "seat.section".into(),
            causation_id: Some(Uuid::max()),
            time: Timestamp::from_micros(1),
        },
        payload: everything().sections.remove(0),
    };
    let bytes = encode(&envelope);
    assert_eq!(bytes.len(), 37 + 13 + 1 + 37 + 1 + 6);
    assert_eq!(decode::<SectionEnvelope>(&bytes).unwrap(), envelope);
}

#[test]
fn an_error_says_where() {
    let mut bytes = encode(&everything());
    bytes[4] = 0xff;
    let error = decode::<Everything>(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "byte 4, field `sections[0].sectionId`: a string is not UTF-8 after 0 bytes"
    );
}
