//! contract-shared
