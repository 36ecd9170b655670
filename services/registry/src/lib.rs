//! A schema registry for Avro that clients of Confluent's registry can use as it is.
//!
//! Schemas, their versions under subjects, and the rules for new ones are kept in an SQLite file,
//! or in PostgreSQL (feature `postgres`) for any number of instances, and served over HTTP. The same schema has the same id everywhere; ids are given from 1 on
//! without gaps (imports choose their own) and never twice; what was answered is durable.
//!
//! | module | what is in it |
//! |---|---|
//! | [`registry`] | the operations, each one read or one transaction |
//! | `http` | Confluent's routes, content types and errors over them |
//! | [`serve`] | serving on a listener until told to stop |
//! | [`access`] | API keys and their roles |
//! | [`cli`] | the command line of the binary `registry` |
//! | [`store`] | the database |
//! | `parse`, `canonical`, `compat` | from a text to a schema, to the text that is stored, to verdicts |
//!
//! What Confluent's registry has and this one refuses, each with a clear error: JSON Schema and
//! Protobuf, contexts other than the default one, metadata, tags, rule sets, associations.

pub mod access;
mod canonical;
pub mod cli;
mod compat;
mod error;
mod http;
mod measures;
mod parse;
pub mod registry;
pub mod serve;
mod settings;
pub mod store;
mod subject;

pub use error::MAX_BODY_BYTES;
pub use measures::{MEASURES, Measure, describe_metrics};
pub use registry::{Registry, RegistryConfig, Storage, begin, open};
pub use serve::run;
pub use store::OpenError;
#[cfg(feature = "postgres")]
pub use store::PostgresConfig;
