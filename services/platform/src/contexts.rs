//! What the platform holds, a line a context.

use charter_platform::Composition;
use contract_gateway::CONTRACT;

/// The services that decide and project, and the pages.
#[must_use]
pub fn all() -> Composition {
    Composition::new(&CONTRACT)
        .context(seats_service::service())
        .context(reservations_service::service())
        .context(housekeeping_service::service())
        .portal(gateway_service::portal())
        .trials(crate::trials::lines)
}
