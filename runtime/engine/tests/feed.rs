//! Following a context's events to show them: what a newer release wrote is passed over and counted, and nothing else is
//! missed for it.

mod support;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use charter_domain::{Contract, Deadline, Event, Table};
use charter_engine::feed::{EventSink, FeedEvent, Gap};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};
use support::tally::{Close, Closed, PLAIN, Tally, TallyCommand, TallyRejection, add};
use support::{World, until};
use tokio_util::sync::CancellationToken;

/// The events of a release from before anything could be added.
#[derive(Clone, Debug, PartialEq)]
enum EarlierEvent {
    Closed(Closed),
}

charter_domain::messages! { EarlierEvent { Closed(Closed) } }

impl Event for EarlierEvent {
    type Command = TallyCommand;

    fn deadlines(&self) -> Vec<Deadline<TallyCommand>> {
        Vec::new()
    }
}

#[derive(Clone, Copy, Debug)]
struct Earlier;

impl Contract for Earlier {
    const NAME: &'static str = Tally::NAME;
    const VERSION: u32 = Tally::VERSION;
    const TABLES: &'static [&'static Table] = Tally::TABLES;
    type Command = TallyCommand;
    type Event = EarlierEvent;
    type Rejection = TallyRejection;
}

/// Takes events as rooms do: the next one, or none.
#[derive(Debug, Default)]
struct Taken(Mutex<Vec<FeedEvent<EarlierEvent>>>);

impl EventSink<EarlierEvent> for Taken {
    fn offer(&self, event: FeedEvent<EarlierEvent>) -> Result<(), Gap<EarlierEvent>> {
        let mut taken = self.0.lock().expect("no panic");
        let next = i64::try_from(taken.len()).expect("few");
        if event.position > next {
            return Err(Gap { after: next - 1, event: Box::new(event) });
        }
        if event.position == next {
            taken.push(event);
        }
        Ok(())
    }
}

/// Counts the events that were skipped, and nothing else.
#[derive(Debug, Default)]
struct Skipped(Arc<AtomicU64>);

impl Recorder for Skipped {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() != "charter_push_events_skipped_total" {
            return Counter::noop();
        }
        assert!(key.labels().any(|label| (label.key(), label.value()) == ("context", "tally")));
        Counter::from_arc(Arc::clone(&self.0))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_unknown_type_is_skipped_and_counted() {
    let skipped = Arc::new(AtomicU64::new(0));
    set_global_recorder(Skipped(Arc::clone(&skipped))).expect("the only one of this process");
    let world = World::new().await;
    let running = world.start();
    let close = || Close { name: "a".to_owned(), number: 0 }.into();
    let mut partition = 0;
    for command in [close(), add("a", 7, PLAIN), close()] {
        let command = world.send(command).await;
        partition = world.outcome(command).await.partition.cast_unsigned();
    }
    world.all_published().await;
    running.stop().await;

    let feed = world.runtime().events::<Earlier>().await.expect("a feed");
    let (taken, stop) = (Taken::default(), CancellationToken::new());
    let all =
        until("all events", async || (taken.0.lock().expect("no panic").len() == 3).then_some(()));
    tokio::select! {
        () = feed.follow(partition, 100, &taken, &stop) => panic!("nobody has stopped it"),
        () = all => {}
    }
    assert_eq!(skipped.load(Ordering::SeqCst), 1, "by who follows");

    let mut shown = Vec::new();
    for event in taken.0.into_inner().expect("no panic") {
        let read = feed.read(&event).await.expect("the store answers");
        shown.push(read.map(|envelope| (envelope.metadata.position, envelope.payload)));
    }
    let closed = |total| EarlierEvent::Closed(Closed { name: "a".to_owned(), total });
    assert_eq!(shown, [Some((0, closed(0))), None, Some((2, closed(7)))]);
    assert_eq!(skipped.load(Ordering::SeqCst), 2, "and by the room that lacks it");
}
