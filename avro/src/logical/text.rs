//! Reading and writing ISO 8601 text, and the `serde` form of all types here.

use std::fmt;

use super::calendar;

/// Why a text is not a date or a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct ParseError {
    expected: &'static str,
    found: String,
}

impl ParseError {
    pub(super) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(64).collect() }
    }
}

/// A date or a time outside what the other type can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is out of range for {target}")]
pub struct OutOfRange {
    pub(super) value: i128,
    pub(super) target: &'static str,
}

pub(super) const SECOND_NS: i64 = 1_000_000_000;
pub(super) const DAY_SECONDS: i64 = 86_400;

pub(super) fn write_date(f: &mut fmt::Formatter<'_>, day: i64) -> fmt::Result {
    let (year, month, day) = calendar::civil(day);
    if (0..=9999).contains(&year) {
        write!(f, "{year:04}-{month:02}-{day:02}")
    } else {
        write!(f, "{year:+07}-{month:02}-{day:02}")
    }
}

/// `seconds` from midnight, `nanos` below a second. The fraction has none, 3, 6 or 9 digits, as few as say it.
pub(super) fn write_time(f: &mut fmt::Formatter<'_>, seconds: i64, nanos: i64) -> fmt::Result {
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(f, "{hour:02}:{minute:02}:{second:02}")?;
    if nanos == 0 {
        Ok(())
    } else if nanos % 1_000_000 == 0 {
        write!(f, ".{:03}", nanos / 1_000_000)
    } else if nanos % 1_000 == 0 {
        write!(f, ".{:06}", nanos / 1_000)
    } else {
        write!(f, ".{nanos:09}")
    }
}

/// Reads from the front of a text.
pub(super) struct Cursor<'a> {
    left: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { left: text.as_bytes() }
    }

    pub(super) fn at_end(&self) -> bool {
        self.left.is_empty()
    }

    /// The next character, if it is one of these.
    pub(super) fn one_of(&mut self, characters: &[u8]) -> Option<u8> {
        let (&first, left) = self.left.split_first()?;
        characters.contains(&first).then(|| {
            self.left = left;
            first
        })
    }

    /// Digits, between `least` and `most` of them: their value and how many there were. `most` is 18 at most.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<(i64, usize)> {
        let count = self.left.iter().take(most).take_while(|c| c.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, left) = self.left.split_at(count);
        self.left = left;
        let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Some((value, count))
    }

    fn two(&mut self, most: i64) -> Option<i64> {
        self.digits(2, 2).map(|(value, _)| value).filter(|value| *value <= most)
    }

    /// A date as days from 1970-01-01.
    pub(super) fn date(&mut self) -> Option<i64> {
        let year = match self.one_of(b"+-") {
            None => self.digits(4, 4)?.0,
            Some(b'-') => -self.digits(6, 12)?.0,
            Some(_) => self.digits(6, 12)?.0,
        };
        self.one_of(b"-")?;
        let month = self.two(12)?;
        self.one_of(b"-")?;
        let day = self.two(31)?;
        calendar::day(year, month.to_le_bytes()[0], day.to_le_bytes()[0])
    }

    /// A time of day: seconds from midnight, and the nanoseconds below. Leap seconds (`:60`) are refused: no type here
    /// can hold one.
    pub(super) fn time(&mut self) -> Option<(i64, i64)> {
        let hour = self.two(23)?;
        self.one_of(b":")?;
        let minute = self.two(59)?;
        self.one_of(b":")?;
        let second = self.two(59)?;
        let mut nanos = 0;
        if self.one_of(b".").is_some() {
            let (value, count) = self.digits(1, 9)?;
            nanos = (count..9).fold(value, |nanos, _| nanos * 10);
            // Nothing here is finer than a nanosecond.
            while self.one_of(b"0").is_some() {}
        }
        Some((hour * 3600 + minute * 60 + second, nanos))
    }

    /// An offset from UTC in seconds: `Z` or `±hh:mm`.
    pub(super) fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.two(23)?;
        self.one_of(b":")?;
        Some(sign * (hours * 3600 + self.two(59)? * 60))
    }
}

/// Text is the `serde` form of a type with `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($name:ident),*) => { $(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
pub(super) use serde_as_text;
