//! core-service
