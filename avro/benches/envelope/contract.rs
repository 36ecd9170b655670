//! What the contract compiler emits for the contracts below `v1` and `v2`, as it is in a context's crate, and the message
//! that is measured. Version 1 writes, version 2 reads: `seconds` is a long there, `heldAt` is gone, `channel` is new.
//!
//! `codegen/tests/emit_fresh.rs` holds these files against the compiler.

#[rustfmt::skip]
#[path = "v1/contract-seat/src/events/seats_held.rs"]
pub mod v1;
#[rustfmt::skip]
#[path = "v2/contract-seat/src/events/seats_held.rs"]
pub mod v2;

use charter_avro::codec::Uuid;
use charter_avro::logical::Timestamp;
use charter_domain::Metadata;

pub fn envelope() -> v1::SeatsHeldEnvelope {
    let command = Uuid::from_u128(0x0193_4f6e_7c1b_7d2a_9a55_0c7b_7b6f_1d20);
    let at = Timestamp::from_micros(1_795_339_800_123_456);
    v1::SeatsHeldEnvelope {
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
        payload: v1::SeatsHeld {
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
