//! Reads of the views. A read is one statement, and so one snapshot: rows, the table's version and the positions
//! that it shows belong together.

use charter_domain::{ColumnValue, Table};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row as _};

use super::connections::{Connections, server_error};
use super::tables::term;
use super::values::{Bound, Kind, read_row};
use super::{number, small};
use crate::reads::{Filter, ListQuery, Operator, OrderBy, Page, RowRead};
use crate::store::StoreError;
use crate::store::lists::{cut, full_order, goes_one_way, known, symbol};
use crate::store::names::{TENANT, columns, quoted};

/// What stands before a read's rows: the view's context and versions, whether it is being built, and how far it
/// has come. `$1` is the table's name, `$2` the tenant. It is there too where no row is.
///
/// It also names the tenant whose rows the server shows to this statement (ADR 46): this row is made first, for what
/// stands to the left of a lateral join is, and costs no statement of its own.
const HEAD: &str = "SELECT v.context, v.fingerprint, v.building, v.partitions, v.positions, r.*
    FROM (
        SELECT t.context, t.fingerprint, set_config('charter.tenant', $2, true) AS tenant,
            EXISTS (SELECT 1 FROM view_targets AS g WHERE g.context = t.context) AS building,
            p.partitions, p.positions
        FROM view_tables AS t CROSS JOIN LATERAL (
            SELECT array_agg(partition ORDER BY partition) AS partitions,
                array_agg(position ORDER BY partition) AS positions
            FROM view_progress JOIN view_sets USING (context, fingerprint)
            WHERE context = t.context AND position >= 0) AS p
        WHERE t.name = ";
/// The columns of [`HEAD`] before the rows', with the one that tells whether there is a row.
const HEAD_COLUMNS: usize = 6;

/// A table that is missing, or has other columns, or others than when the statement was prepared.
const TABLE_DIFFERS: [&str; 4] = ["42P01", "42703", "42883", "0A000"];

pub(super) async fn positions(
    connections: &Connections,
    context: &str,
) -> Result<Vec<(u32, i64)>, StoreError> {
    let query = sqlx::query(
        "SELECT partition, position FROM view_progress JOIN view_sets USING (context, fingerprint)
         WHERE context = $1 AND position >= 0 ORDER BY partition",
    )
    .bind(context);
    let rows = connections.fetch_all(query).await?;
    rows.iter().map(|row| Ok((small(PROGRESS, number(row, 0)?)?, number(row, 1)?))).collect()
}

const PROGRESS: &str = "the views' progress";

pub(super) async fn row(
    connections: &Connections,
    table: &'static Table,
    tenant: &str,
    key: &[ColumnValue],
) -> Result<RowRead, StoreError> {
    let mut query = begin(table, tenant);
    for (column, value) in table.key.iter().zip(key) {
        query.push(format_args!(" AND {} = ", quoted(column)));
        query.push_bind(bound(table, column, value));
    }
    query.push(") AS r ON true");
    let (mut rows, positions) = fetch(connections, table, query).await?;
    Ok(RowRead { row: rows.pop(), positions })
}

pub(super) async fn list(connections: &Connections, list: &ListQuery) -> Result<Page, StoreError> {
    let order = full_order(list)?;
    let (rows, positions) = fetch(connections, list.table, statement(list, &order)?).await?;
    Ok(page(list, &order, rows, positions))
}

pub(super) async fn lists(
    connections: &Connections,
    lists: &[ListQuery],
) -> Result<Vec<Page>, StoreError> {
    let mut held = connections.take().await?;
    let begin = sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    held.call(begin).await.map_err(StoreError::unavailable)?;
    if let Some(first) = lists.first() {
        // Before the snapshot is taken: no other build's tables get these names until the last list is read.
        let names: Vec<_> = lists.iter().map(|list| quoted(list.table.name)).collect();
        let sql = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
        if let Err(error) = held.call(sqlx::query(AssertSqlSafe(sql)).persistent(false)).await {
            drop(held);
            return Err(not_read(connections, first.table, error).await);
        }
    }
    let mut pages = Vec::with_capacity(lists.len());
    for list in lists {
        let order = full_order(list)?;
        let mut query = statement(list, &order)?;
        // On an error the connection is given up, and the transaction with it.
        let (rows, positions) = match held.call(query.build()).await {
            Ok(found) => taken(list.table, &found)?,
            Err(error) => {
                drop(held);
                return Err(not_read(connections, list.table, error).await);
            }
        };
        pages.push(page(list, &order, rows, positions));
    }
    held.call(sqlx::query("COMMIT")).await.map_err(StoreError::unavailable)?;
    held.give_back();
    Ok(pages)
}

fn page(
    list: &ListQuery,
    order: &[OrderBy],
    mut rows: Vec<Vec<ColumnValue>>,
    positions: Vec<(u32, i64)>,
) -> Page {
    let next = cut(list, order, &mut rows);
    Page { rows, next, positions }
}

fn statement(list: &ListQuery, order: &[OrderBy]) -> Result<QueryBuilder<Postgres>, StoreError> {
    let table = list.table;
    let mut query = begin(table, &list.tenant);
    for filter in &list.filters {
        known(table, filter.column)?;
        push_filter(&mut query, table, filter);
    }
    if let Some(after) = &list.after {
        push_after(&mut query, table, order, after);
    }
    let terms: Vec<_> = order.iter().map(|by| term(table, by.column, by.descending)).collect();
    query.push(format_args!(" ORDER BY {} LIMIT ", terms.join(", ")));
    query.push_bind(i64::from(list.limit) + 1).push(") AS r ON true ORDER BY ");
    let terms: Vec<_> = terms.into_iter().map(|term| format!("r.{term}")).collect();
    query.push(terms.join(", "));
    Ok(query)
}

/// The statement up to the rows' first condition.
fn begin(table: &'static Table, tenant: &str) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(HEAD);
    query.push_bind(table.name).push(format_args!(
        ") AS v LEFT JOIN LATERAL (SELECT true AS charter__found, {} FROM {} WHERE {TENANT} = ",
        columns(table),
        quoted(table.name)
    ));
    query.push_bind(tenant);
    query
}

fn bound<'a>(table: &Table, column: &str, value: &'a ColumnValue) -> Bound<'a> {
    let kind = table.columns.iter().find(|known| known.name == column);
    Bound { kind: kind.map_or(Kind::Text, |known| Kind::of(known.kind)), value }
}

type Read = (Vec<Vec<ColumnValue>>, Vec<(u32, i64)>);

/// The rows and the positions that they show.
async fn fetch(
    connections: &Connections,
    table: &'static Table,
    mut query: QueryBuilder<Postgres>,
) -> Result<Read, StoreError> {
    let found = match connections.call(query.build()).await? {
        Ok(found) => found,
        Err(error) => return Err(not_read(connections, table, error).await),
    };
    taken(table, &found)
}

/// What a statement that begins with [`HEAD`] found.
fn taken(table: &'static Table, found: &[PgRow]) -> Result<Read, StoreError> {
    let Some(first) = found.first() else { return Err(differs(table, "none".to_owned())) };
    let (context, fingerprint, building) = head(first).map_err(StoreError::unavailable)?;
    if fingerprint != table.fingerprint {
        return Err(differs(table, format!("`{fingerprint}`")));
    }
    if building {
        return Err(StoreError::ViewBuilding { context });
    }
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let is_row: Option<bool> =
            row.try_get(HEAD_COLUMNS - 1).map_err(StoreError::unavailable)?;
        if is_row == Some(true) {
            rows.push(read_row(table, row, HEAD_COLUMNS)?);
        }
    }
    let partitions: Option<Vec<i64>> = first.try_get(3).map_err(StoreError::unavailable)?;
    let positions: Option<Vec<i64>> = first.try_get(4).map_err(StoreError::unavailable)?;
    let partitions = partitions.unwrap_or_default().into_iter();
    let positions = partitions
        .zip(positions.unwrap_or_default())
        .map(|(partition, position)| Ok((small(PROGRESS, partition)?, position)))
        .collect::<Result<_, StoreError>>()?;
    Ok((rows, positions))
}

fn head(row: &PgRow) -> Result<(String, String, bool), sqlx::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

fn differs(table: &Table, found: String) -> StoreError {
    StoreError::ViewDiffers {
        table: table.name.to_owned(),
        expected: table.fingerprint.to_owned(),
        found,
    }
}

/// Why a table was not read: where it is another one than this contract's, the server does not know it, or not
/// its columns.
async fn not_read(connections: &Connections, table: &Table, error: sqlx::Error) -> StoreError {
    if !server_error(&error).is_some_and(|error| TABLE_DIFFERS.contains(&error.code())) {
        return StoreError::unavailable(error);
    }
    let query = sqlx::query("SELECT fingerprint FROM view_tables WHERE name = $1").bind(table.name);
    match connections.call(query).await {
        Ok(Ok(rows)) => match rows.first().map(|row| row.try_get::<String, _>(0)) {
            Some(Ok(found)) if found != table.fingerprint => differs(table, format!("`{found}`")),
            // Made anew since the statement was prepared.
            Some(_) => StoreError::unavailable(error),
            None => differs(table, "none".to_owned()),
        },
        // Not even the list of tables is there.
        Ok(Err(error)) if error.as_database_error().is_some() => differs(table, "none".to_owned()),
        Ok(Err(error)) => StoreError::unavailable(error),
        Err(error) => error,
    }
}

fn push_filter(query: &mut QueryBuilder<Postgres>, table: &Table, filter: &Filter) {
    let column = quoted(filter.column);
    match (&filter.value, filter.operator) {
        (ColumnValue::Null, Operator::Equal) => {
            query.push(format_args!(" AND {column} IS NULL"));
        }
        (value, operator) => {
            query.push(format_args!(" AND {column} {} ", symbol(operator)));
            query.push_bind(bound(table, filter.column, value));
        }
    }
}

/// Only rows behind `after` in the order.
fn push_after(
    query: &mut QueryBuilder<Postgres>,
    table: &'static Table,
    order: &[OrderBy],
    after: &[ColumnValue],
) {
    if goes_one_way(table, order) {
        let names: Vec<_> = order.iter().map(|term| quoted(term.column)).collect();
        let operator = if order.first().is_some_and(|term| term.descending) { "<" } else { ">" };
        query.push(format_args!(" AND ({}) {operator} (", names.join(", ")));
        let mut values = query.separated(", ");
        for (term, value) in order.iter().zip(after) {
            values.push_bind(bound(table, term.column, value));
        }
        query.push(")");
        return;
    }
    query.push(" AND (");
    for (index, term) in order.iter().enumerate() {
        query.push(if index == 0 { "(" } else { " OR (" });
        for (earlier, value) in order.iter().zip(after).take(index) {
            query.push(format_args!("{} IS NOT DISTINCT FROM ", quoted(earlier.column)));
            query.push_bind(bound(table, earlier.column, value)).push(" AND ");
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
                query.push_bind(bound(table, term.column, value)).push(")");
            }
            (Some(value), false) => {
                query.push(format_args!("{column} > "));
                query.push_bind(bound(table, term.column, value));
            }
        }
        query.push(")");
    }
    query.push(")");
}
