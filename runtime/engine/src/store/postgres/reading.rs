//! Reading the rows that a step is about to change.

use std::sync::Arc;
use std::time::Duration;

use charter_domain::{ColumnValue, Table};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Row as _};

use super::connections::{Connections, Held};
use super::number;
use super::values::{Kind, Rows, name_of, read_row, unnest};
use crate::store::lane::Work;
use crate::store::names::{key_columns, quoted};
use crate::store::{RowKey, StoreError};

/// The transaction that wrote a row, as its bytes.
pub(super) type Version = [u8; 4];
/// A row and who wrote it.
pub(super) type Versioned = (Vec<ColumnValue>, Version);

/// Rows of a table that are wanted.
pub(super) struct Wanted {
    pub(super) table: &'static Table,
    /// As [`key_rows`] gives them.
    pub(super) keys: Rows,
}

/// The types of a key with its tenant.
pub(super) fn key_kinds(table: &Table) -> impl Iterator<Item = Kind> {
    let kind = |name: &&str| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column.map_or(Kind::Text, |column| Kind::of(column.kind))
    };
    std::iter::once(Kind::Text).chain(table.key.iter().map(kind))
}

/// Keys as rows, tenants first, and each one's name among those of its table.
pub(super) fn key_rows(table: &Table, keys: &[RowKey]) -> (Rows, Vec<Vec<u8>>) {
    let mut rows = Rows::of(key_kinds(table));
    let mut names = Vec::with_capacity(keys.len());
    for key in keys {
        let mut row = rows.row();
        row.text(&key.tenant);
        for value in &key.values {
            row.value(value);
        }
        names.push(name_of(key));
    }
    (rows, names)
}

/// Looks up rows for the steps of all partitions.
pub(super) struct Reads {
    pub(super) connections: Arc<Connections>,
}

impl Work for Reads {
    type Job = Wanted;
    type Answer = Vec<Option<Versioned>>;
    const FULL: usize = 5_000;
    const PACE: Duration = Duration::from_millis(5);
    const ENOUGH: usize = 500;

    fn weight(job: &Wanted) -> usize {
        job.keys.len()
    }

    async fn run(&self, jobs: Vec<Wanted>) -> Vec<Result<Self::Answer, StoreError>> {
        let mut answers: Vec<_> = jobs.iter().map(|_| Ok(Vec::new())).collect();
        let mut done = vec![false; jobs.len()];
        for first in 0..jobs.len() {
            if done[first] {
                continue;
            }
            // All of one table together.
            let table = jobs[first].table;
            let mut keys = Rows::of(key_kinds(table));
            let mut places = Vec::new();
            for (place, job) in jobs.iter().enumerate().skip(first) {
                if job.table.name == table.name {
                    keys.append(&job.keys);
                    places.push((place, job.keys.len()));
                    done[place] = true;
                }
            }
            let count = keys.len();
            let found = match self.connections.fetch_all(query(table, keys, false)).await {
                Ok(rows) => placed(table, count, &rows),
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => {
                    let mut found = found.into_iter();
                    for (place, count) in places {
                        answers[place] = Ok(found.by_ref().take(count).collect());
                    }
                }
                Err(error) => {
                    for (place, _) in places {
                        answers[place] = Err(StoreError::unavailable(error.to_string()));
                    }
                }
            }
        }
        answers
    }
}

/// The rows under `keys`, locked in their order until the transaction on the connection ends.
pub(super) async fn read_rows(
    held: &mut Held,
    table: &'static Table,
    keys: Rows,
) -> Result<Result<Vec<Option<Versioned>>, StoreError>, sqlx::Error> {
    let count = keys.len();
    let rows = held.call(query(table, keys, true)).await?;
    Ok(placed(table, count, &rows))
}

fn query(table: &Table, keys: Rows, lock: bool) -> Query<'static, Postgres, PgArguments> {
    let mut numbers = Rows::of([Kind::Int8]);
    for number in (0_i64..).take(keys.len()) {
        numbers.row().int8(number);
    }
    let all: Vec<_> =
        table.columns.iter().map(|column| format!("r.{}", quoted(column.name))).collect();
    let key = key_columns(table);
    let same: Vec<_> = key.iter().map(|column| format!("r.{column} = w.{column}")).collect();
    let mut sql = format!(
        "SELECT w.charter__number, xidsend(r.xmin), {} FROM {} AS w (charter__number, {}) JOIN {} AS r
         ON {}",
        all.join(", "),
        unnest(1, keys.width() + 1),
        key.join(", "),
        quoted(table.name),
        same.join(" AND "),
    );
    if lock {
        sql.push_str(" ORDER BY w.charter__number FOR UPDATE OF r");
    }
    keys.bind(numbers.bind(sqlx::query(AssertSqlSafe(sql))))
}

/// The rows found, each where its key was.
fn placed(
    table: &'static Table,
    count: usize,
    rows: &[PgRow],
) -> Result<Vec<Option<Versioned>>, StoreError> {
    let mut found = vec![None; count];
    for row in rows {
        let place = usize::try_from(number(row, 0)?).unwrap_or(usize::MAX);
        let version: &[u8] = row.try_get(1).map_err(StoreError::unavailable)?;
        let version = version.try_into().map_err(StoreError::unavailable)?;
        if let Some(found) = found.get_mut(place) {
            *found = Some((read_row(table, row, 2)?, version));
        }
    }
    Ok(found)
}
