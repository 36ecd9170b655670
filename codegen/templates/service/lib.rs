//! The service of the context `{{ context }}`: [`{{ decider }}`] decides its commands and projects its events.

pub mod domain;
mod projection;
mod service;

pub use domain::{{ decider }};
pub use service::service;
