//! contract-gateway
