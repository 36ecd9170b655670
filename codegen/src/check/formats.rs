//! Reports for tools.

mod json;

pub use json::json;
