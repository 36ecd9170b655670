//! Ids that follow from what they name, so that a decision made again gives the same ones
//! (`UUIDv5`, RFC 9562 section 5.5).

use uuid::Uuid;

/// The namespace of all ids that the runtime derives.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d5c_0a4e_53f1_4c7b_9a36_6e1f_b7d2_40c9);

/// The id of an aggregate's event.
pub(super) fn event_id(tenant: &str, context: &str, key: &str, sequence: i64) -> Uuid {
    derive(
        "event",
        &[tenant.as_bytes(), context.as_bytes(), key.as_bytes(), &sequence.to_be_bytes()],
    )
}

/// The id of the command that an event's deadline sends.
pub(super) fn deadline_command_id(event_id: Uuid, index: u32) -> Uuid {
    derive("deadline", &[event_id.as_bytes(), &index.to_be_bytes()])
}

/// The id of a command that a reactor sends for an event: the one at `index` of those.
pub(crate) fn reaction_command_id(reactor: &str, event_id: Uuid, index: u32) -> Uuid {
    derive("reaction", &[reactor.as_bytes(), event_id.as_bytes(), &index.to_be_bytes()])
}

/// What an effect for an event is known by outside.
pub(crate) fn effect_id(effect: &str, event_id: Uuid) -> Uuid {
    derive("effect", &[effect.as_bytes(), event_id.as_bytes()])
}

/// The id of a dead letter: the same for a record that is set aside again.
pub(super) fn dead_letter_id(topic: &str, partition: u32, place: &[u8]) -> Uuid {
    derive("dead-letter", &[topic.as_bytes(), &partition.to_be_bytes(), place])
}

/// Each part goes after its length, so that no two lists of parts give the same bytes.
fn derive(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::with_capacity(64);
    for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_eq!(event_id("a", "b", "c", 1), event_id("a", "b", "c", 1));
        assert_ne!(event_id("ab", "c", "d", 1), event_id("a", "bc", "d", 1));
        assert_ne!(event_id("a", "b", "c", 1), event_id("a", "b", "c", 2));
    }
}
