//! Avro for contracts: schemas with source positions, their canonical form and compatibility, the wire
//! primitives that generated code rests on, and a dynamic value for tools. Nothing here does I/O.
//!
//! | module | what is in it |
//! |---|---|
//! | [`source`] | one tree with source spans for JSON and YAML documents |
//! | [`schema`] | the schema parser: one schema, or a set of files whose names resolve across files |
//! | [`canonical`], [`fingerprint`] | Parsing Canonical Form and its CRC-64-AVRO, MD5 and SHA-256 fingerprints |
//! | [`compat`] | what a reader cannot read of a writer, with paths; the registry's compatibility modes |
//! | [`value`] | values known by their schema at run time only, to and from bytes and JSON |
//! | [`wire`], [`codec`], [`logical`] | reading and writing the binary encoding, with limits |
//! | [`plan`] | resolution of a writer's schema to a reader's, compiled once |

pub mod canonical;
pub mod codec;
pub mod compat;
pub mod fingerprint;
pub mod logical;
pub mod plan;
pub mod schema;
pub mod source;
pub mod value;
pub mod wire;
