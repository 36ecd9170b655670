//! charter-engine
