//! A contract small enough to be written by hand: tallies that are added to, in as many odd ways as the
//! runtime has to deal with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use charter_domain::row::{Cell, Row};
use charter_domain::{
    Column, ColumnError, ColumnType, ColumnValue, Context, Contract, Deadline, Decider, Envelope,
    Event, MessageKind, MessageType, Payload, Projection, Rejection, RejectionType, Table,
    Timestamp, View,
};

macro_rules! envelope {
    ($name:literal, $payload:literal) => {
        concat!(
            r#"{"type":"record","namespace":"tally","name":""#,
            $name,
            r#"","fields":[{"name":"metadata","type":"#,
            include_str!("../../../../generated/contract-shared/schemas/Metadata.avsc"),
            r#"},{"name":"payload","type":"#,
            $payload,
            "}]}"
        )
    };
}

/// What [`Add`] leads to.
pub(crate) const PLAIN: &str = "plain";
pub(crate) const TWO: &str = "two";
pub(crate) const NOTHING: &str = "nothing";
pub(crate) const REFUSED: &str = "refused";
pub(crate) const UNDECLARED: &str = "undeclared";
pub(crate) const PANIC: &str = "panic";
/// Ends the process.
pub(crate) const KILL: &str = "kill";
pub(crate) const EVOLVE_PANIC: &str = "evolve-panic";
pub(crate) const OTHER: &str = "other";
pub(crate) const NUL: &str = "nul";
pub(crate) const LARGE: &str = "large";
/// An event that a store takes and a log doesn't, where the name has 80 KiB.
pub(crate) const HEAVY: &str = "heavy";
/// Closes the tally so many microseconds after the decision.
pub(crate) const TIMED: &str = "timed";
/// The projection makes so many rows.
pub(crate) const WIDE: &str = "wide";
/// The projection panics.
pub(crate) const SPOIL: &str = "spoil";
/// The projection panics until [`MEND`] is set.
pub(crate) const MENDED: &str = "mended";
pub(crate) static MEND: AtomicBool = AtomicBool::new(false);
/// The projection counts half of the amount until [`COUNTED_WHOLE`] is set.
pub(crate) const HALVED: &str = "halved";
pub(crate) static COUNTED_WHOLE: AtomicBool = AtomicBool::new(false);
/// The projection panics in the last of so many rows.
pub(crate) const SPOIL_WIDE: &str = "spoil-wide";

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Add {
    pub(crate) name: String,
    pub(crate) amount: i64,
    pub(crate) how: String,
}

charter_avro::record! {
    Add { "name" => name: String, "amount" => amount: i64, "how" => how: String, }
}

impl Payload for Add {
    const TYPE: &'static MessageType = &MessageType {
        kind: MessageKind::Command,
        wire_type: "tally.add",
        full_name: "tally.Add",
        envelope_name: "tally.AddEnvelope",
        envelope_schema: envelope!(
            "AddEnvelope",
            r#"{"type":"record","name":"Add","fields":[{"name":"name","type":"string"},{"name":"amount","type":"long"},{"name":"how","type":"string"}]}"#
        ),
        rejections: &[RejectionType { code: "REFUSED", status: 409, doc: "It was refused." }],
    };

    fn key(&self) -> String {
        self.name.clone()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Close {
    pub(crate) name: String,
    pub(crate) number: i64,
}

charter_avro::record! {
    Close { "name" => name: String, "number" => number: i64, }
}

impl Payload for Close {
    const TYPE: &'static MessageType = &MessageType {
        kind: MessageKind::Command,
        wire_type: "tally.close",
        full_name: "tally.Close",
        envelope_name: "tally.CloseEnvelope",
        envelope_schema: envelope!(
            "CloseEnvelope",
            r#"{"type":"record","name":"Close","fields":[{"name":"name","type":"string"},{"name":"number","type":"long"}]}"#
        ),
        rejections: &[],
    };

    fn key(&self) -> String {
        self.name.clone()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TallyCommand {
    Add(Add),
    Close(Close),
}

charter_domain::messages! { TallyCommand { Add(Add), Close(Close) } }

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Added {
    pub(crate) name: String,
    pub(crate) amount: i64,
    pub(crate) how: String,
    pub(crate) due: Option<Timestamp>,
}

charter_avro::record! {
    Added {
        "name" => name: String,
        "amount" => amount: i64,
        "how" => how: String,
        "due" => due: Option<Timestamp>,
    }
}

impl Payload for Added {
    const TYPE: &'static MessageType = &MessageType {
        kind: MessageKind::Event,
        wire_type: "tally.added",
        full_name: "tally.Added",
        envelope_name: "tally.AddedEnvelope",
        envelope_schema: envelope!(
            "AddedEnvelope",
            r#"{"type":"record","name":"Added","fields":[{"name":"name","type":"string"},{"name":"amount","type":"long"},{"name":"how","type":"string"},{"name":"due","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}]}"#
        ),
        rejections: &[],
    };

    fn key(&self) -> String {
        self.name.clone()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closed {
    pub(crate) name: String,
    /// The total when it was closed.
    pub(crate) total: i64,
}

charter_avro::record! {
    Closed { "name" => name: String, "total" => total: i64, }
}

impl Payload for Closed {
    const TYPE: &'static MessageType = &MessageType {
        kind: MessageKind::Event,
        wire_type: "tally.closed",
        full_name: "tally.Closed",
        envelope_name: "tally.ClosedEnvelope",
        envelope_schema: envelope!(
            "ClosedEnvelope",
            r#"{"type":"record","name":"Closed","fields":[{"name":"name","type":"string"},{"name":"total","type":"long"}]}"#
        ),
        rejections: &[],
    };

    fn key(&self) -> String {
        self.name.clone()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TallyEvent {
    Added(Added),
    Closed(Closed),
}

charter_domain::messages! { TallyEvent { Added(Added), Closed(Closed) } }

impl Event for TallyEvent {
    type Command = TallyCommand;

    fn deadlines(&self) -> Vec<Deadline<TallyCommand>> {
        match self {
            Self::Added(Added { name, amount, due: Some(due), .. }) => {
                let command = Close { name: name.clone(), number: *amount };
                vec![Deadline { due: *due, command: command.into() }]
            }
            Self::Added(_) | Self::Closed(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TallyRejection {
    Refused,
    Undeclared,
}

impl Rejection for TallyRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused => "REFUSED",
            Self::Undeclared => "UNDECLARED",
        }
    }

    fn details(&self) -> Option<String> {
        Some("{}".to_owned())
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally;

impl Contract for Tally {
    const NAME: &'static str = "tally";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static Table] = &[&TOTALS, &PARTS];
    type Command = TallyCommand;
    type Event = TallyEvent;
    type Rejection = TallyRejection;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tallies {
    pub(crate) total: i64,
}

impl Decider for Tallies {
    type Contract = Tally;

    fn decide(
        &self,
        command: &TallyCommand,
        context: &Context,
    ) -> Result<Vec<TallyEvent>, TallyRejection> {
        let add = match command {
            TallyCommand::Add(add) => add,
            TallyCommand::Close(close) => {
                return Ok(vec![Closed { name: close.name.clone(), total: self.total }.into()]);
            }
        };
        let added =
            Added { name: add.name.clone(), amount: add.amount, how: add.how.clone(), due: None };
        match add.how.as_str() {
            NOTHING => Ok(Vec::new()),
            TWO => Ok(vec![added.clone().into(), added.into()]),
            REFUSED => Err(TallyRejection::Refused),
            UNDECLARED => Err(TallyRejection::Undeclared),
            PANIC => panic!("told to"),
            KILL => std::process::abort(),
            OTHER => Ok(vec![Added { name: "another".to_owned(), ..added }.into()]),
            NUL => Ok(vec![Added { how: "a\0b".to_owned(), ..added }.into()]),
            LARGE => Ok(vec![Added { how: "x".repeat(2 << 20), ..added }.into()]),
            HEAVY => Ok(vec![Added { how: "x".repeat(860 << 10), ..added }.into()]),
            TIMED => {
                let after = Duration::from_micros(add.amount.unsigned_abs());
                Ok(vec![Added { due: Some(context.time() + after), ..added }.into()])
            }
            _ => Ok(vec![added.into()]),
        }
    }

    fn evolve(&mut self, event: &TallyEvent) {
        if let TallyEvent::Added(added) = event {
            assert!(added.how != EVOLVE_PANIC, "told to");
            self.total += added.amount;
        }
    }
}

/// How much, and how many events, by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Total {
    pub(crate) name: String,
    pub(crate) sum: i64,
    pub(crate) events: i64,
}

pub(crate) static TOTALS: Table = Table {
    name: "tally_total",
    view: "tally.Total",
    columns: &[
        Column { name: "name", field: "name", kind: ColumnType::Text, nullable: false },
        Column { name: "sum", field: "sum", kind: ColumnType::Integer, nullable: false },
        Column { name: "events", field: "events", kind: ColumnType::Integer, nullable: false },
    ],
    key: &["name"],
    indexes: &[],
    fingerprint: "1",
};

impl View for Total {
    type Key = String;
    const TABLE: &'static Table = &TOTALS;

    fn key(&self) -> String {
        self.name.clone()
    }

    fn key_values(key: &String) -> Vec<ColumnValue> {
        vec![key.to_cell()]
    }

    fn to_values(&self) -> Vec<ColumnValue> {
        vec![self.name.to_cell(), self.sum.to_cell(), self.events.to_cell()]
    }

    fn from_values(values: Vec<ColumnValue>) -> Result<Self, ColumnError> {
        let mut row = Row::of::<Self>(values);
        Ok(Self { name: row.cell()?, sum: row.cell()?, events: row.cell()? })
    }
}

impl Projection<Total> for Tallies {
    type Contract = Tally;

    fn keys(event: &Envelope<TallyEvent>) -> Vec<String> {
        vec![event.metadata.key.clone()]
    }

    fn apply(key: &String, row: Option<Total>, event: &Envelope<TallyEvent>) -> Option<Total> {
        let row = row.unwrap_or(Total { name: key.clone(), sum: 0, events: 0 });
        let amount = match &event.payload {
            TallyEvent::Added(added) => {
                assert!(added.how != SPOIL, "told to");
                assert!(added.how != MENDED || MEND.load(Ordering::SeqCst), "told to");
                if added.how == HALVED && !COUNTED_WHOLE.load(Ordering::SeqCst) {
                    added.amount / 2
                } else {
                    added.amount
                }
            }
            TallyEvent::Closed(_) => 0,
        };
        Some(Total { sum: row.sum + amount, events: row.events + 1, ..row })
    }
}

/// A row for each of an event's parts; the same part of a later event takes its place, and closing
/// removes the first one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) number: i64,
    pub(crate) sequence: i64,
}

pub(crate) static PARTS: Table = Table {
    name: "tally_part",
    view: "tally.Part",
    columns: &[
        Column { name: "name", field: "name", kind: ColumnType::Text, nullable: false },
        Column { name: "number", field: "number", kind: ColumnType::Integer, nullable: false },
        Column { name: "sequence", field: "sequence", kind: ColumnType::Integer, nullable: false },
    ],
    key: &["name", "number"],
    indexes: &[],
    fingerprint: "1",
};

impl View for Part {
    type Key = (String, i64);
    const TABLE: &'static Table = &PARTS;

    fn key(&self) -> (String, i64) {
        (self.name.clone(), self.number)
    }

    fn key_values((name, number): &(String, i64)) -> Vec<ColumnValue> {
        vec![name.to_cell(), number.to_cell()]
    }

    fn to_values(&self) -> Vec<ColumnValue> {
        vec![self.name.to_cell(), self.number.to_cell(), self.sequence.to_cell()]
    }

    fn from_values(values: Vec<ColumnValue>) -> Result<Self, ColumnError> {
        let mut row = Row::of::<Self>(values);
        Ok(Self { name: row.cell()?, number: row.cell()?, sequence: row.cell()? })
    }
}

impl Projection<Part> for Tallies {
    type Contract = Tally;

    fn keys(event: &Envelope<TallyEvent>) -> Vec<(String, i64)> {
        let parts = match &event.payload {
            TallyEvent::Added(added) if added.how == WIDE || added.how == SPOIL_WIDE => {
                added.amount
            }
            TallyEvent::Closed(_) => 1,
            TallyEvent::Added(_) => 0,
        };
        (0..parts).map(|number| (event.metadata.key.clone(), number)).collect()
    }

    fn apply(key: &(String, i64), _: Option<Part>, event: &Envelope<TallyEvent>) -> Option<Part> {
        match &event.payload {
            TallyEvent::Added(added) => {
                assert!(added.how != SPOIL_WIDE || key.1 + 1 < added.amount, "told to");
                let (name, number) = key.clone();
                Some(Part { name, number, sequence: event.metadata.sequence })
            }
            TallyEvent::Closed(_) => None,
        }
    }
}

/// A command that adds.
pub(crate) fn add(name: &str, amount: i64, how: &str) -> TallyCommand {
    Add { name: name.to_owned(), amount, how: how.to_owned() }.into()
}
