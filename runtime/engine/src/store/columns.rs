//! How columns stand in a database where every store has them alike.

use std::fmt::Display;

use contract_shared::{OutcomeEvent, OutcomeStatus};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Attempt, StoreError, Trial};

/// What a row of the inbox is called in errors.
pub(super) const OUTCOME: &str = "an outcome";

/// An outcome's event in the `events` column. A type of its own, so that the column's form doesn't change
/// with the contract.
#[derive(Serialize, Deserialize)]
struct EventColumn {
    id: Uuid,
    #[serde(rename = "type")]
    wire_type: String,
    sequence: i64,
    position: i64,
}

/// A column that holds what it cannot.
pub(super) fn damaged(what: &'static str, reason: impl Display) -> StoreError {
    StoreError::Damaged { what, reason: reason.to_string() }
}

/// An offset, from a column of signed numbers.
pub(super) fn offset(what: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|error| damaged(what, error))
}

/// A column's integers are signed; an offset never comes near the end of them.
pub(super) fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// The columns `attempt_command` and `attempt_count`: a batch has no command, and its size for the count.
pub(super) fn trial_columns(trial: &Trial) -> (Option<Uuid>, u32) {
    match trial {
        Trial::Together(count) => (None, *count),
        Trial::Alone(Attempt { command_id, count }) => (Some(*command_id), *count),
    }
}

/// What [`trial_columns`] wrote; `None` where nothing is tried.
pub(super) fn trial(command: Option<Uuid>, count: u32) -> Option<Trial> {
    match command {
        Some(command_id) => Some(Trial::Alone(Attempt { command_id, count })),
        None => (count > 0).then_some(Trial::Together(count)),
    }
}

/// The `status` column.
pub(super) fn status_text(status: OutcomeStatus) -> &'static str {
    match status {
        OutcomeStatus::Applied => "APPLIED",
        OutcomeStatus::Rejected => "REJECTED",
        OutcomeStatus::Failed => "FAILED",
    }
}

/// The status of [`status_text`].
pub(super) fn status_of(text: &str) -> Result<OutcomeStatus, StoreError> {
    match text {
        "APPLIED" => Ok(OutcomeStatus::Applied),
        "REJECTED" => Ok(OutcomeStatus::Rejected),
        "FAILED" => Ok(OutcomeStatus::Failed),
        other => Err(damaged(OUTCOME, format_args!("unknown status `{other}`"))),
    }
}

/// The `events` column, JSON.
pub(super) fn events_text(events: &[OutcomeEvent]) -> String {
    let columns: Vec<EventColumn> = events
        .iter()
        .map(|event| EventColumn {
            id: event.id,
            wire_type: event.r#type.clone(),
            sequence: event.sequence,
            position: event.position,
        })
        .collect();
    serde_json::to_string(&columns).expect("ids, texts and numbers are always JSON")
}

/// The events of [`events_text`].
pub(super) fn events_of(text: &str) -> Result<Vec<OutcomeEvent>, StoreError> {
    let columns: Vec<EventColumn> =
        serde_json::from_str(text).map_err(|error| damaged(OUTCOME, error))?;
    Ok(columns
        .into_iter()
        .map(|event| OutcomeEvent {
            id: event.id,
            r#type: event.wire_type,
            sequence: event.sequence,
            position: event.position,
        })
        .collect())
}
