//! The read model's tables: made, and made anew where they are not the contract's.
//!
//! Who makes them keeps everybody else out in this order: `view_sets` locked against others who make tables,
//! its row locked against steps that hold a transaction open, then the old tables, which waits for
//! statements that read or write them, and only then the rows that say how far the views are. A statement
//! takes its locks of tables before those of rows, so nobody waits in a circle.

use charter_domain::Table;
use sqlx::{AssertSqlSafe, Row as _};
use tracing::warn;

use super::builds::{NAMED, tables, target};
use super::connections::{Connections, Held, after_write};
use super::values::{At, Kind};
use super::{number, small};
use crate::log::system_time;
use crate::store::names::{
    TENANT, context_of, index_base, is_beside_name, key_columns, quoted, twin, twin_of,
};
use crate::store::{Progress, StoreError, ViewSet};

/// The share of a page that is filled at first: what is left is for new versions of rows, which then need no
/// new entries in indexes.
const FILLFACTOR: u32 = 80;

pub(super) async fn prepare(connections: &Connections, views: &ViewSet) -> Result<(), StoreError> {
    let mut held = connections.take().await?;
    let context = views.context.as_str();
    execute(&mut held, "BEGIN".to_owned()).await?;
    execute(&mut held, "LOCK TABLE view_sets IN SHARE ROW EXCLUSIVE MODE".to_owned()).await?;
    let found = fingerprint(&mut held, context).await?;
    // In this order: the history only grows.
    let positions = progress_of(&mut held, views).await?;
    let ends = ends(&mut held, context_of(context)).await?;
    if found.as_ref() == Some(&views.fingerprint) && !is_ahead(views, &positions, &ends) {
        // Tables of a release that knew no lock of rows get it here.
        for table in &views.tables {
            for name in [quoted(table.name), twin(table)] {
                if !is_locked(&mut held, &name).await? {
                    lock(&mut held, &name).await?;
                }
            }
        }
        held.call(sqlx::query("COMMIT")).await.map_err(after_write)?;
    } else if let Some(found) =
        found.filter(|found| *found != views.fingerprint && !is_beside_name(context))
    {
        held.call(sqlx::query("ROLLBACK")).await.map_err(StoreError::unavailable)?;
        held.give_back();
        return Err(StoreError::ViewDiffers {
            table: context.to_owned(),
            expected: views.fingerprint.clone(),
            found: format!("`{found}`"),
        });
    } else if is_read(&mut held, views).await? {
        held.call(sqlx::query("ROLLBACK")).await.map_err(StoreError::unavailable)?;
    } else {
        rebuild(&mut held, views, &ends).await?;
        held.call(sqlx::query("COMMIT")).await.map_err(after_write)?;
    }
    held.give_back();
    Ok(())
}

/// Whether these, to be made beside what is read, have become that by now.
async fn is_read(held: &mut Held, views: &ViewSet) -> Result<bool, StoreError> {
    let context = context_of(&views.context);
    Ok(is_beside_name(&views.context)
        && fingerprint(held, context).await?.as_ref() == Some(&views.fingerprint))
}

pub(super) async fn execute(held: &mut Held, sql: String) -> Result<(), StoreError> {
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    held.call(query).await.map_err(StoreError::unavailable)?;
    Ok(())
}

async fn fingerprint(held: &mut Held, context: &str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query("SELECT fingerprint FROM view_sets WHERE context = $1 FOR UPDATE")
        .bind(context);
    let rows = held.call(query).await.map_err(StoreError::unavailable)?;
    rows.first().map(|row| row.try_get(0).map_err(StoreError::unavailable)).transpose()
}

async fn progress_of(held: &mut Held, views: &ViewSet) -> Result<Vec<(u32, i64)>, StoreError> {
    let query = sqlx::query(
        "SELECT partition, position FROM view_progress WHERE context = $1 AND fingerprint = $2",
    )
    .bind(&views.context)
    .bind(&views.fingerprint);
    pairs(held, query).await
}

/// The last positions of a context's partitions in the history.
pub(super) async fn ends(held: &mut Held, context: &str) -> Result<Vec<(u32, i64)>, StoreError> {
    let query =
        sqlx::query("SELECT partition, next_position - 1 FROM checkpoints WHERE context = $1")
            .bind(context);
    pairs(held, query).await
}

pub(super) async fn pairs(
    held: &mut Held,
    query: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
) -> Result<Vec<(u32, i64)>, StoreError> {
    let rows = held.call(query).await.map_err(StoreError::unavailable)?;
    rows.iter().map(|row| Ok((small("a partition", number(row, 0)?)?, number(row, 1)?))).collect()
}

/// Whether the views hold events that the history lacks: it was restored, and they were not.
fn is_ahead(views: &ViewSet, positions: &[(u32, i64)], ends: &[(u32, i64)]) -> bool {
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
    ahead.is_some()
}

/// Begins the views anew; they are read when they have come to the `ends` of the partitions.
async fn rebuild(held: &mut Held, views: &ViewSet, ends: &[(u32, i64)]) -> Result<(), StoreError> {
    let context = views.context.as_str();
    drop_tables(held, context).await?;
    for table in NAMED.into_iter().filter(|table| *table != "view_sets") {
        let sql = format!("DELETE FROM {table} WHERE context = $1");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(context);
        held.call(query).await.map_err(StoreError::unavailable)?;
    }
    // Who asked for it, if anybody did, stays.
    let set = sqlx::query(
        "INSERT INTO view_sets (context, fingerprint, contract_version, projection_version, begun_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (context) DO UPDATE
         SET fingerprint = $2, contract_version = $3, projection_version = $4, begun_at = $5",
    )
    .bind(context)
    .bind(&views.fingerprint)
    .bind(i64::from(views.release.contract))
    .bind(i64::from(views.release.projections))
    .bind(At(system_time()));
    held.call(set).await.map_err(StoreError::unavailable)?;
    for (partition, end) in ends.iter().filter(|(_, end)| *end >= 0) {
        target(held, context, *partition, *end).await?;
    }
    for table in &views.tables {
        for sql in statements(table, views.number()) {
            execute(held, sql).await?;
        }
        for name in [quoted(table.name), twin(table)] {
            lock(held, &name).await?;
        }
        let known =
            sqlx::query("INSERT INTO view_tables (name, context, fingerprint) VALUES ($1, $2, $3)")
                .bind(table.name)
                .bind(context)
                .bind(table.fingerprint);
        held.call(known).await.map_err(StoreError::unavailable)?;
    }
    Ok(())
}

/// Drops the tables that stand under a build's name, with their twins.
pub(super) async fn drop_tables(held: &mut Held, build: &str) -> Result<(), StoreError> {
    for name in tables(held, build).await? {
        for name in [quoted(&name), twin_of(&name)] {
            execute(held, format!("DROP TABLE IF EXISTS {name}")).await?;
        }
    }
    Ok(())
}

/// The setting that says whose rows a statement may see and write: a tenant, or [`EVERY_TENANT`]. Where it is not set, no
/// row is seen.
pub(super) const SEEN_TENANT: &str = "charter.tenant";
/// What projections set: their statements hold rows of many tenants. No tenant is called so.
pub(super) const EVERY_TENANT: &str = "*";

/// The second lock (ADR 46): the server itself shows only the rows of the tenant that the statement named, its owner too.
async fn lock(held: &mut Held, name: &str) -> Result<(), StoreError> {
    let tenant = quoted(TENANT);
    // In a query of its own the setting is looked up once a statement and not once a row.
    let seen = format!("(SELECT current_setting('{SEEN_TENANT}', true))");
    for sql in [
        format!("DROP POLICY IF EXISTS charter_tenant ON {name}"),
        format!(
            "CREATE POLICY charter_tenant ON {name} USING ({tenant} = {seen} OR {seen} = '{EVERY_TENANT}')"
        ),
        format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"),
        format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"),
    ] {
        execute(held, sql).await?;
    }
    Ok(())
}

async fn is_locked(held: &mut Held, name: &str) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT relforcerowsecurity FROM pg_class WHERE oid = to_regclass($1)")
        .bind(name);
    let rows = held.call(query).await.map_err(StoreError::unavailable)?;
    rows.first().map_or(Ok(false), |row| row.try_get(0).map_err(StoreError::unavailable))
}

/// Says in the log where the lock does not hold.
pub(super) async fn warn_of_bypass(connections: &Connections) -> Result<(), StoreError> {
    let query =
        sqlx::query("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user");
    let row = connections.fetch_first(query).await?;
    let bypasses = row.as_ref().map_or(Ok(false), |row| row.try_get(0));
    if bypasses.map_err(StoreError::unavailable)? {
        warn!(
            "the role of `DATABASE_URL` is a superuser or bypasses row-level security: the database itself does not keep tenants apart; give one that is neither"
        );
    }
    Ok(())
}

/// What makes a view's table, its twin for staged rows, and its indexes.
fn statements(table: &Table, number: u32) -> Vec<String> {
    let (name, tenant) = (quoted(table.name), quoted(TENANT));
    let text = Kind::Text.sql();
    let mut visible = vec![format!("{tenant} {text} NOT NULL")];
    let mut staged = vec![
        "charter__partition BIGINT NOT NULL".to_owned(),
        "charter__removed BOOLEAN NOT NULL".to_owned(),
        format!("{tenant} {text} NOT NULL"),
    ];
    for column in table.columns {
        let (name, kind) = (quoted(column.name), Kind::of(column.kind).sql());
        let required = if column.nullable { "" } else { " NOT NULL" };
        visible.push(format!("{name} {kind}{required}"));
        // A staged row that removes holds only its key.
        staged.push(format!("{name} {kind}"));
    }
    let key = key_columns(table).join(", ");
    staged.push(format!("PRIMARY KEY (charter__partition, {key})"));
    let made = |name: &str, parts: Vec<String>| {
        format!("CREATE TABLE {name} ({}) WITH (fillfactor = {FILLFACTOR})", parts.join(", "))
    };
    let mut all = vec![made(&name, visible), made(&twin(table), staged)];
    let base = index_base(table, number);
    for (place, index) in table.indexes.iter().enumerate() {
        let index_name = quoted(&format!("{base}__{place}"));
        // A list's order ends with the key, so that it is total.
        let rest = table.key.iter().filter(|column| !index.columns.contains(column));
        let columns: Vec<_> =
            index.columns.iter().chain(rest).map(|column| term(table, column, false)).collect();
        let columns = columns.join(", ");
        all.push(format!("CREATE INDEX {index_name} ON {name} ({tenant}, {columns})"));
    }
    // Last: of indexes that look alike, as all of an empty table do, the server's planner takes the newest, and
    // rows are looked up by their key far more often than lists are read.
    all.push(format!("ALTER TABLE {name} ADD PRIMARY KEY ({key})"));
    all
}

/// A column in an order. One without a value comes first, or last in a falling order; a column that always has
/// one is left to the server's own way, as in a primary key's index.
pub(super) fn term(table: &Table, column: &str, descending: bool) -> String {
    let nullable = table.columns.iter().any(|known| known.name == column && known.nullable);
    let order = match (nullable, descending) {
        (true, true) => " DESC NULLS LAST",
        (true, false) => " NULLS FIRST",
        (false, true) => " DESC",
        (false, false) => "",
    };
    format!("{}{order}", quoted(column))
}

pub(super) async fn progress(
    connections: &Connections,
    views: &ViewSet,
    partition: u32,
) -> Result<Progress, StoreError> {
    let query = sqlx::query(
        "SELECT s.fingerprint, p.position, p.staged FROM view_sets AS s
         LEFT JOIN view_progress AS p ON p.context = s.context AND p.fingerprint = s.fingerprint
             AND p.partition = $2
         WHERE s.context = $1",
    )
    .bind(&views.context)
    .bind(i64::from(partition));
    let row = connections.fetch_first(query).await?;
    let found: Option<String> =
        row.as_ref().map(|row| row.try_get(0)).transpose().map_err(StoreError::unavailable)?;
    if found.as_ref() != Some(&views.fingerprint) {
        return Err(StoreError::ViewDiffers {
            table: views.context.clone(),
            expected: views.fingerprint.clone(),
            found: found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`")),
        });
    }
    row.as_ref().map_or(Ok(Progress::START), |row| read_progress(row, 1))
}

/// The progress in the columns from `first` on; the start where there is none.
pub(super) fn read_progress(
    row: &sqlx::postgres::PgRow,
    first: usize,
) -> Result<Progress, StoreError> {
    let column = |index| row.try_get::<Option<i64>, _>(index).map_err(StoreError::unavailable);
    Ok(match (column(first)?, column(first + 1)?) {
        (Some(position), Some(staged)) => {
            Progress { position, staged: super::small("the views' progress", staged)? }
        }
        (None, _) | (_, None) => Progress::START,
    })
}
