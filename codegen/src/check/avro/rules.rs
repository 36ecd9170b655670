//! What can change in an event contract, as rules: a row each.
//!
//! `E`, `W`, `I`: error, warning, information. A small letter is what a strict run makes of it; else it is a warning
//! at worst.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::check::change::{ChangeRule, Kind};

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    id: &'static str,
    kind: Kind,
    letter: char,
    what: &'static str,
    mend: &'static str,
}

static RULES: LazyLock<HashMap<&'static str, ChangeRule>> = LazyLock::new(|| {
    let rules = ROWS.iter().filter_map(|row| {
        let rule =
            ChangeRule::new(row.id.to_owned(), row.kind, row.letter, row.what.to_owned(), row.mend);
        rule.map(|rule| (row.id, rule))
    });
    rules.collect()
});

/// All rules, sorted by id.
pub(crate) fn all() -> Vec<&'static ChangeRule> {
    let mut all: Vec<_> = RULES.values().collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The rule that `row` is.
pub(crate) fn of(row: &Row) -> Option<&'static ChangeRule> {
    RULES.get(row.id)
}

macro_rules! rows {
    ($($id:ident $name:literal $kind:ident $letter:literal $what:literal $mend:literal;)*) => {
        $(
            #[doc = $what]
            pub(crate) static $id: Row =
                Row { id: $name, kind: Kind::$kind, letter: $letter, what: $what, mend: $mend };
        )*
        static ROWS: &[&Row] = &[$(&$id),*];
    };
}

rows! {
    // The new version reads what was written.
    BACKWARD_TYPE "avro-backward-type-mismatch" Type 'E' "the new version has a type that cannot read what was written"
        "keep the type, or one that the old one promotes to: int to long, float or double; long to float or double; float to double; string to bytes and back";
    BACKWARD_NAME "avro-backward-name-mismatch" Type 'E' "a record, enum or fixed has another name in the new version"
        "keep the name, or give the new type the old name as an alias";
    BACKWARD_SIZE "avro-backward-fixed-size-mismatch" Type 'E' "a fixed has another size in the new version"
        "keep the size, or add a field of the new type beside the old one";
    BACKWARD_SYMBOLS "avro-backward-missing-enum-symbols" Values 'E' "the new version's enum lacks symbols that were written, and has no default"
        "keep the symbols, or give the enum a default";
    BACKWARD_DEFAULT "avro-backward-field-without-default" Existence 'E' "the new version has a field without default that was not written"
        "give the new field a default, or an alias that is the old field's name";
    BACKWARD_BRANCH "avro-backward-missing-union-branch" Structure 'E' "the new version's union lacks a branch that was written"
        "keep the branch";
    BACKWARD_AMBIGUOUS "avro-backward-ambiguous-field" Structure 'E' "a field of the new version stands for two of the written ones"
        "remove the alias that names a field of its own";
    // What is written now is read by the old version.
    FORWARD_TYPE "avro-forward-type-mismatch" Type 'E' "the old version cannot read a type that the new one writes"
        "keep the type; readers that are not upgraded yet know no other";
    FORWARD_NAME "avro-forward-name-mismatch" Type 'E' "the old version knows no record, enum or fixed of this name"
        "keep the name; an alias helps new readers only";
    FORWARD_SIZE "avro-forward-fixed-size-mismatch" Type 'E' "the old version's fixed has another size"
        "keep the size, or add a field of the new type beside the old one";
    FORWARD_SYMBOLS "avro-forward-missing-enum-symbols" Values 'E' "the old version's enum lacks symbols that the new one writes, and has no default"
        "release a default for the enum first, and write the new symbols when all readers have it";
    FORWARD_DEFAULT "avro-forward-field-without-default" Existence 'E' "the new version does not write a field for which old readers have no default"
        "keep the field, or release a default for it first";
    FORWARD_BRANCH "avro-forward-missing-union-branch" Structure 'E' "the old version's union lacks a branch that the new one writes"
        "write the new branch when all readers have it";
    FORWARD_AMBIGUOUS "avro-forward-ambiguous-field" Structure 'E' "a field of the old version stands for two of those that are written now"
        "choose another name for the new field";
    // What a check of schemas alone does not see.
    FIELD_ADDED "avro-field-added" Existence 'I' "there is a new field"
        "nothing needs to be done";
    FIELD_REMOVED "avro-field-removed" Existence 'I' "a field is gone"
        "nothing needs to be done where no reader needs it";
    FIELD_RENAMED "avro-field-renamed" Existence 'W' "a field has another name, and the old one as an alias"
        "keep the alias for as long as old data is read; JSON, the API and the database see the new name";
    FIELD_MOVED "avro-field-order-changed" Structure 'I' "the fields stand in another order"
        "nothing needs to be done: readers resolve fields by name";
    DEFAULT_ADDED "avro-default-added" Values 'I' "a field has a default, and had none"
        "nothing needs to be done";
    DEFAULT_CHANGED "avro-default-changed" Values 'W' "a field has another default, so that old data means something else"
        "keep the default, or make sure that no data without the field is read any more";
    DEFAULT_REMOVED "avro-default-removed" Values 'W' "a field has no default any more, so that it can't be left out again"
        "keep the default";
    TYPE_PROMOTED "avro-type-promoted" Type 'I' "a type holds more than before"
        "upgrade all readers before the first writer";
    LOGICAL_CHANGED "avro-logical-type-changed" Type 'e' "the same bytes mean something else: a logical type, its precision or its scale is another"
        "keep the logical type, or add a field of the new type beside the old one";
    SYMBOL_ADDED "avro-enum-symbol-added" Values 'I' "an enum has a new symbol"
        "upgrade all readers before the first writer, or give the enum a default";
    SYMBOL_REMOVED "avro-enum-symbol-removed" Values 'W' "an enum has lost a symbol, which old data may hold"
        "keep the symbol: readers take the enum's default in its place";
    SYMBOLS_MOVED "avro-enum-order-changed" Values 'W' "the symbols of an enum stand in another order, which is their order when they are sorted"
        "add new symbols at the end";
    ENUM_DEFAULT_CHANGED "avro-enum-default-changed" Values 'W' "an enum has another default, or none any more"
        "keep the default";
    BRANCH_ADDED "avro-union-branch-added" Structure 'I' "a union has a new branch"
        "upgrade all readers before the first writer";
    BRANCH_REMOVED "avro-union-branch-removed" Structure 'I' "a union has lost a branch"
        "nothing needs to be done where the check says no more";
    BRANCHES_MOVED "avro-union-order-changed" Structure 'I' "the branches of a union stand in another order, of which the first gives the default its type"
        "nothing needs to be done: readers resolve branches by type";
    NAMESPACE_CHANGED "avro-namespace-changed" Type 'w' "a type has another namespace, and with it another subject in a registry"
        "keep the namespace, or give the type its old full name as an alias";
    ALIASES_CHANGED "avro-aliases-changed" Structure 'I' "a type or field has other aliases"
        "nothing needs to be done";
    ORDER_CHANGED "avro-sort-order-changed" Structure 'I' "a field counts otherwise when records are sorted"
        "nothing needs to be done";
    DOC_CHANGED "avro-doc-changed" Existence 'I' "only the words changed"
        "nothing needs to be done";
    // The attribute `charter`.
    KIND_CHANGED "charter-kind-changed" Existence 'E' "a message or view is of another kind, and with it of another topic"
        "add a new type beside the old one";
    WIRE_TYPE_CHANGED "charter-wire-type-changed" Type 'E' "a message has another name on the wire, which consumers subscribe by"
        "keep `type`, or add a new message beside the old one";
    KEY_CHANGED "charter-key-changed" Structure 'E' "a message or row is named by other fields, so that it belongs to another aggregate, and to another partition"
        "keep the key: what was written under the old one is not found under the new";
    REJECTION_REMOVED "charter-rejection-removed" Existence 'W' "a command is not refused with this code any more"
        "tell clients that handle it";
    REJECTION_ADDED "charter-rejection-added" Existence 'I' "a command may be refused with a new code"
        "tell clients, which fall back to the status";
    REJECTION_STATUS "charter-rejection-status-changed" Values 'E' "a rejection has another status"
        "keep the status, or use a new code";
    REJECTION_DETAILS "charter-rejection-details-changed" Type 'E' "a rejection carries other details"
        "keep the details, or use a new code";
    SOCKET_CLOSED "charter-socket-closed" Existence 'E' "a command is not taken from sockets any more"
        "keep `socket`";
    SOCKET_OPENED "charter-socket-opened" Existence 'I' "a command is taken from sockets"
        "nothing needs to be done";
    ROOM_CHANGED "charter-broadcast-changed" Existence 'E' "an event is sent to another room, or to none"
        "keep `broadcast`: clients in the old room would hear nothing";
    ROOM_ADDED "charter-broadcast-added" Existence 'I' "an event is sent to a room"
        "nothing needs to be done";
    LOAD_CHANGED "charter-load-changed" Existence 'E' "a view is loaded into another room, under another name, without updates, or no longer"
        "keep `load`: clients in the room would miss the rows";
    LOAD_ADDED "charter-load-added" Existence 'I' "a view is loaded into a room, or sent again when it has changed"
        "nothing needs to be done";
    DEADLINE_CHANGED "charter-deadline-changed" Values 'W' "a deadline is set by another event, at another time, or not at all; what is set already stays"
        "make sure that deadlines which are set already still mean something";
    FOLD_CHANGED "charter-view-from-changed" Structure 'I' "a view folds the events of other contexts; it is built anew"
        "plan for the time that the view is built in";
    INDEX_CHANGED "charter-index-changed" Structure 'I' "a view has other indexes; it is built anew"
        "plan for the time that the view is built in";
    MODE_WEAKENED "charter-compatibility-weakened" Lifecycle 'W' "a subject promises less than before"
        "say in the changelog why";
    MODE_CHANGED "charter-compatibility-changed" Lifecycle 'I' "a subject promises something else than before"
        "nothing needs to be done";
    PRIVATE_SET "charter-field-hidden" Existence 'E' "a field is private, and was broadcast"
        "keep the field public, or add a new one";
    PRIVATE_UNSET "charter-field-published" Existence 'W' "a field is broadcast, and was private"
        "make sure that everybody may see it";
    UNIT_CHANGED "charter-unit-changed" Values 'E' "a field is in another unit"
        "add a field in the new unit beside the old one";
    // Whole types.
    TYPE_ADDED "charter-type-added" Existence 'I' "there is a new type"
        "nothing needs to be done";
    COMMAND_REMOVED "charter-command-removed" Existence 'E' "a command is gone, which clients send"
        "keep the command, or wait until nobody sends it";
    EVENT_REMOVED "charter-event-removed" Existence 'E' "an event is gone, which lies in the history and is folded from it"
        "keep the event: history is read for as long as it is there";
    VIEW_REMOVED "charter-view-removed" Existence 'W' "a view is gone"
        "remove the operations that read it first";
    SHARED_REMOVED "charter-type-removed" Existence 'I' "a type is gone that is neither message nor view"
        "nothing needs to be done";
}
