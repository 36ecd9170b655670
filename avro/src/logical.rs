//! Dates and times as their logical types have them (Avro 1.12 specification, "Logical Types").
//!
//! Each type is a number with a unit and an origin. Their text form, also in JSON, is ISO 8601 as RFC 3339 narrows it;
//! years outside 0000–9999, which only foreign messages hold, are written with a sign and six digits at least, as ISO
//! 8601 allows. Arithmetic saturates at the ends of the range, so that it is total; for the types in use these lie
//! thousands of years away.

mod calendar;
mod date;
mod duration;
mod text;
mod time_of_day;
mod timestamp;

pub use date::Date;
pub use duration::CalendarDuration;
pub use text::{OutOfRange, ParseError};
pub use time_of_day::{TimeMicros, TimeMillis};
pub use timestamp::{
    LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos, Timestamp, TimestampMicros,
    TimestampMillis, TimestampNanos,
};
