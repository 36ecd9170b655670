//! What the store itself says happened.

use std::collections::{BTreeSet, HashMap};

use charter_domain::Contract as _;
use charter_engine::store::postgres::{PostgresSettings, PostgresStore};
use charter_engine::store::{Store, StoredEvent};
use contract_reservation::Reservation;
use contract_seat::Seat;

use super::rush::Done;
use crate::support::cluster::Database;

/// Sequences are without gap, positions too, no event is there twice, and those of the outcomes are all there
/// are, but for the opening ones.
pub(crate) fn check(database: &Database, all: &[Done]) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let events = runtime.expect("a runtime").block_on(async {
        let store =
            PostgresStore::open(PostgresSettings::new(database.url())).await.expect("opens");
        let mut events = Vec::new();
        for context in [Seat::NAME, Reservation::NAME] {
            events.extend(of_context(&store, context).await);
        }
        store.close().await;
        events
    });
    let mut last: HashMap<(&str, String), i64> = HashMap::new();
    let mut ids = BTreeSet::new();
    for event in &events {
        let context = event.wire_type.split('.').next().expect("a context");
        let sequence = last.entry((context, event.aggregate.to_string())).or_default();
        assert_eq!(event.sequence, *sequence + 1, "{} of {}", event.wire_type, event.aggregate);
        *sequence = event.sequence;
        assert!(ids.insert(event.id.to_string()), "event {} is there twice", event.id);
    }
    let named: Vec<&String> = all.iter().flat_map(|one| &one.events).collect();
    let distinct: BTreeSet<&String> = named.iter().copied().collect();
    assert_eq!(named.len(), distinct.len(), "an event is in two outcomes");
    for event in &distinct {
        assert!(ids.contains(*event), "event {event} is lost");
    }
    let opening = ["seat.showOpened", "reservation.propertyOpened", "reservation.nightsOpened"];
    let nobodys: Vec<_> = events
        .iter()
        .filter(|event| !opening.contains(&event.wire_type.as_str()))
        .filter(|event| !distinct.contains(&event.id.to_string()))
        .collect();
    assert!(nobodys.is_empty(), "no outcome names {nobodys:#?}");
}

async fn of_context(store: &PostgresStore, context: &str) -> Vec<StoredEvent> {
    let partitions = store.fix_partitions(12).await.expect("an answer");
    let mut all: Vec<StoredEvent> = Vec::new();
    for partition in 0..partitions {
        let mut next = 0;
        loop {
            let page = store.events(context, partition, next - 1, 1_000).await.expect("a page");
            if page.is_empty() {
                break;
            }
            for event in page {
                assert_eq!(event.position, next, "in partition {partition} of {context}");
                next += 1;
                all.push(event);
            }
        }
    }
    all
}
