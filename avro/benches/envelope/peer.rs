//! The same envelope for the other implementations, which go through `serde`: the field types that each of them handles
//! best.

use serde::{Deserialize, Serialize};

use crate::contract;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<U> {
    pub id: U,
    pub r#type: String,
    pub source: String,
    pub tenant_id: String,
    pub correlation_id: String,
    pub causation_id: Option<U>,
    pub time: i64,
    pub key: String,
    pub sequence: i64,
    pub position: i64,
    pub actor: Option<String>,
    pub reply_to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatsHeld<U> {
    pub show_id: String,
    pub hold_id: U,
    pub holder_id: String,
    pub seat_ids: Vec<String>,
    pub price: rust_decimal::Decimal,
    pub seconds: i32,
    pub held_at: i64,
    pub expires_at: i64,
}

// The same, borrowing from the message: `serde_avro_fast` can.

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataRef<'a, U> {
    pub id: U,
    pub r#type: &'a str,
    pub source: &'a str,
    pub tenant_id: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: Option<U>,
    pub time: i64,
    pub key: &'a str,
    pub sequence: i64,
    pub position: i64,
    #[serde(borrow)]
    pub actor: Option<&'a str>,
    #[serde(borrow)]
    pub reply_to: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatsHeldRef<'a, U> {
    pub show_id: &'a str,
    pub hold_id: U,
    pub holder_id: &'a str,
    #[serde(borrow)]
    pub seat_ids: Vec<&'a str>,
    pub price: rust_decimal::Decimal,
    pub seconds: i32,
    pub held_at: i64,
    pub expires_at: i64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EnvelopeRef<'a, U> {
    #[serde(borrow)]
    pub metadata: MetadataRef<'a, U>,
    #[serde(borrow)]
    pub payload: SeatsHeldRef<'a, U>,
}

/// Version 2, as `apache-avro` gives it out: its decimals are bytes to `serde`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatsHeldV2<U> {
    pub show_id: String,
    pub hold_id: U,
    pub holder_id: String,
    pub seat_ids: Vec<String>,
    pub price: apache_avro::Decimal,
    pub seconds: i64,
    pub expires_at: i64,
    pub channel: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EnvelopeV2<U> {
    pub metadata: Metadata<U>,
    pub payload: SeatsHeldV2<U>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope<U> {
    pub metadata: Metadata<U>,
    pub payload: SeatsHeld<U>,
}

impl<U> Envelope<U> {
    /// The same values, with UUIDs in the form that `uuid` gives.
    pub fn of(envelope: &contract::v1::SeatsHeldEnvelope, uuid: impl Fn(uuid::Uuid) -> U) -> Self {
        let (metadata, payload) = (&envelope.metadata, &envelope.payload);
        Self {
            metadata: Metadata {
                id: uuid(metadata.id),
                r#type: metadata.r#type.clone(),
                source: metadata.source.clone(),
                tenant_id: metadata.tenant_id.clone(),
                correlation_id: metadata.correlation_id.clone(),
                causation_id: metadata.causation_id.map(&uuid),
                time: metadata.time.micros(),
                key: metadata.key.clone(),
                sequence: metadata.sequence,
                position: metadata.position,
                actor: metadata.actor.clone(),
                reply_to: metadata.reply_to.clone(),
            },
            payload: SeatsHeld {
                show_id: payload.show_id.clone(),
                hold_id: uuid(payload.hold_id),
                holder_id: payload.holder_id.clone(),
                seat_ids: payload.seat_ids.clone(),
                price: payload.price.get(),
                seconds: payload.seconds,
                held_at: payload.held_at.micros(),
                expires_at: payload.expires_at.micros(),
            },
        }
    }
}
