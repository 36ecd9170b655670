//! Seats are sold while the process that sells them is killed again and again: the provider's ledger and the shows agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use charter_domain::{AggregateId, Contract as _, Message as _};
use charter_engine::log::embedded::{Durability, EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{MemoryRegistry, Registration, SchemaCatalog};
use charter_engine::store::{SqliteStore, Store};
use charter_engine::submit::NewCommand;
use charter_engine::{Runtime, Service as _, Settings};
use contract_seat::{HoldSeats, OpenShow, Seat, SeatCommand, SeatEvent, Section};
use seat_payment_example::Payments;
use seat_payment_example::provider::{Mood, Provider};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Where a child process sells, and whom it pays; given to it in the environment.
const CHILD_DIRECTORY: &str = "CHARTER_SALE_TEST_CHILD";
const CHILD_PROVIDER: &str = "CHARTER_SALE_TEST_PROVIDER";
const TENANT: &str = "default";
/// A show with holds that last, and one whose holds end before anybody could pay.
const SHOW: &str = "concert";
const BRIEF_SHOW: &str = "matinee";
const HOLDS: u128 = 40;
const BRIEF_HOLDS: u128 = 4;
/// The payments after which the process is killed: before it hears the answer, or right after.
const KILLED_AT: [usize; 5] = [2, 7, 13, 20, 28];

fn command_id(show: &str, number: u128) -> Uuid {
    let name = format!("{show} {number}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Everything that is asked for: the same commands with the same ids in each life, so that repeats are known.
fn commands() -> Vec<(Uuid, SeatCommand)> {
    let open = |show: &str, hold_seconds: i32| -> SeatCommand {
        OpenShow {
            show_id: show.to_owned(),
            title: "A show".to_owned(),
            sections: vec![Section { section_id: "a".to_owned(), rows: 1, seats_per_row: 50 }],
            hold_seconds,
            max_seats_per_hold: 2,
        }
        .into()
    };
    let hold = |show: &str, number: u128| -> SeatCommand {
        HoldSeats {
            show_id: show.to_owned(),
            seat_ids: vec![format!("a-row-1-seat-{}", number + 1)],
            holder_id: format!("buyer-{number}"),
        }
        .into()
    };
    let mut all = Vec::new();
    for (show, seconds, holds) in [(SHOW, 3_600, HOLDS), (BRIEF_SHOW, 1, BRIEF_HOLDS)] {
        all.push((command_id(show, u128::MAX), open(show, seconds)));
        all.extend((0..holds).map(|number| (command_id(show, number), hold(show, number))));
    }
    all
}

/// How each hold ended: `true` where its seats are reserved.
async fn ended(store: &dyn Store) -> BTreeMap<Uuid, bool> {
    let mut ended = BTreeMap::new();
    for show in [SHOW, BRIEF_SHOW] {
        let aggregate = AggregateId::new(TENANT, show);
        for stored in store.history(Seat::NAME, &aggregate, 0, 500).await.expect("events") {
            let known = SeatEvent::type_named(&stored.wire_type).expect("a type");
            let event =
                SeatEvent::decode_envelope(known, &stored.envelope, None).expect("an event");
            match event.payload {
                SeatEvent::SeatsReserved(reserved) => ended.insert(reserved.hold_id, true),
                SeatEvent::SeatsReleased(released) => ended.insert(released.hold_id, false),
                SeatEvent::SeatsHeld(_) | SeatEvent::ShowOpened(_) => None,
            };
        }
    }
    ended
}

/// Not a test by itself: the process that sells. It asks for everything, and ends when all holds have ended.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_sells() {
    let (Some(directory), Ok(provider)) =
        (std::env::var_os(CHILD_DIRECTORY), std::env::var(CHILD_PROVIDER))
    else {
        return;
    };
    let directory = Path::new(&directory);
    let settings =
        EmbeddedSettings { durability: Durability::Process, ..EmbeddedSettings::default() };
    let log = Arc::new(EmbeddedLog::open(directory.join("log"), settings).expect("a log"));
    let store = SqliteStore::open(directory, Durability::Process).await.expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
    let settings = Settings { idle_wait: Duration::from_millis(20), ..Settings::default() };
    let runtime = Runtime::new(log, store.clone(), schemas, settings);
    runtime.pair().await.expect("paired");
    let sender = runtime.sender::<Seat>("charter://tests").await.expect("a sender");
    let service =
        seats_service::service().effect::<Seat, _>(Payments::at(provider).expect("a client"));
    let stop = CancellationToken::new();
    let running = {
        let (runtime, stop) = (runtime.clone(), stop.clone());
        tokio::spawn(async move { service.run(runtime, stop).await })
    };
    for (command_id, command) in commands() {
        let command = NewCommand::new(command_id, TENANT, command);
        sender.send(command).await.expect("accepted");
    }
    let all = usize::try_from(HOLDS + BRIEF_HOLDS).expect("few");
    while ended(&*store).await.len() < all {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The last refunds are behind the last releases.
    for show in [SHOW, BRIEF_SHOW] {
        let part = charter_engine::store::ReactorPart {
            reactor: "seat-payment".to_owned(),
            context: Seat::NAME.to_owned(),
            partition: sender.partition(&AggregateId::new(TENANT, show)),
        };
        let last = store.history(Seat::NAME, &AggregateId::new(TENANT, show), 0, 500).await;
        let last = last.expect("events").last().expect("an event").position;
        while store.reactor_position(&part).await.expect("an answer") < last {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stop.cancel();
    running.await.expect("no panic").expect("an end in good order");
}

fn sell(directory: &Path, provider: &str) -> Child {
    Command::new(std::env::current_exe().expect("has a path"))
        .args(["--exact", "child_that_sells", "--nocapture"])
        .env(CHILD_DIRECTORY, directory)
        .env(CHILD_PROVIDER, provider)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started")
}

/// A provider that tells of each payment that it books, and the URL that it listens on.
async fn provider() -> (Provider, Receiver<usize>, String) {
    let (booked, payments) = channel();
    let booked = Mutex::new(booked);
    let declined = command_id(SHOW, 5);
    let provider = Provider::new(move |payment, ledger| {
        if (0..BRIEF_HOLDS).any(|number| command_id(BRIEF_SHOW, number) == payment.hold_id) {
            // One of them is paid and never hears of it; the others' provider is away until they have ended.
            let first = payment.hold_id == command_id(BRIEF_SHOW, 0);
            return if first { Mood::TakeAndVanish } else { Mood::Refuse };
        }
        if payment.hold_id == declined {
            return Mood::Decline;
        }
        let number = ledger.paid.len() + 1;
        // Nobody listens once the kills are over.
        let _ = booked.lock().expect("no panic").send(number);
        if number % 6 == 0 { Mood::TakeAndFail } else { Mood::Take }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = provider.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (provider, payments, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_payment_is_in_the_ledger_once_and_belongs_to_a_reserved_seat() {
    let directory = tempfile::tempdir().expect("a directory");
    let (provider, payments, url) = provider().await;
    let path = directory.path().to_owned();
    let killing = tokio::task::spawn_blocking(move || {
        for at in KILLED_AT {
            let mut child = sell(&path, &url);
            // The provider has not answered when it tells, so that some of the kills come before the answer.
            while payments.recv_timeout(Duration::from_mins(1)).expect("a payment") < at {}
            child.kill().expect("killed");
            child.wait().expect("an end");
        }
        let mut last = sell(&path, &url);
        let begun = std::time::Instant::now();
        loop {
            if let Some(status) = last.try_wait().expect("a status") {
                break status;
            }
            if begun.elapsed() > Duration::from_mins(2) {
                let _ = last.kill();
                panic!("not all holds have ended within 120 s");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(killing.await.expect("no panic").success());

    let store = SqliteStore::open(directory.path(), Durability::Process).await.expect("a store");
    let ended = ended(&store).await;
    let ledger = provider.ledger();
    let twice: Vec<_> = ledger.paid.iter().filter(|(_, payments)| payments.len() != 1).collect();
    assert!(twice.is_empty(), "paid more than once: {twice:?}");
    for (hold, reserved) in &ended {
        let paid: u64 = ledger.paid.get(hold).into_iter().flatten().sum();
        let kept = paid - ledger.refunded.get(hold).copied().unwrap_or(0);
        assert_eq!(kept, if *reserved { 4_200 } else { 0 }, "hold {hold}, reserved: {reserved}");
    }
    assert!(ledger.paid.keys().all(|hold| ended.contains_key(hold)), "paid for no hold");
    let reserved = ended.values().filter(|reserved| **reserved).count();
    assert_eq!(reserved, usize::try_from(HOLDS).expect("few") - 1, "all but the declined one");
    assert!(!ended[&command_id(SHOW, 5)] && !ledger.paid.contains_key(&command_id(SHOW, 5)));
    let late = command_id(BRIEF_SHOW, 0);
    assert_eq!(ledger.refunded.get(&late), Some(&4_200), "paid too late, and paid back");
    assert!(ledger.repeats > 0, "nothing was asked for twice");
}
