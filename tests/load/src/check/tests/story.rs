//! A run that is all right: a show of two seats, and an inn of one room.

use std::collections::HashMap;

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

use crate::check::ids;
use crate::evidence::{
    Evidence, InboxRow, Logged, OpenDeadline, Partition, Published, Stored, Views,
};
use crate::history::{Answered, Record, Sent};

pub(super) const SEAT_1: &str = "a-row-1-seat-1";
pub(super) const SEAT_2: &str = "a-row-1-seat-2";
const HOLD_US: i64 = 10_000_000;

/// The command `n` of a run.
pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Seconds after the run's beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
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

pub(super) fn partition<C: Contract>() -> Partition<C> {
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
pub(super) struct Decided<C: Contract> {
    pub(super) id: Uuid,
    pub(super) at: i64,
    /// `None` for a deadline's.
    pub(super) command: Option<C::Command>,
    pub(super) key: &'static str,
    pub(super) kind: &'static str,
    pub(super) events: Vec<C::Event>,
    pub(super) code: Option<&'static str>,
}

impl<C: Contract> Decided<C> {
    pub(super) fn enter(
        self,
        partition: &mut Partition<C>,
        inbox: &mut HashMap<Uuid, InboxRow>,
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
pub(super) fn exchange(attempt: usize, outcome: &Outcome) -> [Record; 2] {
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
    let (status, body) = if let Some(code) = &outcome.code {
        (409, serde_json::json!({"commandId": id, "status": 409, "code": code}))
    } else {
        let events: Vec<_> = outcome
            .events
            .iter()
            .map(|it| serde_json::json!({"id": it.id, "type": it.r#type, "sequence": it.sequence}))
            .collect();
        let told = serde_json::json!({
            "commandId": id, "status": "APPLIED", "type": outcome.r#type, "events": events,
            "cursor": cursor(outcome), "acceptedAt": outcome.accepted_at,
            "decidedAt": outcome.decided_at,
        });
        (200, told)
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

pub(super) fn cursor(outcome: &Outcome) -> String {
    use base64::Engine as _;
    let json = format!(r#"{{"{}":{{"0":{}}}}}"#, outcome.context, outcome.position);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json)
}

pub(super) fn section() -> Section {
    Section { section_id: "a".to_owned(), rows: 1, seats_per_row: 2 }
}

pub(super) fn held(hold: Uuid, time: i64, seat: &str, holder: &str) -> SeatEvent {
    SeatEvent::SeatsHeld(SeatsHeld {
        show_id: "show".to_owned(),
        hold_id: hold,
        holder_id: holder.to_owned(),
        seat_ids: vec![seat.to_owned()],
        held_at: at(time),
        expires_at: at(time + HOLD_US / 1_000_000),
    })
}

pub(super) fn hold(seat: &str, holder: &str) -> SeatCommand {
    SeatCommand::HoldSeats(HoldSeats {
        show_id: "show".to_owned(),
        seat_ids: vec![seat.to_owned()],
        holder_id: holder.to_owned(),
    })
}

pub(super) fn released(hold: Uuid, time: i64, reason: ReleaseReason) -> SeatEvent {
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

pub(super) fn reserved(time: i64) -> SeatEvent {
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

pub(super) fn amount() -> Decimal<14, 2> {
    "420.00".parse().expect("an amount")
}

pub(super) fn night(day: u8) -> Date {
    Date::from_calendar(2027, 5, day).expect("a date")
}

pub(super) fn create(n: u128) -> ReservationCommand {
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

pub(super) fn created(n: u128, time: i64) -> ReservationEvent {
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

pub(super) fn rooms() -> Vec<RoomType> {
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

#[expect(clippy::too_many_lines, reason = "a row of each view, in full")]
pub(super) fn views() -> Views {
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
        cleanings: Vec::new(),
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
pub(super) fn run_with(
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

pub(super) fn run() -> Evidence {
    run_with(|_, _| {})
}
