//! Good commands at a steady rate, and the battery between them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use charter_domain::{AggregateId, Contract as _, partition_of};
use charter_engine::Runtime;
use charter_engine::log::{Log, Record};
use charter_engine::outcomes::OutcomeHints;
use charter_engine::submit::{CommandSender, NewCommand};
use contract_seat::{HoldSeats, OpenShow, Seat, SeatCommand, Section};
use contract_shared::OutcomeStatus;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::battered::{PANICS, SEAT, SPOILT};
use super::{EVENT_BYTES, NO_COMMAND, PoisonSettings, WARMUP};
use crate::measure::{Latency, Times};

pub(super) const TENANT: &str = "default";
/// Rows of a show, and seats of a row.
const SIDE: i32 = 30;
/// How long an outcome is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Rush {
    sender: CommandSender<Seat>,
    hints: OutcomeHints,
    log: Arc<dyn Log>,
    settings: PoisonSettings,
    letters: AtomicU64,
    failing: AtomicU64,
}

/// What the good commands of a phase came to.
struct Meter {
    from: Instant,
    times: Mutex<Times>,
    harmed: AtomicU64,
}

/// The battery's kinds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Undecodable,
    Oversized,
    Nul,
    Panics,
    Spoilt,
}

/// One after the other.
const KINDS: [Kind; 5] =
    [Kind::Undecodable, Kind::Oversized, Kind::Nul, Kind::Panics, Kind::Spoilt];

fn open(show_id: String, title: String) -> SeatCommand {
    SeatCommand::OpenShow(OpenShow {
        show_id,
        title,
        sections: vec![Section { section_id: "a".to_owned(), rows: SIDE, seats_per_row: SIDE }],
        hold_seconds: 3,
        max_seats_per_hold: 8,
    })
}

fn hold(show_id: String, seat: String, number: u64) -> SeatCommand {
    let holder_id = format!("buyer-{number}");
    SeatCommand::HoldSeats(HoldSeats { show_id, seat_ids: vec![seat], holder_id })
}

impl Rush {
    pub(super) async fn new(
        runtime: &Runtime,
        log: Arc<dyn Log>,
        stop: &CancellationToken,
        settings: &PoisonSettings,
    ) -> anyhow::Result<Self> {
        let sender = runtime.sender::<Seat>("charter://poison").await?;
        let hints = runtime.hints(0, stop).await?;
        Ok(Self {
            sender,
            hints,
            log,
            settings: settings.clone(),
            letters: AtomicU64::new(0),
            failing: AtomicU64::new(0),
        })
    }

    /// Records of the battery that must end as dead letters.
    pub(super) fn letters(&self) -> u64 {
        self.letters.load(Ordering::Relaxed)
    }

    /// Those of them that are commands.
    pub(super) fn failing(&self) -> u64 {
        self.failing.load(Ordering::Relaxed)
    }

    /// Opens all shows.
    pub(super) async fn open(&self) -> anyhow::Result<()> {
        let shows =
            (0..self.settings.shows).flat_map(|it| ["alone", "among"].map(|phase| (phase, it)));
        let named = shows.map(|(phase, it)| format!("{phase}-{it}"));
        for show in named.chain([PANICS.to_owned(), SPOILT.to_owned()]) {
            let ended = self.decided(open(show.clone(), "A show".to_owned())).await?;
            anyhow::ensure!(ended == Some(OutcomeStatus::Applied), "`{show}`: {ended:?}");
        }
        Ok(())
    }

    /// Good commands of the phase's own shows, among the battery or not; gives their times, and how many were harmed.
    pub(super) async fn phase(
        self: &Arc<Self>,
        phase: &'static str,
        is_poisoned: bool,
    ) -> anyhow::Result<(Latency, u64)> {
        let begun = Instant::now();
        let meter = Arc::new(Meter {
            from: begun + WARMUP,
            times: Mutex::new(Times::new()),
            harmed: AtomicU64::new(0),
        });
        let end = meter.from + Duration::from_secs(self.settings.seconds);
        // Of a hundred numbers so many are followed by poison, the kinds in turns.
        let of_hundred = self.settings.percent * KINDS.len() as u64;
        let mut random = fastrand::Rng::with_seed(7);
        let (mut tasks, mut poison) = (JoinSet::new(), KINDS.into_iter().cycle());
        for number in 0_u64.. {
            #[expect(clippy::cast_precision_loss, reason = "far fewer commands than 2^52")]
            let due = begun + Duration::from_secs_f64(number as f64 / self.settings.rate);
            if due >= end {
                break;
            }
            sleep_until(due).await;
            let show = format!("{phase}-{}", random.u32(..self.settings.shows.max(1)));
            let seat = format!("a-row-{}-seat-{}", random.i32(1..=SIDE), random.i32(1..=SIDE));
            let (rush, meter) = (Arc::clone(self), Arc::clone(&meter));
            let good = hold(show.clone(), seat, number);
            tasks.spawn(async move {
                let ended = rush.decided(good).await?;
                meter.take(due, ended);
                anyhow::Ok(())
            });
            if is_poisoned
                && number % 100 * of_hundred / 100 != (number % 100 + 1) * of_hundred / 100
                && let Some(kind) = poison.next()
            {
                let rush = Arc::clone(self);
                tasks.spawn(async move { rush.poison(kind, show, number).await });
            }
            while let Some(ended) = tasks.try_join_next() {
                ended??;
            }
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        let times = meter.times.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = times.latency().context("nothing was decided")?;
        Ok((latency, meter.harmed.load(Ordering::Relaxed)))
    }

    /// Sends poison, what can't be read among the commands of `show`.
    async fn poison(&self, kind: Kind, show: String, number: u64) -> anyhow::Result<()> {
        let (command, wanted) = match kind {
            Kind::Undecodable => {
                let key = AggregateId::new(TENANT, show).record_key();
                let topic = Seat::commands_topic();
                let partition = partition_of(key.as_bytes(), self.log.partitions(&topic).await?);
                let value = NO_COMMAND.to_vec().into();
                let record = Record { key: key.into(), value, headers: Vec::new() };
                self.log.append(&topic, partition, vec![record]).await?;
                self.letters.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Kind::Oversized => (
                open(format!("large-{number}"), "x".repeat(2 * EVENT_BYTES)),
                OutcomeStatus::Failed,
            ),
            Kind::Nul => (open(format!("nul-{number}"), "a\0b".to_owned()), OutcomeStatus::Failed),
            Kind::Panics => {
                (hold(PANICS.to_owned(), SEAT.to_owned(), number), OutcomeStatus::Failed)
            }
            // The seat is taken again and again: each hold is an event that waits, or a refusal.
            Kind::Spoilt => {
                self.decided(hold(SPOILT.to_owned(), SEAT.to_owned(), number)).await?;
                return Ok(());
            }
        };
        let ended = self.decided(command).await?;
        anyhow::ensure!(ended == Some(wanted), "{kind:?}: expected {wanted:?}, found {ended:?}");
        self.letters.fetch_add(1, Ordering::Relaxed);
        self.failing.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Sends a command and waits for its outcome; `None` where nothing was heard of it.
    async fn decided(&self, command: SeatCommand) -> anyhow::Result<Option<OutcomeStatus>> {
        let command_id = Uuid::now_v7();
        let waiter = self.hints.expect(command_id)?;
        self.sender
            .send(NewCommand {
                reply_to: Some(self.hints.reply_to()),
                ..NewCommand::new(command_id, TENANT, command)
            })
            .await?;
        Ok(waiter.wait(PATIENCE).await.map(|outcome| outcome.status))
    }
}

impl Meter {
    fn take(&self, due: Instant, ended: Option<OutcomeStatus>) {
        if !matches!(ended, Some(OutcomeStatus::Applied | OutcomeStatus::Rejected)) {
            self.harmed.fetch_add(1, Ordering::Relaxed);
        }
        if due >= self.from {
            self.times.lock().unwrap_or_else(PoisonError::into_inner).record(due.elapsed());
        }
    }
}
