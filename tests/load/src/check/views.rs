//! The read model against what it should be.

use std::collections::BTreeMap;
use std::fmt::Debug;

use charter_domain::{Contract, View};

use super::{Code, Findings};
use crate::evidence::{Partition, Views};

/// How many differing rows of one view are told one by one.
const MOST_TOLD: usize = 10;

/// The read model has come to the end, and has left nothing out.
pub(super) fn check_progress<C: Contract>(partition: &Partition<C>, found: &mut Findings) {
    let place = format!("{}/{}", C::NAME, partition.number);
    let end = partition.events.last().map_or(-1, |event| event.row.position);
    if partition.projected != end {
        let what = format!("expected the views at position {end}, found {}", partition.projected);
        found.add(Code::ViewBehind, [place.clone()], what);
    }
    for (aggregate, reason) in &partition.parked {
        let about = [place.clone(), aggregate.clone()];
        found.add(Code::ViewParked, about, format!("expected none set aside, found one: {reason}"));
    }
}

/// The rows of a view are the expected ones: none missing, none more, none other.
pub(super) fn compare<V: View>(
    expected: BTreeMap<(String, V::Key), V>,
    shown: &[(String, V)],
    found: &mut Findings,
) {
    let mut shown: BTreeMap<(String, V::Key), &V> =
        shown.iter().map(|(tenant, row)| ((tenant.clone(), row.key()), row)).collect();
    let mut wrong = 0;
    let mut tell = |found: &mut Findings, key: &dyn Debug, what: String| {
        wrong += 1;
        if wrong <= MOST_TOLD {
            found.add(Code::ViewDiffers, [V::TABLE.view.to_owned(), format!("{key:?}")], what);
        }
    };
    for (key, row) in expected {
        match shown.remove(&key) {
            None => tell(found, &key, format!("expected {row:?}, found no row")),
            Some(other) if *other != row => {
                tell(found, &key, format!("expected {row:?}, found {other:?}"));
            }
            Some(_) => {}
        }
    }
    for (key, row) in shown {
        tell(found, &key, format!("expected no row, found {row:?}"));
    }
    if wrong > MOST_TOLD {
        let what = format!("{} rows more differ", wrong - MOST_TOLD);
        found.add(Code::ViewDiffers, [V::TABLE.view.to_owned()], what);
    }
}

/// Adds an expected row.
pub(super) fn enter<V: View>(rows: &mut BTreeMap<(String, V::Key), V>, tenant: &str, row: V) {
    rows.insert((tenant.to_owned(), row.key()), row);
}

impl Views {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shows.len()
            + self.seats.len()
            + self.show_stats.len()
            + self.section_stats.len()
            + self.reserved.len()
            + self.properties.len()
            + self.availability.len()
            + self.reservations.len()
            + self.cleanings.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
