//! Whether the tables are those of this build's contract.

use std::sync::Arc;

use async_trait::async_trait;
use charter_domain::{Contract as _, Table};
use charter_engine::reads::ListQuery;
use charter_engine::store::{Store, StoreError};
use charter_http::health::Part;
use contract_housekeeping::Housekeeping;
use contract_reservation::Reservation;
use contract_seat::Seat;
use futures_util::future::try_join_all;

/// The views' tables, ready where each is of the version that this build reads. Their services make them.
#[derive(Debug)]
pub struct ViewsPart {
    store: Arc<dyn Store>,
}

impl ViewsPart {
    /// The tables in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    async fn check(&self, table: &'static Table) -> Result<(), String> {
        // A tenant that nobody is: only the table's version matters.
        let query = ListQuery {
            table,
            tenant: String::new(),
            filters: Vec::new(),
            order: Vec::new(),
            limit: 1,
            after: None,
        };
        match self.store.list(&query).await {
            // What is being built is read again soon; until then its own reads answer 503.
            Ok(_) | Err(StoreError::ViewBuilding { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[async_trait]
impl Part for ViewsPart {
    fn name(&self) -> &'static str {
        "views"
    }

    async fn ready(&self) -> Result<(), String> {
        let tables = tables().into_iter().flat_map(|(_, tables)| tables);
        try_join_all(tables.map(|table| self.check(table))).await.map(drop)
    }
}

/// The tables of each context, by its name: a line a context.
#[must_use]
pub fn tables() -> Vec<(&'static str, &'static [&'static Table])> {
    vec![
        (Seat::NAME, Seat::TABLES),
        (Reservation::NAME, Reservation::TABLES),
        (Housekeeping::NAME, Housekeeping::TABLES),
    ]
}
