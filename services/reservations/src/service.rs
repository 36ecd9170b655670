//! The wiring of the service.

use axum::Router;
use charter_engine::ContextService;
use charter_http::Api;
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

/// The routes of the context's commands, which gateways forward to (`dispatch: proxy`).
pub fn router(api: Api) -> Router {
    contract_gateway::routes::reservation_commands().with_state(api.behind_gateway())
}
