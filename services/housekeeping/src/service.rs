//! The wiring of the service.

use charter_engine::ContextService;
use contract_housekeeping::CleaningView;
use contract_reservation::Reservation;

use crate::Cleanings;

/// The service: what it decides, the views that it projects, and whose events it reacts to.
#[must_use]
pub fn service() -> ContextService<Cleanings> {
    ContextService::new().project::<CleaningView, Cleanings>().react::<Reservation, Cleanings>()
}
