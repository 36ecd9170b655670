//! What operators ask for: it is written down first, and done by who has the partition.

use charter_domain::{AggregateId, Timestamp};
use uuid::Uuid;

/// What is to become of an aggregate that a projection or a reactor has set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell what [`Action::Redrive`] would do, and change nothing.
    Try,
    /// Fold its events from the stuck one on, or react to them, in order; where one fails again, it stays set aside.
    Redrive,
    /// As [`Action::Redrive`], and leave out the events that can't be.
    Discard,
}

impl Action {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Try => "TRY",
            Self::Redrive => "REDRIVE",
            Self::Discard => "DISCARD",
        }
    }

    /// The action of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Try, Self::Redrive, Self::Discard].into_iter().find(|one| one.as_str() == name)
    }
}

/// A request of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRequest {
    /// The request.
    pub id: Uuid,
    /// What is asked for.
    pub action: Action,
    /// The context.
    pub context: String,
    /// The reactor that has set the aggregate aside; `None` for the context's views.
    pub reactor: Option<String>,
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The partition of its events.
    pub partition: u32,
    /// Where it was stuck as the operator saw it: an aggregate that is stuck elsewhere by now is left alone.
    pub position: i64,
    /// Who asks.
    pub actor: String,
    /// Why, in the operator's words; may be empty where nothing is given up.
    pub reason: String,
    /// When it was asked, UTC.
    pub time: Timestamp,
    /// How it ended; `None` while it waits.
    pub end: Option<RequestEnd>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEnd {
    /// When, UTC.
    pub time: Timestamp,
    /// Whether what was asked for was done, or would be.
    pub is_done: bool,
    /// What came of it, in a sentence.
    pub result: String,
}
