use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;
use std::time::Duration;

use super::Date;
use super::text::{
    Cursor, DAY_SECONDS, OutOfRange, ParseError, SECOND_NS, serde_as_text, write_date, write_time,
};
use crate::codec::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{DecodeError, Reader};

/// `timestamp-micros`, the one that contracts use.
pub type Timestamp = TimestampMicros;

/// What instants and local times have in common.
macro_rules! timestamp {
    ($(#[$doc:meta])* $name:ident, $per_second:literal, $from:ident, $get:ident, $origin:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            const PER_SECOND: i64 = $per_second;
            const UNIT_NS: i64 = SECOND_NS / $per_second;

            #[doc = concat!("1970-01-01T00:00:00", $origin, ".")]
            pub const EPOCH: Self = Self(0);
            /// The earliest that can be said.
            pub const MIN: Self = Self(i64::MIN);
            /// The latest that can be said.
            pub const MAX: Self = Self(i64::MAX);

            #[doc = concat!("So many units of 1/", stringify!($per_second), " s after 1970-01-01T00:00:00", $origin, ".")]
            #[must_use]
            pub const fn $from(units: i64) -> Self {
                Self(units)
            }

            #[doc = concat!("Units of 1/", stringify!($per_second), " s after 1970-01-01T00:00:00", $origin, ".")]
            #[must_use]
            pub const fn $get(self) -> i64 {
                self.0
            }

            /// The day it falls on.
            ///
            /// # Panics
            /// Never: the range of a timestamp has fewer days than that of a date, except in milliseconds, where it
            /// saturates.
            #[must_use]
            pub fn date(self) -> Date {
                let day = self.0.div_euclid(DAY_SECONDS * Self::PER_SECOND);
                let bounded = day.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                Date::from_days(i32::try_from(bounded).expect("clamped to the range"))
            }

            /// How much later this is than `earlier`; zero if it is not.
            #[must_use]
            pub fn since(self, earlier: Self) -> Duration {
                let units = i128::from(self.0) - i128::from(earlier.0);
                let units = u64::try_from(units).unwrap_or(0);
                let per_second = Self::PER_SECOND.unsigned_abs();
                Duration::from_secs(units / per_second)
                    + Duration::from_nanos(units % per_second * Self::UNIT_NS.unsigned_abs())
            }

            fn units_of(duration: Duration) -> i64 {
                let units = duration.as_nanos() / u128::from(Self::UNIT_NS.unsigned_abs());
                i64::try_from(units).unwrap_or(i64::MAX)
            }

            fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let seconds = self.0.div_euclid(Self::PER_SECOND);
                let nanos = self.0.rem_euclid(Self::PER_SECOND) * Self::UNIT_NS;
                write_date(f, seconds.div_euclid(DAY_SECONDS))?;
                f.write_str("T")?;
                write_time(f, seconds.rem_euclid(DAY_SECONDS), nanos)
            }

            /// From days, seconds and nanoseconds; none if the unit is too coarse or the range too small.
            fn of_parts(day: i64, seconds: i64, nanos: i64) -> Option<Self> {
                let below = nanos / Self::UNIT_NS;
                if below * Self::UNIT_NS != nanos {
                    return None;
                }
                let seconds = i128::from(day) * i128::from(DAY_SECONDS) + i128::from(seconds);
                let units = seconds * i128::from(Self::PER_SECOND) + i128::from(below);
                i64::try_from(units).ok().map(Self)
            }
        }

        impl Codec for $name {
            const MIN_WIRE_LEN: usize = 1;

            #[inline]
            fn room(&self) -> usize {
                self.0.room()
            }

            #[inline]
            fn put<'b>(&self, out: &'b mut [u8]) -> &'b mut [u8] {
                self.0.put(out)
            }

            #[inline]
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.long().map(Self)
            }

            fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
                i64::decode_resolved(r, plan, at).map(Self)
            }
        }

        /// Saturates; what is finer than the unit is cut.
        impl Add<Duration> for $name {
            type Output = Self;

            fn add(self, duration: Duration) -> Self {
                Self(self.0.saturating_add(Self::units_of(duration)))
            }
        }

        impl AddAssign<Duration> for $name {
            fn add_assign(&mut self, duration: Duration) {
                *self = *self + duration;
            }
        }

        /// Saturates; what is finer than the unit is cut.
        impl Sub<Duration> for $name {
            type Output = Self;

            fn sub(self, duration: Duration) -> Self {
                Self(self.0.saturating_sub(Self::units_of(duration)))
            }
        }

        impl SubAssign<Duration> for $name {
            fn sub_assign(&mut self, duration: Duration) {
                *self = *self - duration;
            }
        }

        serde_as_text!($name);
    };
}

macro_rules! instant {
    ($(#[$doc:meta])* $name:ident, $per_second:literal, $from:ident, $get:ident, $expected:literal) => {
        timestamp!($(#[$doc])* $name, $per_second, $from, $get, "Z");

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.write(f)?;
                f.write_str("Z")
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            /// RFC 3339, with any offset. A fraction finer than the unit is refused.
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let mut cursor = Cursor::new(text);
                let mut read = || {
                    let day = cursor.date()?;
                    cursor.one_of(b"Tt ")?;
                    let (seconds, nanos) = cursor.time()?;
                    let offset = cursor.offset()?;
                    cursor.at_end().then_some(())?;
                    Self::of_parts(day, seconds - offset, nanos)
                };
                read().ok_or_else(|| ParseError::new($expected, text))
            }
        }

        impl TryFrom<$name> for time::OffsetDateTime {
            type Error = OutOfRange;

            fn try_from(time: $name) -> Result<Self, OutOfRange> {
                Self::from_unix_timestamp_nanos(i128::from(time.0) * i128::from($name::UNIT_NS))
                    .map_err(|_| OutOfRange {
                        value: i128::from(time.0),
                        target: "a time of the years -9999 to 9999",
                    })
            }
        }
    };
}

/// Units from 1970-01-01T00:00:00Z; what is finer than the unit is cut.
fn units(time: time::OffsetDateTime, unit_ns: i64) -> i128 {
    time.unix_timestamp_nanos().div_euclid(i128::from(unit_ns))
}

/// What is finer than the unit is cut. Every time of the years -9999 to 9999 fits.
impl From<time::OffsetDateTime> for TimestampMillis {
    fn from(time: time::OffsetDateTime) -> Self {
        Self(i64::try_from(units(time, Self::UNIT_NS)).unwrap_or(i64::MAX))
    }
}

/// What is finer than the unit is cut. Every time of the years -9999 to 9999 fits.
impl From<time::OffsetDateTime> for TimestampMicros {
    fn from(time: time::OffsetDateTime) -> Self {
        Self(i64::try_from(units(time, Self::UNIT_NS)).unwrap_or(i64::MAX))
    }
}

impl TryFrom<time::OffsetDateTime> for TimestampNanos {
    type Error = OutOfRange;

    fn try_from(time: time::OffsetDateTime) -> Result<Self, OutOfRange> {
        let value = units(time, Self::UNIT_NS);
        i64::try_from(value)
            .map(Self)
            .map_err(|_| OutOfRange { value, target: "nanoseconds of the years 1677 to 2262" })
    }
}

macro_rules! local {
    ($(#[$doc:meta])* $name:ident, $per_second:literal, $from:ident, $get:ident, $expected:literal) => {
        timestamp!($(#[$doc])* $name, $per_second, $from, $get, " local time");

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.write(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            /// ISO 8601 without an offset. A fraction finer than the unit is refused.
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let mut cursor = Cursor::new(text);
                let mut read = || {
                    let day = cursor.date()?;
                    cursor.one_of(b"Tt ")?;
                    let (seconds, nanos) = cursor.time()?;
                    cursor.at_end().then_some(())?;
                    Self::of_parts(day, seconds, nanos)
                };
                read().ok_or_else(|| ParseError::new($expected, text))
            }
        }

        impl TryFrom<time::PrimitiveDateTime> for $name {
            type Error = OutOfRange;

            /// What is finer than the unit is cut.
            fn try_from(time: time::PrimitiveDateTime) -> Result<Self, OutOfRange> {
                let value = units(time.assume_utc(), Self::UNIT_NS);
                i64::try_from(value).map(Self).map_err(|_| OutOfRange {
                    value,
                    target: stringify!($name),
                })
            }
        }

        impl TryFrom<$name> for time::PrimitiveDateTime {
            type Error = OutOfRange;

            fn try_from(time: $name) -> Result<Self, OutOfRange> {
                time::OffsetDateTime::from_unix_timestamp_nanos(
                    i128::from(time.0) * i128::from($name::UNIT_NS),
                )
                .map(|utc| Self::new(utc.date(), utc.time()))
                .map_err(|_| OutOfRange {
                    value: i128::from(time.0),
                    target: "a time of the years -9999 to 9999",
                })
            }
        }
    };
}

instant!(
    /// `timestamp-millis`: an instant, in milliseconds after 1970-01-01T00:00:00Z. Text form
    /// `2026-11-22T02:57:19.123Z`.
    TimestampMillis, 1_000, from_millis, millis,
    "a time with offset, to the millisecond, as `2026-11-22T02:57:19.123Z`"
);
instant!(
    /// `timestamp-micros`: an instant, in microseconds after 1970-01-01T00:00:00Z. Text form
    /// `2026-11-22T02:57:19.123456Z`.
    TimestampMicros, 1_000_000, from_micros, micros,
    "a time with offset, to the microsecond, as `2026-11-22T02:57:19.123456Z`"
);
instant!(
    /// `timestamp-nanos`: an instant, in nanoseconds after 1970-01-01T00:00:00Z; from 1677 to 2262. Text form
    /// `2026-11-22T02:57:19.123456789Z`.
    TimestampNanos, 1_000_000_000, from_nanos, nanos,
    "a time with offset, to the nanosecond, as `2026-11-22T02:57:19.123456789Z`"
);
local!(
    /// `local-timestamp-millis`: a date and a time of day in a zone that the message does not name, in milliseconds
    /// after 1970-01-01T00:00:00. Text form `2026-11-22T02:57:19.123`.
    LocalTimestampMillis, 1_000, from_millis, millis,
    "a time without offset, to the millisecond, as `2026-11-22T02:57:19.123`"
);
local!(
    /// `local-timestamp-micros`: a date and a time of day in a zone that the message does not name, in microseconds
    /// after 1970-01-01T00:00:00. Text form `2026-11-22T02:57:19.123456`.
    LocalTimestampMicros, 1_000_000, from_micros, micros,
    "a time without offset, to the microsecond, as `2026-11-22T02:57:19.123456`"
);
local!(
    /// `local-timestamp-nanos`: a date and a time of day in a zone that the message does not name, in nanoseconds
    /// after 1970-01-01T00:00:00. Text form `2026-11-22T02:57:19.123456789`.
    LocalTimestampNanos, 1_000_000_000, from_nanos, nanos,
    "a time without offset, to the nanosecond, as `2026-11-22T02:57:19.123456789`"
);
