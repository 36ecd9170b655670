//! What the generated gateway rests on: typed operations become routes that validate a request
//! against the contract, send a command or read a view, and answer with outcomes or problem details.
//!
//! * [`access`]: who may do what
//! * [`operation`]: what generated code says of an operation
//! * [`command`], [`query`], [`status`]: how operations are served
//! * [`document`]: the contract itself, compiled to validators, and the routes that show it
//! * [`gateway`]: a whole contract as the routes of one process
//! * [`problem`]: RFC 9457 problem details, the only form of an error
//! * [`push`]: rooms, as streams and on sockets
//! * [`limits`]: how often a client may ask
//! * [`server`]: listening, middleware and shutdown
//! * [`settings`]: what an operator may say of all of it
//! * [`apart`]: what services as processes of their own have in common

pub mod access;
pub mod apart;
pub mod api;
pub mod command;
pub mod cursor;
pub mod document;
mod etag;
pub mod flags;
pub mod gateway;
pub mod health;
mod idempotency;
mod ids;
mod input;
mod json;
mod lag;
pub mod limits;
mod link;
mod log_lines;
pub mod measures;
mod middleware;
mod negotiate;
pub mod operation;
pub mod operations;
pub mod patch;
mod precondition;
mod preferences;
pub mod problem;
pub mod proxy;
pub mod push;
pub mod query;
pub mod server;
pub mod settings;
mod shared;
pub mod status;
pub mod telemetry;
mod trace_context;
pub mod traces;

pub use access::AdmittedRequest;
pub use api::{Api, ApiBuilder};
pub use operation::{
    Access, Acting, CommandOperation, Dispatch, Endpoint, Fill, ListOperation, NoBody, Operation,
    OperationKind, RowOperation, Serving,
};
pub use problem::Problem;
