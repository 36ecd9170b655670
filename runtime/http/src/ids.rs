//! Ids that are made for each request. The system is asked for randomness once a thread and now and then after, not for
//! each id: the generator between is as hard to foresee.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// A new `UUIDv7` (RFC 9562 section 5.7).
pub(crate) fn now_v7() -> Uuid {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_their_time_and_differ() {
        let (one, other) = (now_v7(), now_v7());
        assert_ne!(one, other);
        for id in [one, other] {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        }
        let seconds = |id: Uuid| id.get_timestamp().expect("it has one").to_unix().0;
        let reference = seconds(Uuid::now_v7());
        assert!(seconds(one) <= reference && reference <= seconds(now_v7()));
    }
}
