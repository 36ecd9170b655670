//! What every store is held to.
