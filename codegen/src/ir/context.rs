//! Contexts: messages, rejections, deadlines, views.

use super::{Constant, Origin, TypeId};

/// A context: a folder of contracts with one aggregate kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// The name: `seat`.
    pub name: String,
    /// The Rust name of its marker type and the stem of its enums: `Seat`.
    pub rust: String,
    /// The package of its crate: `contract-seat`.
    pub package: String,
    /// The crate as Rust writes it: `contract_seat`.
    pub krate: String,
    /// The contract version, from 1; raised by `charter release`.
    pub version: u32,
    /// The types of its namespace that are neither message nor view, unions included. Its types name
    /// others of its own namespace and of `shared` only.
    pub types: Vec<TypeId>,
    /// The commands, in the order of full names.
    pub commands: Vec<Command>,
    /// The events, in the order of full names.
    pub events: Vec<Event>,
    /// The views, in the order of full names.
    pub views: Vec<View>,
    /// The rooms that its events are sent to, in the order of templates.
    pub rooms: Vec<RoomType>,
    /// All rejections of its commands, each code once, in the order of codes.
    pub rejections: Vec<Rejection>,
}

/// A request to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Its record.
    pub id: TypeId,
    /// The name on the wire: `seat.holdRequest`.
    pub wire_type: String,
    /// The fields that name the aggregate: indexes into the record's fields.
    pub key: Vec<usize>,
    /// The rejections it declares: indexes into [`Context::rejections`], in the order of codes.
    pub rejections: Vec<usize>,
    /// Whether a browser may send it on its socket.
    pub socket: bool,
    /// The contexts on whose events reactors send it.
    pub from: Vec<String>,
    /// What it travels in.
    pub envelope: Envelope,
    /// The Rust variant in the enum of the context's commands.
    pub variant: String,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its record.
    pub id: TypeId,
    /// The name on the wire: `seat.held`.
    pub wire_type: String,
    /// The fields that name the aggregate: indexes into the record's fields.
    pub key: Vec<usize>,
    /// The room that browsers join to get it.
    pub broadcast: Option<Room>,
    /// The deadlines that it sets.
    pub deadlines: Vec<Deadline>,
    /// What it travels in.
    pub envelope: Envelope,
    /// The Rust variant in the enum of the context's events.
    pub variant: String,
}

/// The Avro record `MEnvelope { metadata: shared.Metadata, payload: M }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its full name: `seat.HoldSeatsEnvelope`.
    pub full_name: String,
    /// Its self-contained schema as compact JSON text, docs kept, `charter` attributes left out.
    pub schema: String,
}

/// A room's name with holes: `show:{showId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// As the contract has it.
    pub template: String,
    /// Its parts in order.
    pub parts: Vec<RoomPart>,
}

/// A part of a room's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomPart {
    /// Text.
    Text(String),
    /// A string field of the event: an index into the record's fields.
    Field(usize),
}

/// A kind of rooms: one for each aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomType {
    /// The name with holes.
    pub template: String,
    /// The name of its Rust constant: `SHOW`.
    pub rust: String,
    /// The name's parts in order.
    pub parts: Vec<KeyedPart>,
    /// The events that are sent there: indexes into [`Context::events`].
    pub events: Vec<usize>,
    /// The views whose rows are shown first, in the order of names.
    pub loads: Vec<Load>,
}

/// A part of a room's name, in terms of the aggregate's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedPart {
    /// Text.
    Text(String),
    /// A value of the key.
    Key {
        /// Its index in the key.
        index: usize,
        /// Whether it is a UUID, not a string.
        is_uuid: bool,
    },
}

/// A view whose rows a room shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// What the rows are called in the message.
    pub name: String,
    /// The view: an index into [`Context::views`].
    pub view: usize,
    /// The fields that hold the aggregate's key, in the key's order: indexes into the view's fields.
    pub key: Vec<usize>,
    /// Whether the rows are sent again when they have changed.
    pub is_live: bool,
}

/// A durable timer that an event sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Deadline {
    /// The command that is then decided: an index into [`Context::commands`].
    pub command: usize,
    /// The event's field that says when: an index into the event's fields. Of `timestamp-micros`.
    pub at: usize,
    /// Whether that field is optional; where it is null, no deadline is set.
    pub at_optional: bool,
    /// What each field of the command gets, in the order of the command's fields.
    pub fields: Vec<DeadlineField>,
}

/// What a field of a deadline's command gets.
#[derive(Clone, Debug, PartialEq)]
pub enum DeadlineField {
    /// The event's field with this index, of the same type.
    Copy(usize),
    /// The field's default.
    Default(Constant),
}

/// A refusal by business rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The stable code: `SEAT_TAKEN`.
    pub code: String,
    /// The Rust variant: `SeatTaken`.
    pub rust: String,
    /// The HTTP status, 400–499.
    pub status: u16,
    /// The sentence that a person reads.
    pub doc: String,
    /// The record with more about it.
    pub details: Option<TypeId>,
    /// Where it is first declared.
    pub origin: Origin,
}

/// A row type of the read model.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its record.
    pub id: TypeId,
    /// The table's name: `seat_seat_view`.
    pub table: String,
    /// The fields that name a row within its tenant: indexes into the record's fields, and so into
    /// the columns.
    pub key: Vec<usize>,
    /// A column for each field of the record, in the same order.
    pub columns: Vec<Column>,
    /// The columns of each index, after the tenant: indexes into the columns.
    pub indexes: Vec<Vec<usize>>,
    /// The contexts whose events are folded.
    pub from: Vec<String>,
    /// A CRC-64-AVRO fingerprint of columns, key and indexes, as 16 lower case hexadecimal digits.
    pub fingerprint: String,
}

/// A column of a view's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name in the database: `show_id`.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnKind,
    /// Whether a row may have no value here.
    pub nullable: bool,
}

/// The types of `charter_domain::ColumnType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Avro boolean.
    Boolean,
    /// Avro int, long, times of day, and timestamps other than micros.
    Integer,
    /// Avro float and double.
    Real,
    /// Avro string and enum.
    Text,
    /// Avro bytes and fixed.
    Bytes,
    /// Logical type uuid.
    Uuid,
    /// Logical type decimal.
    Decimal,
    /// Logical type timestamp-micros.
    Timestamp,
    /// Logical type date.
    Date,
    /// A record, array, map or union, as JSON.
    Json,
}
