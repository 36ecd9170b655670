//! The service `seats` with two faults: it panics on one show, and can't project one seat of another.

use std::sync::atomic::{AtomicBool, Ordering};

use charter_domain::{ColumnValue, Context, Decider, Envelope, Projection, View};
use charter_engine::ContextService;
use contract_seat::{
    ReservedSeatView, Seat, SeatCommand, SeatEvent, SeatRejection, SeatView, SectionStatsView,
    ShowStatsView, ShowView,
};
use seats_service::Seats;

/// The show that nothing can be held in.
pub(super) const PANICS: &str = "panics";
/// The show that has a seat which can't be projected.
pub(super) const SPOILT: &str = "spoilt";
/// The seat, of the only one that is ever held there.
pub(super) const SEAT: &str = "a-row-1-seat-1";

static MENDED: AtomicBool = AtomicBool::new(false);

/// Lets the projection take the seat from now on.
pub(super) fn mend() {
    MENDED.store(true, Ordering::SeqCst);
}

/// `seats` as it is, but for the faults.
#[derive(Clone, Debug, Default)]
pub(super) struct Battered(Seats);

pub(super) fn service() -> ContextService<Battered> {
    ContextService::new()
        .project::<ShowView, Battered>()
        .project::<SeatView, Battered>()
        .project::<SectionStatsView, Battered>()
        .project::<ShowStatsView, Battered>()
        .project::<ReservedSeatView, Battered>()
}

impl Decider for Battered {
    type Contract = Seat;

    fn decide(
        &self,
        command: &SeatCommand,
        context: &Context,
    ) -> Result<Vec<SeatEvent>, SeatRejection> {
        if let SeatCommand::HoldSeats(hold) = command {
            assert_ne!(hold.show_id, PANICS, "told to");
        }
        self.0.decide(command, context)
    }

    fn evolve(&mut self, event: &SeatEvent) {
        self.0.evolve(event);
    }
}

impl<V: View> Projection<V> for Battered
where
    Seats: Projection<V, Contract = Seat>,
{
    type Contract = Seat;

    fn keys(event: &Envelope<SeatEvent>) -> Vec<V::Key> {
        Seats::keys(event)
    }

    fn apply(key: &V::Key, row: Option<V>, event: &Envelope<SeatEvent>) -> Option<V> {
        let is_held = matches!(event.payload, SeatEvent::SeatsHeld(_));
        if is_held && !MENDED.load(Ordering::SeqCst) && V::TABLE.name == SeatView::TABLE.name {
            let of = [SPOILT, SEAT].map(|text| ColumnValue::Text(text.to_owned()));
            assert_ne!(V::key_values(key), of, "told to");
        }
        Seats::apply(key, row, event)
    }
}
