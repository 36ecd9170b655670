//! How column values stand in SQLite.
//!
//! Every form sorts as its values do: numbers, times and days are integers or reals, UUIDs their bytes, and
//! a decimal is a text made to sort (see [`decimal_text`]).

use charter_domain::{ColumnType, ColumnValue, Date, Table, Timestamp};
use rust_decimal::Decimal;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteRow, SqliteTypeInfo};
use sqlx::{Encode, Row as _, Sqlite, Type};
use uuid::Uuid;

use super::damaged;
use crate::store::StoreError;

/// The digits before the point in a decimal's text: as many as the largest `Decimal` has.
const WHOLE: usize = 29;
/// The digits behind the point: the largest scale of a `Decimal`.
const FRACTION: usize = 28;

/// A column value as an argument.
pub(super) struct Bound<'a>(pub(super) &'a ColumnValue);

impl Type<Sqlite> for Bound<'_> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Bound<'_> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        match self.0 {
            ColumnValue::Null => Ok(IsNull::Yes),
            ColumnValue::Boolean(value) => Encode::<Sqlite>::encode(*value, buffer),
            ColumnValue::Integer(value) => Encode::<Sqlite>::encode(*value, buffer),
            ColumnValue::Real(value) => Encode::<Sqlite>::encode(*value, buffer),
            ColumnValue::Text(value) | ColumnValue::Json(value) => {
                Encode::<Sqlite>::encode(value.clone(), buffer)
            }
            ColumnValue::Bytes(value) => Encode::<Sqlite>::encode(value.clone(), buffer),
            ColumnValue::Uuid(value) => Encode::<Sqlite>::encode(value.as_bytes().to_vec(), buffer),
            ColumnValue::Decimal(value) => Encode::<Sqlite>::encode(decimal_text(value), buffer),
            ColumnValue::Timestamp(value) => Encode::<Sqlite>::encode(value.micros(), buffer),
            ColumnValue::Date(value) => Encode::<Sqlite>::encode(i64::from(value.days()), buffer),
        }
    }
}

/// SQLite's type of a column.
pub(super) fn sql_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Boolean | ColumnType::Integer | ColumnType::Timestamp | ColumnType::Date => {
            "INTEGER"
        }
        ColumnType::Real => "REAL",
        ColumnType::Text | ColumnType::Decimal | ColumnType::Json => "TEXT",
        ColumnType::Bytes | ColumnType::Uuid => "BLOB",
    }
}

/// The values of all of the table's columns, which begin at `first` in the row.
pub(super) fn read_row(
    table: &'static Table,
    row: &SqliteRow,
    first: usize,
) -> Result<Vec<ColumnValue>, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let value = read_value(column.kind, row, first + index).map_err(|error| {
            damaged("a row of a view", format_args!("`{}`.`{}`: {error}", table.name, column.name))
        })?;
        values.push(value);
    }
    Ok(values)
}

fn read_value(kind: ColumnType, row: &SqliteRow, index: usize) -> Result<ColumnValue, BoxDynError> {
    let integer = || row.try_get::<Option<i64>, _>(index);
    let text = || row.try_get::<Option<String>, _>(index);
    let bytes = || row.try_get::<Option<Vec<u8>>, _>(index);
    let value = match kind {
        ColumnType::Boolean => integer()?.map(|value| ColumnValue::Boolean(value != 0)),
        ColumnType::Integer => integer()?.map(ColumnValue::Integer),
        ColumnType::Real => row.try_get::<Option<f64>, _>(index)?.map(ColumnValue::Real),
        ColumnType::Text => text()?.map(ColumnValue::Text),
        ColumnType::Json => text()?.map(ColumnValue::Json),
        ColumnType::Bytes => bytes()?.map(ColumnValue::Bytes),
        ColumnType::Uuid => {
            bytes()?.map(|value| Uuid::from_slice(&value).map(ColumnValue::Uuid)).transpose()?
        }
        ColumnType::Decimal => {
            let text = text()?;
            text.map(|text| {
                let value = decimal_of(&text).ok_or_else(|| format!("`{text}` is no decimal"))?;
                Ok::<_, BoxDynError>(ColumnValue::Decimal(value))
            })
            .transpose()?
        }
        ColumnType::Timestamp => {
            integer()?.map(|value| ColumnValue::Timestamp(Timestamp::from_micros(value)))
        }
        ColumnType::Date => integer()?
            .map(|value| i32::try_from(value).map(|days| ColumnValue::Date(Date::from_days(days))))
            .transpose()?,
    };
    Ok(value.unwrap_or(ColumnValue::Null))
}

/// A text that sorts as the number does: `1` and the digits, all padded, or `0` and their nines'
/// complements where it is negative; then `:` and the scale, which only tells `1.0` from `1.00`.
pub(super) fn decimal_text(value: &Decimal) -> String {
    format!("{}:{:02}", decimal_digits(value), value.scale())
}

/// The part of [`decimal_text`] that is the same for equal numbers.
pub(super) fn decimal_digits(value: &Decimal) -> String {
    let negative = value.is_sign_negative() && !value.is_zero();
    let mut digits = value.mantissa().unsigned_abs().to_string();
    digits.push_str(&"0".repeat(FRACTION - value.scale() as usize));
    let padded = format!("{digits:0>width$}", width = WHOLE + FRACTION);
    if negative {
        let complement = padded.bytes().map(|digit| char::from(b'9' - (digit - b'0')));
        std::iter::once('0').chain(complement).collect()
    } else {
        format!("1{padded}")
    }
}

fn decimal_of(text: &str) -> Option<Decimal> {
    let (signed, scale) = text.split_once(':')?;
    let scale: u32 = scale.parse().ok()?;
    let kept = signed.len().checked_sub(FRACTION.checked_sub(scale as usize)?)?;
    let negative = signed.starts_with('0');
    let mut mantissa: i128 = 0;
    for digit in signed.get(1..kept)?.bytes() {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        let digit = if negative { 9 - digit } else { digit };
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    Decimal::try_from_i128_with_scale(if negative { -mantissa } else { mantissa }, scale).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_decimal_keeps_its_scale() {
        for text in [
            "0",
            "0.00",
            "420.00",
            "-1.5",
            "79228162514264337593543950335",
            "-0.0000000000000000000000000001",
        ] {
            let value: Decimal = text.parse().expect("a decimal");
            let back = decimal_of(&decimal_text(&value)).expect("its text");
            assert_eq!(back.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn texts_sort_as_decimals(a in any::<i64>(), b in any::<i64>(), i in 0_u32..28, j in 0_u32..28) {
            let (a, b) = (Decimal::new(a, i), Decimal::new(b, j));
            prop_assert_eq!(decimal_digits(&a).cmp(&decimal_digits(&b)), a.cmp(&b));
            prop_assert_eq!(decimal_of(&decimal_text(&a)), Some(a));
        }
    }
}
