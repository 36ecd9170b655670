//! What every implementation of [`Store`] must do, as tests. The next implementation gives a [`Harness`]
//! and adds one line: `charter_engine::store_conformance!(its_harness());`

mod builds;
mod history;
mod lists;
mod reactors;
mod sharing;
mod views;

use std::sync::Arc;

use async_trait::async_trait;
use charter_avro::codec::Bytes;
use charter_domain::{AggregateId, Timestamp};
use contract_shared::{Outcome, OutcomeEvent, OutcomeStatus};
use uuid::Uuid;

use super::{
    Batch, Checkpoint, Claim, Lease, SchemaHash, Store, StoreError, StoredDeadline, StoredEvent,
    StoredOutcome,
};

pub use builds::*;
pub use history::*;
pub use lists::*;
pub use reactors::*;
pub use sharing::*;
pub use views::*;

/// How a test gets at an implementation.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Why there is nothing to test here, if so.
    fn skipped(&self) -> Option<&str> {
        None
    }

    /// An empty store.
    async fn store(&self) -> Arc<dyn Store>;

    /// The store that was made last, opened once more, as by another process.
    async fn another(&self) -> Arc<dyn Store>;

    /// The same store after all that held it in memory has ended.
    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;
}

/// Makes a `#[tokio::test]` of every function here, each with a harness of its own.
#[macro_export]
macro_rules! store_conformance {
    ($harness:expr) => {
        $crate::store_conformance!($harness,
            pairing_and_partitions_are_kept
            schemas_come_back
            a_claim_raises_the_epoch
            a_claim_is_renewed_by_its_holder_only
            a_newer_contract_keeps_older_ones_out
            an_end_in_good_order_is_known
            a_trial_is_known_until_the_next_commit
            partitions_are_told_of
            requests_of_operators_are_kept
            a_batch_is_committed_whole
            an_earlier_owner_is_fenced
            a_checkpoint_is_compared
            a_command_has_one_outcome
            sequences_and_positions_are_taken_once
            histories_come_in_pages
            pages_of_large_events_are_cut
            deadlines_come_in_order_and_go
            outcomes_are_forgotten_in_steps
            large_batches_are_taken
            only_one_of_two_owners_commits
            no_two_claims_share_an_epoch
            a_paused_owner_writes_nothing
            a_deadline_is_set_once
            partitions_commit_at_once
            long_names_are_taken
            one_pairing_id_for_all
            all_survives_a_restart
            rows_and_progress_move_together
            a_wait_for_the_views_ends_when_they_are_there
            a_dropped_step_never_was
            progress_is_compared
            staged_rows_are_hidden_until_revealed
            staged_rows_are_forgotten
            partitions_stage_apart
            another_version_leaves_what_is_read_alone
            a_build_is_made_beside_and_read_in_one_moment
            a_build_that_lacks_a_moment_is_waited_for
            a_switch_keeps_steps_of_before_out
            builds_are_asked_for_and_dropped
            builds_have_tables_of_their_own_for_ever
            views_ahead_of_the_history_begin_again
            another_table_is_refused
            parked_aggregates_are_kept
            parked_aggregates_can_be_taken_up_again
            many_rows_are_taken
            views_are_made_by_many_at_once
            only_one_of_two_projectors_steps
            rows_of_several_partitions_are_not_lost
            reads_show_one_snapshot
            many_wait_for_the_views
            every_value_comes_back
            extreme_values_come_back
            the_longest_keys_are_taken
            texts_sort_by_their_bytes
            lists_are_paged_in_order
            lists_order_missing_values
            lists_compare_decimals
            lists_are_of_one_tenant
            several_lists_are_one_snapshot
            wrong_lists_are_refused
            a_reactor_begins_where_it_says
            a_reactors_position_is_compared
            a_reactors_parked_aggregates_are_kept_and_resumed
            outcomes_of_a_reactor_stay_until_it_is_past_them
            only_one_of_two_reactors_steps
        );
    };
    ($harness:expr, $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let harness = $harness;
                if let Some(reason) = $crate::store::conformance::Harness::skipped(&harness) {
                    eprintln!("skipped {}: {reason}", stringify!($test));
                    return;
                }
                $crate::store::conformance::$test(&harness).await;
            }
        )*
    };
}

const CONTEXT: &str = "seat";

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn claim(store: &Arc<dyn Store>) -> Claim {
    store.claim(CONTEXT, 0, 1).await.expect("a claim")
}

/// A batch that moves the checkpoint from `from` to `to` and does nothing else.
fn batch(lease: &Lease, from: u64, to: u64) -> Batch {
    Batch {
        lease: lease.clone(),
        expected_offset: from,
        checkpoint: Checkpoint {
            offset: to,
            decision_time: at(i64::try_from(to).expect("small")),
            next_position: 0,
            published: -1,
        },
        outcomes: Vec::new(),
        events: Vec::new(),
        deadlines: Vec::new(),
        resolved: Vec::new(),
    }
}

/// Lets the history of a partition have this many events, as far as anybody asks for their count.
async fn decided(store: &Arc<dyn Store>, partition: u32, events: i64) {
    let claim = store.claim(CONTEXT, partition, 1).await.expect("a claim");
    let mut batch = batch(&claim.lease, claim.checkpoint.offset, claim.checkpoint.offset + 1);
    batch.checkpoint.next_position = events;
    store.commit(&batch).await.expect("committed");
}

fn outcome(tenant: &str, command: u128, decided_at: i64) -> StoredOutcome {
    let outcome = Outcome {
        command_id: id(command),
        tenant_id: tenant.to_owned(),
        context: CONTEXT.to_owned(),
        r#type: "seat.holdRequest".to_owned(),
        key: "show".to_owned(),
        status: OutcomeStatus::Rejected,
        code: Some("SEAT_TAKEN".to_owned()),
        detail: Some("A seat is taken.".to_owned()),
        details: Some(r#"{"seatIds":["a"]}"#.to_owned()),
        events: vec![OutcomeEvent {
            id: id(9),
            r#type: "seat.held".to_owned(),
            sequence: 3,
            position: 7,
        }],
        partition: 0,
        position: 7,
        accepted_at: at(decided_at - 1),
        decided_at: at(decided_at),
        request_hash: Some(Bytes(vec![7; 32])),
    };
    let offset = Some(u64::try_from(decided_at).expect("small"));
    StoredOutcome { outcome, offset, reaction: None }
}

fn event(tenant: &str, key: &str, sequence: i64, position: i64) -> StoredEvent {
    StoredEvent {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{tenant}/{key}/{sequence}").as_bytes()),
        aggregate: AggregateId::new(tenant, key),
        sequence,
        position,
        wire_type: "seat.held".to_owned(),
        time: at(position),
        schema: SchemaHash([3; 32]),
        envelope: vec![0, 1, 255],
    }
}

fn deadline(event: u128, index: u32, due: i64, position: i64) -> StoredDeadline {
    StoredDeadline {
        id: super::DeadlineId { event_id: id(event), index },
        due: at(due),
        position,
        wire_type: "seat.expireHold".to_owned(),
        schema: SchemaHash([4; 32]),
        envelope: vec![9, 0],
    }
}

fn is_fenced<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced { .. }))
}

fn is_conflict<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

/// So many characters that hardly compress.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).expect("small"))
    };
    (0..length).map(|_| next()).collect()
}
