//! The data directory of a platform that does not run.

use std::path::Path;

use anyhow::Context as _;
use charter_engine::directory::DataDirectory;
use charter_engine::log::Log;
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::store::{SqliteStore, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};
use uuid::Uuid;

use super::{Evidence, gather};
use crate::history::Record;

/// Reads all that a data directory holds. Nobody else may use it meanwhile.
///
/// # Errors
/// Where it can't be read; what it holds is not judged here.
pub async fn read_directory(path: &Path, history: Vec<Record>) -> anyhow::Result<Evidence> {
    let directory = DataDirectory::open(path)?;
    let log = EmbeddedLog::open(directory.join("log"), EmbeddedSettings::default())?;
    let store = SqliteStore::open(path, Durability::Power).await?;
    let evidence = read_embedded(&log, &store, &directory.join("store.db"), history).await;
    store.close().await;
    log.close().await;
    evidence
}

/// Reads all that an embedded log and a SQLite store, with its history in `file`, hold.
///
/// # Errors
/// Where it can't be read.
pub async fn read_embedded(
    log: &dyn Log,
    store: &dyn Store,
    file: &Path,
    history: Vec<Record>,
) -> anyhow::Result<Evidence> {
    let inbox = inbox(file).await.context("listing outcomes")?;
    gather::gather(log, store, inbox, history).await
}

async fn inbox(file: &Path) -> anyhow::Result<Vec<(String, Uuid, Option<u64>)>> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let rows = sqlx::query("SELECT tenant, command_id, command_offset FROM outcomes")
        .fetch_all(&mut connection)
        .await?;
    let named = rows.iter().map(|row| {
        let id: Vec<u8> = row.try_get(1)?;
        let offset: Option<i64> = row.try_get(2)?;
        Ok((row.try_get(0)?, Uuid::from_slice(&id)?, offset.map(u64::try_from).transpose()?))
    });
    named.collect()
}
