//! Views as tables: what a generated row type tells the store.

use std::fmt::Debug;
use std::hash::Hash;

use charter_avro::logical::{Date, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A row type of the read model: a generated record of kind `view`.
pub trait View: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The values of the contract's key fields.
    type Key: Clone + Debug + Eq + Hash + Ord + Send + Sync;
    /// The table that holds the rows.
    const TABLE: &'static Table;

    /// The row's key.
    fn key(&self) -> Self::Key;

    /// The key's values, in the order of [`Table::key`].
    fn key_values(key: &Self::Key) -> Vec<ColumnValue>;

    /// The row's values, in the order of [`Table::columns`].
    fn to_values(&self) -> Vec<ColumnValue>;

    /// The row of these values, in the order of [`Table::columns`].
    ///
    /// # Errors
    /// Where a value is missing or of another type than its column.
    fn from_values(values: Vec<ColumnValue>) -> Result<Self, ColumnError>;
}

/// A table of the read model. Every row also belongs to a tenant, which is part of its primary key.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The table's name: `seat_seat_view`.
    pub name: &'static str,
    /// The Avro full name of the view: `seat.SeatView`.
    pub view: &'static str,
    /// The columns, in the order of the contract's fields.
    pub columns: &'static [Column],
    /// The columns of the key, in the contract's order; without the tenant.
    pub key: &'static [&'static str],
    /// The indexes that lists rest on; each is led by the tenant.
    pub indexes: &'static [Index],
    /// The fingerprint of the view's shape: a projection whose table differs is rebuilt.
    pub fingerprint: &'static str,
}

impl Table {
    /// The position of the column `name` in [`Table::columns`].
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// One column of a [`Table`].
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name in the database: `show_id`.
    pub name: &'static str,
    /// The field's name in the contract: `showId`.
    pub field: &'static str,
    /// The type of its values.
    pub kind: ColumnType,
    /// Whether a row may have no value here.
    pub nullable: bool,
}

/// The columns that an index orders by, after the tenant.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// Column names.
    pub columns: &'static [&'static str],
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Avro boolean.
    Boolean,
    /// Avro int and long, and the times of day.
    Integer,
    /// Avro float and double.
    Real,
    /// Avro string and enum.
    Text,
    /// Avro bytes and fixed.
    Bytes,
    /// Logical type uuid.
    Uuid,
    /// Logical type decimal.
    Decimal,
    /// Logical type timestamp-micros.
    Timestamp,
    /// Logical type date.
    Date,
    /// A record, array, map or union, as JSON.
    Json,
}

/// One value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValue {
    /// No value.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text, without U+0000.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
    /// A decimal number.
    Decimal(Decimal),
    /// Microseconds since 1970, UTC.
    Timestamp(Timestamp),
    /// A day.
    Date(Date),
    /// JSON text.
    Json(String),
}

/// A value that is not what its column holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` of `{table}` should hold {expected}, found {found}")]
#[non_exhaustive]
pub struct ColumnError {
    /// The table's name.
    pub table: &'static str,
    /// The column's name.
    pub column: &'static str,
    /// What the contract says.
    pub expected: &'static str,
    /// What was there.
    pub found: String,
}

impl ColumnError {
    /// An error at `column` of `table`.
    #[must_use]
    pub fn new(table: &Table, column: usize, expected: &'static str, found: String) -> Self {
        let column = table.columns.get(column).map_or("(none)", |column| column.name);
        Self { table: table.name, column, expected, found }
    }
}
