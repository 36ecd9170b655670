//! Releases of one small contract, written by hand: meters that are read. Command and view stay the same.

use std::time::{Duration, Instant};

use charter_domain::row::{Cell, Row};
use charter_domain::{
    Column, ColumnError, ColumnType, ColumnValue, MessageKind, MessageType, Payload, Table, View,
};
use charter_engine::submit::NewCommand;
use uuid::Uuid;

pub(crate) const TENANT: &str = "default";
/// Longer than anything that should happen takes, rebalances included.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Gives what `probe` finds, which it is asked for until it does.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match probe().await {
            Ok(found) => return found,
            Err(last) => assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}: {last}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A command of a release that asks for a reading.
pub(crate) fn reading<C: From<Take>>(meter: &str, amount: i64, text: &str) -> NewCommand<C> {
    let take = Take { meter_id: meter.to_owned(), amount, text: text.to_owned() };
    NewCommand::new(Uuid::now_v7(), TENANT, take.into())
}

macro_rules! envelope {
    ($name:literal, $payload:expr) => {
        concat!(
            r#"{"type":"record","namespace":"meter","name":""#,
            $name,
            r#"","fields":[{"name":"metadata","type":"#,
            include_str!("../../../../generated/contract-shared/schemas/Metadata.avsc"),
            r#"},{"name":"payload","type":"#,
            $payload,
            "}]}"
        )
    };
}

/// Asks for a reading: the mode's symbol and the label in one text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Take {
    pub(crate) meter_id: String,
    pub(crate) amount: i64,
    pub(crate) text: String,
}

charter_avro::record! {
    Take { "meterId" => meter_id: String, "amount" => amount: i64, "text" => text: String, }
}

impl Payload for Take {
    const TYPE: &'static MessageType = &MessageType {
        kind: MessageKind::Command,
        wire_type: "meter.take",
        full_name: "meter.Take",
        envelope_name: "meter.TakeEnvelope",
        envelope_schema: envelope!(
            "TakeEnvelope",
            r#"{"type":"record","name":"Take","fields":[{"name":"meterId","type":"string"},{"name":"amount","type":"long"},{"name":"text","type":"string"}]}"#
        ),
        rejections: &[],
    };

    fn key(&self) -> String {
        self.meter_id.clone()
    }
}

/// All readings of a meter in one text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Readings {
    pub(crate) meter_id: String,
    pub(crate) text: String,
}

pub(crate) static READINGS: Table = Table {
    name: "meter_readings",
    view: "meter.Readings",
    columns: &[
        Column { name: "meter_id", field: "meterId", kind: ColumnType::Text, nullable: false },
        Column { name: "text", field: "text", kind: ColumnType::Text, nullable: false },
    ],
    key: &["meter_id"],
    indexes: &[],
    fingerprint: "1",
};

impl View for Readings {
    type Key = String;
    const TABLE: &'static Table = &READINGS;

    fn key(&self) -> String {
        self.meter_id.clone()
    }

    fn key_values(key: &String) -> Vec<ColumnValue> {
        vec![key.to_cell()]
    }

    fn to_values(&self) -> Vec<ColumnValue> {
        vec![self.meter_id.to_cell(), self.text.to_cell()]
    }

    fn from_values(values: Vec<ColumnValue>) -> Result<Self, ColumnError> {
        let mut row = Row::of::<Self>(values);
        Ok(Self { meter_id: row.cell()?, text: row.cell()? })
    }
}

/// A release: its version, its modes, its event, how a command becomes one, and how one is told.
macro_rules! release {
    (
        version $version:literal,
        modes { $( $mode:ident = $symbol:literal ),* },
        schema $schema:literal,
        event { $( $avro:literal => $field:ident : $type:ty $( = $default:expr )? ),* $(,)? },
        made |$take:ident, $mode_of:ident, $label:ident| $made:expr,
        told |$taken:ident| $told:expr,
    ) => {
        use charter_domain::{
            Context, Contract, Deadline, Decider, Envelope, Event, MessageKind, MessageType,
            Payload, Projection, Rejection, Table,
        };
        use charter_engine::ContextService;

        use super::{READINGS, Readings, Take};

        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Mode { $( $mode, )* }

        charter_avro::enumeration! { Mode { $( $mode = $symbol, )* } }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Taken { $( pub(crate) $field: $type, )* }

        charter_avro::record! { Taken { $( $avro => $field: $type $( = $default )?, )* } }

        impl Payload for Taken {
            const TYPE: &'static MessageType = &MessageType {
                kind: MessageKind::Event,
                wire_type: "meter.taken",
                full_name: "meter.Taken",
                envelope_name: "meter.TakenEnvelope",
                envelope_schema: envelope!("TakenEnvelope", $schema),
                rejections: &[],
            };

            fn key(&self) -> String {
                self.meter_id.clone()
            }
        }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum MeterCommand {
            Take(Take),
        }

        charter_domain::messages! { MeterCommand { Take(Take) } }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum MeterEvent {
            Taken(Taken),
        }

        charter_domain::messages! { MeterEvent { Taken(Taken) } }

        impl Event for MeterEvent {
            type Command = MeterCommand;

            fn deadlines(&self) -> Vec<Deadline<MeterCommand>> {
                Vec::new()
            }
        }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum MeterRejection {}

        impl Rejection for MeterRejection {
            fn code(&self) -> &'static str {
                match *self {}
            }

            fn details(&self) -> Option<String> {
                match *self {}
            }
        }

        #[derive(Clone, Copy, Debug)]
        pub(crate) struct Meter;

        impl Contract for Meter {
            const NAME: &'static str = "meter";
            const VERSION: u32 = $version;
            const TABLES: &'static [&'static Table] = &[&READINGS];
            type Command = MeterCommand;
            type Event = MeterEvent;
            type Rejection = MeterRejection;
        }

        /// What was read in all.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Meters {
            sum: i64,
        }

        impl Decider for Meters {
            type Contract = Meter;

            fn decide(
                &self,
                command: &MeterCommand,
                _: &Context,
            ) -> Result<Vec<MeterEvent>, MeterRejection> {
                let MeterCommand::Take($take) = command;
                let (mode, label) = $take.text.split_once(' ').expect("a mode and a label");
                let $mode_of: Mode = mode.parse().expect("a mode of this release");
                let $label = if $version > 1 || Mode::ALL.len() > 2 || label == "after" {
                    format!("{label} {}", self.sum)
                } else {
                    label.to_owned()
                };
                Ok(vec![$made.into()])
            }

            fn evolve(&mut self, event: &MeterEvent) {
                let MeterEvent::Taken(taken) = event;
                self.sum += i64::from(taken.amount);
            }
        }

        /// An event in a text.
        pub(crate) fn told(MeterEvent::Taken($taken): &MeterEvent) -> String {
            $told
        }

        impl Projection<Readings> for Meters {
            type Contract = Meter;

            fn keys(event: &Envelope<MeterEvent>) -> Vec<String> {
                vec![event.metadata.key.clone()]
            }

            fn apply(
                key: &String,
                row: Option<Readings>,
                event: &Envelope<MeterEvent>,
            ) -> Option<Readings> {
                let told = told(&event.payload);
                let text = row.map_or(told.clone(), |row| format!("{}, {told}", row.text));
                Some(Readings { meter_id: key.clone(), text })
            }
        }

        pub(crate) fn service() -> ContextService<Meters> {
            ContextService::<Meters>::new().project::<Readings, Meters>()
        }
    };
}

pub(crate) mod first {
    release! {
        version 1,
        modes { Day = "DAY", Night = "NIGHT" },
        schema r#"{"type":"record","name":"Taken","fields":[{"name":"meterId","type":"string"},{"name":"amount","type":"int"},{"name":"mode","type":{"type":"enum","name":"Mode","symbols":["DAY","NIGHT"],"default":"DAY"}},{"name":"label","type":"string"}]}"#,
        event {
            "meterId" => meter_id: String,
            "amount" => amount: i32,
            "mode" => mode: Mode,
            "label" => label: String,
        },
        made |take, mode, label| Taken {
            meter_id: take.meter_id.clone(),
            amount: i32::try_from(take.amount).expect("an int"),
            mode,
            label,
        },
        told |taken| format!("{} {} {}", taken.amount, taken.mode, taken.label),
    }
}

pub(crate) mod full {
    release! {
        version 1,
        modes { Day = "DAY", Night = "NIGHT", Peak = "PEAK" },
        schema r#"{"type":"record","name":"Taken","fields":[{"name":"meterId","type":"string"},{"name":"amount","type":"int"},{"name":"mode","type":{"type":"enum","name":"Mode","symbols":["DAY","NIGHT","PEAK"],"default":"DAY"}},{"name":"label","type":"string"},{"name":"unit","type":"string","default":"kWh"}]}"#,
        event {
            "meterId" => meter_id: String,
            "amount" => amount: i32,
            "mode" => mode: Mode,
            "label" => label: String,
            "unit" => unit: String = "kWh".to_owned(),
        },
        made |take, mode, label| Taken {
            meter_id: take.meter_id.clone(),
            amount: i32::try_from(take.amount).expect("an int"),
            mode,
            label,
            unit: "m3".to_owned(),
        },
        told |taken| format!("{} {} {} {}", taken.amount, taken.mode, taken.label, taken.unit),
    }
}

macro_rules! widened {
    ($version:literal) => {
        release! {
            version $version,
            modes { Day = "DAY", Night = "NIGHT", Peak = "PEAK" },
            schema r#"{"type":"record","name":"Taken","fields":[{"name":"meterId","type":"string"},{"name":"amount","type":"long"},{"name":"mode","type":{"type":"enum","name":"Mode","symbols":["DAY","NIGHT","PEAK"],"default":"DAY"}},{"name":"remark","aliases":["label"],"type":"string"},{"name":"unit","type":"string","default":"kWh"}]}"#,
            event {
                "meterId" => meter_id: String,
                "amount" => amount: i64,
                "mode" => mode: Mode,
                "remark" => remark: String,
                "unit" => unit: String = "kWh".to_owned(),
            },
            made |take, mode, remark| Taken {
                meter_id: take.meter_id.clone(),
                amount: take.amount,
                mode,
                remark,
                unit: "m3".to_owned(),
            },
            told |taken| format!("{} {} {} {}", taken.amount, taken.mode, taken.remark, taken.unit),
        }
    };
}

pub(crate) mod wide {
    widened!(2);
}

pub(crate) mod wide_unraised {
    widened!(1);
}
