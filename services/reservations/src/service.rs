//! The wiring of the service.

use std::sync::Arc;

use axum::Router;
use charter_engine::ContextService;
use charter_http::access::guarded;
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
pub fn operations() -> &'static [&'static Operation] {
    routes::RESERVATION_COMMANDS
}

/// The guarded routes of the context's commands, which gateways forward to (`dispatch: proxy`).
pub fn router(api: Api) -> Router {
    let access = Arc::clone(api.access());
    let routes = routes::reservation_commands().with_state(api.behind_gateway());
    guarded(routes, operations().iter().copied(), access)
}
