//! The builds of views: which there are, and which one is read.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Row as _};

use super::connections::{Connections, Held, after_write};
use super::tables::{drop_tables, ends, execute, pairs};
use super::values::At;
use super::{number, small};
use crate::log::system_time;
use crate::store::builds::{BuildRow, exchanged, near, not_read, renamed, shown_and_lacked};
use crate::store::names::{beside, quoted, twin_of};
use crate::store::{Release, StoreError, ViewBuild};

/// The tables in which what belongs to a build stands under its name.
pub(super) const NAMED: [&str; 5] =
    ["view_sets", "view_tables", "view_progress", "view_targets", "parked"];

const BUILDS: &str = "SELECT context, fingerprint, contract_version, projection_version, begun_at,
         asked_by, reason, EXISTS (SELECT 1 FROM view_targets AS t WHERE t.context = s.context),
         read_at
     FROM view_sets AS s WHERE context = $1 OR starts_with(context, $1 || '#')";

fn query(context: &str) -> Query<'_, Postgres, PgArguments> {
    sqlx::query(BUILDS).bind(context)
}

pub(super) async fn all(
    connections: &Connections,
    context: &str,
) -> Result<Vec<ViewBuild>, StoreError> {
    read_all(&connections.fetch_all(query(context)).await?)
}

fn read_all(rows: &[PgRow]) -> Result<Vec<ViewBuild>, StoreError> {
    let mut builds = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    builds.sort_by_key(|build| build.number);
    Ok(builds)
}

fn read(row: &PgRow) -> Result<ViewBuild, StoreError> {
    let begun: Option<At> = row.try_get(4).map_err(StoreError::unavailable)?;
    let read_since: Option<At> = row.try_get(8).map_err(StoreError::unavailable)?;
    let text = |index| row.try_get::<String, _>(index).map_err(StoreError::unavailable);
    Ok(ViewBuild::of(BuildRow {
        name: text(0)?,
        fingerprint: text(1)?,
        release: Release {
            contract: small("a contract version", number(row, 2)?)?,
            projections: small("a version of projections", number(row, 3)?)?,
        },
        begun: begun.map(|begun| begun.0),
        read_since: read_since.map(|since| since.0),
        asked_by: row.try_get(5).map_err(StoreError::unavailable)?,
        reason: text(6)?,
        is_building: row.try_get(7).map_err(StoreError::unavailable)?,
    }))
}

pub(super) async fn want(
    connections: &Connections,
    context: &str,
    number: u32,
    actor: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let wanted = sqlx::query(
        "INSERT INTO view_sets (context, fingerprint, begun_at, asked_by, reason)
         VALUES ($1, '', $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(beside(context, number))
    .bind(At(system_time()))
    .bind(actor)
    .bind(reason);
    connections.write(wanted).await.map(drop)
}

/// Begins a transaction that alone may make, exchange or drop builds, and reads those of a context. Steps that hold
/// a transaction open have ended.
async fn begin(
    connections: &Connections,
    context: &str,
) -> Result<(Held, Vec<ViewBuild>), StoreError> {
    let mut held = connections.take().await?;
    execute(&mut held, "BEGIN".to_owned()).await?;
    execute(&mut held, "LOCK TABLE view_sets IN SHARE ROW EXCLUSIVE MODE".to_owned()).await?;
    let sql = format!("{BUILDS} FOR UPDATE OF s");
    let locked = held.call(sqlx::query(AssertSqlSafe(sql)).bind(context)).await;
    let builds = read_all(&locked.map_err(StoreError::unavailable)?)?;
    Ok((held, builds))
}

async fn end(mut held: Held) -> Result<(), StoreError> {
    held.call(sqlx::query("COMMIT")).await.map_err(after_write)?;
    held.give_back();
    Ok(())
}

pub(super) async fn switch(
    connections: &Connections,
    context: &str,
    number: u32,
) -> Result<(), StoreError> {
    let (mut held, builds) = begin(connections, context).await?;
    let (read, chosen) = exchanged(&builds, context, number)?;
    let (own, other) = (chosen.name(), beside(context, read.number));
    // Before anybody is kept waiting, and again when nobody can move them.
    near(&chosen, &positions(&mut held, &own).await?, &ends(&mut held, context).await?)?;
    let read_tables = tables(&mut held, context).await?;
    let own_tables = tables(&mut held, &own).await?;
    let all: Vec<_> = read_tables
        .iter()
        .chain(&own_tables)
        .flat_map(|name| [quoted(name), twin_of(name)])
        .collect();
    if !all.is_empty() {
        let sql = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", all.join(", "));
        execute(&mut held, sql).await?;
    }
    let positions = positions(&mut held, &own).await?;
    near(&chosen, &positions, &ends(&mut held, context).await?)?;
    let shown = self::positions(&mut held, context).await?;
    for (from, to) in renamed((read.number, &read_tables), (number, &own_tables)) {
        for (from, to) in [(quoted(&from), quoted(&to)), (twin_of(&from), twin_of(&to))] {
            execute(&mut held, format!("ALTER TABLE {from} RENAME TO {to}")).await?;
        }
        let renamed =
            sqlx::query("UPDATE view_tables SET name = $2 WHERE name = $1").bind(from).bind(to);
        held.call(renamed).await.map_err(StoreError::unavailable)?;
    }
    for table in NAMED {
        for (from, to) in [(context, other.as_str()), (own.as_str(), context)] {
            let sql = format!("UPDATE {table} SET context = $2 WHERE context = $1");
            let query = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(to);
            held.call(query).await.map_err(StoreError::unavailable)?;
        }
    }
    let since =
        sqlx::query("UPDATE view_sets SET read_at = coalesce(read_at, $2) WHERE context = $1")
            .bind(context)
            .bind(At(system_time()));
    held.call(since).await.map_err(StoreError::unavailable)?;
    for (partition, position) in shown_and_lacked(&shown, &positions) {
        target(&mut held, context, partition, position).await?;
    }
    end(held).await
}

/// Lets reads be refused until the views hold this position.
pub(super) async fn target(
    held: &mut Held,
    context: &str,
    partition: u32,
    position: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO view_targets AS t (context, partition, position) VALUES ($1, $2, $3)
         ON CONFLICT (context, partition)
             DO UPDATE SET position = greatest(t.position, excluded.position)",
    )
    .bind(context)
    .bind(i64::from(partition))
    .bind(position);
    held.call(query).await.map_err(StoreError::unavailable)?;
    Ok(())
}

pub(super) async fn remove(
    connections: &Connections,
    context: &str,
    number: u32,
) -> Result<(), StoreError> {
    let (mut held, builds) = begin(connections, context).await?;
    let name = not_read(&builds, context, number)?.name();
    drop_tables(&mut held, &name).await?;
    for table in NAMED {
        let sql = format!("DELETE FROM {table} WHERE context = $1");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(name.as_str());
        held.call(query).await.map_err(StoreError::unavailable)?;
    }
    end(held).await
}

pub(super) async fn rows(
    connections: &Connections,
    name: &str,
    most: u32,
) -> Result<u64, StoreError> {
    let mut held = connections.take().await?;
    let mut count = 0;
    for table in tables(&mut held, name).await? {
        let table = quoted(&table);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT $1) AS counted");
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(i64::from(most));
        let rows = held.call(query).await.map_err(StoreError::unavailable)?;
        let rows = rows.first().map_or(Ok(0), |row| number(row, 0))?;
        count += small::<u64>("a count", rows)?;
    }
    held.give_back();
    Ok(count)
}

async fn positions(held: &mut Held, name: &str) -> Result<Vec<(u32, i64)>, StoreError> {
    let query = sqlx::query(
        "SELECT partition, position FROM view_progress JOIN view_sets USING (context, fingerprint)
         WHERE context = $1",
    )
    .bind(name);
    pairs(held, query).await
}

pub(super) async fn tables(held: &mut Held, name: &str) -> Result<Vec<String>, StoreError> {
    let query = sqlx::query("SELECT name FROM view_tables WHERE context = $1").bind(name);
    let rows = held.call(query).await.map_err(StoreError::unavailable)?;
    rows.iter().map(|row| row.try_get(0).map_err(StoreError::unavailable)).collect()
}
