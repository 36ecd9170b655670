//! A schema of its own for each store of a test, in the database that `DATABASE_URL` names.

pub(crate) mod cluster;
pub(crate) mod proxy;

use std::sync::Mutex;
use std::time::Duration;

use charter_engine::store::{Durability, PostgresSettings, PostgresStore};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

/// The server to test with, or why there is none.
///
/// # Panics
/// Where there is none and `CHARTER_REQUIRE_ENGINES` says that there has to be one.
pub(crate) fn database() -> Result<String, String> {
    std::env::var("DATABASE_URL").map_err(|_| {
        let reason = "DATABASE_URL is not set: start a server with `tests/postgres/start DIR`";
        assert!(std::env::var_os("CHARTER_REQUIRE_ENGINES").is_none(), "{reason}");
        reason.to_owned()
    })
}

/// Schemas that are dropped with the test.
pub(crate) struct Schemas {
    pub(crate) url: String,
    made: Mutex<Vec<String>>,
}

impl Schemas {
    pub(crate) fn of(url: &str) -> Self {
        Self { url: url.to_owned(), made: Mutex::default() }
    }

    /// What opens a store in a new, empty schema.
    pub(crate) async fn settings(&self) -> PostgresSettings {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
        let sql = format!("CREATE SCHEMA {name}");
        connection.execute(AssertSqlSafe(sql)).await.expect("a schema");
        self.made.lock().expect("no panic").push(name.clone());
        settings(&self.url, &name)
    }

    /// The schema that was made last.
    pub(crate) fn last_name(&self) -> String {
        self.made.lock().expect("no panic").last().expect("a store was made").clone()
    }

    /// What opens the store that was made last.
    pub(crate) fn last(&self) -> PostgresSettings {
        let made = self.made.lock().expect("no panic");
        settings(&self.url, made.last().expect("a store was made"))
    }
}

/// Few connections, since many tests run at once, and no waiting for the disk.
fn settings(url: &str, schema: &str) -> PostgresSettings {
    let mut settings = PostgresSettings::new(format!("{url}?options=-c%20search_path%3D{schema}"));
    settings.durability = Durability::Process;
    settings.write_connections = 3;
    settings.read_connections = 2;
    // The machine may be busy with the other tests.
    settings.connect_timeout = Duration::from_mins(1);
    settings.acquire_timeout = Duration::from_mins(1);
    settings
}

/// Opens a store, its tables migrated.
pub(crate) async fn open(settings: PostgresSettings) -> PostgresStore {
    PostgresStore::open(settings).await.expect("a store")
}

impl Drop for Schemas {
    fn drop(&mut self) {
        let made = std::mem::take(self.made.get_mut().expect("no panic"));
        let url = self.url.clone();
        // A runtime can't wait within another one's thread.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await?;
                for name in made {
                    let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
                    connection.execute(AssertSqlSafe(sql)).await?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        // What stays behind is in nobody's way.
        let _ = dropping.join();
    }
}
