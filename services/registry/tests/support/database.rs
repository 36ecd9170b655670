//! Where the registry of a test keeps its data.

use registry_service::RegistryConfig;
use tempfile::TempDir;

/// Data of one test, gone when it ends.
pub(crate) enum Home {
    Directory(TempDir),
    #[cfg(feature = "postgres")]
    Postgres(std::sync::Arc<Schema>),
}

impl Home {
    /// A schema where there is a PostgreSQL, else a directory.
    pub(crate) fn new() -> Self {
        #[cfg(feature = "postgres")]
        if let Some(schema) = Schema::new() {
            return Self::Postgres(schema.into());
        }
        Self::directory()
    }

    pub(crate) fn directory() -> Self {
        Self::Directory(TempDir::new().expect("temporary directory"))
    }

    pub(crate) fn config(&self) -> RegistryConfig {
        match self {
            Self::Directory(directory) => RegistryConfig::new(directory.path()),
            #[cfg(feature = "postgres")]
            Self::Postgres(schema) => schema.config(),
        }
    }
}

#[cfg(feature = "postgres")]
pub(crate) use postgres::Schema;

#[cfg(feature = "postgres")]
mod postgres {
    use registry_service::{PostgresConfig, RegistryConfig};
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

    use crate::support::say;

    /// The variable by which CI says that PostgreSQL is there, so that a skip is a failure.
    const REQUIRED: &str = "CHARTER_REQUIRE_ENGINES";

    /// A schema in the database of `DATABASE_URL`.
    pub(crate) struct Schema {
        pub(crate) url: String,
        pub(crate) name: String,
    }

    impl Schema {
        /// None, said on stderr, where no database is given.
        pub(crate) fn new() -> Option<Self> {
            use std::sync::atomic::{AtomicU32, Ordering};
            static NEXT: AtomicU32 = AtomicU32::new(0);

            let Ok(url) = std::env::var("DATABASE_URL") else {
                assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} without DATABASE_URL");
                say("SKIPPED on PostgreSQL: DATABASE_URL is not set (tests/postgres/start)");
                return None;
            };
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            Some(Self { url, name: format!("test_{}_{number}", std::process::id()) })
        }

        pub(crate) fn config(&self) -> RegistryConfig {
            let database = PostgresConfig::new(&self.url).in_schema(&self.name);
            let mut database = database.expect("a name");
            database.max_connections = 4;
            RegistryConfig::postgres(database)
        }

        pub(crate) async fn connect(&self) -> PgConnection {
            PgConnection::connect(&self.url).await.expect("connects")
        }
    }

    impl Drop for Schema {
        fn drop(&mut self) {
            let (url, name) = (self.url.clone(), self.name.clone());
            // A runtime of its own: the test's may be the one that drops this.
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("runtime").block_on(async move {
                    let mut connection = PgConnection::connect(&url).await?;
                    sqlx::query(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {name} CASCADE")))
                        .execute(&mut connection)
                        .await?;
                    connection.close().await
                })
            });
            if !matches!(dropped.join(), Ok(Ok(()))) {
                say("a schema of a test could not be dropped");
            }
        }
    }
}
