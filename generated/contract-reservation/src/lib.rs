//! contract-reservation
