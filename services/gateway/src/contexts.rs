//! The contexts of the contract, a line each.

use charter_engine::{Runtime, ServiceError};
use charter_http::ApiBuilder;
use charter_http::push::PushBuilder;
use contract_housekeeping::Housekeeping;
use contract_reservation::Reservation;
use contract_seat::Seat;

/// What a gateway calls itself in the commands that it sends.
const SOURCE: &str = "charter://gateway";

/// Lets the gateway send commands of each context.
///
/// # Errors
/// As [`Runtime::sender`].
pub async fn senders(mut api: ApiBuilder, runtime: &Runtime) -> Result<ApiBuilder, ServiceError> {
    api = api.sender(runtime.sender::<Seat>(SOURCE).await?);
    api = api.sender(runtime.sender::<Reservation>(SOURCE).await?);
    api = api.sender(runtime.sender::<Housekeeping>(SOURCE).await?);
    Ok(api)
}

/// Lets clients see the events of each context that has rooms.
///
/// # Errors
/// As [`Runtime::events`].
pub async fn rooms(mut push: PushBuilder, runtime: &Runtime) -> Result<PushBuilder, ServiceError> {
    push = push.context::<Seat>(runtime).await?;
    push = push.context::<Reservation>(runtime).await?;
    Ok(push)
}
