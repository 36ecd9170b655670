//! Everything that emitted code may name.

pub use super::{
    Bytes, Codec, CodecRef, Decimal, Fixed, FixedDecimal, FixedUuid, NullLast, Uuid, decode,
    decode_ref, decode_ref_with_plan, decode_with_plan, encode,
};
pub use crate::logical::{
    CalendarDuration, Date, LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos,
    TimeMicros, TimeMillis, Timestamp, TimestampMicros, TimestampMillis, TimestampNanos,
};
pub use std::collections::BTreeMap;
