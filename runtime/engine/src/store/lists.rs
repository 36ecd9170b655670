//! What reading a list means, whichever database it is read from.

use charter_domain::{ColumnValue, Table};

use super::StoreError;
use crate::reads::{ListQuery, Operator, OrderBy};

/// The place of a column that a query names.
pub(super) fn known(table: &'static Table, column: &str) -> Result<usize, StoreError> {
    table.position(column).ok_or_else(|| StoreError::InvalidQuery {
        table: table.name,
        reason: format!("it has no column `{column}`"),
    })
}

/// The order with the key's columns that it lacks, going the way of the last one. What the query goes on from
/// must have a value for each.
pub(super) fn full_order(list: &ListQuery) -> Result<Vec<OrderBy>, StoreError> {
    let mut order = list.order.clone();
    for term in &order {
        known(list.table, term.column)?;
    }
    let descending = order.last().is_some_and(|term| term.descending);
    for column in list.table.key {
        if !order.iter().any(|term| term.column == *column) {
            order.push(OrderBy { column, descending });
        }
    }
    if let Some(after) = &list.after
        && after.len() != order.len()
    {
        return Err(StoreError::InvalidQuery {
            table: list.table.name,
            reason: format!("`after` should have {} values, found {}", order.len(), after.len()),
        });
    }
    Ok(order)
}

/// The operator in SQL.
pub(super) fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "=",
        Operator::Less => "<",
        Operator::AtMost => "<=",
        Operator::Greater => ">",
        Operator::AtLeast => ">=",
    }
}

/// Whether all of the order goes one way and nothing in it is nullable, so that a comparison of rows, which an
/// index serves, tells what is behind another row.
pub(super) fn goes_one_way(table: &Table, order: &[OrderBy]) -> bool {
    let nullable = |term: &OrderBy| {
        table.columns.iter().any(|column| column.name == term.column && column.nullable)
    };
    order.windows(2).all(|pair| pair[0].descending == pair[1].descending)
        && !order.iter().any(nullable)
}

/// Takes the one row too many away, which was asked for to know whether there is a next page; gives where that
/// one begins.
pub(super) fn cut(
    list: &ListQuery,
    order: &[OrderBy],
    rows: &mut Vec<Vec<ColumnValue>>,
) -> Option<Vec<ColumnValue>> {
    let more = rows.len() > list.limit as usize;
    rows.truncate(list.limit as usize);
    rows.last().filter(|_| more).map(|last| {
        let places = order.iter().filter_map(|term| list.table.position(term.column));
        places.filter_map(|place| last.get(place).cloned()).collect()
    })
}
