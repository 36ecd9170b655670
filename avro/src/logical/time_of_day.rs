use std::fmt;
use std::str::FromStr;

use super::text::{Cursor, ParseError, SECOND_NS, serde_as_text, write_time};
use crate::codec::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{DecodeError, DecodeErrorKind, Reader};

macro_rules! time_of_day {
    ($(#[$doc:meta])* $name:ident, $number:ty, $per_second:literal, $from:ident, $get:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($number);

        impl $name {
            /// 00:00:00.
            pub const MIDNIGHT: Self = Self(0);

            const DAY: $number = 86_400 * $per_second;

            #[doc = concat!("The time so many units of 1/", stringify!($per_second), " s after midnight; none if that is not within a day.")]
            #[must_use]
            pub const fn $from(units: $number) -> Option<Self> {
                if units >= 0 && units < Self::DAY { Some(Self(units)) } else { None }
            }

            #[doc = concat!("Units of 1/", stringify!($per_second), " s after midnight.")]
            #[must_use]
            pub const fn $get(self) -> $number {
                self.0
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
                let start = r.position();
                let units = <$number>::decode(r)?;
                Self::$from(units).ok_or_else(|| {
                    DecodeError::new(DecodeErrorKind::TimeOfDay(units.into()), start)
                })
            }

            fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
                let start = r.position();
                let units = <$number>::decode_resolved(r, plan, at)?;
                Self::$from(units).ok_or_else(|| {
                    DecodeError::new(DecodeErrorKind::TimeOfDay(units.into()), start)
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let units = i64::from(self.0);
                write_time(f, units / $per_second, units % $per_second * (SECOND_NS / $per_second))
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let mut cursor = Cursor::new(text);
                let unit = SECOND_NS / $per_second;
                cursor
                    .time()
                    .filter(|(_, nanos)| cursor.at_end() && nanos % unit == 0)
                    .and_then(|(seconds, nanos)| <$number>::try_from(seconds * $per_second + nanos / unit).ok())
                    .map(Self)
                    .ok_or_else(|| ParseError::new($expected, text))
            }
        }

        serde_as_text!($name);

        impl From<time::Time> for $name {
            /// What is finer than the unit is cut.
            fn from(time: time::Time) -> Self {
                let (hour, minute, second, nanos) = time.as_hms_nano();
                let seconds = <$number>::from(hour) * 3600 + <$number>::from(minute) * 60 + <$number>::from(second);
                let unit: u32 = 1_000_000_000 / $per_second;
                let below = <$number>::try_from(nanos / unit).expect("below a second there are fewer units than one has");
                Self(seconds * $per_second + below)
            }
        }

        impl From<$name> for time::Time {
            fn from(time: $name) -> Self {
                let unit = time::Duration::nanoseconds(SECOND_NS / $per_second);
                let units = i64::from(time.0);
                Self::MIDNIGHT
                    + time::Duration::seconds(units / $per_second)
                    + unit * i32::try_from(units % $per_second).expect("fewer units than a second has")
            }
        }
    };
}

time_of_day!(
    /// `time-millis`: a time of day without zone, in milliseconds after midnight. Text form `14:30:00.250`.
    TimeMillis, i32, 1_000, from_millis, millis, "a time of day as `14:30:00.250`"
);
time_of_day!(
    /// `time-micros`: a time of day without zone, in microseconds after midnight. Text form `14:30:00.250125`.
    TimeMicros, i64, 1_000_000, from_micros, micros, "a time of day as `14:30:00.250125`"
);
