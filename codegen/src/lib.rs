//! The contract compiler: Avro schemas and an OpenAPI document in, Rust crates out.
//!
//! `parse → resolve → ir → emit → sync`.

pub mod ir;
