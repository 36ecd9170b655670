//! A small contract for tests: lamps that are switched.

use charter_domain::{
    Contract, Deadline, Event, MessageKind, MessageType, Metadata, Payload, Rejection, Table,
    Timestamp,
};
use uuid::Uuid;

/// The schema of an envelope around a record with these fields.
macro_rules! envelope_schema {
    ($name:literal, $fields:literal) => {
        concat!(
            r#"{"type":"record","namespace":"lamp","name":""#,
            $name,
            r#"Envelope","fields":[{"name":"metadata","type":"#,
            include_str!("../../../../generated/contract-shared/schemas/Metadata.avsc"),
            r#"},{"name":"payload","type":{"type":"record","name":""#,
            $name,
            r#"","fields":["#,
            $fields,
            "]}}]}"
        )
    };
}
pub(crate) use envelope_schema;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SwitchOn {
    pub(crate) lamp_id: String,
    pub(crate) brightness: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SwitchOff {
    pub(crate) lamp_id: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Switched {
    pub(crate) lamp_id: String,
}

charter_avro::record! {
    SwitchOn { "lampId" => lamp_id: String, "brightness" => brightness: i32 = 100 }
}
charter_avro::record! { SwitchOff { "lampId" => lamp_id: String } }
charter_avro::record! { Switched { "lampId" => lamp_id: String } }

/// The payload of a type named `$name`, whose wire type is `$wire`.
macro_rules! payload {
    ($type:ident, $kind:ident, $name:literal, $wire:literal, $fields:literal) => {
        impl Payload for $type {
            const TYPE: &'static MessageType = &MessageType {
                kind: MessageKind::$kind,
                wire_type: $wire,
                full_name: concat!("lamp.", $name),
                envelope_name: concat!("lamp.", $name, "Envelope"),
                envelope_schema: envelope_schema!($name, $fields),
                rejections: &[],
            };

            fn key(&self) -> String {
                self.lamp_id.clone()
            }
        }
    };
}

payload!(
    SwitchOn,
    Command,
    "SwitchOn",
    "lamp.on",
    r#"{"name":"lampId","type":"string"},{"name":"brightness","type":"int","default":100}"#
);
payload!(SwitchOff, Command, "SwitchOff", "lamp.off", r#"{"name":"lampId","type":"string"}"#);
payload!(Switched, Event, "Switched", "lamp.switched", r#"{"name":"lampId","type":"string"}"#);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LampCommand {
    SwitchOff(SwitchOff),
    SwitchOn(SwitchOn),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LampEvent {
    Switched(Switched),
}

charter_domain::messages! { LampCommand { SwitchOff(SwitchOff), SwitchOn(SwitchOn) } }
charter_domain::messages! { LampEvent { Switched(Switched) } }

impl Event for LampEvent {
    type Command = LampCommand;

    fn deadlines(&self) -> Vec<Deadline<LampCommand>> {
        Vec::new()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused;

impl Rejection for Refused {
    fn code(&self) -> &'static str {
        "REFUSED"
    }

    fn details(&self) -> Option<String> {
        None
    }
}

#[derive(Debug)]
pub(crate) struct Lamp;

impl Contract for Lamp {
    const NAME: &'static str = "lamp";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static Table] = &[];
    type Command = LampCommand;
    type Event = LampEvent;
    type Rejection = Refused;
}

pub(crate) fn switch_on(lamp_id: &str) -> LampCommand {
    SwitchOn { lamp_id: lamp_id.to_owned(), brightness: 40 }.into()
}

/// The metadata of a command for this lamp.
pub(crate) fn metadata(lamp_id: &str) -> Metadata {
    Metadata {
        id: Uuid::from_u128(7),
        r#type: "lamp.on".to_owned(),
        source: "charter://tests".to_owned(),
        tenant_id: "default".to_owned(),
        correlation_id: "c".to_owned(),
        causation_id: None,
        time: Timestamp::from_micros(1_000),
        key: lamp_id.to_owned(),
        sequence: 0,
        position: -1,
        actor: None,
        reply_to: None,
    }
}
