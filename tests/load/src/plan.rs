//! The commands of a run: the same ones for the same seed, whoever asks for them and in whatever order.
//!
//! Command `n` is a function of the seed and `n` alone. One that needs an earlier one (who confirms needs a
//! hold) looks back for it by the same function, so that nothing has to be remembered.

mod reservation;
mod seat;

use std::fmt;

use fastrand::Rng;

pub use reservation::{ROOM_TYPES, TENANT};
pub use seat::{SEATS_PER_ROW, SECTION};

/// What the commands are made of.
#[derive(Clone, Debug, clap::Args)]
pub struct PlanSettings {
    /// Seed of every choice: the same seed gives the same commands
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Name of the run, the first part of its idempotency keys and ids; from the seed when absent
    #[arg(long)]
    pub run: Option<String>,
    /// How many shows
    #[arg(long, default_value_t = 20)]
    pub shows: u32,
    /// Seats of each show, in rows of 50
    #[arg(long, default_value_t = 2_000)]
    pub seats: u32,
    /// How long a hold lasts, in seconds
    #[arg(long, default_value_t = 300)]
    pub hold_seconds: u32,
    /// Percent of the holds that want one of a show's 40 hottest seats
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub hot_seats: u8,
    /// Percent of the seat commands that go to the first show
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub hot_show: u8,
    /// Percent of the commands that are about reservations
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub reservations: u8,
    /// How many properties
    #[arg(long, default_value_t = 20)]
    pub properties: u32,
    /// Rooms of each of a property's two types
    #[arg(long, default_value_t = 40)]
    pub rooms: u32,
    /// Percent of the commands that carry no idempotency key, and so are never repeated
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub keyless: u8,
}

/// A request that is a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name within all runs; its correlation id, and its idempotency key where it has one.
    pub name: String,
    /// Whether it carries an idempotency key.
    pub keyed: bool,
    /// `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// JSON; empty for none.
    pub body: String,
}

/// The commands of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: PlanSettings,
    run: String,
}

/// What command `n` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Seat(seat::Kind),
    Reservation(reservation::Kind),
}

impl Plan {
    /// The plan of these settings.
    #[must_use]
    pub fn new(settings: PlanSettings) -> Self {
        let run = settings.run.clone().unwrap_or_else(|| format!("load{}", settings.seed));
        Self { settings, run }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &PlanSettings {
        &self.settings
    }

    /// The run's name.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What has to be decided before the first command: shows and properties are opened.
    #[must_use]
    pub fn openings(&self) -> Vec<Command> {
        let mut openings = Vec::new();
        if self.settings.reservations < 100 {
            openings.extend((0..self.settings.shows).map(|show| self.open_show(show)));
        }
        if self.settings.reservations > 0 {
            openings.extend((0..self.settings.properties).map(|it| self.open_property(it)));
        }
        openings
    }

    /// Command `n`, from 0.
    #[must_use]
    pub fn command(&self, n: u64) -> Command {
        match self.subject(n) {
            Subject::Seat(kind) => self.seat_command(n, kind),
            Subject::Reservation(kind) => self.reservation_command(n, kind),
        }
    }

    /// Whether command `n` is to be sent twice at the same time.
    #[must_use]
    pub fn is_chosen(&self, n: u64, percent: u8) -> bool {
        self.random(n, Purpose::Choice).u8(..100) < percent
    }

    fn subject(&self, n: u64) -> Subject {
        let mut random = self.random(n, Purpose::Subject);
        if random.u8(..100) < self.settings.reservations {
            Subject::Reservation(reservation::Kind::random(&mut random))
        } else {
            Subject::Seat(seat::Kind::random(&mut random))
        }
    }

    /// The last command before `n`, some way back, that `is_wanted`; `None` where there is none near.
    fn earlier(&self, n: u64, mut is_wanted: impl FnMut(u64) -> bool) -> Option<u64> {
        // Far enough that it is most likely decided, near enough that its hold has not ended.
        let mut random = self.random(n, Purpose::Earlier);
        let distance = random.u64(200..1_000).min(n);
        let from = n - distance;
        (from.saturating_sub(200)..from).rev().find(|earlier| is_wanted(*earlier))
    }

    fn random(&self, n: u64, purpose: Purpose) -> Rng {
        // Rng mixes its seed; what comes in has to differ only.
        let seed = self.settings.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rng::with_seed(seed ^ (n << 3) ^ purpose as u64)
    }

    fn named(&self, n: u64, method: &'static str, path: String, body: String) -> Command {
        let keyed = self.random(n, Purpose::Key).u8(..100) >= self.settings.keyless;
        Command { name: format!("{}-{n:07}", self.run), keyed, method, path, body }
    }

    fn opening(&self, what: impl fmt::Display, path: String, body: String) -> Command {
        Command { name: format!("{}-{what}", self.run), keyed: true, method: "POST", path, body }
    }
}

/// Draws for different purposes do not depend on each other.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Subject,
    Earlier,
    Body,
    Key,
    Choice,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn settings() -> PlanSettings {
        PlanSettings {
            seed: 7,
            run: None,
            shows: 3,
            seats: 500,
            hold_seconds: 2,
            hot_seats: 20,
            hot_show: 50,
            reservations: 30,
            properties: 2,
            rooms: 3,
            keyless: 10,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_commands_and_another_seed_others() {
        let (plan, again) = (Plan::new(settings()), Plan::new(settings()));
        let other = Plan::new(PlanSettings { seed: 8, ..settings() });
        let of = |plan: &Plan| (0..2_000).rev().map(|n| plan.command(n)).collect::<Vec<_>>();
        assert_eq!(of(&plan), of(&again));
        assert_ne!(of(&plan), of(&other));
    }

    #[test]
    fn a_run_holds_every_kind_of_command_of_both_contexts() {
        let plan = Plan::new(settings());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for n in 0..5_000 {
            let command = plan.command(n);
            let last = command.path.split('?').next().and_then(|path| path.rsplit('/').next());
            let last = last.filter(|last| last.len() < 20).unwrap_or("one reservation");
            *kinds.entry(format!("{} {last}", command.method)).or_default() += 1;
        }
        let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
        let expected = [
            "DELETE one reservation",
            "PATCH one reservation",
            "POST check-in",
            "POST check-out",
            "POST confirm",
            "POST confirmations",
            "POST holds",
            "POST no-show",
            "POST releases",
            "POST reservations",
        ];
        assert_eq!(names, expected);
        assert!(kinds.values().all(|count| *count > 20), "{kinds:?}");
    }

    #[test]
    fn who_confirms_names_the_seats_and_the_holder_of_an_earlier_hold() {
        let plan = Plan::new(settings());
        let confirms = (0..5_000).map(|n| (n, plan.command(n)));
        let confirms = confirms.filter(|(_, command)| command.path.ends_with("/confirmations"));
        let mut matched = 0;
        let all: Vec<_> = confirms.collect();
        for (n, confirm) in &all {
            let holds = (0..*n).rev().map(|n| plan.command(n));
            matched += usize::from(holds.take(1_300).any(|hold| {
                hold.path.ends_with("/holds")
                    && hold.body == confirm.body
                    && hold.path.replace("holds", "confirmations") == confirm.path
            }));
        }
        // The rest are of somebody else, on purpose.
        assert!(matched * 100 > all.len() * 90, "{matched} of {}", all.len());
        assert!(matched < all.len());
    }
}
