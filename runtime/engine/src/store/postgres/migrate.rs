//! The versions of the tables: migrated by one process at a time, found fitting by those that only read.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, Executor as _, Row as _};
use tokio::time::timeout;
use tracing::warn;

use super::PostgresStore;
use super::connections::server_error;
use crate::store::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/postgres/migrations");
/// The table of migrations that are done; `sqlx`'s own name might be another program's.
const MIGRATIONS_TABLE: &str = "charter_migrations";
/// How long migrations may take, others' that are waited for included.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(5);

/// The error of a table that is not there.
const NO_TABLE: &str = "42P01";
impl PostgresStore {
    /// Makes or migrates the tables.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.writers.connect().await?;
        let mut migrations =
            Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
        migrations.dangerous_set_table_name(MIGRATIONS_TABLE);
        let migrated = async {
            // Others that migrate are waited for.
            let limit = MIGRATION_TIMEOUT.as_millis();
            let patience = format!("SET statement_timeout = {limit}; SET lock_timeout = {limit}");
            connection.execute(sqlx::AssertSqlSafe(patience)).await?;
            migrations.run_direct(None, &mut connection, false).await
        };
        timeout(MIGRATION_TIMEOUT, migrated)
            .await
            .map_err(|_| StoreError::unavailable("migrating the tables takes too long"))?
            .map_err(|error| {
                if let MigrateError::VersionMissing(found) = error {
                    tables_differ(Some(found))
                } else {
                    StoreError::unavailable(error)
                }
            })?;
        let row = sqlx::query("SELECT current_setting('fsync') = 'on'")
            .fetch_one(&mut connection)
            .await
            .map_err(StoreError::unavailable)?;
        if !row.try_get::<bool, _>(0).map_err(StoreError::unavailable)? {
            warn!(
                "the database server runs with `fsync` off: a loss of power may damage all of it"
            );
        }
        // It was opened for this alone; whether it ends in good order does not matter.
        let _ = timeout(Duration::from_secs(1), connection.close()).await;
        Ok(())
    }

    /// Makes sure that the tables are this release's.
    pub(super) async fn check_tables(&self) -> Result<(), StoreError> {
        let query = sqlx::query("SELECT max(version) FROM charter_migrations WHERE success");
        let rows = match self.readers.call(query).await? {
            Ok(rows) => rows,
            Err(error) if server_error(&error).is_some_and(|error| error.code() == NO_TABLE) => {
                return Err(tables_differ(None));
            }
            Err(error) => return Err(StoreError::unavailable(error)),
        };
        let found: Option<i64> = rows
            .first()
            .and_then(|row| row.try_get(0).transpose())
            .transpose()
            .map_err(StoreError::unavailable)?;
        if found == Some(expected_tables()) { Ok(()) } else { Err(tables_differ(found)) }
    }
}

/// The version of this release's tables.
fn expected_tables() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

fn tables_differ(found: Option<i64>) -> StoreError {
    StoreError::TablesDiffer {
        expected: expected_tables(),
        found: found.map_or_else(|| "none".to_owned(), |found| format!("{found}")),
    }
}
