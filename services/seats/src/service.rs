//! The wiring of the service.

use charter_engine::ContextService;
use contract_seat::{ReservedSeatView, SeatView, SectionStatsView, ShowStatsView, ShowView};

use crate::Seats;

/// The service: what it decides, and the views that it projects.
#[must_use]
pub fn service() -> ContextService<Seats> {
    ContextService::new()
        .project::<ShowView, Seats>()
        .project::<SeatView, Seats>()
        .project::<SectionStatsView, Seats>()
        .project::<ShowStatsView, Seats>()
        .project::<ReservedSeatView, Seats>()
}
