//! The runtime under a service: the partitioned log, the store, and between them command processing,
//! publication, projections, reactors and deadlines. What it promises stands in `ARCHITECTURE.md`.

pub mod directory;
pub mod feed;
mod follow;
pub mod instance;
pub mod log;
pub mod measures;
pub mod operate;
pub mod outcomes;
mod pace;
mod process;
mod project;
mod publish;
mod react;
pub mod reads;
pub mod schemas;
mod service;
pub mod standalone;
pub mod store;
pub mod submit;
pub mod trace;

pub use react::{Effect, EffectError};
pub use service::{ContextService, Roles, Runtime, Service, ServiceError, ServiceStatus, Settings};
