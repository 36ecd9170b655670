//! The query service is not ready where the tables are not those of its contract.

use std::sync::Arc;

use charter_domain::Table;
use charter_engine::store::{Durability, Release, SqliteStore, Store, ViewSet};
use charter_http::health::Part as _;
use core_service::{ViewsPart, tables};

fn views(context: &str, tables: &[&'static Table]) -> ViewSet {
    ViewSet {
        context: context.to_owned(),
        fingerprint: "1".to_owned(),
        release: Release::default(),
        tables: tables.to_vec(),
    }
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

    let contexts = tables();
    assert!(contexts.len() >= 2, "{contexts:?}");
    for (context, tables) in contexts {
        let missing = part.ready().await.expect_err("a context's tables are missing");
        assert!(missing.contains(context), "`{context}` comes next: {missing}");
        store.prepare_views(&views(context, tables)).await.expect("made");
    }
    assert_eq!(part.ready().await, Ok(()));
    store.close().await;
    part.ready().await.expect_err("the store is closed");
}
