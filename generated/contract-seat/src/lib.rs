//! contract-seat
