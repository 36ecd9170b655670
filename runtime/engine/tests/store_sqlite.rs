//! SQLite under the suite that every store is held to.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use charter_engine::store::conformance::Harness;
use charter_engine::store::{Durability, SqliteStore, Store};
use tempfile::TempDir;

struct Sqlite {
    directory: TempDir,
}

impl Sqlite {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    async fn open(path: PathBuf) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&path, Durability::Process).await.expect("a store"))
    }
}

#[async_trait]
impl Harness for Sqlite {
    async fn store(&self) -> Arc<dyn Store> {
        // A test may ask for several: each has a directory of its own.
        let place = tempfile::tempdir_in(self.directory.path()).expect("a directory").keep();
        std::fs::write(self.directory.path().join("last"), place.to_string_lossy().as_bytes())
            .expect("noted");
        Self::open(place).await
    }

    async fn another(&self) -> Arc<dyn Store> {
        let last = std::fs::read_to_string(self.directory.path().join("last")).expect("noted");
        Self::open(last.into()).await
    }

    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await;
        let last = std::fs::read_to_string(self.directory.path().join("last")).expect("noted");
        Self::open(last.into()).await
    }
}

charter_engine::store_conformance!(Sqlite::new());
