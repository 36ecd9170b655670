//! What can be wrong, each under a code that stays.

use std::fmt;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub code: Code,
    /// What it rests on: commands, events, offsets, positions.
    pub about: Vec<String>,
    /// What was expected and what was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code, self.what, self.about.join(", "))
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// The promises.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    /// A command that a client was told is accepted is not in the command log.
    AcceptedNotLogged => "ACCEPTED_NOT_LOGGED",
    /// A command in the log has no outcome.
    OutcomeMissing => "OUTCOME_MISSING",
    /// An outcome is of no command: neither in the log, nor a deadline's.
    OutcomeWithoutCommand => "OUTCOME_WITHOUT_COMMAND",
    /// A command in the log is of no request.
    CommandWithoutRequest => "COMMAND_WITHOUT_REQUEST",
    /// A client was answered something else than the inbox row says.
    AnswerDiffers => "ANSWER_DIFFERS",
    /// Two answers to the same request under the same key differ.
    RepeatDiffers => "REPEAT_DIFFERS",
    /// One idempotency key led to two commands.
    KeyOfTwoCommands => "KEY_OF_TWO_COMMANDS",
    /// A command that was decided was PENDING or unknown later.
    OutcomeForgotten => "OUTCOME_FORGOTTEN",
    /// A repeat was decided in the place of the command's first record, or beside it.
    RepeatDecided => "REPEAT_DECIDED",
    /// A good command ended FAILED.
    CommandFailed => "COMMAND_FAILED",
    /// An event is of no outcome: its command has none, or one that does not name it.
    EventWithoutOutcome => "EVENT_WITHOUT_OUTCOME",
    /// An outcome names an event that the history doesn't have, or has otherwise.
    OutcomeEventMissing => "OUTCOME_EVENT_MISSING",
    /// An aggregate's sequences do not run from 1 without a gap.
    SequenceGap => "SEQUENCE_GAP",
    /// A partition's positions do not run from 0 without a gap, or the checkpoint counts others.
    PositionGap => "POSITION_GAP",
    /// An event's id is not the one that follows from tenant, context, key and sequence.
    EventId => "EVENT_ID",
    /// The columns of an event's row say something else than its envelope.
    EventRowDiffers => "EVENT_ROW_DIFFERS",
    /// An aggregate has events in two partitions.
    AggregateInTwoPartitions => "AGGREGATE_IN_TWO_PARTITIONS",
    /// A command's decision has another time than the log gave the command.
    DecisionTime => "DECISION_TIME",
    /// A decision is not what follows from the history before it.
    DecisionDiffers => "DECISION_DIFFERS",
    /// A deadline is neither decided nor waiting.
    DeadlineMissing => "DEADLINE_MISSING",
    /// A deadline is decided and waits nevertheless.
    DeadlineTwice => "DEADLINE_TWICE",
    /// A reactor is past an event, and what the event asks for was not decided.
    ReactionMissing => "REACTION_MISSING",
    /// What a reactor asks for was decided, and no event asks for it.
    ReactionWithoutEvent => "REACTION_WITHOUT_EVENT",
    /// The event topic holds what the history doesn't, or other bytes.
    PublishedNotStored => "PUBLISHED_NOT_STORED",
    /// The event topic lacks what the history holds.
    PublishedMissing => "PUBLISHED_MISSING",
    /// The event topic goes on past a position that it does not have.
    PublishedOrder => "PUBLISHED_ORDER",
    /// A seat was held while somebody had it.
    SeatTwoHolders => "SEAT_TWO_HOLDERS",
    /// Seats were reserved or given back by who did not have them.
    SeatNotHeld => "SEAT_NOT_HELD",
    /// A hold expired before its time.
    HoldEarly => "HOLD_EARLY",
    /// Something was decided after a hold's time, and the hold had not expired.
    HoldLate => "HOLD_LATE",
    /// A hold expired twice.
    HoldTwice => "HOLD_TWICE",
    /// More rooms are booked than there are.
    Overbooked => "OVERBOOKED",
    /// A count of the read model is below zero, or its parts are not the whole.
    CountImpossible => "COUNT_IMPOSSIBLE",
    /// A row of the read model is not what the events make of it.
    ViewDiffers => "VIEW_DIFFERS",
    /// The read model has not come to the history's end.
    ViewBehind => "VIEW_BEHIND",
    /// The read model has set an aggregate aside.
    ViewParked => "VIEW_PARKED",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
