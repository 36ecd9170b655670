//! A run that is all right, and one bent for each promise.

mod cleanings;
mod story;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use charter_domain::Timestamp;
use contract_seat::{ReleaseReason, Seat, SeatStatus};
use contract_shared::{OutcomeEvent, OutcomeStatus};

use super::{Code, check, ids};
use crate::evidence::{Evidence, Logged, OpenDeadline, Published};
use crate::history::{Answered, Record};
use cleanings::{cleaning, requested, stay_ended};
use story::{
    Decided, SEAT_1, SEAT_2, at, created, held, hold, id, partition, released, run, run_with,
};

fn codes(evidence: &Evidence) -> BTreeSet<Code> {
    check(evidence).violations.into_iter().map(|violation| violation.code).collect()
}

/// The answer of the `n`th request.
fn answer(evidence: &mut Evidence, n: usize) -> &mut Answered {
    match &mut evidence.history[2 * n + 1] {
        Record::Answered(answered) => answered,
        other @ (Record::Sent(_) | Record::Broken { .. } | Record::Note { .. }) => {
            panic!("{other:?}")
        }
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
#[expect(clippy::too_many_lines, reason = "a case for each code")]
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
        Code::ReactionMissing => {
            it = run_with(|_, reservations| reservations.extend(stay_ended()));
            it.reacted = vec![(0, 9)];
            also = vec![Code::ViewDiffers];
        }
        Code::ReactionWithoutEvent => {
            it.views.cleanings = vec![("default".to_owned(), cleaning())];
            it.housekeeping = vec![partition()];
            let mut history = Vec::new();
            requested().enter(&mut it.housekeeping[0], &mut it.inbox, &mut history);
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
            let _ = writeln!(wrong, "{code}: expected {expected:?}, found {found:?}\n{report}");
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
