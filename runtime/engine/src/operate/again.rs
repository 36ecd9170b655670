//! What views and reactors have in common where an aggregate that they set aside is taken up again.

use tracing::info;

use super::parked::named;
use crate::log::system_time;
use crate::store::{Action, OperatorRequest, Parked, RequestEnd, Store, StoreError};

/// What it comes to.
#[derive(Debug, Default)]
pub(crate) struct Again {
    /// Events that were taken, or can be.
    pub(crate) count: u64,
    /// Positions of those that can't be.
    pub(crate) left_out: Vec<i64>,
}

impl Again {
    /// In a sentence. `taken` is what is done to an event, such as `folded`.
    pub(crate) fn told(&self, action: Action, taken: &str) -> String {
        let Self { count, left_out } = self;
        match action {
            Action::Try => format!("{count} events can be {taken}"),
            Action::Redrive => format!("{count} events were {taken}"),
            Action::Discard => {
                let (out, positions) = (left_out.len(), named(left_out));
                format!("{count} events were {taken}, {out} left out, at positions {positions}")
            }
        }
    }
}

/// The aggregate that a request is about, or that it is not among those set aside as the operator saw it.
pub(crate) fn wanted(parked: Vec<Parked>, request: &OperatorRequest) -> Result<Parked, String> {
    let (aggregate, position) = (&request.aggregate, request.position);
    parked
        .into_iter()
        .find(|parked| parked.aggregate == *aggregate && parked.position == position)
        .ok_or_else(|| format!("`{aggregate}` is not set aside at position {position} now"))
}

/// Writes down what came of a request.
///
/// # Errors
/// Those of the store.
pub(crate) async fn end(
    store: &dyn Store,
    request: &OperatorRequest,
    result: Result<String, String>,
) -> Result<(), StoreError> {
    let (is_done, result) = match result {
        Ok(told) => (true, told),
        Err(reason) => (false, reason),
    };
    info!(
        context = request.context,
        reactor = request.reactor,
        partition = request.partition,
        request = %request.id,
        action = request.action.as_str(),
        aggregate = %request.aggregate,
        actor = request.actor,
        is_done,
        result,
        "an operator's request has ended"
    );
    store.end_request(request.id, &RequestEnd { time: system_time(), is_done, result }).await
}
