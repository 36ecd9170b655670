//! Values as PostgreSQL sends them: arrays of many rows' values for `unnest`, single ones for conditions, and
//! the columns of views.
//!
//! An array is encoded as its rows are known, so that those of several batches are put together by copying
//! bytes.

use charter_domain::{ColumnType, ColumnValue, Date, Table, Timestamp};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, PgValueRef};
use sqlx::query::Query;
use sqlx::{Decode, Encode, Postgres, Row as _, Type, ValueRef as _};
use time::OffsetDateTime;
use uuid::Uuid;

use super::numeric;
use crate::store::columns::damaged;
use crate::store::{RowKey, StoreError};

/// PostgreSQL counts microseconds and days from 2000-01-01.
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// See [`EPOCH_MICROS`].
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The first instant that PostgreSQL knows, 4714-11-24 BC, in its own count; one before becomes this.
const FIRST_MICROS: i64 = -211_813_488_000_000_000;
/// The first and the last day that PostgreSQL knows, in its own count.
const FIRST_DAY: i32 = -2_451_545;
/// See [`FIRST_DAY`].
const LAST_DAY: i32 = 2_145_031_948;

/// A type of PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int8,
    Float8,
    Text,
    Bytes,
    Uuid,
    Numeric,
    Timestamp,
    Date,
}

impl Kind {
    /// The type of a view's column.
    pub(super) fn of(column: ColumnType) -> Self {
        match column {
            ColumnType::Boolean => Self::Bool,
            ColumnType::Integer => Self::Int8,
            ColumnType::Real => Self::Float8,
            // JSONB would give an object's keys back in another order, and JSON can't be compared.
            ColumnType::Text | ColumnType::Json => Self::Text,
            ColumnType::Bytes => Self::Bytes,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::Decimal => Self::Numeric,
            ColumnType::Timestamp => Self::Timestamp,
            ColumnType::Date => Self::Date,
        }
    }

    /// Its name in SQL, for a column.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Int8 => "BIGINT",
            Self::Float8 => "DOUBLE PRECISION",
            Self::Text => "TEXT COLLATE \"C\"",
            Self::Bytes => "BYTEA",
            Self::Uuid => "UUID",
            Self::Numeric => "NUMERIC",
            Self::Timestamp => "TIMESTAMPTZ",
            Self::Date => "DATE",
        }
    }

    /// The fixed numbers of the type and of its array (`pg_type.dat`).
    fn oids(self) -> (u32, u32) {
        match self {
            Self::Bool => (16, 1000),
            Self::Int8 => (20, 1016),
            Self::Float8 => (701, 1022),
            Self::Text => (25, 1009),
            Self::Bytes => (17, 1001),
            Self::Uuid => (2950, 2951),
            Self::Numeric => (1700, 1231),
            Self::Timestamp => (1184, 1185),
            Self::Date => (1082, 1182),
        }
    }
}

/// One column of many rows.
#[derive(Clone, Debug)]
pub(super) struct Column {
    kind: Kind,
    count: usize,
    /// Each value's length, -1 for none, and its bytes.
    bytes: Vec<u8>,
}

impl Column {
    fn new(kind: Kind) -> Self {
        Self { kind, count: 0, bytes: Vec::new() }
    }

    fn push(&mut self, value: &[u8]) {
        self.count += 1;
        // The server refuses a message of more than 1 GiB, so this is never cut in good faith.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }

    fn push_null(&mut self) {
        self.count += 1;
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }
}

/// The array that `unnest` makes rows of.
impl Encode<'_, Postgres> for Column {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let (element, _) = self.kind.oids();
        let count = i32::try_from(self.count)?;
        // Dimensions, whether there are nulls (the server looks itself), the elements' type; then for the one
        // dimension its length and its first index.
        buffer.extend_from_slice(&i32::from(count > 0).to_be_bytes());
        buffer.extend_from_slice(&0_i32.to_be_bytes());
        buffer.extend_from_slice(&element.to_be_bytes());
        if count > 0 {
            buffer.extend_from_slice(&count.to_be_bytes());
            buffer.extend_from_slice(&1_i32.to_be_bytes());
            buffer.extend_from_slice(&self.bytes);
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.kind.oids().1)))
    }

    fn size_hint(&self) -> usize {
        self.bytes.len() + 20
    }
}

impl Type<Postgres> for Column {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

/// Rows for one `unnest`, column by column.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    columns: Vec<Column>,
}

impl Rows {
    pub(super) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { columns: kinds.into_iter().map(Column::new).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The bytes of all values.
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.bytes.len()).sum()
    }

    /// Begins a row; every column's value follows, in their order.
    pub(super) fn row(&mut self) -> Row<'_> {
        Row { columns: self.columns.iter_mut() }
    }

    /// Adds the rows of `other`, which has the same columns.
    pub(super) fn append(&mut self, other: &Self) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.count += more.count;
            column.bytes.extend_from_slice(&more.bytes);
        }
    }

    /// Binds the columns as arrays, one argument each.
    pub(super) fn bind(
        self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Query<'_, Postgres, PgArguments> {
        self.columns.into_iter().fold(query, Query::bind)
    }
}

/// A row being added.
pub(super) struct Row<'a> {
    columns: std::slice::IterMut<'a, Column>,
}

impl Row<'_> {
    fn next(&mut self, push: impl FnOnce(&mut Column)) -> &mut Self {
        if let Some(column) = self.columns.next() {
            push(column);
        }
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.next(|column| column.push(value))
    }

    pub(super) fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(super) fn int8(&mut self, value: impl Into<i64>) -> &mut Self {
        self.bytes(&value.into().to_be_bytes())
    }

    pub(super) fn timestamp(&mut self, value: Timestamp) -> &mut Self {
        self.bytes(&timestamp(value).to_be_bytes())
    }

    /// The value that `push` adds, or none.
    pub(super) fn optional<T>(
        &mut self,
        value: Option<T>,
        push: impl FnOnce(&mut Self, T),
    ) -> &mut Self {
        match value {
            Some(value) => {
                push(self, value);
                self
            }
            None => self.next(Column::push_null),
        }
    }

    pub(super) fn value(&mut self, value: &ColumnValue) -> &mut Self {
        self.next(|column| {
            let mut bytes = Vec::new();
            if encode(value, &mut bytes) { column.push(&bytes) } else { column.push_null() }
        })
    }
}

/// One value, for a condition.
pub(super) struct Bound<'a> {
    pub(super) kind: Kind,
    pub(super) value: &'a ColumnValue,
}

impl Encode<'_, Postgres> for Bound<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(if encode(self.value, buffer) { IsNull::No } else { IsNull::Yes })
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.kind.oids().0)))
    }
}

impl Type<Postgres> for Bound<'_> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

/// An instant, for a condition.
pub(super) struct At(pub(super) Timestamp);

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&timestamp(self.0).to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(read_timestamp(value.as_bytes()?)?))
    }
}

fn read_timestamp(bytes: &[u8]) -> Result<Timestamp, BoxDynError> {
    let micros = i64::from_be_bytes(bytes.try_into()?);
    Ok(Timestamp::from_micros(micros.saturating_add(EPOCH_MICROS)))
}

/// The values of all of the table's columns, which begin at `first` in the row.
pub(super) fn read_row(
    table: &'static Table,
    row: &PgRow,
    first: usize,
) -> Result<Vec<ColumnValue>, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let value = row.try_get_raw(first + index).map_err(StoreError::unavailable)?;
        let value = if value.is_null() {
            ColumnValue::Null
        } else {
            value.as_bytes().and_then(|bytes| read_value(column.kind, bytes)).map_err(|error| {
                damaged(
                    "a row of a view",
                    format_args!("`{}`.`{}`: {error}", table.name, column.name),
                )
            })?
        };
        values.push(value);
    }
    Ok(values)
}

fn read_value(kind: ColumnType, bytes: &[u8]) -> Result<ColumnValue, BoxDynError> {
    Ok(match kind {
        ColumnType::Boolean => ColumnValue::Boolean(bytes != [0]),
        ColumnType::Integer => ColumnValue::Integer(i64::from_be_bytes(bytes.try_into()?)),
        ColumnType::Real => ColumnValue::Real(f64::from_be_bytes(bytes.try_into()?)),
        ColumnType::Text => ColumnValue::Text(std::str::from_utf8(bytes)?.to_owned()),
        ColumnType::Json => ColumnValue::Json(std::str::from_utf8(bytes)?.to_owned()),
        ColumnType::Bytes => ColumnValue::Bytes(bytes.to_vec()),
        ColumnType::Uuid => ColumnValue::Uuid(Uuid::from_slice(bytes)?),
        ColumnType::Decimal => ColumnValue::Decimal(
            numeric::decode(bytes).ok_or("it is no decimal of at most 28 digits")?,
        ),
        ColumnType::Timestamp => ColumnValue::Timestamp(read_timestamp(bytes)?),
        ColumnType::Date => {
            let days = i32::from_be_bytes(bytes.try_into()?);
            ColumnValue::Date(Date::from_days(days.saturating_add(EPOCH_DAYS)))
        }
    })
}

/// PostgreSQL's count of an instant.
fn timestamp(value: Timestamp) -> i64 {
    value.micros().saturating_sub(EPOCH_MICROS).max(FIRST_MICROS)
}

/// Writes a value as PostgreSQL's binary format has it; `false` where there is none.
fn encode(value: &ColumnValue, buffer: &mut Vec<u8>) -> bool {
    match value {
        ColumnValue::Null => return false,
        ColumnValue::Boolean(value) => buffer.push(u8::from(*value)),
        ColumnValue::Integer(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        ColumnValue::Real(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        ColumnValue::Text(value) | ColumnValue::Json(value) => {
            buffer.extend_from_slice(value.as_bytes());
        }
        ColumnValue::Bytes(value) => buffer.extend_from_slice(value),
        ColumnValue::Uuid(value) => buffer.extend_from_slice(value.as_bytes()),
        ColumnValue::Decimal(value) => numeric::encode(value, buffer),
        ColumnValue::Timestamp(value) => {
            buffer.extend_from_slice(&timestamp(*value).to_be_bytes());
        }
        ColumnValue::Date(value) => {
            let days = value.days().saturating_sub(EPOCH_DAYS).clamp(FIRST_DAY, LAST_DAY);
            buffer.extend_from_slice(&days.to_be_bytes());
        }
    }
    true
}

/// The `unnest` of arguments from `$first` on, so many of them.
pub(super) fn unnest(first: usize, width: usize) -> String {
    let arguments: Vec<_> = (first..first + width).map(|number| format!("${number}")).collect();
    format!("unnest({})", arguments.join(", "))
}

/// A key's name among those of its table: the same for the same values only.
pub(super) fn name_of(key: &RowKey) -> Vec<u8> {
    let mut name = key.tenant.len().to_be_bytes().to_vec();
    name.extend_from_slice(key.tenant.as_bytes());
    let mut bytes = Vec::new();
    for value in &key.values {
        bytes.clear();
        encode(value, &mut bytes);
        name.extend_from_slice(&bytes.len().to_be_bytes());
        name.extend_from_slice(&bytes);
    }
    name
}
