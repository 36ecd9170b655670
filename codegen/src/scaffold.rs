//! `charter new`: projects, services and contracts to begin with, from templates.
//!
//! First a [`Plan`]: every file that is to be written, every place of an existing file that gets a line. Only when all
//! of it can be done is any of it done, and nothing that exists is written over.
//!
//! | module | what is in it |
//! |---|---|
//! | [`names`] | what the command line says, checked, and all the forms that templates want it in |
//! | [`templates`] | the templates, built in or from a folder |
//! | [`plan`] | files and edits, held against the disk and carried out |
//! | [`project`], [`service`], [`contracts`] | what each command plans |
//! | [`document`] | where an OpenAPI document takes what is new |

pub mod contracts;
pub mod document;
pub mod names;
pub mod plan;
pub mod project;
pub mod service;
pub mod templates;

pub use plan::Plan;

/// Why nothing was planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// A name cannot be used.
    #[error("expected {expected}, found `{found}`")]
    Name {
        /// What a name there looks like.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Lists that belong together have different lengths.
    #[error("expected an event for each command, found {commands} commands and {events} events")]
    Pairs {
        /// How many commands.
        commands: usize,
        /// How many events.
        events: usize,
    },
    /// Something that must be there is not, or something is there that must not be.
    #[error("{0}")]
    Ground(String),
    /// A template does not do what it should.
    #[error("the template `{name}` cannot be filled in")]
    Template {
        /// Which.
        name: String,
        /// Why.
        source: minijinja::Error,
    },
    /// What a template gave is no schema.
    #[error("the template `{name}` gives no JSON: {message}")]
    Schema {
        /// Which.
        name: String,
        /// Why.
        message: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Disk(#[from] crate::sync::DiskError),
}
