//! What a reader cannot read of what a writer writes (Avro specification, "Schema Resolution"), with verdicts as Avro
//! Java's `SchemaCompatibility` gives them: names of types are compared without their namespace, aliases are the reader's,
//! logical types play no part.

mod mode;
mod report;
mod verdicts;
mod witness;

use std::fmt;

pub use mode::{Direction, Mode, UnknownMode, Violation, check_mode, check_mode_within};
pub use verdicts::{Budget, TooComplex, Verdicts};
pub use witness::{Message, Witness, Witnesses, witness};

use crate::schema::Schema;
use crate::source::Span;

/// What kind of obstacle. The words for it are Avro Java's, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IncompatibilityKind {
    /// The types differ and none promotes to the other.
    TypeMismatch,
    /// Both are records, enums or fixed types, of different names.
    NameMismatch,
    /// Both are fixed types, of different lengths.
    FixedSizeMismatch,
    /// The writer's enum has symbols that the reader's lacks, and the reader's has no default.
    MissingEnumSymbols,
    /// The reader's record has a field that the writer's lacks and that has no default.
    ReaderFieldMissingDefaultValue,
    /// No type in the reader's union reads what the writer writes.
    MissingUnionBranch,
    /// A field of the reader fits several of the writer's, by its name and its aliases. Avro Java throws there.
    AmbiguousField,
}

/// One reason why data of a writer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incompatibility {
    /// What kind of obstacle.
    pub kind: IncompatibilityKind,
    /// Where, in Avro Java's terms: a pointer into the reader's schema, but that a union's index is the writer's; `/` at
    /// the root. References to named types count as if the definition stood in their place.
    pub path: String,
    /// Where in the reader's schema (JSON pointer, RFC 6901; empty at the root).
    pub reader_path: String,
    /// Where in the writer's schema (JSON pointer, RFC 6901; empty at the root).
    pub writer_path: String,
    /// Where the reader's side is written.
    pub reader_span: Span,
    /// Which of the reader's files that is.
    pub reader_file: u32,
    /// Where the writer's side is written.
    pub writer_span: Span,
    /// Which of the writer's files that is.
    pub writer_file: u32,
    /// A sentence for people.
    pub message: String,
    /// Avro Java's message, which registries give back: `reader type: INT not compatible with writer type: STRING`,
    /// a field's name, the symbols missing, …
    pub detail: String,
    /// Of a missing union branch: why the branch of the same name cannot read it.
    pub causes: Vec<Incompatibility>,
}

/// Everything that `reader` cannot read of what `writer` writes; nothing when it can read all. Sorted as the reader's
/// schema is walked; a pair of named types is reported where it is first met.
#[must_use]
pub fn compatibility(reader: &Schema, writer: &Schema) -> Vec<Incompatibility> {
    report::report(&Verdicts::new(reader, writer))
}

/// Whether `reader` can read everything that `writer` writes.
#[must_use]
pub fn is_compatible(reader: &Schema, writer: &Schema) -> bool {
    Verdicts::new(reader, writer).compatible(reader.root(), writer.root())
}

impl IncompatibilityKind {
    /// The word for it: `TYPE_MISMATCH`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::NameMismatch => "NAME_MISMATCH",
            Self::FixedSizeMismatch => "FIXED_SIZE_MISMATCH",
            Self::MissingEnumSymbols => "MISSING_ENUM_SYMBOLS",
            Self::ReaderFieldMissingDefaultValue => "READER_FIELD_MISSING_DEFAULT_VALUE",
            Self::MissingUnionBranch => "MISSING_UNION_BRANCH",
            Self::AmbiguousField => "AMBIGUOUS_FIELD",
        }
    }
}

impl fmt::Display for IncompatibilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at `{}`: {}", self.kind, self.path, self.message)
    }
}
