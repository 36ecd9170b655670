//! The contract compiler: Avro schemas and an OpenAPI document in, Rust crates out.
//!
//! `parse → resolve → ir → emit → sync`:
//!
//! | module | what is in it |
//! |---|---|
//! | [`input`] | the contracts' files |
//! | `types`, `attribute`, `constant`, `contexts` | Avro contracts to types, messages, rejections, deadlines, views |
//! | `gateway` | the OpenAPI document to operations, proven against the contexts |
//! | [`ir`] | what all of this comes to, as plain data |
//! | [`rules`], [`problem`], [`report`] | what must hold, what doesn't, and how that is shown |
//! | [`emit`] | the representation as Rust |
//! | [`diff`] | what differs between two sets of contracts, without a judgement |
//! | [`doc`] | the contracts as a site |
//! | [`sync`] | generated files on disk |
//! | [`lint`] | `charter lint`: what good contracts have beyond what must hold |
//! | [`fmt`] | `charter fmt`: schemas in one layout |
//! | [`scaffold`] | `charter new`: contracts and services to begin with |
//! | [`project`] | workspaces of their own on the platform |
//! | `progress` | how far a run has come, on a terminal |
//! | `registry` | `charter registry`: contracts to and from a schema registry |
//! | [`cli`] | the command line |

mod attribute;
mod compile;
mod constant;
mod contexts;
mod gateway;
mod registry;
mod types;

pub mod check;
pub mod cli;
pub mod diff;
pub mod doc;
pub mod emit;
pub mod fmt;
pub mod input;
pub mod ir;
pub mod lint;
pub mod names;
pub mod problem;
mod progress;
pub mod project;
pub mod report;
pub mod rules;
pub mod scaffold;
pub mod sync;

pub use compile::{Compiled, compile};

/// The examples of `docs/clients.md` compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/clients.md")]
struct ClientsPage;
