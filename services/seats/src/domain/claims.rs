//! Who holds or has reserved what. A seat that is available takes no memory.

use std::collections::HashMap;

use charter_domain::Timestamp;
use uuid::Uuid;

use super::layout::Ordinal;

/// What stands between a seat and its availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Held through this hold.
    Held(Uuid),
    /// Reserved through this hold.
    Reserved(Uuid),
}

impl Claim {
    pub(super) fn hold(self) -> Uuid {
        match self {
            Self::Held(hold) | Self::Reserved(hold) => hold,
        }
    }
}

/// A hold of which at least one seat is held or reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) holder: String,
    /// From this time on its held seats count as available.
    pub(super) expires_at: Timestamp,
    /// The seats still claimed through it, in the order asked for.
    seats: Vec<Ordinal>,
}

/// The claims on a show's seats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    seats: HashMap<Ordinal, Claim>,
    holds: HashMap<Uuid, Hold>,
}

impl Claims {
    /// The hold with this id, while a seat is claimed through it.
    pub(super) fn hold(&self, id: Uuid) -> Option<&Hold> {
        self.holds.get(&id)
    }

    /// The claim on a seat and the hold behind it, whether or not its time has run out.
    pub(super) fn claim(&self, seat: Ordinal) -> Option<(Claim, &Hold)> {
        let claim = *self.seats.get(&seat)?;
        Some((claim, self.holds.get(&claim.hold())?))
    }

    /// The claim on a seat at `time`; a hold whose time has run out is none.
    pub(super) fn claim_at(&self, seat: Ordinal, time: Timestamp) -> Option<(Claim, &Hold)> {
        self.claim(seat).filter(|(claim, hold)| match claim {
            Claim::Held(_) => time < hold.expires_at,
            Claim::Reserved(_) => true,
        })
    }

    /// The seats that are held, not reserved, through a hold, in the order asked for.
    pub(super) fn held_seats(&self, hold: Uuid) -> impl Iterator<Item = Ordinal> {
        let seats = self.holds.get(&hold).map_or(&[][..], |hold| &hold.seats);
        seats.iter().copied().filter(move |seat| self.seats.get(seat) == Some(&Claim::Held(hold)))
    }

    /// Seats are held through a new hold.
    pub(super) fn held(
        &mut self,
        id: Uuid,
        holder: &str,
        expires_at: Timestamp,
        seats: Vec<Ordinal>,
    ) {
        self.seats.extend(seats.iter().map(|seat| (*seat, Claim::Held(id))));
        self.holds.insert(id, Hold { holder: holder.to_owned(), expires_at, seats });
    }

    /// Seats of a hold are reserved.
    pub(super) fn reserved(&mut self, id: Uuid, seats: impl IntoIterator<Item = Ordinal>) {
        for seat in seats {
            if let Some(claim) = self.seats.get_mut(&seat).filter(|claim| claim.hold() == id) {
                *claim = Claim::Reserved(id);
            }
        }
    }

    /// Seats of a hold are available again; a hold without seats is forgotten.
    pub(super) fn released(&mut self, id: Uuid, seats: impl IntoIterator<Item = Ordinal>) {
        for seat in seats {
            if self.seats.get(&seat).is_some_and(|claim| claim.hold() == id) {
                self.seats.remove(&seat);
            }
        }
        if let Some(hold) = self.holds.get_mut(&id) {
            let claims = &self.seats;
            hold.seats.retain(|seat| claims.get(seat).is_some_and(|claim| claim.hold() == id));
            if hold.seats.is_empty() {
                self.holds.remove(&id);
            }
        }
    }
}
