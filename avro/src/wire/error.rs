use std::borrow::Cow;
use std::fmt;

/// Why a message could not be decoded, at which byte, and in which field.
///
/// One pointer wide, so that the results of the hot path stay in registers.
#[derive(Debug)]
pub struct DecodeError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: DecodeErrorKind,
    offset: usize,
    /// Innermost first: segments are added while the error travels outwards.
    path: Vec<Segment>,
}

/// One step of the path from the message to the value that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field of a record, by its Avro name.
    Field(Cow<'static, str>),
    /// An item of an array, counted from 0 over all blocks.
    Item(usize),
    /// A value of a map, by its key.
    Key(String),
}

/// What was wrong with the bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The message is longer than [`Limits::message_bytes`](super::Limits::message_bytes).
    #[error("the message has {length} bytes, at most {limit} are allowed")]
    MessageTooLong {
        /// Bytes in the message.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A value needs more bytes than are left.
    #[error("the message ends too early: {needed} bytes needed, {left} left")]
    UnexpectedEnd {
        /// Bytes the value takes (for a number at least).
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes are left after the value.
    #[error("{left} bytes are left after the value")]
    TrailingBytes {
        /// Bytes that are left.
        left: usize,
    },
    /// A variable-length number is not in its shortest form, or takes more than 10 bytes.
    #[error("a number is not in its shortest form")]
    OverlongNumber,
    /// A number stands outside the range of an `int`.
    #[error("`{0}` is out of range for an int")]
    IntOutOfRange(i64),
    /// A boolean is neither 0 nor 1.
    #[error("expected a boolean, 0 or 1, found `{0}`")]
    Boolean(u8),
    /// A length, a count or a block size is negative where it may not be.
    #[error("expected a length of 0 or more, found `{0}`")]
    NegativeLength(i64),
    /// A length is larger than what is left of the message.
    #[error("a length of {length} bytes is announced, {left} are left")]
    LengthExceedsMessage {
        /// Bytes announced.
        length: i64,
        /// Bytes that are left.
        left: usize,
    },
    /// An array or map announces more items than the rest of the message can hold.
    #[error("{count} items are announced, {left} bytes left hold at most {most}")]
    CountExceedsMessage {
        /// Items announced.
        count: u64,
        /// Bytes that are left.
        left: usize,
        /// Items that these bytes can hold.
        most: usize,
    },
    /// More items without any bytes than [`Limits::zero_width_items`](super::Limits::zero_width_items).
    #[error("more than {limit} items take no bytes")]
    ZeroWidthItems {
        /// Items allowed.
        limit: u32,
    },
    /// A block of an array or map is not as long as it says.
    #[error("a block announces {announced} bytes, its items take {taken}")]
    BlockSize {
        /// Bytes announced.
        announced: usize,
        /// Bytes the items took.
        taken: usize,
    },
    /// Records, arrays and maps stand deeper in each other than [`Limits::depth`](super::Limits::depth).
    #[error("values stand more than {limit} deep in each other")]
    TooDeep {
        /// The deepest allowed.
        limit: u32,
    },
    /// A string is not UTF-8.
    #[error("a string is not UTF-8 after {valid} bytes")]
    Utf8 {
        /// Bytes of the string that are good.
        valid: usize,
    },
    /// A union's branch does not exist.
    #[error("expected a union branch below {branches}, found `{index}`")]
    UnionBranch {
        /// The branch found.
        index: i64,
        /// Branches of the union.
        branches: usize,
    },
    /// An enum's symbol does not exist.
    #[error("expected an enum symbol below {symbols}, found `{index}`")]
    EnumSymbol {
        /// The symbol found.
        index: i64,
        /// Symbols of the enum.
        symbols: usize,
    },
    /// A string is not a UUID in hyphenated form (RFC 9562 §4).
    #[error("expected a hyphenated uuid")]
    Uuid,
    /// A decimal has no bytes, or more digits than its precision.
    #[error("a decimal has no bytes or more than {precision} digits")]
    Decimal {
        /// Digits allowed.
        precision: u32,
    },
    /// A decimal or a time of the writer cannot be said exactly in the reader's scale or unit.
    #[error("`{0}` cannot be said exactly in the reader's scale or unit")]
    Inexact(i128),
    /// A time of day stands outside the day.
    #[error("`{0}` is not a time of day")]
    TimeOfDay(i64),
    /// The reader's type has no place for this value (only plans compiled leniently come here).
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// The plan was compiled for another type than the one that is decoded.
    #[error("the plan is for another type: {0}")]
    PlanMismatch(&'static str),
    /// A field is neither in the message nor given a default.
    #[error("field `{0}` is not in the message and has no default")]
    MissingField(&'static str),
}

impl DecodeError {
    /// An error at `offset`, in bytes from the start of the message.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Inner { kind, offset, path: Vec::new() }))
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// Where the failing value starts, in bytes from the start of the message.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The way to the failing value, outermost first.
    pub fn path(&self) -> impl Iterator<Item = &Segment> {
        self.0.path.iter().rev()
    }

    /// The way to the failing value as text, such as `payload.seats[3].price`; empty for the message itself.
    #[must_use]
    pub fn path_text(&self) -> String {
        PathText(self).to_string()
    }

    /// The same error, seen from the record that holds the value.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Segment::Field(Cow::Borrowed(name)));
        self
    }

    /// As [`Self::in_field`], with a name that is known only at run time.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn in_named_field(mut self, name: &str) -> Self {
        self.0.path.push(Segment::Field(Cow::Owned(name.to_owned())));
        self
    }

    /// The same error, seen from the array that holds the value.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Item(index));
        self
    }

    /// The same error, seen from the map that holds the value.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn in_key(mut self, key: &str) -> Self {
        self.0.path.push(Segment::Key(key.to_owned()));
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.0.offset)?;
        if !self.0.path.is_empty() {
            write!(f, ", field `{}`", PathText(self))?;
        }
        write!(f, ": {}", self.0.kind)
    }
}

impl std::error::Error for DecodeError {}

struct PathText<'a>(&'a DecodeError);

impl fmt::Display for PathText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.path().enumerate() {
            match segment {
                Segment::Field(name) if position == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Item(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}
