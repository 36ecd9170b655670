//! A run that is all right, and one bent for each promise.

use std::collections::BTreeSet;

use charter_avro::codec::Decimal;
use charter_domain::{AggregateId, Contract, Date, Envelope, Event as _, Message as _, Timestamp};
use charter_engine::store::{Checkpoint, SchemaHash, StoredEvent};
use contract_reservation::{
    AvailabilityView, CreateReservation, NightsOpened, OpenProperty, PropertyOpened, PropertyView,
    Reservation, ReservationCommand, ReservationCreated, ReservationEvent, ReservationSource,
    ReservationStatus, ReservationType, ReservationView, RoomType,
};
use contract_seat::{
    ConfirmSeats, HoldSeats, OpenShow, ReleaseReason, ReservedSeatView, Seat, SeatCommand,
    SeatEvent, SeatStatus, SeatView, SeatsHeld, SeatsReleased, SeatsReserved, Section,
    SectionStatsView, ShowOpened, ShowStatsView, ShowView,
};
use contract_shared::{Metadata, Outcome, OutcomeEvent, OutcomeStatus};
use uuid::Uuid;

use super::{Code, check, ids};
use crate::evidence::{
    Evidence, InboxRow, Logged, OpenDeadline, Partition, Published, Stored, Views,
};
use crate::history::{Answered, Record, Sent};

const SEAT_1: &str = "a-row-1-seat-1";
const SEAT_2: &str = "a-row-1-seat-2";
const HOLD_US: i64 = 10_000_000;

/// The command `n` of a run.
fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Seconds after the run's beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn metadata(id: Uuid, key: &str, time: Timestamp, kind: &str) -> Metadata {
    Metadata {
        id,
        r#type: kind.to_owned(),
        source: "test".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: format!("run-{}", id.as_u128()),
        causation_id: None,
        time,
        key: key.to_owned(),
        sequence: 0,
        position: -1,
        actor: None,
        reply_to: None,
    }
}

fn partition<C: Contract>() -> Partition<C> {
    Partition {
        number: 0,
        commands: Vec::new(),
        checkpoint: None,
        events: Vec::new(),
        published: Vec::new(),
        published_from_start: true,
        deadlines: Vec::new(),
        projected: -1,
        parked: Vec::new(),
    }
}

/// A decision as it is entered everywhere.
struct Decided<C: Contract> {
    id: Uuid,
    at: i64,
    /// `None` for a deadline's.
    command: Option<C::Command>,
    key: &'static str,
    kind: &'static str,
    events: Vec<C::Event>,
    code: Option<&'static str>,
}

impl<C: Contract> Decided<C> {
    fn enter(
        self,
        partition: &mut Partition<C>,
        inbox: &mut std::collections::HashMap<Uuid, InboxRow>,
        history: &mut Vec<Record>,
    ) {
        let time = at(self.at);
        let offset = self.command.as_ref().map(|_| partition.commands.len() as u64);
        if let (Some(payload), Some(offset)) = (self.command, offset) {
            let envelope =
                Envelope { metadata: metadata(self.id, self.key, time, self.kind), payload };
            partition.commands.push(Logged { offset, time, envelope });
        }
        partition.deadlines.retain(|it| ids::deadline_command(it.event_id, it.index) != self.id);
        let mut named = Vec::new();
        for payload in self.events {
            let position = i64::try_from(partition.events.len()).expect("few events");
            let aggregate = AggregateId::new("default", self.key);
            let before = partition.events.iter().filter(|it| it.row.aggregate == aggregate).count();
            let sequence = i64::try_from(before).expect("few events") + 1;
            let kind = payload.message_type().wire_type.to_owned();
            let event_id = ids::event("default", C::NAME, self.key, sequence);
            let metadata = Metadata {
                causation_id: Some(self.id),
                sequence,
                position,
                ..metadata(event_id, self.key, time, &kind)
            };
            for (index, deadline) in (0..).zip(payload.deadlines()) {
                let due = deadline.due;
                partition.deadlines.push(OpenDeadline { event_id, index, due });
            }
            let bytes = vec![u8::try_from(position).expect("few events")];
            partition.published.push(Published {
                offset: partition.published.len() as u64,
                position,
                bytes: bytes.clone(),
            });
            named.push(OutcomeEvent { id: event_id, r#type: kind.clone(), sequence, position });
            let row = StoredEvent {
                id: event_id,
                aggregate,
                sequence,
                position,
                wire_type: kind,
                time,
                schema: SchemaHash([0; 32]),
                envelope: bytes,
            };
            partition.events.push(Stored { row, envelope: Envelope { metadata, payload } });
        }
        let next_position = i64::try_from(partition.events.len()).expect("few events");
        partition.projected = next_position - 1;
        partition.checkpoint = Some(Checkpoint {
            offset: partition.commands.len() as u64,
            decision_time: time,
            next_position,
            published: next_position - 1,
        });
        let outcome = Outcome {
            command_id: self.id,
            tenant_id: "default".to_owned(),
            context: C::NAME.to_owned(),
            r#type: self.kind.to_owned(),
            key: self.key.to_owned(),
            status: if self.code.is_some() {
                OutcomeStatus::Rejected
            } else {
                OutcomeStatus::Applied
            },
            code: self.code.map(str::to_owned),
            detail: None,
            details: None,
            events: named,
            partition: 0,
            position: next_position - 1,
            accepted_at: time,
            decided_at: time,
            request_hash: None,
        };
        if offset.is_some() {
            history.extend(exchange(history.len(), &outcome));
        }
        inbox.insert(self.id, InboxRow { outcome, offset });
    }
}

/// A request and its answer, as the outcome has them.
fn exchange(attempt: usize, outcome: &Outcome) -> [Record; 2] {
    let name = format!("run-{}", outcome.command_id.as_u128());
    let (at, attempt) = (outcome.decided_at.micros(), attempt as u64);
    let sent = Sent {
        at,
        attempt,
        command: name.clone(),
        key: Some(name),
        method: "POST".to_owned(),
        path: format!("/{}", outcome.r#type),
        body: "{}".to_owned(),
    };
    let id = outcome.command_id;
    let (status, body) = match &outcome.code {
        Some(code) => (409, serde_json::json!({"commandId": id, "status": 409, "code": code})),
        None => {
            let events = outcome.events.iter();
            let events: Vec<_> = events
                .map(|it| serde_json::json!({"id": it.id, "type": it.r#type, "sequence": it.sequence}))
                .collect();
            let told = serde_json::json!({
                "commandId": id, "status": "APPLIED", "type": outcome.r#type, "events": events,
                "cursor": cursor(outcome), "acceptedAt": outcome.accepted_at,
                "decidedAt": outcome.decided_at,
            });
            (200, told)
        }
    };
    let answered = Answered {
        at: at + 1_000,
        attempt,
        status,
        location: None,
        cursor: Some(cursor(outcome)),
        body: body.to_string(),
    };
    [Record::Sent(sent), Record::Answered(answered)]
}

fn cursor(outcome: &Outcome) -> String {
    use base64::Engine as _;
    let json = format!(r#"{{"{}":{{"0":{}}}}}"#, outcome.context, outcome.position);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json)
}

fn section() -> Section {
    Section { section_id: "a".to_owned(), rows: 1, seats_per_row: 2 }
}

fn held(hold: Uuid, time: i64, seat: &str, holder: &str) -> SeatEvent {
    SeatEvent::SeatsHeld(SeatsHeld {
        show_id: "show".to_owned(),
        hold_id: hold,
        holder_id: holder.to_owned(),
        seat_ids: vec![seat.to_owned()],
        held_at: at(time),
        expires_at: at(time + HOLD_US / 1_000_000),
    })
}

fn hold(seat: &str, holder: &str) -> SeatCommand {
    SeatCommand::HoldSeats(HoldSeats {
        show_id: "show".to_owned(),
        seat_ids: vec![seat.to_owned()],
        holder_id: holder.to_owned(),
    })
}

fn released(hold: Uuid, time: i64, reason: ReleaseReason) -> SeatEvent {
    SeatEvent::SeatsReleased(SeatsReleased {
        show_id: "show".to_owned(),
        hold_id: hold,
        holder_id: "bob".to_owned(),
        seat_ids: vec![SEAT_2.to_owned()],
        previous_status: SeatStatus::Held,
        reason,
        released_at: at(time),
    })
}

fn reserved(time: i64) -> SeatEvent {
    SeatEvent::SeatsReserved(SeatsReserved {
        show_id: "show".to_owned(),
        hold_id: id(2),
        holder_id: "ann".to_owned(),
        seat_ids: vec![SEAT_1.to_owned()],
        reserved_at: at(time),
    })
}

fn seat_decisions() -> Vec<Decided<Seat>> {
    let open = OpenShow {
        show_id: "show".to_owned(),
        title: "Show".to_owned(),
        sections: vec![section()],
        hold_seconds: 10,
        max_seats_per_hold: 8,
    };
    let opened = ShowOpened {
        show_id: "show".to_owned(),
        title: "Show".to_owned(),
        sections: vec![section()],
        hold_seconds: 10,
        max_seats_per_hold: 8,
        opened_at: at(1),
    };
    let confirm = ConfirmSeats {
        show_id: "show".to_owned(),
        seat_ids: vec![SEAT_1.to_owned()],
        holder_id: "ann".to_owned(),
    };
    let decided = |n, at, command: SeatCommand, events| Decided {
        id: id(n),
        at,
        kind: command.message_type().wire_type,
        command: Some(command),
        key: "show",
        events,
        code: None,
    };
    let taken =
        Decided { code: Some("SEAT_TAKEN"), ..decided(5, 5, hold(SEAT_1, "bob"), Vec::new()) };
    let deadline = |n, at, sequence, events| Decided {
        command: None,
        kind: "seat.expireHold",
        id: ids::deadline_command(ids::event("default", "seat", "show", sequence), 0),
        ..decided(n, at, hold(SEAT_2, ""), events)
    };
    vec![
        decided(1, 1, SeatCommand::OpenShow(open), vec![SeatEvent::ShowOpened(opened)]),
        decided(2, 2, hold(SEAT_1, "ann"), vec![held(id(2), 2, SEAT_1, "ann")]),
        decided(3, 3, SeatCommand::ConfirmSeats(confirm), vec![reserved(3)]),
        decided(4, 4, hold(SEAT_2, "bob"), vec![held(id(4), 4, SEAT_2, "bob")]),
        taken,
        deadline(6, 12, 2, Vec::new()),
        deadline(7, 14, 4, vec![released(id(4), 14, ReleaseReason::Expired)]),
    ]
}

fn amount() -> Decimal<14, 2> {
    "420.00".parse().expect("an amount")
}

fn night(day: u8) -> Date {
    Date::from_calendar(2027, 5, day).expect("a date")
}

fn create(n: u128) -> ReservationCommand {
    ReservationCommand::CreateReservation(CreateReservation {
        property_id: "inn".to_owned(),
        reservation_id: id(n),
        guaranteed: true,
        guest_id: "guest".to_owned(),
        room_type_id: "king".to_owned(),
        rate_code: None,
        check_in_date: night(1),
        check_out_date: night(2),
        source: ReservationSource::Ota,
        reservation_type: ReservationType::Transient,
        total_amount: amount(),
        currency: "EUR".to_owned(),
        notes: None,
    })
}

fn created(n: u128, time: i64) -> ReservationEvent {
    ReservationEvent::ReservationCreated(ReservationCreated {
        property_id: "inn".to_owned(),
        reservation_id: id(n),
        status: ReservationStatus::Confirmed,
        guaranteed: true,
        guest_id: "guest".to_owned(),
        room_type_id: "king".to_owned(),
        rate_code: None,
        check_in_date: night(1),
        check_out_date: night(2),
        source: ReservationSource::Ota,
        reservation_type: ReservationType::Transient,
        total_amount: amount(),
        currency: "EUR".to_owned(),
        notes: None,
        rooms: 1,
        created_at: at(time),
    })
}

fn rooms() -> Vec<RoomType> {
    vec![RoomType { room_type_id: "king".to_owned(), rooms: 1 }]
}

fn reservation_decisions() -> Vec<Decided<Reservation>> {
    let property_id = "inn".to_owned();
    let name = "Inn".to_owned();
    let open =
        OpenProperty { property_id: property_id.clone(), name: name.clone(), room_types: rooms() };
    let opened = PropertyOpened {
        property_id: property_id.clone(),
        name,
        room_types: rooms(),
        opened_at: at(1),
    };
    let nights = NightsOpened {
        property_id,
        room_types: rooms(),
        from_night: night(1),
        until_night: night(3),
        extend_at: at(1_000),
    };
    let decided = |n, at, command: ReservationCommand, events| Decided {
        id: id(n),
        at,
        kind: command.message_type().wire_type,
        command: Some(command),
        key: "inn",
        events,
        code: None,
    };
    let events =
        vec![ReservationEvent::PropertyOpened(opened), ReservationEvent::NightsOpened(nights)];
    vec![
        decided(11, 1, ReservationCommand::OpenProperty(open), events),
        decided(12, 2, create(101), vec![created(101, 2)]),
        Decided { code: Some("NO_AVAILABILITY"), ..decided(13, 3, create(102), Vec::new()) },
    ]
}

fn views() -> Views {
    let show_id = "show".to_owned();
    let default = || "default".to_owned();
    let seat = |number: i32, status, holder: Option<&str>, hold_id, reserved_at| SeatView {
        show_id: "show".to_owned(),
        seat_id: format!("a-row-1-seat-{number}"),
        section_id: "a".to_owned(),
        row: 1,
        number,
        status,
        holder_id: holder.map(str::to_owned),
        hold_id,
        held_until: None,
        reserved_at,
    };
    let ReservationEvent::ReservationCreated(it) = created(101, 2) else { unreachable!() };
    let available = |day, booked| AvailabilityView {
        property_id: "inn".to_owned(),
        room_type_id: "king".to_owned(),
        night: night(day),
        rooms: 1,
        booked,
        free: 1 - booked,
    };
    Views {
        shows: vec![(
            default(),
            ShowView {
                show_id: show_id.clone(),
                title: "Show".to_owned(),
                sections: vec![section()],
                seats: 2,
                hold_seconds: 10,
                max_seats_per_hold: 8,
                opened_at: at(1),
            },
        )],
        seats: vec![
            (default(), seat(1, SeatStatus::Reserved, Some("ann"), Some(id(2)), Some(at(3)))),
            (default(), seat(2, SeatStatus::Available, None, None, None)),
        ],
        show_stats: vec![(
            default(),
            ShowStatsView {
                show_id: show_id.clone(),
                seats: 2,
                available: 1,
                held: 0,
                reserved: 1,
            },
        )],
        section_stats: vec![(
            default(),
            SectionStatsView {
                show_id: show_id.clone(),
                section_id: "a".to_owned(),
                seats: 2,
                available: 1,
                held: 0,
                reserved: 1,
            },
        )],
        reserved: vec![(
            default(),
            ReservedSeatView {
                show_id,
                hold_id: id(2),
                seat_id: SEAT_1.to_owned(),
                section_id: "a".to_owned(),
                holder_id: "ann".to_owned(),
                reserved_at: at(3),
                released_at: None,
            },
        )],
        properties: vec![(
            default(),
            PropertyView {
                property_id: "inn".to_owned(),
                name: "Inn".to_owned(),
                room_types: rooms(),
                opened_at: at(1),
            },
        )],
        availability: vec![(default(), available(1, 1)), (default(), available(2, 0))],
        reservations: vec![(
            default(),
            ReservationView {
                property_id: it.property_id,
                reservation_id: it.reservation_id,
                status: it.status,
                guaranteed: it.guaranteed,
                guest_id: it.guest_id,
                room_type_id: it.room_type_id,
                rate_code: it.rate_code,
                check_in_date: it.check_in_date,
                check_out_date: it.check_out_date,
                source: it.source,
                reservation_type: it.reservation_type,
                total_amount: it.total_amount,
                currency: it.currency,
                notes: it.notes,
                cancellation_reason: None,
                created_at: it.created_at,
                updated_at: it.created_at,
            },
        )],
    }
}

/// A run in which everything is as it must be, but for what `bend` makes of its decisions.
fn run_with(
    bend: impl FnOnce(&mut Vec<Decided<Seat>>, &mut Vec<Decided<Reservation>>),
) -> Evidence {
    let (mut seats, mut reservations) = (seat_decisions(), reservation_decisions());
    bend(&mut seats, &mut reservations);
    let mut evidence = Evidence {
        seat: vec![partition()],
        reservation: vec![partition()],
        views: views(),
        ..Evidence::default()
    };
    let Evidence { history, inbox, seat, reservation, .. } = &mut evidence;
    for decided in seats {
        decided.enter(&mut seat[0], inbox, history);
    }
    for decided in reservations {
        decided.enter(&mut reservation[0], inbox, history);
    }
    evidence
}

fn run() -> Evidence {
    run_with(|_, _| {})
}

fn codes(evidence: &Evidence) -> BTreeSet<Code> {
    check(evidence).violations.into_iter().map(|violation| violation.code).collect()
}

/// The answer of the `n`th request.
fn answer(evidence: &mut Evidence, n: usize) -> &mut Answered {
    match &mut evidence.history[2 * n + 1] {
        Record::Answered(answered) => answered,
        other => panic!("{other:?}"),
    }
}

/// The exchange of the `n`th request once more, later.
fn again(evidence: &mut Evidence, n: usize) {
    let mut records = [evidence.history[2 * n].clone(), evidence.history[2 * n + 1].clone()];
    let next = evidence.history.len() as u64;
    for record in &mut records {
        match record {
            Record::Sent(sent) => (sent.attempt, sent.at) = (next, at(90).micros()),
            Record::Answered(answered) => (answered.attempt, answered.at) = (next, at(91).micros()),
            Record::Broken { .. } | Record::Note { .. } => {}
        }
    }
    evidence.history.extend(records);
}

/// A run bent so that it breaks this promise; what else it breaks by that is named too.
fn bent(code: Code) -> (Evidence, Vec<Code>) {
    let mut it = run();
    let mut also = Vec::new();
    match code {
        Code::AcceptedNotLogged => {
            it.seat[0].commands.remove(4);
            also = vec![Code::OutcomeWithoutCommand];
        }
        Code::OutcomeMissing => {
            it.inbox.remove(&id(5));
        }
        Code::OutcomeWithoutCommand => {
            let mut row = it.inbox[&id(5)].clone();
            row.outcome.command_id = id(99);
            it.inbox.insert(id(99), row);
        }
        Code::CommandWithoutRequest => {
            it.history.drain(8..10);
        }
        Code::AnswerDiffers => {
            let answer = answer(&mut it, 1);
            answer.body = answer.body.replace(r#""sequence":2"#, r#""sequence":3"#);
        }
        Code::RepeatDiffers => {
            again(&mut it, 1);
            let answer = answer(&mut it, 8);
            answer.body.push(' ');
        }
        Code::KeyOfTwoCommands => {
            again(&mut it, 1);
            let answer = answer(&mut it, 8);
            answer.status = 202;
            answer.body = format!(r#"{{"commandId":"{}","status":"PENDING"}}"#, id(3));
            also = vec![Code::OutcomeForgotten];
        }
        Code::OutcomeForgotten => {
            again(&mut it, 1);
            let answer = answer(&mut it, 8);
            answer.status = 202;
            answer.body = format!(r#"{{"commandId":"{}","status":"PENDING"}}"#, id(2));
        }
        Code::RepeatDecided => {
            it.inbox.get_mut(&id(5)).expect("a row").offset = Some(9);
        }
        Code::CommandFailed => {
            let row = &mut it.inbox.get_mut(&id(5)).expect("a row").outcome;
            row.status = OutcomeStatus::Failed;
            row.code = Some("COMMAND_FAILED".to_owned());
            let answer = answer(&mut it, 4);
            answer.status = 500;
            answer.body = answer.body.replace("SEAT_TAKEN", "COMMAND_FAILED");
        }
        Code::EventWithoutOutcome => {
            let outcome = &mut it.inbox.get_mut(&id(3)).expect("a row").outcome;
            outcome.events.clear();
            let answer = answer(&mut it, 2);
            let (start, end) = (answer.body.find('['), answer.body.find(']'));
            let (start, end) = (start.expect("events"), end.expect("events"));
            answer.body.replace_range(start..=end, "[]");
        }
        Code::OutcomeEventMissing => {
            let outcome = &mut it.inbox.get_mut(&id(3)).expect("a row").outcome;
            let event = OutcomeEvent { id: id(77), ..outcome.events[0].clone() };
            outcome.events.push(event);
            it.history.drain(4..6);
            also = vec![Code::CommandWithoutRequest];
        }
        Code::SequenceGap => {
            let last = it.seat[0].events.last_mut().expect("an event");
            last.row.sequence += 1;
            last.envelope.metadata.sequence += 1;
            also = vec![Code::EventId, Code::OutcomeEventMissing];
        }
        Code::PositionGap => {
            it.seat[0].checkpoint.as_mut().expect("a checkpoint").next_position += 1;
        }
        Code::EventId => {
            let last = it.seat[0].events.last_mut().expect("an event");
            last.row.id = id(88);
            last.envelope.metadata.id = id(88);
            also = vec![Code::EventWithoutOutcome, Code::OutcomeEventMissing];
        }
        Code::EventRowDiffers => {
            it.seat[0].events[2].row.wire_type = "seat.released".to_owned();
        }
        Code::AggregateInTwoPartitions => {
            let mut other = partition::<Seat>();
            other.number = 1;
            let mut moved = it.seat[0].events.pop().expect("an event");
            moved.row.position = 0;
            moved.envelope.metadata.position = 0;
            other.published.push(Published {
                offset: 0,
                position: 0,
                bytes: moved.row.envelope.clone(),
            });
            it.seat[0].published.pop();
            other.checkpoint = it.seat[0].checkpoint;
            other.checkpoint.as_mut().expect("a checkpoint").next_position = 1;
            it.seat[0].checkpoint.as_mut().expect("a checkpoint").next_position -= 1;
            it.seat[0].projected -= 1;
            other.projected = 0;
            other.events.push(moved);
            it.seat.push(other);
            also = vec![Code::EventWithoutOutcome, Code::OutcomeEventMissing];
        }
        Code::DecisionTime => {
            it.seat[0].commands[4].time = Timestamp::from_micros(at(5).micros() + 1);
        }
        Code::DecisionDiffers => {
            let row = &mut it.inbox.get_mut(&id(5)).expect("a row").outcome;
            row.code = Some("NOT_HOLDER".to_owned());
            let answer = answer(&mut it, 4);
            answer.body = answer.body.replace("SEAT_TAKEN", "NOT_HOLDER");
        }
        Code::DeadlineMissing => it.reservation[0].deadlines.clear(),
        Code::DeadlineTwice => {
            let event_id = ids::event("default", "seat", "show", 4);
            it.seat[0].deadlines.push(OpenDeadline { event_id, index: 0, due: at(14) });
        }
        Code::PublishedNotStored => it.seat[0].published[1].bytes.push(0),
        Code::PublishedMissing => {
            it.seat[0].published.pop();
        }
        Code::PublishedOrder => it.seat[0].published.swap(1, 2),
        Code::SeatTwoHolders => {
            it = run_with(|seats, _| {
                seats[3].command = Some(hold(SEAT_1, "bob"));
                seats[3].events = vec![held(id(4), 4, SEAT_1, "bob")];
                seats[6].events.clear();
            });
            also = vec![Code::DecisionDiffers, Code::ViewDiffers];
        }
        Code::SeatNotHeld => {
            it = run_with(|seats, _| {
                seats[3].events = vec![held(id(4), 4, SEAT_2, "eve")];
            });
        }
        Code::HoldEarly => {
            it = run_with(|seats, _| {
                seats[6].at = 13;
                seats[6].events = vec![released(id(4), 13, ReleaseReason::Expired)];
            });
            also = vec![Code::DecisionTime];
        }
        Code::HoldLate => {
            it = run_with(|seats, _| {
                let show = hold(SEAT_1, "eve");
                seats.insert(
                    6,
                    Decided {
                        id: id(8),
                        at: 15,
                        kind: "seat.holdRequest",
                        command: Some(show),
                        key: "show",
                        events: Vec::new(),
                        code: Some("SEAT_TAKEN"),
                    },
                );
                seats[7].at = 15;
                seats[7].events = vec![released(id(4), 15, ReleaseReason::Expired)];
            });
        }
        Code::HoldTwice => {
            it = run_with(|seats, _| {
                seats[6].events.push(released(id(4), 14, ReleaseReason::Expired));
            });
            also = vec![Code::SeatNotHeld];
        }
        Code::Overbooked => {
            it = run_with(|_, reservations| {
                reservations[2].events = vec![created(102, 3)];
                reservations[2].code = None;
            });
            also = vec![Code::DecisionDiffers, Code::ViewDiffers];
        }
        Code::CountImpossible => {
            it.views.show_stats[0].1.held = -1;
            also = vec![Code::ViewDiffers];
        }
        Code::ViewDiffers => it.views.seats[1].1.status = SeatStatus::Held,
        Code::ViewBehind => it.seat[0].projected -= 1,
        Code::ViewParked => {
            it.seat[0].parked.push(("default/show".to_owned(), "unreadable".to_owned()));
        }
    }
    (it, also)
}

#[test]
fn a_run_in_which_nothing_is_lost_has_no_violation() {
    let verdict = check(&run());
    assert_eq!(verdict.violations, Vec::new());
    let counted =
        ["events", "outcomes", "commands accepted", "rows of views"].map(|it| verdict.counts[it]);
    assert_eq!(counted, [8, 10, 8, 10]);
}

#[test]
fn each_promise_that_is_broken_is_told_under_its_own_code() {
    let mut wrong = String::new();
    for code in Code::ALL {
        let (evidence, also) = bent(*code);
        let expected: BTreeSet<Code> = also.into_iter().chain([*code]).collect();
        let verdict = check(&evidence);
        let found: BTreeSet<Code> = verdict.violations.iter().map(|it| it.code).collect();
        let all_rest_on_something = verdict.violations.iter().all(|it| !it.about.is_empty());
        if found != expected || !all_rest_on_something {
            let report = verdict.report(5);
            wrong.push_str(&format!("{code}: expected {expected:?}, found {found:?}\n{report}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn repeats_on_the_event_topic_and_of_a_command_are_no_violation() {
    let mut it = run();
    let seat = &mut it.seat[0];
    let repeated: Vec<_> = seat.published[1..3].to_vec();
    for (index, record) in (3..).zip(repeated) {
        seat.published.insert(index, record);
    }
    let first = &seat.commands[4];
    let envelope = first.envelope.clone();
    seat.commands.push(Logged { offset: 5, time: at(6), envelope });
    again(&mut it, 4);
    assert_eq!(codes(&it), BTreeSet::new());
}
