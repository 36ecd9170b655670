//! PostgreSQL under the suite that every store is held to. Needs a server in `DATABASE_URL`
//! (`tests/postgres/start`), whose role may make schemas.
#![cfg(feature = "postgres")]

mod postgres;

use std::sync::Arc;

use async_trait::async_trait;
use charter_engine::store::Store;
use charter_engine::store::conformance::Harness;

use crate::postgres::{Schemas, database, open};

struct Postgres(Result<Schemas, String>);

impl Postgres {
    fn new() -> Self {
        Self(database().map(|url| Schemas::of(&url)))
    }

    fn schemas(&self) -> &Schemas {
        self.0.as_ref().expect("the test is not skipped")
    }
}

#[async_trait]
impl Harness for Postgres {
    fn skipped(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(open(self.schemas().settings().await).await)
    }

    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await;
        Arc::new(open(self.schemas().last()).await)
    }
}

charter_engine::store_conformance!(Postgres::new());
