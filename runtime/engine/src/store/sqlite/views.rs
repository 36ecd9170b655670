//! The read model's tables, its checkpoints, and the transactions that move both.
//!
//! Beside each view's table stands a twin for staged rows. Reads know only the first one, so an event
//! whose rows are written in several transactions is not seen until the last one moves the staged rows
//! over; until then the old rows stay as they were.

use async_trait::async_trait;
use charter_domain::{AggregateId, ColumnValue, Table, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, Transaction};
use tracing::warn;

use super::builds::{NAMED, tables, target};
use super::files::{Connection, Files, commit, parts};
use super::signed;
use super::values::{Bound, read_row, sql_type};
use crate::log::system_time;
use crate::store::names::{
    TENANT, columns, context_of, index_base, is_beside_name, key_columns, quoted, twin, twin_of,
};
use crate::store::{Parked, Progress, RowChange, RowKey, StoreError, ViewSet, ViewStep, ViewWrite};

pub(super) async fn prepare(
    files: &Files,
    history: &Files,
    views: &ViewSet,
) -> Result<(), StoreError> {
    let mut transaction = files.write().await?;
    // Read after the views can't move any more: the history only grows.
    let ends = ends(history, context_of(&views.context)).await?;
    let found: Option<String> =
        sqlx::query_scalar("SELECT fingerprint FROM view_sets WHERE context = $1")
            .bind(&views.context)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(StoreError::unavailable)?;
    if found.as_ref() == Some(&views.fingerprint)
        && !is_ahead(&mut transaction, views, &ends).await.map_err(StoreError::unavailable)?
    {
        return Ok(());
    }
    if let Some(found) =
        found.filter(|found| *found != views.fingerprint && !is_beside_name(&views.context))
    {
        return Err(StoreError::ViewDiffers {
            table: views.context.clone(),
            expected: views.fingerprint.clone(),
            found: format!("`{found}`"),
        });
    }
    if is_read(&mut transaction, views).await.map_err(StoreError::unavailable)? {
        return Ok(());
    }
    rebuild(&mut transaction, views, &ends).await.map_err(StoreError::unavailable)?;
    commit(transaction).await
}

/// Whether these, to be made beside what is read, have become that by now.
async fn is_read(connection: &mut Connection, views: &ViewSet) -> Result<bool, sqlx::Error> {
    if !is_beside_name(&views.context) {
        return Ok(false);
    }
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM view_sets WHERE context = $1 AND fingerprint = $2)",
    )
    .bind(context_of(&views.context))
    .bind(&views.fingerprint)
    .fetch_one(connection)
    .await
}

/// The last positions of a context's partitions in the history.
pub(super) async fn ends(history: &Files, context: &str) -> Result<Vec<(u32, i64)>, StoreError> {
    sqlx::query_as("SELECT partition, next_position - 1 FROM checkpoints WHERE context = $1")
        .bind(context)
        .fetch_all(&history.readers)
        .await
        .map_err(StoreError::unavailable)
}

/// Whether the views hold events that the history lacks: it was restored, and they were not.
async fn is_ahead(
    connection: &mut Connection,
    views: &ViewSet,
    ends: &[(u32, i64)],
) -> Result<bool, sqlx::Error> {
    let positions: Vec<(u32, i64)> = sqlx::query_as(
        "SELECT partition, position FROM view_progress WHERE context = $1 AND fingerprint = $2",
    )
    .bind(&views.context)
    .bind(&views.fingerprint)
    .fetch_all(connection)
    .await?;
    let end = |partition| ends.iter().find(|(of, _)| *of == partition).map_or(-1, |(_, end)| *end);
    let ahead = positions.iter().find(|(partition, position)| *position > end(*partition));
    if let Some((partition, position)) = ahead {
        warn!(
            context = views.context,
            partition,
            position,
            stored = end(*partition),
            "the views are ahead of the store, which was restored; they are built again"
        );
    }
    Ok(ahead.is_some())
}

/// Begins the views anew; they are read when they have come to the `ends` of the partitions.
async fn rebuild(
    connection: &mut Connection,
    views: &ViewSet,
    ends: &[(u32, i64)],
) -> Result<(), sqlx::Error> {
    drop_tables(connection, &views.context).await?;
    for table in NAMED.into_iter().filter(|table| *table != "view_sets") {
        let sql = format!("DELETE FROM {table} WHERE context = $1");
        sqlx::query(AssertSqlSafe(sql)).bind(&views.context).execute(&mut *connection).await?;
    }
    // Who asked for it, if anybody did, stays.
    sqlx::query(
        "INSERT INTO view_sets (context, fingerprint, contract_version, projection_version, begun_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (context) DO UPDATE
         SET fingerprint = $2, contract_version = $3, projection_version = $4, begun_at = $5",
    )
    .bind(&views.context)
    .bind(&views.fingerprint)
    .bind(views.release.contract)
    .bind(views.release.projections)
    .bind(system_time().micros())
    .execute(&mut *connection)
    .await?;
    for (partition, end) in ends.iter().filter(|(_, end)| *end >= 0) {
        target(connection, &views.context, *partition, *end).await?;
    }
    for table in &views.tables {
        create(connection, table, views.number()).await?;
        sqlx::query("INSERT INTO view_tables (name, context, fingerprint) VALUES ($1, $2, $3)")
            .bind(table.name)
            .bind(&views.context)
            .bind(table.fingerprint)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Drops the tables that stand under a build's name, with their twins.
pub(super) async fn drop_tables(
    connection: &mut Connection,
    build: &str,
) -> Result<(), sqlx::Error> {
    for name in tables(connection, build).await? {
        for name in [quoted(&name), twin_of(&name)] {
            execute(connection, format!("DROP TABLE IF EXISTS {name}")).await?;
        }
    }
    Ok(())
}

async fn create(
    connection: &mut Connection,
    table: &Table,
    number: u32,
) -> Result<(), sqlx::Error> {
    let name = quoted(table.name);
    let tenant = quoted(TENANT);
    let mut visible = vec![format!("{tenant} TEXT NOT NULL")];
    let mut staged = vec![
        "charter__partition INTEGER NOT NULL".to_owned(),
        "charter__removed INTEGER NOT NULL".to_owned(),
        format!("{tenant} TEXT NOT NULL"),
    ];
    for column in table.columns {
        let (name, kind) = (quoted(column.name), sql_type(column.kind));
        let required = if column.nullable { "" } else { " NOT NULL" };
        visible.push(format!("{name} {kind}{required}"));
        // A staged row that removes holds only its key.
        staged.push(format!("{name} {kind}"));
    }
    let key = key_columns(table).join(", ");
    visible.push(format!("PRIMARY KEY ({key})"));
    staged.push(format!("PRIMARY KEY (charter__partition, {key})"));
    let made = |name: &str, parts: Vec<String>| {
        format!("CREATE TABLE {name} ({}) STRICT, WITHOUT ROWID", parts.join(", "))
    };
    let (visible, staged) = (made(&name, visible), made(&twin(table), staged));
    execute(connection, visible).await?;
    execute(connection, staged).await?;
    let base = index_base(table, number);
    for (place, index) in table.indexes.iter().enumerate() {
        let index_name = quoted(&format!("{base}__{place}"));
        let columns: Vec<_> = index.columns.iter().map(|column| quoted(column)).collect();
        let columns = columns.join(", ");
        execute(connection, format!("CREATE INDEX {index_name} ON {name} ({tenant}, {columns})"))
            .await?;
    }
    Ok(())
}

pub(super) async fn execute(connection: &mut Connection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(connection).await?;
    Ok(())
}

pub(super) async fn progress(
    files: &Files,
    views: &ViewSet,
    partition: u32,
) -> Result<Progress, StoreError> {
    let mut snapshot = files.snapshot().await?;
    let found: Option<String> =
        sqlx::query_scalar("SELECT fingerprint FROM view_sets WHERE context = $1")
            .bind(&views.context)
            .fetch_optional(&mut *snapshot)
            .await
            .map_err(StoreError::unavailable)?;
    if found.as_ref() != Some(&views.fingerprint) {
        return Err(StoreError::ViewDiffers {
            table: views.context.clone(),
            expected: views.fingerprint.clone(),
            found: found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`")),
        });
    }
    let row = sqlx::query(
        "SELECT position, staged FROM view_progress
         WHERE context = $1 AND fingerprint = $2 AND partition = $3",
    )
    .bind(&views.context)
    .bind(&views.fingerprint)
    .bind(partition)
    .fetch_optional(&mut *snapshot)
    .await
    .map_err(StoreError::unavailable)?;
    let Some(row) = row else { return Ok(Progress::START) };
    Ok(Progress {
        position: row.try_get(0).map_err(StoreError::unavailable)?,
        staged: row.try_get(1).map_err(StoreError::unavailable)?,
    })
}

pub(super) async fn parked(
    files: &Files,
    context: &str,
    partition: u32,
) -> Result<Vec<Parked>, StoreError> {
    let read = |row: &SqliteRow| -> Result<Parked, sqlx::Error> {
        Ok(Parked {
            aggregate: AggregateId { tenant: row.try_get(0)?, key: row.try_get(1)? },
            partition,
            position: row.try_get(2)?,
            reason: row.try_get(3)?,
            time: Timestamp::from_micros(row.try_get(4)?),
        })
    };
    sqlx::query(
        "SELECT tenant, aggregate_key, position, reason, time FROM parked
         WHERE context = $1 AND partition = $2 ORDER BY position",
    )
    .bind(context)
    .bind(partition)
    .fetch_all(&files.readers)
    .await
    .map_err(StoreError::unavailable)?
    .iter()
    .map(|row| read(row).map_err(StoreError::unavailable))
    .collect()
}

pub(super) async fn begin(files: &Files, step: &ViewStep) -> Result<SqliteViewWrite, StoreError> {
    let mut transaction = files.write().await?;
    let is_begun = if step.from == Progress::START {
        begin_progress(&mut transaction, step).await.map_err(StoreError::unavailable)?
    } else {
        true
    };
    if !is_begun || !set_progress(&mut transaction, step).await.map_err(StoreError::unavailable)? {
        return Err(StoreError::Fenced {
            context: step.context.clone(),
            partition: step.partition,
            epoch: 0,
        });
    }
    Ok(SqliteViewWrite { transaction, context: step.context.clone(), partition: step.partition })
}

/// Makes sure that there is progress to be compared; `false` where the view set is another by now.
async fn begin_progress(connection: &mut Connection, step: &ViewStep) -> Result<bool, sqlx::Error> {
    let current: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM view_sets WHERE context = $1 AND fingerprint = $2)",
    )
    .bind(&step.context)
    .bind(&step.fingerprint)
    .fetch_one(&mut *connection)
    .await?;
    if current {
        sqlx::query(
            "INSERT INTO view_progress (context, fingerprint, partition, position, staged)
             VALUES ($1, $2, $3, -1, 0) ON CONFLICT DO NOTHING",
        )
        .bind(&step.context)
        .bind(&step.fingerprint)
        .bind(step.partition)
        .execute(connection)
        .await?;
    }
    Ok(current)
}

/// Compares the progress and sets it. A view set that was dropped in the meantime has none.
async fn set_progress(connection: &mut Connection, step: &ViewStep) -> Result<bool, sqlx::Error> {
    let (from, to) = (step.from, step.to);
    // Two statements in one, since each costs a way to the thread of the connection and back.
    let set = sqlx::query(
        "DELETE FROM view_targets WHERE context = $1 AND partition = $3 AND position <= $4;
         UPDATE view_progress SET position = $4, staged = $5
         WHERE context = $1 AND fingerprint = $2 AND partition = $3 AND position = $6 AND staged = $7
         RETURNING 1",
    )
    .bind(&step.context)
    .bind(&step.fingerprint)
    .bind(step.partition)
    .bind(to.position)
    .bind(to.staged)
    .bind(from.position)
    .bind(from.staged)
    .fetch_all(connection)
    .await?;
    Ok(set.len() == 1)
}

/// A step of the views: SQLite's write lock is held from the start, so no row that is read changes before
/// it is written.
pub(super) struct SqliteViewWrite {
    transaction: Transaction<'static, Sqlite>,
    context: String,
    partition: u32,
}

#[async_trait]
impl ViewWrite for SqliteViewWrite {
    async fn rows(
        &mut self,
        table: &'static Table,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Vec<ColumnValue>>>, StoreError> {
        let mut found = vec![None; keys.len()];
        let mut base = 0;
        for part in parts(keys, table.key.len() + 2) {
            let mut query =
                QueryBuilder::<Sqlite>::new("WITH wanted (charter__number, charter__for");
            for index in 0..table.key.len() {
                query.push(format_args!(", charter__key{index}"));
            }
            query.push(") AS (");
            query.push_values(part.iter().enumerate(), |mut row, (number, key)| {
                row.push_bind(signed(number as u64)).push_bind(&key.tenant);
                for value in &key.values {
                    row.push_bind(Bound(value));
                }
            });
            // The cross join keeps `wanted` outside: each of its rows is one look into the primary key.
            query.push(format_args!(
                ") SELECT charter__number, {} FROM wanted CROSS JOIN {} ON {} = charter__for",
                columns(table),
                quoted(table.name),
                quoted(TENANT),
            ));
            for (index, column) in table.key.iter().enumerate() {
                query.push(format_args!(" AND {} = charter__key{index}", quoted(column)));
            }
            let rows = query
                .build()
                .fetch_all(&mut *self.transaction)
                .await
                .map_err(StoreError::unavailable)?;
            for row in rows {
                let number: i64 = row.try_get(0).map_err(StoreError::unavailable)?;
                let index = base + usize::try_from(number).unwrap_or(usize::MAX);
                if let Some(place) = found.get_mut(index) {
                    *place = Some(read_row(table, &row, 1)?);
                }
            }
            base += part.len();
        }
        Ok(found)
    }

    async fn write(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError> {
        upsert(&mut self.transaction, table, changes).await.map_err(StoreError::unavailable)?;
        remove(&mut self.transaction, table, changes).await.map_err(StoreError::unavailable)
    }

    async fn stage(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError> {
        stage(&mut self.transaction, table, self.partition, changes)
            .await
            .map_err(StoreError::unavailable)
    }

    async fn reveal(&mut self, table: &'static Table) -> Result<(), StoreError> {
        let (name, twin, tenant) = (quoted(table.name), twin(table), quoted(TENANT));
        let (columns, key) = (columns(table), key_columns(table).join(", "));
        for sql in [
            format!(
                "DELETE FROM {name} WHERE ({key}) IN
                     (SELECT {key} FROM {twin} WHERE charter__partition = $1 AND charter__removed)"
            ),
            format!(
                "INSERT OR REPLACE INTO {name} ({tenant}, {columns})
                 SELECT {tenant}, {columns} FROM {twin}
                 WHERE charter__partition = $1 AND NOT charter__removed"
            ),
            format!("DELETE FROM {twin} WHERE charter__partition = $1"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .bind(self.partition)
                .execute(&mut *self.transaction)
                .await
                .map_err(StoreError::unavailable)?;
        }
        Ok(())
    }

    async fn discard(&mut self, table: &'static Table) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM {} WHERE charter__partition = $1", twin(table));
        sqlx::query(AssertSqlSafe(sql))
            .bind(self.partition)
            .execute(&mut *self.transaction)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(())
    }

    async fn park(&mut self, parked: &[Parked]) -> Result<(), StoreError> {
        for parked in parked {
            sqlx::query(
                "INSERT INTO parked (context, tenant, aggregate_key, partition, position, reason, time)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            )
            .bind(&self.context)
            .bind(&parked.aggregate.tenant)
            .bind(&parked.aggregate.key)
            .bind(parked.partition)
            .bind(parked.position)
            .bind(&parked.reason)
            .bind(parked.time.micros())
            .execute(&mut *self.transaction)
            .await
            .map_err(StoreError::unavailable)?;
        }
        Ok(())
    }

    async fn unpark(&mut self, aggregate: &AggregateId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM parked WHERE context = $1 AND tenant = $2 AND aggregate_key = $3")
            .bind(&self.context)
            .bind(&aggregate.tenant)
            .bind(&aggregate.key)
            .execute(&mut *self.transaction)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        commit(self.transaction).await
    }
}

async fn upsert(
    connection: &mut Connection,
    table: &Table,
    changes: &[RowChange],
) -> Result<(), sqlx::Error> {
    let rows: Vec<_> =
        changes.iter().filter_map(|change| Some((&change.key, change.row.as_ref()?))).collect();
    let updates: Vec<_> = table
        .columns
        .iter()
        .filter(|column| !table.key.contains(&column.name))
        .map(|column| format!("{0} = excluded.{0}", quoted(column.name)))
        .collect();
    for part in parts(&rows, table.columns.len() + 1) {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "INSERT INTO {} ({}, {}) ",
            quoted(table.name),
            quoted(TENANT),
            columns(table)
        ));
        query.push_values(part, |mut row, (key, values)| {
            row.push_bind(&key.tenant);
            for value in *values {
                row.push_bind(Bound(value));
            }
        });
        query.push(format_args!(" ON CONFLICT ({}) DO ", key_columns(table).join(", ")));
        if updates.is_empty() {
            query.push("NOTHING");
        } else {
            query.push("UPDATE SET ").push(updates.join(", "));
        }
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn remove(
    connection: &mut Connection,
    table: &Table,
    changes: &[RowChange],
) -> Result<(), sqlx::Error> {
    let keys: Vec<_> =
        changes.iter().filter(|change| change.row.is_none()).map(|change| &change.key).collect();
    for part in parts(&keys, table.key.len() + 1) {
        // Against a list of values itself SQLite scans the whole table; against a query it looks each
        // row up.
        let mut query = QueryBuilder::<Sqlite>::new("WITH wanted AS (");
        query.push_values(part, |mut row, key| {
            row.push_bind(&key.tenant);
            for value in &key.values {
                row.push_bind(Bound(value));
            }
        });
        query.push(format_args!(
            ") DELETE FROM {} WHERE ({}) IN (SELECT * FROM wanted)",
            quoted(table.name),
            key_columns(table).join(", ")
        ));
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn stage(
    connection: &mut Connection,
    table: &'static Table,
    partition: u32,
    changes: &[RowChange],
) -> Result<(), sqlx::Error> {
    for part in parts(changes, table.columns.len() + 3) {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "INSERT OR REPLACE INTO {} (charter__partition, charter__removed, {}, {}) ",
            twin(table),
            quoted(TENANT),
            columns(table)
        ));
        query.push_values(part, |mut row, change| {
            row.push_bind(partition).push_bind(change.row.is_none()).push_bind(&change.key.tenant);
            for (index, column) in table.columns.iter().enumerate() {
                let key_value = || {
                    let place = table.key.iter().position(|name| *name == column.name)?;
                    change.key.values.get(place)
                };
                let value = match &change.row {
                    Some(values) => values.get(index),
                    None => key_value(),
                };
                row.push_bind(Bound(value.unwrap_or(&ColumnValue::Null)));
            }
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
