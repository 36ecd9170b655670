//! Claims, batches, events, outcomes and deadlines.

use std::sync::Arc;

use charter_domain::AggregateId;
use uuid::Uuid;

use super::{
    CONTEXT, Harness, at, batch, claim, deadline, event, id, is_conflict, is_fenced, noise, outcome,
};
use crate::store::{
    Action, Attempt, Checkpoint, DeadlineId, OperatorRequest, PAGE_BYTES, Purged, RequestEnd,
    Standing, Store, StoreError, StoredEvent, StoredSchema, Trial,
};

/// The pairing id and the first partition count stay.
pub async fn pairing_and_partitions_are_kept(harness: &dyn Harness) {
    let store = harness.store().await;
    assert_eq!(store.pairing_id().await.expect("an answer"), None);
    assert_eq!(store.fix_pairing_id(id(2)).await.expect("fixed"), id(2));
    assert_eq!(store.fix_pairing_id(id(3)).await.expect("fixed before"), id(2));
    store.set_pairing_id(id(1)).await.expect("set");
    assert_eq!(store.fix_pairing_id(id(3)).await.expect("fixed before"), id(1));
    assert_eq!(store.fix_partitions(12).await.expect("fixed"), 12);
    assert!(store.is_empty().await.expect("an answer"));
    let store = harness.restart(store).await;
    assert_eq!(store.pairing_id().await.expect("an answer"), Some(id(1)));
    assert_eq!(store.fix_partitions(3).await.expect("fixed before"), 12);
    store.check().await.expect("it answers");
}

/// A schema is found by its hash, and kept once.
pub async fn schemas_come_back(harness: &dyn Harness) {
    let store = harness.store().await;
    let schema = StoredSchema::new(r#"{"type":"string","doc":"ü"}"#);
    store.put_schemas(&[schema.clone(), schema.clone()]).await.expect("kept");
    store.put_schemas(std::slice::from_ref(&schema)).await.expect("kept again");
    assert_eq!(store.schema(&schema.hash).await.expect("an answer"), Some(schema.json));
    let other = StoredSchema::new("\"long\"");
    assert_eq!(store.schema(&other.hash).await.expect("an answer"), None);
}

/// Each claim has a higher epoch and the checkpoint as it is.
pub async fn a_claim_raises_the_epoch(harness: &dyn Harness) {
    let store = harness.store().await;
    assert_eq!(store.checkpoint(CONTEXT, 0).await.expect("an answer"), None);
    let first = claim(&store).await;
    assert_eq!(first.lease.epoch, 1);
    let start = Checkpoint { offset: 0, decision_time: at(0), next_position: 0, published: -1 };
    assert_eq!(first.checkpoint, start);
    assert!(!store.is_empty().await.expect("an answer"));
    store.commit(&batch(&first.lease, 0, 5)).await.expect("committed");
    let second = claim(&store).await;
    assert_eq!(second.lease.epoch, 2);
    assert_eq!(second.checkpoint.offset, 5);
    assert_eq!(store.checkpoint(CONTEXT, 0).await.expect("an answer"), Some(second.checkpoint));
    // Partitions and contexts are apart.
    assert_eq!(store.claim(CONTEXT, 1, 1).await.expect("a claim").lease.epoch, 1);
    assert_eq!(store.claim("reservation", 0, 1).await.expect("a claim").lease.epoch, 1);
}

/// Who has held a partition claims it again only where nobody else has since.
pub async fn a_claim_is_renewed_by_its_holder_only(harness: &dyn Harness) {
    let store = harness.store().await;
    let first = claim(&store).await;
    let again = store.claim_again(&first.lease, 1).await.expect("still held");
    assert_eq!(again.lease.epoch, 2);
    assert!(is_fenced(&store.claim_again(&first.lease, 1).await));
    claim(&store).await;
    assert!(is_fenced(&store.claim_again(&again.lease, 1).await));
    let newer = store.claim(CONTEXT, 0, 2).await.expect("a claim");
    assert_eq!(newer.lease.epoch, 4, "what was refused has raised nothing");
    let refused = store.claim_again(&newer.lease, 1).await;
    assert!(matches!(&refused, Err(StoreError::NewerContract { .. })), "{refused:?}");
}

/// Once a newer contract version has held a partition, an older one can't.
pub async fn a_newer_contract_keeps_older_ones_out(harness: &dyn Harness) {
    let store = harness.store().await;
    store.claim(CONTEXT, 0, 2).await.expect("a claim");
    let refused = store.claim(CONTEXT, 0, 1).await;
    assert!(
        matches!(&refused, Err(StoreError::NewerContract { own: 1, found: 2, .. })),
        "{refused:?}"
    );
    assert_eq!(store.claim(CONTEXT, 0, 2).await.expect("a claim").lease.epoch, 2);
}

/// The next owner knows whether the one before ended in good order.
pub async fn an_end_in_good_order_is_known(harness: &dyn Harness) {
    let store = harness.store().await;
    let first = claim(&store).await;
    assert!(first.clean, "there was none before");
    store.release(&first.lease, 4).await.expect("released");
    let second = claim(&store).await;
    assert!(second.clean);
    assert_eq!(second.checkpoint.published, 4);
    assert!(!claim(&store).await.clean, "the second ended without a word");
    assert!(is_fenced(&store.release(&second.lease, 9).await));
}

/// All partitions that were ever claimed are told of, with their last owner's words.
pub async fn partitions_are_told_of(harness: &dyn Harness) {
    let store = harness.store().await;
    assert_eq!(store.standings(CONTEXT).await.expect("an answer"), []);
    let first = claim(&store).await;
    store.commit(&batch(&first.lease, 0, 5)).await.expect("committed");
    let other = store.claim(CONTEXT, 3, 2).await.expect("a claim");
    store.release(&other.lease, -1).await.expect("released");
    store.claim("reservation", 1, 1).await.expect("a claim");
    let checkpoint = store.checkpoint(CONTEXT, 0).await.expect("an answer").expect("it is there");
    let standings = store.standings(CONTEXT).await.expect("an answer");
    let owner = Some(crate::instance::name().to_owned());
    let held = Standing {
        partition: 0,
        epoch: 1,
        is_released: false,
        contract_version: 1,
        owner: owner.clone(),
        checkpoint,
    };
    let released = Standing {
        partition: 3,
        epoch: 1,
        is_released: true,
        contract_version: 2,
        owner: owner.clone(),
        checkpoint: other.checkpoint,
    };
    assert_eq!(standings, [held, released]);
    let again = store.claim_again(&first.lease, 1).await.expect("still held");
    let standings = store.standings(CONTEXT).await.expect("an answer");
    assert_eq!((standings[0].epoch, &standings[0].owner), (again.lease.epoch, &owner));
    assert_eq!(store.contexts().await.expect("an answer"), ["reservation", CONTEXT]);
    assert!(store.pools().iter().all(|pool| pool.idle + pool.in_use <= pool.most));
}

/// What operators ask for is kept, waits until it has ended, and ends once.
pub async fn requests_of_operators_are_kept(harness: &dyn Harness) {
    let store = harness.store().await;
    let request = |number: u128, context: &str| OperatorRequest {
        id: id(number),
        action: Action::Discard,
        context: context.to_owned(),
        reactor: (number == 4).then(|| "cleaning".to_owned()),
        aggregate: AggregateId::new("a", "k"),
        partition: 3,
        position: 7,
        actor: "key/anna".to_owned(),
        reason: "the show was a test".to_owned(),
        time: at(i64::try_from(number).expect("small")),
        end: None,
    };
    let all = [request(1, CONTEXT), request(2, CONTEXT), request(3, "other"), request(4, CONTEXT)];
    for request in &all {
        store.put_request(request).await.expect("kept");
    }
    let store = harness.restart(store).await;
    let waiting = async |reactor, limit| {
        store.waiting_requests(CONTEXT, reactor, limit).await.expect("an answer")
    };
    assert_eq!(waiting(None, 10).await, all[..2]);
    assert_eq!(waiting(None, 1).await, all[..1]);
    // A reactor's are its own.
    assert_eq!(waiting(Some("cleaning"), 10).await, all[3..]);
    assert_eq!(waiting(Some("other"), 10).await, []);
    let end = RequestEnd { time: at(9), is_done: true, result: "done".to_owned() };
    store.end_request(id(1), &end).await.expect("ended");
    let other = RequestEnd { is_done: false, ..end.clone() };
    store.end_request(id(1), &other).await.expect("ended before");
    assert_eq!(waiting(None, 10).await, all[1..2]);
    let ended = OperatorRequest { end: Some(end), ..all[0].clone() };
    assert_eq!(store.operator_request(id(1)).await.expect("an answer"), Some(ended.clone()));
    assert_eq!(store.operator_request(id(8)).await.expect("an answer"), None);
    let newest = [all[3].clone(), all[2].clone(), all[1].clone(), ended];
    assert_eq!(store.operator_requests(10).await.expect("an answer"), newest);
}

/// What is tried is there for the next owner, and gone with the next commit.
pub async fn a_trial_is_known_until_the_next_commit(harness: &dyn Harness) {
    let store = harness.store().await;
    let first = claim(&store).await;
    assert_eq!(first.trial, None);
    let mut owner = first;
    let alone = |count| Trial::Alone(Attempt { command_id: id(7), count });
    // One takes the place of the other.
    let trials = [Trial::Together(500), alone(3), Trial::Together(1), alone(0)];
    for trial in trials {
        store.record_trial(&owner.lease, trial).await.expect("recorded");
        let next = claim(&store).await;
        assert_eq!(next.trial, Some(trial));
        assert!(is_fenced(&store.record_trial(&owner.lease, trial).await));
        owner = next;
    }
    for (offset, trial) in (0..).zip(trials) {
        store.record_trial(&owner.lease, trial).await.expect("recorded");
        store.commit(&batch(&owner.lease, offset, offset + 1)).await.expect("committed");
        owner = claim(&store).await;
        assert_eq!(owner.trial, None, "{trial:?}");
    }
}

/// All parts of a batch are there after its commit, as they were given.
pub async fn a_batch_is_committed_whole(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut whole = batch(&owner.lease, 0, 3);
    whole.checkpoint.next_position = 2;
    whole.checkpoint.published = 1;
    whole.outcomes = vec![outcome("a", 1, 10), outcome("a", 2, 11)];
    whole.outcomes[1].offset = None;
    whole.outcomes[1].outcome.request_hash = None;
    whole.outcomes[1].outcome.code = None;
    whole.outcomes[1].outcome.events.clear();
    whole.events = vec![event("a", "x", 1, 0), event("a", "y", 1, 1)];
    whole.deadlines = vec![deadline(5, 0, 100, 0)];
    store.commit(&whole).await.expect("committed");
    for stored in &whole.outcomes {
        let found = store.outcome(Some("a"), stored.outcome.command_id).await.expect("an answer");
        assert_eq!(found.as_ref(), Some(&stored.outcome));
    }
    assert_eq!(store.outcome(Some("b"), id(1)).await.expect("an answer"), None);
    assert_eq!(store.events(CONTEXT, 0, -1, 10).await.expect("an answer"), whole.events);
    let due = store.deadlines(CONTEXT, 0, at(100), 10).await.expect("an answer");
    assert_eq!(due, whole.deadlines);
    let checkpoint = store.checkpoint(CONTEXT, 0).await.expect("an answer");
    assert_eq!(checkpoint, Some(whole.checkpoint));
}

/// What an owner of an earlier epoch commits is refused whole.
pub async fn an_earlier_owner_is_fenced(harness: &dyn Harness) {
    let store = harness.store().await;
    let first = claim(&store).await;
    let second = claim(&store).await;
    let mut stale = batch(&first.lease, 0, 1);
    stale.outcomes = vec![outcome("a", 1, 10)];
    assert!(is_fenced(&store.commit(&stale).await));
    assert_eq!(store.outcome(Some("a"), id(1)).await.expect("an answer"), None);
    store.commit(&batch(&second.lease, 0, 1)).await.expect("the new owner's");
}

/// A batch that was committed already is refused, even under the same epoch.
pub async fn a_checkpoint_is_compared(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    store.commit(&batch(&owner.lease, 0, 2)).await.expect("committed");
    assert!(is_fenced(&store.commit(&batch(&owner.lease, 0, 2)).await));
    assert!(is_fenced(&store.commit(&batch(&owner.lease, 1, 3)).await));
    store.commit(&batch(&owner.lease, 2, 3)).await.expect("committed");
}

/// A second outcome of a command is refused with all of its batch; another tenant's is another command.
pub async fn a_command_has_one_outcome(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut first = batch(&owner.lease, 0, 1);
    first.outcomes = vec![outcome("a", 1, 10)];
    store.commit(&first).await.expect("committed");
    let mut second = batch(&owner.lease, 1, 2);
    second.outcomes = vec![outcome("a", 2, 11), outcome("a", 1, 11)];
    second.events = vec![event("a", "x", 1, 0)];
    assert!(is_conflict(&store.commit(&second).await));
    assert_eq!(store.outcome(Some("a"), id(2)).await.expect("an answer"), None);
    assert_eq!(store.events(CONTEXT, 0, -1, 10).await.expect("an answer"), []);
    let checkpoint = store.checkpoint(CONTEXT, 0).await.expect("an answer").expect("claimed");
    assert_eq!(checkpoint.offset, 1);
    let mut third = batch(&owner.lease, 1, 2);
    third.outcomes = vec![outcome("b", 1, 11)];
    store.commit(&third).await.expect("committed");
    assert_eq!(store.outcome(None, id(2)).await.expect("an answer"), None);
    assert!(store.outcome(None, id(1)).await.expect("an answer").is_some());
    let both = [("a".to_owned(), id(1)), ("b".to_owned(), id(1)), ("c".to_owned(), id(1))];
    assert_eq!(store.outcomes(&both).await.expect("an answer").len(), 2);
}

/// No two events have a sequence of an aggregate, or a position of a partition.
pub async fn sequences_and_positions_are_taken_once(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut first = batch(&owner.lease, 0, 1);
    first.events = vec![event("a", "x", 1, 0)];
    store.commit(&first).await.expect("committed");
    for taken in [event("a", "x", 1, 1), event("a", "y", 1, 0)] {
        let mut second = batch(&owner.lease, 1, 2);
        second.events = vec![taken];
        assert!(is_conflict(&store.commit(&second).await));
    }
    let mut third = batch(&owner.lease, 1, 2);
    third.events = vec![event("a", "x", 2, 1), event("b", "x", 1, 2)];
    store.commit(&third).await.expect("committed");
}

/// Events of an aggregate and of a partition are read a page at a time, in order.
pub async fn histories_come_in_pages(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut all = batch(&owner.lease, 0, 1);
    all.events = (0..10)
        .map(|position| {
            event("a", if position % 2 == 0 { "even" } else { "odd" }, position / 2 + 1, position)
        })
        .collect();
    store.commit(&all).await.expect("committed");
    let odd = AggregateId::new("a", "odd");
    let sequences = async |after, limit| -> Vec<i64> {
        let events = store.history(CONTEXT, &odd, after, limit).await.expect("an answer");
        events.iter().map(|event| event.sequence).collect()
    };
    assert_eq!(sequences(0, 2).await, [1, 2]);
    assert_eq!(sequences(2, 9).await, [3, 4, 5]);
    assert_eq!(sequences(5, 9).await, [0; 0]);
    let positions = async |after, limit| -> Vec<i64> {
        let events = store.events(CONTEXT, 0, after, limit).await.expect("an answer");
        events.iter().map(|event| event.position).collect()
    };
    assert_eq!(positions(-1, 3).await, [0, 1, 2]);
    assert_eq!(positions(7, 9).await, [8, 9]);
    assert_eq!(store.events(CONTEXT, 1, -1, 9).await.expect("an answer"), []);
    let other = AggregateId::new("b", "odd");
    assert_eq!(store.history(CONTEXT, &other, 0, 9).await.expect("an answer"), []);
}

/// Deadlines come by their time, then in the order of their events; a decided one is gone.
pub async fn deadlines_come_in_order_and_go(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    assert_eq!(store.next_deadline(CONTEXT, 0).await.expect("an answer"), None);
    let mut set = batch(&owner.lease, 0, 1);
    set.deadlines = vec![
        deadline(1, 0, 30, 0),
        deadline(2, 1, 20, 2),
        deadline(2, 0, 20, 2),
        deadline(3, 0, 20, 1),
    ];
    store.commit(&set).await.expect("committed");
    let due = async |until, limit| -> Vec<(u128, u32)> {
        let due = store.deadlines(CONTEXT, 0, at(until), limit).await.expect("an answer");
        due.iter().map(|due| (due.id.event_id.as_u128(), due.id.index)).collect()
    };
    assert_eq!(due(19, 9).await, []);
    assert_eq!(due(20, 9).await, [(3, 0), (2, 0), (2, 1)]);
    assert_eq!(due(99, 2).await, [(3, 0), (2, 0)]);
    assert_eq!(store.next_deadline(CONTEXT, 0).await.expect("an answer"), Some(at(20)));
    assert_eq!(store.next_deadline(CONTEXT, 1).await.expect("an answer"), None);
    let mut decided = batch(&owner.lease, 1, 1);
    decided.resolved = vec![
        DeadlineId { event_id: id(3), index: 0 },
        DeadlineId { event_id: id(2), index: 0 },
        DeadlineId { event_id: id(2), index: 1 },
    ];
    store.commit(&decided).await.expect("committed");
    assert_eq!(due(99, 9).await, [(1, 0)]);
    assert_eq!(store.next_deadline(CONTEXT, 0).await.expect("an answer"), Some(at(30)));
}

/// Outcomes past the window go oldest first, so many at a time, with the highest offset among them.
pub async fn outcomes_are_forgotten_in_steps(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut all = batch(&owner.lease, 0, 9);
    all.outcomes = (1..=5).map(|n| outcome("a", n, i64::try_from(n).expect("small"))).collect();
    store.commit(&all).await.expect("committed");
    let purge =
        async |limit| store.purge_outcomes(CONTEXT, 0, at(4), limit).await.expect("an answer");
    assert_eq!(purge(2).await, Purged { outcomes: 2, offset: Some(2) });
    assert_eq!(purge(2).await, Purged { outcomes: 1, offset: Some(3) });
    assert_eq!(purge(2).await, Purged { outcomes: 0, offset: None });
    assert_eq!(store.outcome(Some("a"), id(3)).await.expect("an answer"), None);
    assert!(store.outcome(Some("a"), id(4)).await.expect("an answer").is_some());
}

/// A batch may be far larger than one statement.
pub async fn large_batches_are_taken(harness: &dyn Harness) {
    const COUNT: i64 = 5_000;
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut all = batch(&owner.lease, 0, 1);
    all.outcomes =
        (1..=COUNT).map(|n| outcome("a", u128::try_from(n).expect("positive"), n)).collect();
    all.events = (0..COUNT).map(|n| event("a", "x", n + 1, n)).collect();
    all.deadlines =
        (0..COUNT).map(|n| deadline(u128::try_from(n).expect("positive"), 0, n, n)).collect();
    store.commit(&all).await.expect("committed");
    let ids: Vec<(String, Uuid)> =
        all.outcomes.iter().map(|stored| ("a".to_owned(), stored.outcome.command_id)).collect();
    assert_eq!(store.outcomes(&ids).await.expect("an answer").len(), ids.len());
    let limit = u32::try_from(COUNT).expect("small");
    assert_eq!(store.events(CONTEXT, 0, -1, limit).await.expect("an answer").len(), ids.len());
    let due = store.deadlines(CONTEXT, 0, at(COUNT), limit).await.expect("an answer");
    assert_eq!(due.len(), ids.len());
}

/// Of two owners that commit at once, only the one with the later claim does.
pub async fn only_one_of_two_owners_commits(harness: &dyn Harness) {
    let store = harness.store().await;
    for round in 0..20_u64 {
        let first = claim(&store).await;
        let second = claim(&store).await;
        let commit = |lease, command| {
            let store: Arc<dyn Store> = store.clone();
            let mut batch = batch(&lease, round, round + 1);
            batch.outcomes = vec![outcome("a", u128::from(round) * 2 + command, 10)];
            tokio::spawn(async move { store.commit(&batch).await })
        };
        let (stale, owned) = (commit(first.lease, 0), commit(second.lease, 1));
        assert!(is_fenced(&stale.await.expect("no panic")));
        owned.await.expect("no panic").expect("committed");
    }
    assert_eq!(claim(&store).await.checkpoint.offset, 20);
}

/// What was committed is there after a restart.
pub async fn all_survives_a_restart(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut all = batch(&owner.lease, 0, 1);
    all.outcomes = vec![outcome("a", 1, 10)];
    all.events = vec![event("a", "x", 1, 0)];
    all.deadlines = vec![deadline(1, 0, 5, 0)];
    store.commit(&all).await.expect("committed");
    let store = harness.restart(store).await;
    assert_eq!(claim(&store).await.lease.epoch, 2);
    assert!(store.outcome(Some("a"), id(1)).await.expect("an answer").is_some());
    assert_eq!(store.events(CONTEXT, 0, -1, 9).await.expect("an answer"), all.events);
    assert_eq!(store.deadlines(CONTEXT, 0, at(9), 9).await.expect("an answer"), all.deadlines);
}

/// A page ends with the event that brings it to its bytes, and the next one goes on there.
pub async fn pages_of_large_events_are_cut(harness: &dyn Harness) {
    let store = harness.store().await;
    let claim = claim(&store).await;
    let mut batch = batch(&claim.lease, 0, 1);
    batch.events = (0..5)
        .map(|position| StoredEvent {
            envelope: vec![7; PAGE_BYTES / 2],
            ..event("a", "k", position + 1, position)
        })
        .collect();
    store.commit(&batch).await.expect("committed");
    let aggregate = AggregateId::new("a", "k");
    for (after, count) in [(0, 2), (2, 2), (4, 1), (5, 0)] {
        let page = store.history(CONTEXT, &aggregate, after, 500).await.expect("an answer");
        let sequences: Vec<_> = page.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (after + 1..=after + count).collect::<Vec<_>>());
        let page = store.events(CONTEXT, 0, after - 1, 500).await.expect("an answer");
        let positions: Vec<_> = page.iter().map(|event| event.position).collect();
        assert_eq!(positions, (after..after + count).collect::<Vec<_>>());
    }
}

/// A deadline of an event that is set already is refused with all of its batch.
pub async fn a_deadline_is_set_once(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let mut first = batch(&owner.lease, 0, 1);
    first.deadlines = vec![deadline(1, 0, 30, 0)];
    store.commit(&first).await.expect("committed");
    let mut second = batch(&owner.lease, 1, 2);
    second.deadlines = vec![deadline(2, 0, 30, 1), deadline(1, 0, 40, 1)];
    second.outcomes = vec![outcome("a", 1, 10)];
    assert!(is_conflict(&store.commit(&second).await));
    assert_eq!(store.outcome(Some("a"), id(1)).await.expect("an answer"), None);
    let due = store.deadlines(CONTEXT, 0, at(99), 9).await.expect("an answer");
    assert_eq!(due, first.deadlines);
    // The owner has not lost the partition by it.
    second.deadlines.truncate(1);
    store.commit(&second).await.expect("committed");
}

/// Batches of several partitions that are committed at once don't share each other's fate.
pub async fn partitions_commit_at_once(harness: &dyn Harness) {
    const PARTITIONS: u32 = 8;
    const ROUNDS: u64 = 5;
    let store = harness.store().await;
    let mut leases = Vec::new();
    for partition in 0..PARTITIONS {
        let claim = store.claim(CONTEXT, partition, 1).await.expect("a claim");
        leases.push(claim.lease);
    }
    // One is fenced, and one has a command that is decided already.
    store.claim(CONTEXT, 3, 1).await.expect("a claim");
    let mut taken = batch(&leases[5], 0, 0);
    taken.outcomes = vec![outcome("taken", 5, 1)];
    store.commit(&taken).await.expect("committed");
    for round in 0..ROUNDS {
        let commits = leases.iter().map(|lease| {
            let from = if lease.partition == 5 { 0 } else { round };
            let mut batch = batch(lease, from, from + 1);
            let (partition, position) = (lease.partition, i64::try_from(round).expect("small") * 2);
            let tenant = if partition == 5 { "taken".to_owned() } else { format!("{partition}") };
            let command = if partition == 5 { 5 } else { u128::from(round) };
            batch.outcomes = vec![outcome(&tenant, command, position)];
            batch.events = (0..2)
                .map(|more| {
                    event("a", &format!("{partition}"), position + more + 1, position + more)
                })
                .collect();
            let store = store.clone();
            tokio::spawn(async move { store.commit(&batch).await })
        });
        for (partition, commit) in commits.collect::<Vec<_>>().into_iter().enumerate() {
            let done = commit.await.expect("no panic");
            match partition {
                3 => assert!(is_fenced(&done), "{done:?}"),
                5 => assert!(is_conflict(&done), "{done:?}"),
                _ => done.expect("committed"),
            }
        }
    }
    for partition in 0..PARTITIONS {
        let events = store.events(CONTEXT, partition, -1, 99).await.expect("an answer");
        let checkpoint = store.checkpoint(CONTEXT, partition).await.expect("an answer");
        let (count, offset) = if partition == 3 || partition == 5 { (0, 0) } else { (10, ROUNDS) };
        assert_eq!(events.len(), count, "events of partition {partition}");
        assert_eq!(checkpoint.expect("claimed").offset, offset, "partition {partition}");
    }
}

/// A tenant or a key may be of any length, and is not taken for another one.
pub async fn long_names_are_taken(harness: &dyn Harness) {
    let store = harness.store().await;
    let owner = claim(&store).await;
    let name = noise(80 << 10);
    let other = format!("{name}\\");
    let mut long = batch(&owner.lease, 0, 1);
    long.outcomes = vec![outcome(&name, 1, 10), outcome(&other, 1, 10)];
    long.events = vec![
        event(&name, &name, 1, 0),
        event(&name, &other, 1, 1),
        event(&other, &name, 1, 2),
        event("a", &name, 1, 3),
    ];
    store.commit(&long).await.expect("committed");
    let both = [(name.clone(), id(1)), (other.clone(), id(1)), ("a".to_owned(), id(1))];
    assert_eq!(store.outcomes(&both).await.expect("an answer").len(), 2);
    for expected in &long.events {
        let history = store.history(CONTEXT, &expected.aggregate, 0, 9).await.expect("an answer");
        assert_eq!(history, std::slice::from_ref(expected));
    }
    let mut taken = batch(&owner.lease, 1, 2);
    taken.events = vec![event(&name, &other, 1, 4)];
    assert!(is_conflict(&store.commit(&taken).await));
}
