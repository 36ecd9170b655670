//! charter-tests
