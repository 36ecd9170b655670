//! seats-service
