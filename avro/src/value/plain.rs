//! Logical types as text, for the plain form. Each text reads back to the same value, else there is none.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::{Value, decimal};
use crate::logical::{
    CalendarDuration, Date, LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos,
    TimeMicros, TimeMillis, TimestampMicros, TimestampMillis, TimestampNanos,
};
use crate::schema::{Kind, Logical};

/// The key under which a decimal stands whose bytes have no text: its unscaled value in base64.
pub(super) const UNSCALED: &str = "unscaled";

/// The length of a hyphenated UUID (RFC 9562 §4).
const UUID_CHARACTERS: usize = 36;

/// The text for a value of a logical type; `None` where there is no text that reads back to it.
pub(super) fn to_text(logical: Logical, value: &Value) -> Option<String> {
    match (logical, value) {
        (Logical::Date, Value::Int(days)) => exact(&Date::from_days(*days)),
        (Logical::TimeMillis, Value::Int(units)) => exact(&TimeMillis::from_millis(*units)?),
        (Logical::TimeMicros, Value::Long(units)) => exact(&TimeMicros::from_micros(*units)?),
        (Logical::TimestampMillis, Value::Long(units)) => {
            exact(&TimestampMillis::from_millis(*units))
        }
        (Logical::TimestampMicros, Value::Long(units)) => {
            exact(&TimestampMicros::from_micros(*units))
        }
        (Logical::TimestampNanos, Value::Long(units)) => exact(&TimestampNanos::from_nanos(*units)),
        (Logical::LocalTimestampMillis, Value::Long(units)) => {
            exact(&LocalTimestampMillis::from_millis(*units))
        }
        (Logical::LocalTimestampMicros, Value::Long(units)) => {
            exact(&LocalTimestampMicros::from_micros(*units))
        }
        (Logical::LocalTimestampNanos, Value::Long(units)) => {
            exact(&LocalTimestampNanos::from_nanos(*units))
        }
        (Logical::Uuid, Value::Fixed(bytes)) => {
            Some(Uuid::from_slice(bytes).ok()?.hyphenated().to_string())
        }
        (Logical::Duration, Value::Fixed(bytes)) => exact(&duration(bytes)?),
        (Logical::Decimal { precision, scale }, Value::Bytes(bytes)) => {
            let text = decimal::to_text(bytes, scale)?;
            (decimal::shortest(decimal::from_text(&text, precision, scale)?) == *bytes)
                .then_some(text)
        }
        (Logical::Decimal { precision, scale }, Value::Fixed(bytes)) => {
            let text = decimal::to_text(bytes, scale)?;
            decimal::from_text(&text, precision, scale)?;
            Some(text)
        }
        _ => None,
    }
}

/// The value that a text of a logical type on `kind` says; `None` when it says none.
pub(super) fn from_text(logical: Logical, kind: &Kind, text: &str) -> Option<Value> {
    fn parse<T: FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }
    Some(match logical {
        Logical::Date => Value::Int(parse::<Date>(text)?.days()),
        Logical::TimeMillis => Value::Int(parse::<TimeMillis>(text)?.millis()),
        Logical::TimeMicros => Value::Long(parse::<TimeMicros>(text)?.micros()),
        Logical::TimestampMillis => Value::Long(parse::<TimestampMillis>(text)?.millis()),
        Logical::TimestampMicros => Value::Long(parse::<TimestampMicros>(text)?.micros()),
        Logical::TimestampNanos => Value::Long(parse::<TimestampNanos>(text)?.nanos()),
        Logical::LocalTimestampMillis => Value::Long(parse::<LocalTimestampMillis>(text)?.millis()),
        Logical::LocalTimestampMicros => Value::Long(parse::<LocalTimestampMicros>(text)?.micros()),
        Logical::LocalTimestampNanos => Value::Long(parse::<LocalTimestampNanos>(text)?.nanos()),
        Logical::Duration => {
            let duration: CalendarDuration = parse(text)?;
            let parts = [duration.months, duration.days, duration.millis];
            Value::Fixed(parts.iter().flat_map(|part| part.to_le_bytes()).collect())
        }
        Logical::Uuid => {
            // The `uuid` crate also takes braces and the form without hyphens.
            let uuid: Uuid = parse(text).filter(|_| text.len() == UUID_CHARACTERS)?;
            if matches!(kind, Kind::Fixed(_)) {
                Value::Fixed(uuid.as_bytes().to_vec())
            } else {
                Value::String(text.to_owned())
            }
        }
        Logical::Decimal { precision, scale } => {
            let unscaled = decimal::from_text(text, precision, scale)?;
            if let Kind::Fixed(fixed) = kind {
                Value::Fixed(decimal::sized(unscaled, fixed.size)?)
            } else {
                Value::Bytes(decimal::shortest(unscaled))
            }
        }
    })
}

/// What a text of a logical type looks like, for messages.
pub(super) fn described(logical: Logical) -> String {
    match logical {
        Logical::Decimal { precision, scale } => {
            format!(
                "a decimal in a string, of at most {precision} digits, {scale} of them behind the point"
            )
        }
        Logical::Uuid => "a uuid".to_owned(),
        Logical::Date => "a date such as `2026-11-22`".to_owned(),
        Logical::TimeMillis | Logical::TimeMicros => "a time such as `14:30:00`".to_owned(),
        Logical::TimestampMillis | Logical::TimestampMicros | Logical::TimestampNanos => {
            "a time in UTC such as `2026-11-22T14:30:00Z`".to_owned()
        }
        Logical::LocalTimestampMillis
        | Logical::LocalTimestampMicros
        | Logical::LocalTimestampNanos => "a local time such as `2026-11-22T14:30:00`".to_owned(),
        Logical::Duration => "a duration such as `P1M2DT3S`".to_owned(),
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The value's text, if it reads back.
fn exact<T: Display + FromStr + PartialEq>(value: &T) -> Option<String> {
    let text = value.to_string();
    (text.parse::<T>().ok()? == *value).then_some(text)
}

fn duration(bytes: &[u8]) -> Option<CalendarDuration> {
    let (parts, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    let [months, days, millis] = parts else {
        return None;
    };
    let part = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
    Some(CalendarDuration { months: part(months), days: part(days), millis: part(millis) })
}
