//! platform-service
