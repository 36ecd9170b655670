//! How many rooms of one type are booked on each night, as steps: the count changes only where a stay
//! begins or ends, so that neither a long stay nor a far one takes more than two entries.

use std::collections::BTreeMap;

use charter_domain::Date;

/// Rooms booked by night.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Occupancy {
    /// From this night on, up to the next entry, so many rooms are booked; none before the first entry.
    steps: BTreeMap<Date, u32>,
}

impl Occupancy {
    /// How many rooms are booked on `night`.
    pub(super) fn on(&self, night: Date) -> u32 {
        self.steps.range(..=night).next_back().map_or(0, |(_, booked)| *booked)
    }

    /// One more room is booked on every night from `from` on and before `until`.
    pub(super) fn book(&mut self, from: Date, until: Date) {
        self.change(from, until, |booked| booked.saturating_add(1));
    }

    /// One room less is booked on every night from `from` on and before `until`.
    pub(super) fn free(&mut self, from: Date, until: Date) {
        self.change(from, until, |booked| booked.saturating_sub(1));
    }

    fn change(&mut self, from: Date, until: Date, change: impl Fn(u32) -> u32) {
        if until <= from {
            return;
        }
        for edge in [from, until] {
            let booked = self.on(edge);
            self.steps.insert(edge, booked);
        }
        for booked in self.steps.range_mut(from..until).map(|(_, booked)| booked) {
            *booked = change(*booked);
        }
        self.join(from);
        self.join(until);
    }

    /// Drops the step at `night` where the count does not change there.
    fn join(&mut self, night: Date) {
        let before = self.steps.range(..night).next_back().map_or(0, |(_, booked)| *booked);
        if self.steps.get(&night) == Some(&before) {
            self.steps.remove(&night);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i32) -> Date {
        Date::from_days(number)
    }

    #[test]
    fn a_stay_takes_two_steps_however_long_it_is() {
        let mut occupancy = Occupancy::default();
        occupancy.book(day(0), day(3_653));
        assert_eq!(occupancy.steps, BTreeMap::from([(day(0), 1), (day(3_653), 0)]));
        occupancy.free(day(0), day(3_653));
        assert_eq!(occupancy, Occupancy::default());
    }

    #[test]
    fn no_nights_change_nothing() {
        let mut occupancy = Occupancy::default();
        occupancy.book(day(5), day(5));
        occupancy.book(day(5), day(4));
        assert_eq!(occupancy, Occupancy::default());
    }

    proptest! {
        #[test]
        fn steps_say_the_same_as_a_count_a_night(
            stays in prop::collection::vec((0..40_i32, 1..15_i32, any::<bool>()), 0..40),
        ) {
            let mut occupancy = Occupancy::default();
            let mut counts = [0_u32; 60];
            let mut booked = Vec::new();
            for (from, nights, ends) in stays {
                occupancy.book(day(from), day(from + nights));
                booked.push((from, from + nights));
                if ends {
                    let (from, until) = booked.swap_remove(booked.len() / 2);
                    occupancy.free(day(from), day(until));
                }
            }
            for (from, until) in &booked {
                (*from..*until).for_each(|night| counts[usize::try_from(night).expect("from 0")] += 1);
            }
            for (night, count) in (0..).zip(counts) {
                prop_assert_eq!(occupancy.on(day(night)), count, "night {}", night);
            }
            prop_assert!(occupancy.steps.len() <= 2 * booked.len());
        }
    }
}
