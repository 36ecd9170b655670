//! The rules of the context `reservation` and what always holds of them.

mod harbour;
mod properties;
mod rules;
mod views;
