//! charter-domain
