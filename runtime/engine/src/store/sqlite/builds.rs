//! The builds of views: which there are, and which one is read.

use charter_domain::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::files::{Connection, Files, commit};
use super::views::{drop_tables, ends, execute};
use crate::log::system_time;
use crate::store::builds::{BuildRow, exchanged, near, not_read, renamed, shown_and_lacked};
use crate::store::columns::damaged;
use crate::store::names::{beside, quoted, twin_of};
use crate::store::{Release, StoreError, ViewBuild};

/// The tables in which what belongs to a build stands under its name.
pub(super) const NAMED: [&str; 5] =
    ["view_sets", "view_tables", "view_progress", "view_targets", "parked"];

pub(super) async fn all(files: &Files, context: &str) -> Result<Vec<ViewBuild>, StoreError> {
    let mut snapshot = files.snapshot().await?;
    found(&mut snapshot, context).await.map_err(StoreError::unavailable)
}

async fn found(connection: &mut Connection, context: &str) -> Result<Vec<ViewBuild>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT context, fingerprint, contract_version, projection_version, begun_at, asked_by, reason,
             EXISTS (SELECT 1 FROM view_targets AS t WHERE t.context = s.context), read_at
         FROM view_sets AS s WHERE context = $1 OR substr(context, 1, length($1) + 1) = $1 || '#'",
    )
    .bind(context)
    .fetch_all(connection)
    .await?;
    let mut builds = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    builds.sort_by_key(|build| build.number);
    Ok(builds)
}

fn read(row: &SqliteRow) -> Result<ViewBuild, sqlx::Error> {
    let begun: Option<i64> = row.try_get(4)?;
    let read_since: Option<i64> = row.try_get(8)?;
    Ok(ViewBuild::of(BuildRow {
        name: row.try_get(0)?,
        fingerprint: row.try_get(1)?,
        release: Release { contract: row.try_get(2)?, projections: row.try_get(3)? },
        begun: begun.map(Timestamp::from_micros),
        read_since: read_since.map(Timestamp::from_micros),
        asked_by: row.try_get(5)?,
        reason: row.try_get(6)?,
        is_building: row.try_get(7)?,
    }))
}

pub(super) async fn want(
    files: &Files,
    context: &str,
    number: u32,
    actor: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let mut transaction = files.write().await?;
    sqlx::query(
        "INSERT INTO view_sets (context, fingerprint, begun_at, asked_by, reason)
         VALUES ($1, '', $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(beside(context, number))
    .bind(system_time().micros())
    .bind(actor)
    .bind(reason)
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::unavailable)?;
    commit(transaction).await
}

pub(super) async fn switch(
    files: &Files,
    history: &Files,
    context: &str,
    number: u32,
) -> Result<(), StoreError> {
    let mut transaction = files.write().await?;
    // After nobody can move the views any more.
    let ends = ends(history, context).await?;
    let builds = found(&mut transaction, context).await.map_err(StoreError::unavailable)?;
    let (read, chosen) = exchanged(&builds, context, number)?;
    let (own, other) = (chosen.name(), beside(context, read.number));
    let positions = positions(&mut transaction, &own).await.map_err(StoreError::unavailable)?;
    near(&chosen, &positions, &ends)?;
    let shown =
        self::positions(&mut transaction, context).await.map_err(StoreError::unavailable)?;
    let lacked = shown_and_lacked(&shown, &positions);
    let exchange = async |connection: &mut Connection| {
        let read_tables = tables(connection, context).await?;
        let own_tables = tables(connection, &own).await?;
        for (from, to) in renamed((read.number, &read_tables), (number, &own_tables)) {
            for (from, to) in [(quoted(&from), quoted(&to)), (twin_of(&from), twin_of(&to))] {
                execute(connection, format!("ALTER TABLE {from} RENAME TO {to}")).await?;
            }
            sqlx::query("UPDATE view_tables SET name = $2 WHERE name = $1")
                .bind(from)
                .bind(to)
                .execute(&mut *connection)
                .await?;
        }
        for table in NAMED {
            for (from, to) in [(context, other.as_str()), (own.as_str(), context)] {
                let sql = format!("UPDATE {table} SET context = $2 WHERE context = $1");
                sqlx::query(AssertSqlSafe(sql))
                    .bind(from)
                    .bind(to)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        sqlx::query("UPDATE view_sets SET read_at = coalesce(read_at, $2) WHERE context = $1")
            .bind(context)
            .bind(system_time().micros())
            .execute(&mut *connection)
            .await?;
        for (partition, position) in lacked {
            target(connection, context, partition, position).await?;
        }
        Ok::<(), sqlx::Error>(())
    };
    exchange(&mut transaction).await.map_err(StoreError::unavailable)?;
    commit(transaction).await
}

/// Lets reads be refused until the views hold this position.
pub(super) async fn target(
    connection: &mut Connection,
    context: &str,
    partition: u32,
    position: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO view_targets (context, partition, position) VALUES ($1, $2, $3)
         ON CONFLICT (context, partition) DO UPDATE SET position = max(position, excluded.position)",
    )
    .bind(context)
    .bind(partition)
    .bind(position)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn remove(files: &Files, context: &str, number: u32) -> Result<(), StoreError> {
    let mut transaction = files.write().await?;
    let builds = found(&mut transaction, context).await.map_err(StoreError::unavailable)?;
    let name = not_read(&builds, context, number)?.name();
    let dropped = async |connection: &mut Connection| {
        drop_tables(connection, &name).await?;
        for table in NAMED {
            let sql = format!("DELETE FROM {table} WHERE context = $1");
            sqlx::query(AssertSqlSafe(sql)).bind(&name).execute(&mut *connection).await?;
        }
        Ok::<(), sqlx::Error>(())
    };
    dropped(&mut transaction).await.map_err(StoreError::unavailable)?;
    commit(transaction).await
}

pub(super) async fn rows(files: &Files, name: &str, most: u32) -> Result<u64, StoreError> {
    let mut snapshot = files.snapshot().await?;
    let mut count = 0;
    for table in tables(&mut snapshot, name).await.map_err(StoreError::unavailable)? {
        let table = quoted(&table);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT $1)");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(most)
            .fetch_one(&mut *snapshot)
            .await
            .map_err(StoreError::unavailable)?;
        count += u64::try_from(rows).map_err(|error| damaged("a count", error))?;
    }
    Ok(count)
}

async fn positions(
    connection: &mut Connection,
    name: &str,
) -> Result<Vec<(u32, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT partition, position FROM view_progress JOIN view_sets USING (context, fingerprint)
         WHERE context = $1",
    )
    .bind(name)
    .fetch_all(connection)
    .await
}

pub(super) async fn tables(
    connection: &mut Connection,
    name: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT name FROM view_tables WHERE context = $1")
        .bind(name)
        .fetch_all(connection)
        .await
}
