//! The command `charter`.
fn main() {}
