//! The contexts that the platform holds, a line each.

use charter_engine::{Runtime, Service, ServiceError};
use charter_http::ApiBuilder;
use contract_housekeeping::Housekeeping;
use contract_reservation::Reservation;
use contract_seat::Seat;

/// The services that decide and project.
pub(crate) fn services() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(seats_service::service()),
        Box::new(reservations_service::service()),
        Box::new(housekeeping_service::service()),
    ]
}

/// Lets the gateway send commands of each context.
pub(crate) async fn senders(
    mut api: ApiBuilder,
    runtime: &Runtime,
) -> Result<ApiBuilder, ServiceError> {
    api = api.sender(runtime.sender::<Seat>("charter://gateway").await?);
    api = api.sender(runtime.sender::<Reservation>("charter://reservations").await?);
    api = api.sender(runtime.sender::<Housekeeping>("charter://gateway").await?);
    Ok(api)
}
