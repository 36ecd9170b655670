//! reservations-service
