//! The contexts of the contract, a line each.

use charter_engine::{Runtime, ServiceError};
use charter_http::ApiBuilder;
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
    Ok(api)
}
