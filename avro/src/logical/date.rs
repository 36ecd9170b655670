use std::fmt;
use std::str::FromStr;

use super::calendar;
use super::text::{Cursor, OutOfRange, ParseError, serde_as_text, write_date};
use crate::codec::Codec;
use crate::plan::{Plan, StepId};
use crate::wire::{DecodeError, Reader};

/// `date`: a day of the calendar, in days from 1970-01-01. Text form `2026-11-22`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// 1970-01-01.
    pub const EPOCH: Self = Self(0);

    /// The day so many days after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// A day by year (0–9999), month (1–12) and day (1–31); none if the calendar does not have it.
    #[must_use]
    pub fn from_calendar(year: u16, month: u8, day: u8) -> Option<Self> {
        if year > 9999 {
            return None;
        }
        let day = calendar::day(i64::from(year), month, day)?;
        i32::try_from(day).ok().map(Self)
    }

    /// Days from 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Year, month (1–12) and day (1–31).
    #[must_use]
    pub fn calendar(self) -> (i64, u8, u8) {
        calendar::civil(i64::from(self.0))
    }

    /// The day so many days later (earlier, if negative); saturates.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// How many days later `other` is: from check-in to check-out, the nights. Negative if it is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        i64::from(other.0) - i64::from(self.0)
    }

    /// Every day from this one on, up to `end` and without it; none if `end` is not later.
    pub fn until(self, end: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..end.0).map(Self)
    }
}

impl Codec for Date {
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
        r.int().map(Self)
    }

    fn decode_resolved(r: &mut Reader<'_>, plan: &Plan, at: StepId) -> Result<Self, DecodeError> {
        i32::decode_resolved(r, plan, at).map(Self)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_date(f, i64::from(self.0))
    }
}

impl FromStr for Date {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        cursor
            .date()
            .filter(|_| cursor.at_end())
            .and_then(|day| i32::try_from(day).ok())
            .map(Self)
            .ok_or_else(|| ParseError::new("a date as `2026-11-22`", text))
    }
}

serde_as_text!(Date);

impl From<time::Date> for Date {
    fn from(date: time::Date) -> Self {
        // The `time` crate counts Julian days; 1970-01-01 is day 2,440,588.
        Self(date.to_julian_day() - 2_440_588)
    }
}

impl TryFrom<Date> for time::Date {
    type Error = OutOfRange;

    fn try_from(date: Date) -> Result<Self, OutOfRange> {
        date.0.checked_add(2_440_588).and_then(|day| Self::from_julian_day(day).ok()).ok_or(
            OutOfRange { value: i128::from(date.0), target: "a date of the years -9999 to 9999" },
        )
    }
}
