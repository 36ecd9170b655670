//! Reading views: what the gateway's generated queries ask of a store.

use charter_domain::{ColumnValue, Table};

/// A list of rows of one view.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// The view's table.
    pub table: &'static Table,
    /// The tenant whose rows are read.
    pub tenant: String,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The order; the key's columns that it lacks follow, so that it is total.
    pub order: Vec<OrderBy>,
    /// The most rows to give, from 1.
    pub limit: u32,
    /// The values of the full order of the last row of the page before.
    pub after: Option<Vec<ColumnValue>>,
}

/// One condition on a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The column's name.
    pub column: &'static str,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: ColumnValue,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
}

/// One column of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// The column's name.
    pub column: &'static str,
    /// Largest first.
    pub descending: bool,
}

/// A page of rows, each row's values in the table's column order.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Vec<ColumnValue>>,
    /// The `after` of the next page; `None` on the last one.
    pub next: Option<Vec<ColumnValue>>,
    /// How far the view had come, in the same snapshot: (partition, position) of the view's context.
    pub positions: Vec<(u32, i64)>,
}

/// One row, or that there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRead {
    /// The row's values in the table's column order.
    pub row: Option<Vec<ColumnValue>>,
    /// How far the view had come, in the same snapshot: (partition, position) of the view's context.
    pub positions: Vec<(u32, i64)>,
}
