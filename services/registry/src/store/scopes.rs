//! The settings of subjects and of the registry.

use super::StoreError;
use super::connection::{Connection, run};
use crate::settings::{Config, Mode, parse_level};
use crate::subject::Scope;

#[derive(sqlx::FromRow)]
struct ConfigRow {
    compatibility: Option<String>,
    normalize: Option<bool>,
    validate_fields: Option<bool>,
    alias: Option<String>,
}

impl Config {
    /// The settings of a scope, if any were made.
    pub(crate) async fn find(
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<ConfigRow> = run!(connection, fetch_optional, sqlx::query_as(
            "SELECT compatibility, normalize, validate_fields, alias FROM configs WHERE scope = $1",
        )
        .bind(scope.key()))?;
        let Some(row) = row else { return Ok(None) };
        let level = row
            .compatibility
            .map(|name| {
                parse_level(&name)
                    .map_err(|_| StoreError::Corrupt { what: "compatibility level", value: name })
            })
            .transpose()?;
        Ok(Some(Self {
            level,
            normalize: row.normalize,
            validate_fields: row.validate_fields,
            alias: row.alias,
        }))
    }

    /// Stores the settings of a scope in the place of those it had.
    pub(crate) async fn save(
        &self,
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query(
                "INSERT INTO configs (scope, compatibility, normalize, validate_fields, alias)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (scope) DO UPDATE SET compatibility = excluded.compatibility,
             normalize = excluded.normalize, validate_fields = excluded.validate_fields,
             alias = excluded.alias",
            )
            .bind(scope.key())
            .bind(self.level.map(|level| level.to_string()))
            .bind(self.normalize)
            .bind(self.validate_fields)
            .bind(&self.alias)
        )?;
        Ok(())
    }

    /// Forgets the settings of a scope.
    pub(crate) async fn remove(
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query("DELETE FROM configs WHERE scope = $1").bind(scope.key())
        )?;
        Ok(())
    }
}

impl Mode {
    /// The mode of a scope, if one was set.
    pub(crate) async fn find(
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<Option<Self>, StoreError> {
        let name: Option<String> = run!(
            connection,
            fetch_optional,
            sqlx::query_scalar("SELECT mode FROM modes WHERE scope = $1").bind(scope.key())
        )?;
        name.map(|name| {
            Self::parse(&name).map_err(|_| StoreError::Corrupt { what: "mode", value: name })
        })
        .transpose()
    }

    /// Stores the mode of a scope.
    pub(crate) async fn save(
        self,
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query(
                "INSERT INTO modes (scope, mode) VALUES ($1, $2)
             ON CONFLICT (scope) DO UPDATE SET mode = excluded.mode",
            )
            .bind(scope.key())
            .bind(self.to_string())
        )?;
        Ok(())
    }

    /// Forgets the mode of a scope.
    pub(crate) async fn remove(
        connection: &mut Connection,
        scope: &Scope,
    ) -> Result<(), StoreError> {
        run!(
            connection,
            execute,
            sqlx::query("DELETE FROM modes WHERE scope = $1").bind(scope.key())
        )?;
        Ok(())
    }
}
