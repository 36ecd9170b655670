//! Messages on the wire: Avro in Confluent's framing, under schema ids of a registry.
//!
//! | module | what is in it |
//! |---|---|
//! | [`SchemaRegistry`] | what is asked of a registry; [`ConfluentRegistry`] over HTTP, [`MemoryRegistry`] for tests |
//! | [`SchemaCatalog`] | the schemas of this process, registered or looked up at its start |
//! | [`MessageCodec`], [`RecordCodec`] | records of the log from and to messages |

mod catalog;
mod codec;
mod confluent;
#[cfg(test)]
pub(crate) mod fixture;
mod memory;
mod registry;
mod resolve;
#[cfg(test)]
mod tests;

pub use catalog::{Registration, SchemaCatalog, SchemaError};
pub use codec::{
    CE_ID, CE_SOURCE, CE_SPECVERSION, CE_TYPE, MessageCodec, RecordCodec, TRACEPARENT, WireError,
    WireRecord,
};
pub use confluent::{ConfluentRegistry, RegistrySettings};
pub use memory::MemoryRegistry;
pub use registry::{RegisteredSchema, RegistryError, SchemaRegistry};
