//! Reads of the views, each in one snapshot with the positions it shows.

use charter_domain::{ColumnValue, Table};
use sqlx::{QueryBuilder, Sqlite};

use super::files::{Connection, Files};
use super::values::{Bound, decimal_digits, read_row};
use crate::reads::{Filter, ListQuery, Operator, OrderBy, Page, RowRead};
use crate::store::StoreError;
use crate::store::lists::{cut, full_order, goes_one_way, known, symbol};
use crate::store::names::{TENANT, columns, quoted};

/// The context of the table's view, once it is known that the table is this contract's and all there.
async fn context_of(
    connection: &mut Connection,
    table: &'static Table,
) -> Result<String, StoreError> {
    let found: Option<(String, String, bool)> = sqlx::query_as(
        "SELECT context, fingerprint,
             EXISTS (SELECT 1 FROM view_targets WHERE view_targets.context = view_tables.context)
         FROM view_tables WHERE name = $1",
    )
    .bind(table.name)
    .fetch_optional(connection)
    .await
    .map_err(StoreError::unavailable)?;
    let differs = |found| StoreError::ViewDiffers {
        table: table.name.to_owned(),
        expected: table.fingerprint.to_owned(),
        found,
    };
    match found {
        None => Err(differs("none".to_owned())),
        Some((_, found, _)) if found != table.fingerprint => Err(differs(format!("`{found}`"))),
        Some((context, _, true)) => Err(StoreError::ViewBuilding { context }),
        Some((context, _, false)) => Ok(context),
    }
}

pub(super) async fn positions(
    connection: &mut Connection,
    context: &str,
) -> Result<Vec<(u32, i64)>, StoreError> {
    sqlx::query_as(
        "SELECT partition, position FROM view_progress JOIN view_sets USING (context, fingerprint)
         WHERE context = $1 AND position >= 0 ORDER BY partition",
    )
    .bind(context)
    .fetch_all(connection)
    .await
    .map_err(StoreError::unavailable)
}

pub(super) async fn row(
    files: &Files,
    table: &'static Table,
    tenant: &str,
    key: &[ColumnValue],
) -> Result<RowRead, StoreError> {
    let mut snapshot = files.snapshot().await?;
    let context = context_of(&mut snapshot, table).await?;
    let mut query = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {} FROM {} WHERE {TENANT} = ",
        columns(table),
        quoted(table.name)
    ));
    query.push_bind(tenant);
    for (column, value) in table.key.iter().zip(key) {
        query.push(format_args!(" AND {} = ", quoted(column))).push_bind(Bound(value));
    }
    let row = query
        .build()
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(StoreError::unavailable)?
        .map(|row| read_row(table, &row, 0))
        .transpose()?;
    Ok(RowRead { row, positions: positions(&mut snapshot, &context).await? })
}

pub(super) async fn list(files: &Files, list: &ListQuery) -> Result<Page, StoreError> {
    read(&mut *files.snapshot().await?, list).await
}

pub(super) async fn lists(files: &Files, lists: &[ListQuery]) -> Result<Vec<Page>, StoreError> {
    let mut snapshot = files.snapshot().await?;
    let mut pages = Vec::with_capacity(lists.len());
    for list in lists {
        pages.push(read(&mut snapshot, list).await?);
    }
    Ok(pages)
}

async fn read(snapshot: &mut Connection, list: &ListQuery) -> Result<Page, StoreError> {
    let table = list.table;
    let order = full_order(list)?;
    let mut query = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {} FROM {} WHERE {TENANT} = ",
        columns(table),
        quoted(table.name)
    ));
    query.push_bind(&list.tenant);
    for filter in &list.filters {
        known(table, filter.column)?;
        push_filter(&mut query, filter);
    }
    if let Some(after) = &list.after {
        push_after(&mut query, table, &order, after);
    }
    query.push(" ORDER BY ");
    let mut terms = query.separated(", ");
    for term in &order {
        // SQLite puts NULL first in rising order and last in falling order, as `push_after` does.
        terms.push(quoted(term.column));
        terms.push_unseparated(if term.descending { " DESC" } else { "" });
    }
    query.push(" LIMIT ").push_bind(i64::from(list.limit) + 1);

    let context = context_of(snapshot, table).await?;
    let found = query.build().fetch_all(&mut *snapshot).await.map_err(StoreError::unavailable)?;
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        rows.push(read_row(table, row, 0)?);
    }
    let next = cut(list, &order, &mut rows);
    Ok(Page { rows, next, positions: positions(snapshot, &context).await? })
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    let column = quoted(filter.column);
    match (&filter.value, filter.operator) {
        (ColumnValue::Null, Operator::Equal) => {
            query.push(format_args!(" AND {column} IS NULL"));
        }
        // Equal decimals may differ in scale, which stands behind the `:`.
        (ColumnValue::Decimal(value), operator) => {
            let digits = decimal_digits(value);
            let (low, high) = (format!("{digits}:"), format!("{digits}:~"));
            match operator {
                Operator::Equal => {
                    query.push(format_args!(" AND {column} BETWEEN ")).push_bind(low);
                    query.push(" AND ").push_bind(high);
                }
                Operator::Less => push_bound(query, &column, "<", low),
                Operator::AtMost => push_bound(query, &column, "<=", high),
                Operator::Greater => push_bound(query, &column, ">", high),
                Operator::AtLeast => push_bound(query, &column, ">=", low),
            }
        }
        (value, operator) => {
            query.push(format_args!(" AND {column} {} ", symbol(operator))).push_bind(Bound(value));
        }
    }
}

fn push_bound(query: &mut QueryBuilder<Sqlite>, column: &str, operator: &str, bound: String) {
    query.push(format_args!(" AND {column} {operator} ")).push_bind(bound);
}

/// Only rows behind `after` in the order: a comparison of rows where all goes one way and nothing is
/// nullable, since an index serves it, else column by column.
fn push_after(
    query: &mut QueryBuilder<Sqlite>,
    table: &'static Table,
    order: &[OrderBy],
    after: &[ColumnValue],
) {
    if goes_one_way(table, order) {
        let names: Vec<_> = order.iter().map(|term| quoted(term.column)).collect();
        let operator = if order.first().is_some_and(|term| term.descending) { "<" } else { ">" };
        query.push(format_args!(" AND ({}) {operator} (", names.join(", ")));
        let mut values = query.separated(", ");
        for value in after {
            values.push_bind(Bound(value));
        }
        query.push(")");
        return;
    }
    query.push(" AND (");
    for (index, term) in order.iter().enumerate() {
        query.push(if index == 0 { "(" } else { " OR (" });
        for (earlier, value) in order.iter().zip(after).take(index) {
            query.push(format_args!("{} IS ", quoted(earlier.column))).push_bind(Bound(value));
            query.push(" AND ");
        }
        let column = quoted(term.column);
        match (after.get(index), term.descending) {
            (None | Some(ColumnValue::Null), true) => {
                query.push("FALSE");
            }
            (None | Some(ColumnValue::Null), false) => {
                query.push(format_args!("{column} IS NOT NULL"));
            }
            (Some(value), true) => {
                query.push(format_args!("({column} IS NULL OR {column} < "));
                query.push_bind(Bound(value)).push(")");
            }
            (Some(value), false) => {
                query.push(format_args!("{column} > ")).push_bind(Bound(value));
            }
        }
        query.push(")");
    }
    query.push(")");
}
