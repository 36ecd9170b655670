use std::fmt;
use std::str::FromStr;

use super::text::{Cursor, ParseError, serde_as_text};
use crate::codec::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{self, DecodeError, Reader};

/// `duration`: months, days and milliseconds, which do not convert into each other. On the wire three little-endian
/// numbers of 4 bytes. Text form `P1M2DT3.500S`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CalendarDuration {
    /// Months.
    pub months: u32,
    /// Days.
    pub days: u32,
    /// Milliseconds.
    pub millis: u32,
}

impl Codec for CalendarDuration {
    const MIN_WIRE_LEN: usize = 12;

    #[inline]
    fn room(&self) -> usize {
        12
    }

    #[inline]
    fn put<'b>(&self, mut out: &'b mut [u8]) -> &'b mut [u8] {
        for part in [self.months, self.days, self.millis] {
            out = wire::put_array(out, part.to_le_bytes());
        }
        out
    }

    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut part = || r.array().map(u32::from_le_bytes);
        Ok(Self { months: part()?, days: part()?, millis: part()? })
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        Err(plan.mismatch(r, at, "expected a duration of 12 bytes"))
    }
}

impl fmt::Display for CalendarDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}M{}DT", self.months, self.days)?;
        match (self.millis / 1000, self.millis % 1000) {
            (seconds, 0) => write!(f, "{seconds}S"),
            (seconds, millis) => write!(f, "{seconds}.{millis:03}S"),
        }
    }
}

impl FromStr for CalendarDuration {
    type Err = ParseError;

    /// The form that `Display` writes; parts that are zero may be left out, but one must stand.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        read(text).ok_or_else(|| ParseError::new("a duration as `P1M2DT3.500S`", text))
    }
}

fn read(text: &str) -> Option<CalendarDuration> {
    let mut cursor = Cursor::new(text);
    cursor.one_of(b"P")?;
    let mut duration = CalendarDuration::default();
    let mut units: &[u8] = b"MD";
    while !cursor.at_end() && cursor.one_of(b"T").is_none() {
        let value = u32::try_from(cursor.digits(1, 10)?.0).ok()?;
        if cursor.one_of(units)? == b'M' {
            duration.months = value;
            units = b"D";
        } else {
            duration.days = value;
            units = b"";
        }
        if cursor.at_end() {
            return Some(duration);
        }
    }
    let seconds = cursor.digits(1, 10)?.0;
    let mut millis = 0;
    if cursor.one_of(b".").is_some() {
        let (value, count) = cursor.digits(1, 3)?;
        millis = (count..3).fold(value, |millis, _| millis * 10);
    }
    cursor.one_of(b"S")?;
    cursor.at_end().then_some(())?;
    duration.millis = u32::try_from(seconds * 1000 + millis).ok()?;
    Some(duration)
}

serde_as_text!(CalendarDuration);
