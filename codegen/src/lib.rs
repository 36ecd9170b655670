//! charter-codegen
