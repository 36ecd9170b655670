//! What must be true afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use charter_domain::{Contract, Date, Envelope, Message, Timestamp};
use charter_engine::store::{SqliteStore, Store, StoredEvent};
use charter_http::cursor::Cursor;
use contract_reservation::{Reservation, ReservationEvent};
use contract_seat::{Seat, SeatEvent};
use serde_json::Value;

use crate::load::Sent;
use crate::support::{Answer, Platform};

/// How long a command may stay undecided after the last start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A final outcome.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: String,
    pub(crate) events: Vec<String>,
    cursor: Cursor,
}

/// Every accepted command has one outcome, the same each time it is asked for.
pub(crate) fn outcomes(platform: &Platform, history: &[Sent]) -> HashMap<String, Outcome> {
    let mut outcomes = HashMap::new();
    for sent in history {
        let first = decided(platform, &sent.location);
        let again = Answer::send(platform.get(&sent.location)).expect(200);
        assert_eq!(first.text, again.text, "an outcome is final");
        assert_eq!(first.str("commandId"), sent.command_id);
        let status = first.str("status").to_owned();
        match sent.status {
            200 => assert_eq!(status, "APPLIED", "{}", sent.command_id),
            202 => {}
            _ => assert_eq!(status, "REJECTED", "{}", sent.command_id),
        }
        let events = first.json["events"].as_array().expect("events");
        let outcome = Outcome {
            status,
            events: events
                .iter()
                .map(|event| event["id"].as_str().expect("an id").to_owned())
                .collect(),
            cursor: Cursor::parse(first.str("cursor")).expect("a cursor"),
        };
        let twice = outcomes.insert(sent.command_id.clone(), outcome);
        assert!(twice.is_none(), "two commands have the id {}", sent.command_id);
    }
    outcomes
}

fn decided(platform: &Platform, location: &str) -> Answer {
    let started = Instant::now();
    loop {
        let answer = Answer::send(platform.get(location)).expect(200);
        if answer.str("status") != "PENDING" {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "{location} is still undecided");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Who has a seat, as far as the API tells: nobody, a hold, or reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SeatState {
    Available,
    Held(String),
    Reserved(String),
}

/// What the API shows.
#[derive(Debug)]
pub(crate) struct ReadModel {
    pub(crate) seats: BTreeMap<String, SeatState>,
    /// Booked rooms by night.
    pub(crate) nights: BTreeMap<String, i64>,
}

impl ReadModel {
    /// Reads the views, when they have come to every outcome and every hold has ended.
    pub(crate) fn read(platform: &Platform, outcomes: &HashMap<String, Outcome>) -> Self {
        let merged = |context: &str| {
            let mut positions = BTreeMap::new();
            for (partition, position) in
                outcomes.values().flat_map(|outcome| outcome.cursor.positions(context))
            {
                let seen = positions.entry(partition).or_insert(position);
                *seen = position.max(*seen);
            }
            Cursor::of(context, positions).to_string()
        };
        wait_for_holds_to_end(platform, &merged(Seat::NAME));
        let seats =
            platform.read("/v1/shows/final/seats?limit=1000", &merged(Seat::NAME)).expect(200);
        let path = "/v1/tenants/acme/properties/inn/availability?roomTypeId=king&from=2027-03-01&to=2027-09-01&limit=1000";
        let nights = platform.read(path, &merged(Reservation::NAME)).expect(200);
        Self {
            seats: items(&seats).map(|seat| (text(seat, "seatId"), seat_state(seat))).collect(),
            nights: items(&nights)
                .map(|night| {
                    let (rooms, booked, free) =
                        (number(night, "rooms"), number(night, "booked"), number(night, "free"));
                    assert!(free >= 0 && rooms == booked + free, "{night}");
                    (text(night, "night"), booked)
                })
                .collect(),
        }
    }
}

/// Holds last two seconds; when all have ended, the read model stands still.
fn wait_for_holds_to_end(platform: &Platform, cursor: &str) {
    let started = Instant::now();
    loop {
        let stats = platform.read("/v1/shows/final/stats", cursor).expect(200);
        if stats.json["held"] == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "holds have not ended: {}", stats.text);
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn items(answer: &Answer) -> impl Iterator<Item = &Value> {
    answer.json["items"].as_array().expect("items").iter()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().expect("a text").to_owned()
}

fn number(value: &Value, member: &str) -> i64 {
    value[member].as_i64().expect("a number")
}

fn seat_state(seat: &Value) -> SeatState {
    match seat["status"].as_str() {
        Some("AVAILABLE") => SeatState::Available,
        Some("HELD") => SeatState::Held(text(seat, "holdId")),
        Some("RESERVED") => SeatState::Reserved(text(seat, "holdId")),
        other => panic!("a seat stands {other:?}"),
    }
}

/// The history, from the store itself.
#[derive(Debug)]
pub(crate) struct Events {
    stored: Vec<StoredEvent>,
    seat: Vec<Envelope<SeatEvent>>,
    reservation: Vec<Envelope<ReservationEvent>>,
}

impl Events {
    /// Reads all events of both contexts.
    pub(crate) fn read(data: &Path) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = platform_service::open_store(data).await.expect("the store opens");
            let seat = all(&store, Seat::NAME).await;
            let reservation = all(&store, Reservation::NAME).await;
            store.close().await;
            Self {
                seat: seat.iter().map(decode).collect(),
                reservation: reservation.iter().map(decode).collect(),
                stored: seat.into_iter().chain(reservation).collect(),
            }
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.stored.len()
    }

    /// Sequences begin at 1 and have no gap; no event id comes twice.
    pub(crate) fn check_sequences(&self) {
        let mut last: HashMap<(&str, &str), i64> = HashMap::new();
        let mut ids = BTreeSet::new();
        for event in &self.stored {
            let context = event.wire_type.split('.').next().expect("a context");
            let sequence = last.entry((context, &event.aggregate.key)).or_default();
            assert_eq!(event.sequence, *sequence + 1, "{} of {}", event.wire_type, event.aggregate);
            *sequence = event.sequence;
            assert!(ids.insert(event.id), "event {} is there twice", event.id);
        }
    }

    /// Each outcome's events are in the history, and each event that clients caused is in one outcome.
    pub(crate) fn check_outcomes(&self, outcomes: &HashMap<String, Outcome>) {
        let stored: BTreeSet<String> =
            self.stored.iter().map(|event| event.id.to_string()).collect();
        let mut named = BTreeSet::new();
        for (command, outcome) in outcomes {
            for event in &outcome.events {
                assert!(stored.contains(event), "event {event} of command {command} is lost");
                assert!(named.insert(event.clone()), "event {event} is in two outcomes");
            }
            if outcome.status == "REJECTED" {
                assert_eq!(outcome.events, Vec::<String>::new());
            }
        }
        for event in &self.seat {
            let cause = event.metadata.causation_id.expect("an event has a cause").to_string();
            let by_client = outcomes.contains_key(&cause);
            assert_eq!(by_client, named.contains(&event.metadata.id.to_string()), "{event:?}");
        }
    }

    /// The seats after all events. On the way no seat has two holders.
    pub(crate) fn fold_seats(&self) -> BTreeMap<String, SeatState> {
        let mut seats = BTreeMap::new();
        let mut ends: HashMap<String, Timestamp> = HashMap::new();
        for event in &self.seat {
            match &event.payload {
                SeatEvent::ShowOpened(opened) => {
                    for section in &opened.sections {
                        for (row, seat) in (1..=section.rows).flat_map(|row| {
                            (1..=section.seats_per_row).map(move |seat| (row, seat))
                        }) {
                            let id = format!("{}-row-{row}-seat-{seat}", section.section_id);
                            seats.insert(id, SeatState::Available);
                        }
                    }
                }
                SeatEvent::SeatsHeld(held) => {
                    for seat in &held.seat_ids {
                        let state = seats.get_mut(seat).expect("a seat of the show");
                        let over = ends.get(seat).is_some_and(|end| *end <= event.metadata.time);
                        let free = *state == SeatState::Available
                            || matches!(state, SeatState::Held(_)) && over;
                        assert!(free, "{seat} is held by {} while it is {state:?}", held.hold_id);
                        *state = SeatState::Held(held.hold_id.to_string());
                        ends.insert(seat.clone(), held.expires_at);
                    }
                }
                SeatEvent::SeatsReserved(reserved) => {
                    for seat in &reserved.seat_ids {
                        let state = seats.get_mut(seat).expect("a seat of the show");
                        let hold = reserved.hold_id.to_string();
                        assert_eq!(
                            *state,
                            SeatState::Held(hold.clone()),
                            "{seat} is reserved from another hold"
                        );
                        assert!(
                            event.metadata.time < ends[seat],
                            "{seat} is reserved after its hold ended"
                        );
                        *state = SeatState::Reserved(hold);
                    }
                }
                SeatEvent::SeatsReleased(released) => {
                    for seat in &released.seat_ids {
                        let state = seats.get_mut(seat).expect("a seat of the show");
                        assert_ne!(*state, SeatState::Available, "{seat} is released twice");
                        *state = SeatState::Available;
                    }
                }
            }
        }
        seats
    }

    /// The rooms booked on each of the `shown` nights after all events. On the way there are never more
    /// than the inn's three.
    pub(crate) fn fold_nights(&self, shown: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let mut booked: BTreeMap<String, i64> =
            shown.keys().map(|night| (night.clone(), 0)).collect();
        for event in &self.reservation {
            match &event.payload {
                ReservationEvent::PropertyOpened(_) | ReservationEvent::NightsOpened(_) => {}
                ReservationEvent::ReservationCreated(created) => {
                    let (from, to) = (created.check_in_date.days(), created.check_out_date.days());
                    for night in from..to {
                        let rooms =
                            booked.get_mut(&Date::from_days(night).to_string()).expect("a night");
                        *rooms += 1;
                        assert!(*rooms <= 3, "{} rooms are booked on night {night}", *rooms);
                    }
                }
                ReservationEvent::ReservationCancelled(_)
                | ReservationEvent::ReservationCheckedIn(_)
                | ReservationEvent::ReservationCheckedOut(_)
                | ReservationEvent::ReservationConfirmed(_)
                | ReservationEvent::ReservationNoShowed(_)
                | ReservationEvent::ReservationUpdated(_) => panic!("nobody asked for {event:?}"),
            }
        }
        booked
    }
}

async fn all(store: &SqliteStore, context: &str) -> Vec<StoredEvent> {
    let mut events: Vec<StoredEvent> = Vec::new();
    for partition in 0..charter_engine::log::DEFAULT_PARTITIONS {
        let mut after = -1;
        loop {
            let page = store.events(context, partition, after, 500).await.expect("events");
            let Some(last) = page.last() else { break };
            assert_eq!(page[0].position, after + 1, "positions are dense");
            after = last.position;
            events.extend(page);
        }
    }
    events
}

fn decode<M: Message>(event: &StoredEvent) -> Envelope<M> {
    let message_type = M::type_named(&event.wire_type).expect("a known type");
    M::decode_envelope(message_type, &event.envelope, None).expect("an envelope")
}
