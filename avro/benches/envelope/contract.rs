//! The envelope in the forms that the contract compiler emits and the runtime puts together, and its schemas: version 1
//! writes, version 2 reads.

use charter_avro::codec::prelude::*;

#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    pub id: Uuid,
    pub r#type: String,
    pub source: String,
    pub tenant_id: String,
    pub correlation_id: String,
    pub causation_id: Option<Uuid>,
    pub time: Timestamp,
    pub key: String,
    pub sequence: i64,
    pub position: i64,
    pub actor: Option<String>,
    pub reply_to: Option<String>,
}

charter_avro::record! {
    Metadata {
        "id" => id: Uuid,
        "type" => r#type: String,
        "source" => source: String,
        "tenantId" => tenant_id: String,
        "correlationId" => correlation_id: String,
        "causationId" => causation_id: Option<Uuid> = None,
        "time" => time: Timestamp,
        "key" => key: String,
        "sequence" => sequence: i64 = 0,
        "position" => position: i64 = -1,
        "actor" => actor: Option<String> = None,
        "replyTo" => reply_to: Option<String> = None,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeatsHeld {
    pub show_id: String,
    pub hold_id: Uuid,
    pub holder_id: String,
    pub seat_ids: Vec<String>,
    pub price: Decimal<6, 2>,
    pub seconds: i32,
    pub held_at: Timestamp,
    pub expires_at: Timestamp,
}

charter_avro::record! {
    SeatsHeld {
        "showId" => show_id: String,
        "holdId" => hold_id: Uuid,
        "holderId" => holder_id: String,
        "seatIds" => seat_ids: Vec<String>,
        "price" => price: Decimal<6, 2>,
        "seconds" => seconds: i32,
        "heldAt" => held_at: Timestamp,
        "expiresAt" => expires_at: Timestamp,
    }
}

/// As `charter_domain::Envelope`.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<P> {
    pub metadata: Metadata,
    pub payload: P,
}

charter_avro::record! {
    Envelope<P> {
        "metadata" => metadata: Metadata,
        "payload" => payload: P,
    }
}

pub type SeatsHeldEnvelope = Envelope<SeatsHeld>;

/// The next version: `seconds` is a long, `heldAt` is gone, `channel` is new.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatsHeldV2 {
    pub show_id: String,
    pub hold_id: Uuid,
    pub holder_id: String,
    pub seat_ids: Vec<String>,
    pub price: Decimal<6, 2>,
    pub seconds: i64,
    pub expires_at: Timestamp,
    pub channel: String,
}

charter_avro::record! {
    SeatsHeldV2 {
        "showId" => show_id: String,
        "holdId" => hold_id: Uuid,
        "holderId" => holder_id: String,
        "seatIds" => seat_ids: Vec<String>,
        "price" => price: Decimal<6, 2>,
        "seconds" => seconds: i64,
        "expiresAt" => expires_at: Timestamp,
        "channel" => channel: String = "web".into(),
    }
}

pub type SeatsHeldV2Envelope = Envelope<SeatsHeldV2>;

// The metadata in the form that borrows, which is emitted too.

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRef<'a> {
    pub id: Uuid,
    pub r#type: &'a str,
    pub source: &'a str,
    pub tenant_id: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: Option<Uuid>,
    pub time: Timestamp,
    pub key: &'a str,
    pub sequence: i64,
    pub position: i64,
    pub actor: Option<&'a str>,
    pub reply_to: Option<&'a str>,
}

charter_avro::record_ref! {
    MetadataRef<'a> {
        "id" => id: Uuid,
        "type" => r#type: &'a str,
        "source" => source: &'a str,
        "tenantId" => tenant_id: &'a str,
        "correlationId" => correlation_id: &'a str,
        "causationId" => causation_id: Option<Uuid> = None,
        "time" => time: Timestamp,
        "key" => key: &'a str,
        "sequence" => sequence: i64 = 0,
        "position" => position: i64 = -1,
        "actor" => actor: Option<&'a str> = None,
        "replyTo" => reply_to: Option<&'a str> = None,
    }
}

/// As `charter_domain::EnvelopeRef`.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRef<'a, P> {
    pub metadata: MetadataRef<'a>,
    pub payload: P,
}

charter_avro::record_ref! {
    EnvelopeRef<'a, P> {
        "metadata" => metadata: MetadataRef<'a>,
        "payload" => payload: P,
    }
}

// Payloads that borrow. The compiler does not emit them, since nothing reads them; here they show what it would bring.

#[derive(Clone, Debug, PartialEq)]
pub struct SeatsHeldRef<'a> {
    pub show_id: &'a str,
    pub hold_id: Uuid,
    pub holder_id: &'a str,
    pub seat_ids: Vec<&'a str>,
    pub price: Decimal<6, 2>,
    pub seconds: i32,
    pub held_at: Timestamp,
    pub expires_at: Timestamp,
}

charter_avro::record_ref! {
    SeatsHeldRef<'a> {
        "showId" => show_id: &'a str,
        "holdId" => hold_id: Uuid,
        "holderId" => holder_id: &'a str,
        "seatIds" => seat_ids: Vec<&'a str>,
        "price" => price: Decimal<6, 2>,
        "seconds" => seconds: i32,
        "heldAt" => held_at: Timestamp,
        "expiresAt" => expires_at: Timestamp,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeatsHeldV2Ref<'a> {
    pub show_id: &'a str,
    pub hold_id: Uuid,
    pub holder_id: &'a str,
    pub seat_ids: Vec<&'a str>,
    pub price: Decimal<6, 2>,
    pub seconds: i64,
    pub expires_at: Timestamp,
    pub channel: &'a str,
}

charter_avro::record_ref! {
    SeatsHeldV2Ref<'a> {
        "showId" => show_id: &'a str,
        "holdId" => hold_id: Uuid,
        "holderId" => holder_id: &'a str,
        "seatIds" => seat_ids: Vec<&'a str>,
        "price" => price: Decimal<6, 2>,
        "seconds" => seconds: i64,
        "expiresAt" => expires_at: Timestamp,
        "channel" => channel: &'a str = "web",
    }
}

// The decimal has precision 6 because apache-avro refuses to resolve one whose bytes could not hold all its digits.
pub const V1_FIELDS: &str = r#"
    {"name": "showId", "type": "string"},
    {"name": "holdId", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "holderId", "type": "string"},
    {"name": "seatIds", "type": {"type": "array", "items": "string"}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
    {"name": "seconds", "type": "int"},
    {"name": "heldAt", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "expiresAt", "type": {"type": "long", "logicalType": "timestamp-micros"}}"#;

pub const V2_FIELDS: &str = r#"
    {"name": "showId", "type": "string"},
    {"name": "holdId", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "holderId", "type": "string"},
    {"name": "seatIds", "type": {"type": "array", "items": "string"}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
    {"name": "seconds", "type": "long"},
    {"name": "expiresAt", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "channel", "type": "string", "default": "web"}"#;

/// The envelope's schema around a payload with these fields.
pub fn schema(fields: &str) -> String {
    format!(
        r#"{{"type": "record", "name": "seat.SeatsHeldEnvelope", "fields": [
    {{"name": "metadata", "type": {{"type": "record", "name": "shared.Metadata", "fields": [
        {{"name": "id", "type": {{"type": "string", "logicalType": "uuid"}}}},
        {{"name": "type", "type": "string"}},
        {{"name": "source", "type": "string"}},
        {{"name": "tenantId", "type": "string"}},
        {{"name": "correlationId", "type": "string"}},
        {{"name": "causationId", "type": ["null", {{"type": "string", "logicalType": "uuid"}}], "default": null}},
        {{"name": "time", "type": {{"type": "long", "logicalType": "timestamp-micros"}}}},
        {{"name": "key", "type": "string"}},
        {{"name": "sequence", "type": "long", "default": 0}},
        {{"name": "position", "type": "long", "default": -1}},
        {{"name": "actor", "type": ["null", "string"], "default": null}},
        {{"name": "replyTo", "type": ["null", "string"], "default": null}}]}}}},
    {{"name": "payload", "type": {{"type": "record", "name": "seat.SeatsHeld", "fields": [{fields}]}}}}]}}"#
    )
}

pub fn envelope() -> SeatsHeldEnvelope {
    let command = Uuid::from_u128(0x0193_4f6e_7c1b_7d2a_9a55_0c7b_7b6f_1d20);
    let at = Timestamp::from_micros(1_795_339_800_123_456);
    SeatsHeldEnvelope {
        metadata: Metadata {
            id: Uuid::from_u128(0x6c1b_9d4e_02fa_5d2c_8b11_f03a_77c5_9e64),
            r#type: "seat.held".into(),
            source: "charter://seats".into(),
            tenant_id: "default".into(),
            correlation_id: "01934f6e-7c19-7b00-8a6e-52d1c3f0a9b7".into(),
            causation_id: Some(command),
            time: at,
            key: "spring-concert-2027".into(),
            sequence: 4_217,
            position: 104_033,
            actor: Some("buyer-1234567".into()),
            reply_to: Some("outcomes-11".into()),
        },
        payload: SeatsHeld {
            show_id: "spring-concert-2027".into(),
            hold_id: command,
            holder_id: "buyer-1234567".into(),
            seat_ids: (11..15).map(|seat| format!("up-section-1-row-12-seat-{seat}")).collect(),
            price: "1249.50".parse().expect("a decimal"),
            seconds: 300,
            held_at: at,
            expires_at: at + std::time::Duration::from_mins(5),
        },
    }
}
