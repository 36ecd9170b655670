//! The query service is not ready where the tables are not those of its contract.

use std::sync::Arc;

use charter_domain::{Contract as _, Table};
use charter_engine::store::{Durability, SqliteStore, Store, ViewSet};
use charter_http::health::Part as _;
use contract_reservation::Reservation;
use contract_seat::Seat;
use core_service::ViewsPart;

fn views(context: &str, tables: &[&'static Table]) -> ViewSet {
    ViewSet { context: context.to_owned(), fingerprint: "1".to_owned(), tables: tables.to_vec() }
}

#[tokio::test]
async fn it_is_ready_once_each_context_has_made_its_tables() {
    let data = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(data.path(), Durability::Process).await.expect("opens");
    let store: Arc<dyn Store> = Arc::new(store);
    let part = ViewsPart::new(Arc::clone(&store));
    assert_eq!(part.name(), "views");
    let none = part.ready().await.expect_err("there are no tables");
    assert!(none.contains("should be of version") && none.contains("found none"), "{none}");

    store.prepare_views(&views(Seat::NAME, Seat::TABLES)).await.expect("made");
    let half = part.ready().await.expect_err("half of the tables are missing");
    assert!(!none.contains("reservation") && half.contains("reservation"), "{half}");

    store.prepare_views(&views(Reservation::NAME, Reservation::TABLES)).await.expect("made");
    assert_eq!(part.ready().await, Ok(()));
    store.close().await;
    part.ready().await.expect_err("the store is closed");
}
