//! charter-http
