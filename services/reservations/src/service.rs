//! The wiring of the service.

use axum::Router;
use charter_engine::ContextService;
use charter_http::gateway::{self, Elsewhere};
use charter_http::{Api, Operation};
use contract_gateway::routes;
use contract_reservation::{AvailabilityView, PropertyView, ReservationView};

use crate::Reservations;

/// The service: what it decides, and the views that it projects.
#[must_use]
pub fn service() -> ContextService<Reservations> {
    ContextService::new()
        .project::<PropertyView, Reservations>()
        .project::<AvailabilityView, Reservations>()
        .project::<ReservationView, Reservations>()
}

/// The operations that send the context's commands.
#[must_use]
pub fn operations() -> Vec<&'static Operation> {
    routes::RESERVATION_COMMANDS.iter().map(|endpoint| endpoint.operation).collect()
}

/// The guarded routes of the context's commands, which gateways forward to (`dispatch: proxy`).
pub fn router(api: Api) -> Router {
    let endpoints = routes::RESERVATION_COMMANDS.iter().copied();
    gateway::operations(&api.behind_gateway(), endpoints, &Elsewhere::default())
}
