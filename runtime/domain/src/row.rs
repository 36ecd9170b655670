//! Between a view's fields and the values of its columns: what generated [`View`]s call.
//!
//! A field is a *cell* where its type has a column type of its own, a *symbol* where it is an enum, and
//! *JSON* where it is a record, an array, a map or a union.

use charter_avro::codec::{
    Bytes, Decimal, Fixed, FixedDecimal, FixedUuid, NullLast, decode, encode,
};
use charter_avro::logical::{
    CalendarDuration, Date, LocalTimestampMicros, LocalTimestampMillis, LocalTimestampNanos,
    TimeMicros, TimeMillis, Timestamp, TimestampMillis, TimestampNanos,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{ColumnError, ColumnValue, Table, View};

/// A type whose values stand in a column by themselves.
pub trait Cell: Sized {
    /// What the column holds, for the error.
    const EXPECTED: &'static str;

    /// The column's value.
    fn to_cell(&self) -> ColumnValue;

    /// The value that the column holds.
    ///
    /// # Errors
    /// The column's value again, where it is of another type or out of range.
    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue>;
}

macro_rules! cells {
    ($($type:ty as $variant:ident, $expected:literal: $to:expr, $from:expr;)*) => {$(
        impl Cell for $type {
            const EXPECTED: &'static str = $expected;

            fn to_cell(&self) -> ColumnValue {
                let to: fn(&$type) -> _ = $to;
                ColumnValue::$variant(to(self))
            }

            fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
                let from: fn(_) -> Option<$type> = $from;
                if let ColumnValue::$variant(inner) = value {
                    from(inner.clone()).ok_or(ColumnValue::$variant(inner))
                } else {
                    Err(value)
                }
            }
        }
    )*};
}

cells! {
    bool as Boolean, "a boolean": |value| *value, Some;
    i32 as Integer, "an int": |value| i64::from(*value), |value: i64| i32::try_from(value).ok();
    i64 as Integer, "a long": |value| *value, Some;
    // A float widens exactly, so narrowing gives it back.
    f32 as Real, "a float": |value| f64::from(*value), |value: f64| Some(narrow(value));
    f64 as Real, "a double": |value| *value, Some;
    Bytes as Bytes, "bytes": |value| value.0.clone(), |value| Some(Bytes(value));
    Uuid as Uuid, "a uuid": |value| *value, Some;
    FixedUuid as Uuid, "a uuid": |value| value.0, |value| Some(FixedUuid(value));
    Date as Date, "a date": |value| *value, Some;
    Timestamp as Timestamp, "a timestamp": |value| *value, Some;
    TimestampMillis as Integer, "milliseconds": |value| value.millis(), |value| Some(TimestampMillis::from_millis(value));
    TimestampNanos as Integer, "nanoseconds": |value| value.nanos(), |value| Some(TimestampNanos::from_nanos(value));
    LocalTimestampMillis as Integer, "milliseconds": |value| value.millis(), |value| Some(LocalTimestampMillis::from_millis(value));
    LocalTimestampMicros as Integer, "microseconds": |value| value.micros(), |value| Some(LocalTimestampMicros::from_micros(value));
    LocalTimestampNanos as Integer, "nanoseconds": |value| value.nanos(), |value| Some(LocalTimestampNanos::from_nanos(value));
    TimeMillis as Integer, "milliseconds of a day": |value| i64::from(value.millis()), |value: i64| i32::try_from(value).ok().and_then(TimeMillis::from_millis);
    TimeMicros as Integer, "microseconds of a day": |value| value.micros(), TimeMicros::from_micros;
}

#[expect(clippy::cast_possible_truncation, reason = "the value was widened from a float")]
fn narrow(value: f64) -> f32 {
    value as f32
}

impl<const P: u32, const S: u32> Cell for Decimal<P, S> {
    const EXPECTED: &'static str = "a decimal of the contract's scale";

    fn to_cell(&self) -> ColumnValue {
        ColumnValue::Decimal(self.get())
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        let ColumnValue::Decimal(number) = value else { return Err(value) };
        Self::new(number).map_err(|_| ColumnValue::Decimal(number))
    }
}

impl<const N: usize, const P: u32, const S: u32> Cell for FixedDecimal<N, P, S> {
    const EXPECTED: &'static str = Decimal::<P, S>::EXPECTED;

    fn to_cell(&self) -> ColumnValue {
        self.0.to_cell()
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        Decimal::from_cell(value).map(Self)
    }
}

impl<const N: usize> Cell for Fixed<N> {
    const EXPECTED: &'static str = "bytes of the contract's length";

    fn to_cell(&self) -> ColumnValue {
        ColumnValue::Bytes(self.0.to_vec())
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        let ColumnValue::Bytes(bytes) = value else { return Err(value) };
        bytes.try_into().map(Self).map_err(ColumnValue::Bytes)
    }
}

/// The 12 bytes that Avro writes.
impl Cell for CalendarDuration {
    const EXPECTED: &'static str = "the 12 bytes of a duration";

    fn to_cell(&self) -> ColumnValue {
        ColumnValue::Bytes(encode(self))
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        let ColumnValue::Bytes(bytes) = value else { return Err(value) };
        decode(&bytes).map_err(|_| ColumnValue::Bytes(bytes))
    }
}

impl Cell for String {
    const EXPECTED: &'static str = "a text";

    fn to_cell(&self) -> ColumnValue {
        ColumnValue::Text(self.clone())
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        if let ColumnValue::Text(text) = value { Ok(text) } else { Err(value) }
    }
}

impl<T: Cell> Cell for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn to_cell(&self) -> ColumnValue {
        self.as_ref().map_or(ColumnValue::Null, Cell::to_cell)
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        if value == ColumnValue::Null { Ok(None) } else { T::from_cell(value).map(Some) }
    }
}

impl<T: Cell> Cell for NullLast<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn to_cell(&self) -> ColumnValue {
        self.0.to_cell()
    }

    fn from_cell(value: ColumnValue) -> Result<Self, ColumnValue> {
        Option::from_cell(value).map(Self)
    }
}

/// The column's value of an enum's symbol, `None` where there is none.
pub fn symbol(value: impl Into<Option<&'static str>>) -> ColumnValue {
    value.into().map_or(ColumnValue::Null, |symbol| ColumnValue::Text(symbol.to_owned()))
}

/// The column's value of a record, an array, a map or a union; [`ColumnValue::Null`] where it is JSON's
/// `null`.
pub fn json(value: &impl Serialize) -> ColumnValue {
    let text = json_text(value);
    if text == "null" { ColumnValue::Null } else { ColumnValue::Json(text) }
}

/// The JSON text of a generated type, in the contract's field names.
///
/// # Panics
/// Never for generated types: their maps have text keys and their `Serialize` cannot fail.
#[must_use]
pub fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a generated type is always JSON")
}

/// A row's values, taken column by column in the table's order.
#[derive(Debug)]
pub struct Row {
    table: &'static Table,
    values: std::vec::IntoIter<ColumnValue>,
    taken: usize,
}

impl Row {
    /// The values of one row of `V`'s table.
    #[must_use]
    pub fn of<V: View>(values: Vec<ColumnValue>) -> Self {
        Self { table: V::TABLE, values: values.into_iter(), taken: 0 }
    }

    /// The next column's value.
    ///
    /// # Errors
    /// Where it is missing, or of another type than `T`'s.
    pub fn cell<T: Cell>(&mut self) -> Result<T, ColumnError> {
        let value = self.next(T::EXPECTED)?;
        T::from_cell(value).map_err(|found| self.mismatch(T::EXPECTED, format!("{found:?}")))
    }

    /// The next column's enum, or optional enum.
    ///
    /// # Errors
    /// Where it is missing, no text, or not one of the enum's symbols.
    pub fn symbol<T: DeserializeOwned>(&mut self) -> Result<T, ColumnError> {
        let text: Option<String> = self.cell()?;
        serde_json::from_value(text.into())
            .map_err(|error| self.mismatch("a symbol of the enum", error.to_string()))
    }

    /// The next column's record, array, map or union.
    ///
    /// # Errors
    /// Where it is missing or its JSON doesn't say a `T`.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T, ColumnError> {
        const EXPECTED: &str = "JSON of the contract's type";
        let value = self.next(EXPECTED)?;
        let text = match &value {
            ColumnValue::Null => "null",
            ColumnValue::Json(text) => text,
            ColumnValue::Boolean(_)
            | ColumnValue::Integer(_)
            | ColumnValue::Real(_)
            | ColumnValue::Text(_)
            | ColumnValue::Bytes(_)
            | ColumnValue::Uuid(_)
            | ColumnValue::Decimal(_)
            | ColumnValue::Timestamp(_)
            | ColumnValue::Date(_) => return Err(self.mismatch(EXPECTED, format!("{value:?}"))),
        };
        serde_json::from_str(text).map_err(|error| self.mismatch(EXPECTED, error.to_string()))
    }

    fn next(&mut self, expected: &'static str) -> Result<ColumnValue, ColumnError> {
        self.taken += 1;
        self.values.next().ok_or_else(|| self.mismatch(expected, "no value".to_owned()))
    }

    fn mismatch(&self, expected: &'static str, found: String) -> ColumnError {
        ColumnError::new(self.table, self.taken.saturating_sub(1), expected, found)
    }
}
