//! Flags of services as processes of their own. Each has an environment variable of the same name; the flag
//! wins. A variable that is empty counts as not set.

use charter_engine::{Roles, standalone};
#[cfg(all(feature = "kafka", feature = "postgres"))]
use charter_engine::{
    log::kafka::KafkaSettings, schemas::Registration, store::postgres::PostgresSettings,
};

use crate::flags::Durability;
use crate::proxy::{Upstream, UpstreamError};

/// Where PostgreSQL is.
#[derive(Clone, Debug, clap::Args)]
pub struct DatabaseFlags {
    /// PostgreSQL, `postgres://user:password@host:5432/database?sslmode=verify-full`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// What a decided command survives: the loss of `power`, or only the end of a `process` (faster)
    #[arg(long, env = "DURABILITY", default_value = "power")]
    pub durability: Durability,
}

/// Where Kafka, PostgreSQL and the schema registry are.
#[derive(Clone, Debug, clap::Args)]
pub struct EngineFlags {
    /// Some of Apache Kafka's brokers, `host:port`, separated by commas. Every other `KAFKA_…` variable is a
    /// property of librdkafka: `KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_USERNAME`, …
    #[arg(long, env = "KAFKA_BROKERS")]
    pub kafka_brokers: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "it would become the help of the flags")]
    pub database: DatabaseFlags,
    /// A Confluent-compatible schema registry, `http://host:8081`
    #[arg(long, env = "SCHEMA_REGISTRY_URL")]
    pub schema_registry_url: Option<String>,
    /// Look schemas up only, never register one
    #[arg(long, env = "SCHEMA_REGISTRY_READ_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    pub schema_registry_read_only: bool,
}

/// What of its context's work the process does.
#[derive(Clone, Debug, clap::Args)]
pub struct RoleFlags {
    /// What this process does, separated by commas, so that deciding and projecting can scale apart
    #[arg(long, env = "ROLES", value_delimiter = ',', default_value = "decide,project")]
    pub roles: Vec<Role>,
}

/// A part of a context's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Decides commands.
    Decide,
    /// Projects events to views, and makes their tables.
    Project,
}

impl RoleFlags {
    /// The roles as the engine takes them.
    #[must_use]
    pub fn roles(&self) -> Roles {
        match (self.roles.contains(&Role::Decide), self.roles.contains(&Role::Project)) {
            (true, false) => Roles::Decide,
            (false, true) => Roles::Project,
            (true, true) | (false, false) => Roles::All,
        }
    }
}

/// A service to forward to, where its flag or variable (`name`) is set; several addresses are separated by
/// commas.
///
/// # Errors
/// Where an address is none.
pub fn upstream(
    name: &'static str,
    service: &str,
    url: Option<&str>,
) -> Result<Option<Upstream>, FlagError> {
    let Some(url) = set(url) else { return Ok(None) };
    Upstream::new(service, url).map(Some).map_err(|source| FlagError::Upstream { name, source })
}

fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

/// Whose the store's tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// This process makes and migrates them: it decides and projects.
    Own,
    /// Other services do; this process is not ready where they are not those of its release.
    Others,
}

/// A database that can be connected to.
#[derive(Debug)]
pub struct DatabaseSettings {
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    pub(super) postgres: PostgresSettings,
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    pub(super) tables: Tables,
    #[cfg(not(all(feature = "kafka", feature = "postgres")))]
    pub(super) none: std::convert::Infallible,
}

/// Engines that can be connected to.
#[derive(Debug)]
pub struct EngineSettings {
    pub(super) database: DatabaseSettings,
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    pub(super) kafka: KafkaSettings,
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    pub(super) registry: (String, Registration),
}

#[cfg(not(all(feature = "kafka", feature = "postgres")))]
impl DatabaseFlags {
    /// What the flags ask for.
    ///
    /// # Errors
    /// [`FlagError::Build`] in a build without the engines.
    pub fn settings(&self, _tables: Tables) -> Result<DatabaseSettings, FlagError> {
        Err(FlagError::Build)
    }
}

#[cfg(not(all(feature = "kafka", feature = "postgres")))]
impl EngineFlags {
    /// What the flags ask for; `service` is what the process calls itself to Kafka.
    ///
    /// # Errors
    /// [`FlagError::Build`] in a build without the engines.
    pub fn settings(&self, _service: &str, _tables: Tables) -> Result<EngineSettings, FlagError> {
        Err(FlagError::Build)
    }
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
impl DatabaseFlags {
    /// What the flags ask for.
    ///
    /// # Errors
    /// [`FlagError`] names the flag and what is expected.
    pub fn settings(&self, tables: Tables) -> Result<DatabaseSettings, FlagError> {
        const NAME: &str = "DATABASE_URL";
        let example = "`postgres://user:password@host:5432/database`";
        let missing = FlagError::Missing { name: NAME, what: "PostgreSQL", example };
        let url = set(self.database_url.as_deref()).ok_or(missing)?;
        let mut postgres = PostgresSettings::new(url);
        postgres.durability = self.durability.into();
        // Without the driver's words, which may hold the password.
        postgres.check().map_err(|_| FlagError::Database { example })?;
        Ok(DatabaseSettings { postgres, tables })
    }
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
impl EngineFlags {
    /// What the flags ask for; `service` is what the process calls itself to Kafka.
    ///
    /// # Errors
    /// [`FlagError`] names the flag and what is expected.
    pub fn settings(&self, service: &str, tables: Tables) -> Result<EngineSettings, FlagError> {
        let brokers = set(self.kafka_brokers.as_deref()).ok_or(FlagError::Missing {
            name: "KAFKA_BROKERS",
            what: "Apache Kafka",
            example: "`host:9092`",
        })?;
        let database = self.database.settings(tables)?;
        let registry = set(self.schema_registry_url.as_deref()).ok_or(FlagError::Missing {
            name: "SCHEMA_REGISTRY_URL",
            what: "the schema registry",
            example: "`http://host:8081`",
        })?;
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name != "KAFKA_BROKERS")
            .chain([("KAFKA_BROKERS".to_owned(), brokers.to_owned())]);
        let mut kafka = KafkaSettings::from_variables(variables)?
            .unwrap_or_else(|| KafkaSettings::new(brokers));
        if std::env::var_os("KAFKA_CLIENT_ID").is_none() {
            service.clone_into(&mut kafka.client_id);
        }
        let registration = if self.schema_registry_read_only {
            Registration::LookUp
        } else {
            Registration::Register
        };
        Ok(EngineSettings { database, kafka, registry: (registry.to_owned(), registration) })
    }
}

/// A flag that can't be worked with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlagError {
    /// The build has no engines to work with.
    #[error("{}", standalone::without_engines())]
    Build,
    /// One that is needed is not set.
    #[error(
        "`{name}` is not set: as a process of its own it needs {what}, such as {example}; or run `platform`, which needs neither Kafka nor PostgreSQL"
    )]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it says where to find.
        what: &'static str,
        /// A value.
        example: &'static str,
    },
    /// No URL of a database.
    #[error("`DATABASE_URL` can't be read: expected {example}, with parameters as libpq has them")]
    Database {
        /// A value.
        example: &'static str,
    },
    /// Kafka's settings.
    #[cfg(all(feature = "kafka", feature = "postgres"))]
    #[error(transparent)]
    Kafka(#[from] charter_engine::log::kafka::KafkaSettingsError),
    /// Another service's address.
    #[error("`{name}`: {source}")]
    Upstream {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        source: UpstreamError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_one_or_both() {
        let roles = |roles: &[Role]| RoleFlags { roles: roles.to_vec() }.roles();
        assert_eq!(roles(&[Role::Decide]), Roles::Decide);
        assert_eq!(roles(&[Role::Project]), Roles::Project);
        assert_eq!(roles(&[Role::Project, Role::Decide]), Roles::All);
    }

    #[test]
    fn an_upstream_that_is_not_set_is_none_and_a_wrong_one_names_its_variable() {
        assert!(upstream("CORE_URL", "core", None).expect("fine").is_none());
        assert!(upstream("CORE_URL", "core", Some(" ")).expect("fine").is_none());
        let two = upstream("CORE_URL", "core", Some("http://a:1,http://b:2"));
        assert!(two.expect("fine").is_some());
        let error = upstream("CORE_URL", "core", Some("a:1")).expect_err("no URL").to_string();
        assert!(error.starts_with("`CORE_URL`: ") && error.contains("`a:1`"), "{error}");
    }

    #[cfg(not(all(feature = "kafka", feature = "postgres")))]
    #[test]
    fn a_build_without_engines_names_the_platform() {
        let flags = DatabaseFlags { database_url: None, durability: Durability::Power };
        let error = flags.settings(Tables::Others).expect_err("no engine").to_string();
        assert!(error.contains("run `platform`") && error.contains("--features"), "{error}");
    }

    #[cfg(all(feature = "kafka", feature = "postgres"))]
    #[test]
    fn what_is_missing_or_wrong_is_one_line_with_the_variable() {
        let database = |url: &str| DatabaseFlags {
            database_url: Some(url.to_owned()),
            durability: Durability::Power,
        };
        let engines = |brokers: &str, url: &str, registry: &str| {
            let flags = EngineFlags {
                kafka_brokers: Some(brokers.to_owned()),
                database: database(url),
                schema_registry_url: Some(registry.to_owned()),
                schema_registry_read_only: false,
            };
            flags.settings("seats", Tables::Own).map(drop).map_err(|error| error.to_string())
        };
        let url = "postgres://me:secret@db:5432/charter";
        assert_eq!(engines("kafka:9092", url, "http://registry:8081"), Ok(()));
        for (refused, name) in [
            (engines("", url, "http://registry:8081"), "`KAFKA_BROKERS` is not set"),
            (engines("kafka:9092", "", "http://registry:8081"), "`DATABASE_URL` is not set"),
            (engines("kafka:9092", url, ""), "`SCHEMA_REGISTRY_URL` is not set"),
            (engines("a,,b", url, "http://registry:8081"), "`KAFKA_BROKERS` should be"),
            (engines("a:1", "secret", "http://registry:8081"), "`DATABASE_URL` can't be read"),
        ] {
            let error = refused.expect_err("it is refused");
            assert!(error.starts_with(name), "{error}");
            assert!(!error.contains("secret") && error.lines().count() == 1, "{error}");
        }
    }
}
