//! Ids that follow from what they name, by the rule and not by the runtime's code.

use uuid::Uuid;

/// The namespace of ids that the runtime derives.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d5c_0a4e_53f1_4c7b_9a36_6e1f_b7d2_40c9);

/// `UUIDv5` over length-prefixed ("event", tenant, context, key, sequence).
pub(super) fn event(tenant: &str, context: &str, key: &str, sequence: i64) -> Uuid {
    let parts: [&[u8]; 5] =
        [b"event", tenant.as_bytes(), context.as_bytes(), key.as_bytes(), &sequence.to_be_bytes()];
    derive(&parts)
}

/// `UUIDv5` over length-prefixed ("deadline", event, index): the command that a deadline sends.
pub(super) fn deadline_command(event_id: Uuid, index: u32) -> Uuid {
    derive(&[b"deadline", event_id.as_bytes(), &index.to_be_bytes()])
}

fn derive(parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&NAMESPACE, &name)
}
