//! The rules of the context `seat` and what always holds of them.

mod gala;
mod properties;
mod rules;
