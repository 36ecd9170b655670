//! Reactors' checkpoints, what they set aside, and the outcomes that are kept for them.

use std::sync::Arc;

use charter_domain::{AggregateId, Begin};

use super::{CONTEXT, Harness, at, batch, claim, decided, event, id, is_fenced, outcome};
use crate::store::{Parked, Purged, Reaction, ReactorPart, ReactorStep, Store, StoreError};

const REACTOR: &str = "cleaning";
/// The context whose commands are sent.
const TARGET: &str = "room";

fn part(partition: u32) -> ReactorPart {
    ReactorPart { reactor: REACTOR.to_owned(), context: CONTEXT.to_owned(), partition }
}

fn step(from: i64, to: i64) -> ReactorStep {
    ReactorStep { part: part(0), from, to, parked: Vec::new(), resumed: None }
}

fn parked(key: &str, position: i64) -> Parked {
    Parked {
        aggregate: AggregateId::new("a", key),
        partition: 0,
        position,
        reason: "it panicked".to_owned(),
        time: at(5),
    }
}

async fn prepared(harness: &dyn Harness) -> Arc<dyn Store> {
    let store = harness.store().await;
    store.prepare_reactor(REACTOR, CONTEXT, 2, Begin::History).await.expect("prepared");
    store
}

async fn position(store: &Arc<dyn Store>, partition: u32) -> i64 {
    store.reactor_position(&part(partition)).await.expect("an answer")
}

/// A reactor begins with the first event or with the next one, and where it began once it goes on.
pub async fn a_reactor_begins_where_it_says(harness: &dyn Harness) {
    let store = harness.store().await;
    decided(&store, 0, 5).await;
    store.prepare_reactor(REACTOR, CONTEXT, 2, Begin::Now).await.expect("prepared");
    assert_eq!((position(&store, 0).await, position(&store, 1).await), (4, -1));
    decided(&store, 1, 3).await;
    store.prepare_reactor(REACTOR, CONTEXT, 2, Begin::Now).await.expect("prepared");
    assert_eq!((position(&store, 0).await, position(&store, 1).await), (4, -1));

    store.prepare_reactor("other", CONTEXT, 2, Begin::History).await.expect("prepared");
    let other = ReactorPart { reactor: "other".to_owned(), ..part(0) };
    assert_eq!(store.reactor_position(&other).await.expect("an answer"), -1);
    let store = harness.restart(store).await;
    assert_eq!(position(&store, 0).await, 4);
}

/// A step from where the reactor is not is refused, and so is one of a reactor that was never prepared.
pub async fn a_reactors_position_is_compared(harness: &dyn Harness) {
    let store = prepared(harness).await;
    store.step_reactor(&step(-1, 3)).await.expect("a step");
    assert!(is_fenced(&store.step_reactor(&step(-1, 4)).await));
    let parks = ReactorStep { parked: vec![parked("k", 5)], ..step(4, 5) };
    assert!(is_fenced(&store.step_reactor(&parks).await));
    assert_eq!(store.reactor_parked(&part(0)).await.expect("an answer"), []);
    store.step_reactor(&step(3, 4)).await.expect("a step");
    assert_eq!((position(&store, 0).await, position(&store, 1).await), (4, -1));
    let strange = ReactorPart { reactor: "strange".to_owned(), ..part(0) };
    assert!(is_fenced(&store.step_reactor(&ReactorStep { part: strange, ..step(-1, 0) }).await));
}

/// An aggregate that was set aside stays so with the first reason, until the step that takes it up again.
pub async fn a_reactors_parked_aggregates_are_kept_and_resumed(harness: &dyn Harness) {
    let store = prepared(harness).await;
    let (first, second) = (parked("k", 1), parked("l", 3));
    let parks = ReactorStep { parked: vec![second.clone(), first.clone()], ..step(-1, 3) };
    store.step_reactor(&parks).await.expect("a step");
    let again = Parked { position: 4, reason: "again".to_owned(), ..first.clone() };
    store.step_reactor(&ReactorStep { parked: vec![again], ..step(3, 4) }).await.expect("a step");
    let found = async |part: &ReactorPart| store.reactor_parked(part).await.expect("an answer");
    assert_eq!(found(&part(0)).await, [first.clone(), second.clone()]);
    assert_eq!(found(&part(1)).await, []);
    let other = ReactorPart { reactor: "other".to_owned(), ..part(0) };
    assert_eq!(found(&other).await, []);
    let with_parked =
        async |context: &str| store.reactors_with_parked(context).await.expect("an answer");
    assert_eq!(with_parked(CONTEXT).await, [part(0)]);
    assert_eq!(with_parked("elsewhere").await, []);
    let resumes = |from| ReactorStep { resumed: Some(first.aggregate.clone()), ..step(from, 4) };
    assert!(is_fenced(&store.step_reactor(&resumes(3)).await));
    assert_eq!(found(&part(0)).await.len(), 2);
    store.step_reactor(&resumes(4)).await.expect("a step");
    assert_eq!(found(&part(0)).await, [second]);
}

/// What a reactor may send again keeps its outcome, however old; what nobody sends again does not.
pub async fn outcomes_of_a_reactor_stay_until_it_is_past_them(harness: &dyn Harness) {
    let store = prepared(harness).await;
    // Events 0 to 4, of `x` and `y` by turns.
    let source = claim(&store).await;
    let mut events = batch(&source.lease, 0, 1);
    events.events =
        (0..5).map(|n| event("a", if n % 2 == 0 { "x" } else { "y" }, n / 2 + 1, n)).collect();
    store.commit(&events).await.expect("committed");
    // A command for each, and one that no reactor has sent.
    let target = store.claim(TARGET, 0, 1).await.expect("a claim");
    let mut commands = batch(&target.lease, 0, 6);
    commands.outcomes = (1..=6)
        .map(|n| {
            let mut stored = outcome("a", n, i64::try_from(n).expect("small"));
            TARGET.clone_into(&mut stored.outcome.context);
            let position = i64::try_from(n).expect("small") - 1;
            stored.reaction = (n <= 5).then(|| Reaction { part: part(0), position });
            stored
        })
        .collect();
    store.commit(&commands).await.expect("committed");
    let purge = async || store.purge_outcomes(TARGET, 0, at(99), 99).await.expect("an answer");
    let kept = async || {
        let mut kept = Vec::new();
        for n in 1..=6 {
            if store.outcome(Some("a"), id(n)).await.expect("an answer").is_some() {
                kept.push(n);
            }
        }
        kept
    };
    assert_eq!(purge().await, Purged { outcomes: 1, offset: Some(6) });
    assert_eq!(kept().await, [1, 2, 3, 4, 5]);
    // The reactor is past all but the last; `y` is stuck at its first event, position 1.
    let parks = ReactorStep { parked: vec![parked("y", 1)], ..step(-1, 3) };
    store.step_reactor(&parks).await.expect("a step");
    assert_eq!(purge().await, Purged { outcomes: 2, offset: Some(3) });
    assert_eq!(kept().await, [2, 4, 5]);
    let resumed = Some(AggregateId::new("a", "y"));
    store.step_reactor(&ReactorStep { resumed, ..step(3, 4) }).await.expect("a step");
    assert_eq!(purge().await, Purged { outcomes: 3, offset: Some(5) });
    assert_eq!(kept().await, [0_u128; 0]);
}

/// Of two that move a reactor from one place at once, one does.
pub async fn only_one_of_two_reactors_steps(harness: &dyn Harness) {
    let store = prepared(harness).await;
    for from in -1..20 {
        let steps = [1, 2].map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.step_reactor(&step(from, from + 1)).await })
        });
        let mut results: Vec<Result<(), StoreError>> = Vec::new();
        for step in steps {
            results.push(step.await.expect("no panic"));
        }
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|result| is_fenced(result)).count(), 1, "{results:?}");
    }
    assert_eq!(position(&store, 0).await, 20);
}
