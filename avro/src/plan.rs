//! [`Plan`]: how values of one schema are read as values of another (Avro 1.12 specification, "Schema Resolution").
//!
//! A plan is compiled once for a pair of schemas and then followed for every message. Its steps stand in an arena, so
//! that recursion is an index. Where both schemas have the same bytes there is no step at all:
//! [`StepId::SAME`] sends [`resolve`] to the plain [`Codec::decode`].

mod compile;
mod dynamic;
mod reduce;
mod skip;
mod writer;

use std::fmt;
use std::sync::Arc;

use crate::codec::{Codec, CodecRef};
use crate::compat::{Incompatibility, compatibility};
use crate::schema::Schema;
use crate::wire::{DecodeError, DecodeErrorKind, Reader};
use skip::{Skip, SkipId};

/// How to read what a writer's schema wrote as what a reader's schema says.
#[derive(Clone, Debug)]
pub struct Plan {
    steps: Arc<[Step]>,
    skips: Arc<[Skip]>,
    root: StepId,
    reader: Schema,
}

/// Why a reader cannot read what a writer writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// All the checker's reasons; never empty.
    pub reasons: Vec<Incompatibility>,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader's schema cannot read the writer's")?;
        for (index, reason) in self.reasons.iter().enumerate() {
            write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanError {}

/// A step of a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepId(u32);

impl StepId {
    /// Both schemas have the same bytes here.
    pub const SAME: Self = Self(u32::MAX);
}

/// What to do with one value of the writer.
#[derive(Clone, Debug)]
enum Step {
    Promote(Promotion),
    Array {
        items: StepId,
        /// The fewest bytes an item takes in the writer's schema.
        least: usize,
    },
    Map {
        values: StepId,
        least: usize,
    },
    /// For each of the writer's symbols the reader's; none where the reader has none and no default.
    Enum(Box<[Option<u32>]>),
    /// The writer's fields, in its order.
    Record(Box<[Action]>),
    /// Both are unions: for each of the writer's branches the reader's, or why there is none.
    Union(Box<[Target]>),
    /// Only the reader has a union.
    Into {
        branch: u32,
        step: StepId,
    },
    /// Only the writer has a union: a step for each of its branches.
    OutOf(Box<[StepId]>),
    /// Nothing in the reader's schema takes this value.
    Refuse(Arc<str>),
}

/// The reader's branch for a value and the step that reads it, or why there is none.
type Target = Result<(u32, StepId), Arc<str>>;

/// A value whose type differs between the schemas, by the type that the writer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promotion {
    /// An `int`, read as long, float or double.
    Int,
    /// A `long`, read as float or double.
    Long,
    /// A `float`, read as double.
    Float,
    /// A decimal with this scale, read at another.
    Decimal {
        /// The writer's digits behind the point.
        scale: u32,
        /// The reader's.
        to: u32,
    },
    /// A time in another unit.
    TimeUnit {
        /// The writer's units in a second.
        from: u32,
        /// The reader's units in a second.
        to: u32,
    },
}

/// What a step says about an array or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An array: the step of its items, and the fewest bytes one takes.
    Array { items: StepId, least: usize },
    /// A map: the step of its values, and the fewest bytes one takes.
    Map { values: StepId, least: usize },
    /// Neither.
    Other,
}

/// What to do with one field of the writer's record.
#[derive(Clone, Debug)]
pub struct Action {
    /// The reader's field, or [`Self::SKIP`].
    field: u32,
    /// A [`StepId`], or a [`SkipId`] where the field is skipped.
    step: u32,
    /// The writer's name of the field.
    name: Arc<str>,
}

impl Action {
    /// The reader has no such field.
    const SKIP: u32 = u32::MAX;

    /// The index of the reader's field that takes the value; the largest number if none does.
    #[inline]
    #[must_use]
    pub fn field(&self) -> u32 {
        self.field
    }

    /// How the value is read; of no meaning for a field that is skipped.
    #[inline]
    #[must_use]
    pub fn step(&self) -> StepId {
        StepId(self.step)
    }
}

/// Takes a value as step `at` of the plan says.
///
/// # Errors
/// As [`Codec::decode_resolved`].
#[inline]
pub fn resolve<T: Codec>(
    reader: &mut Reader<'_>,
    plan: &Plan,
    at: StepId,
) -> Result<T, DecodeError> {
    match plan.settled(reader, at)? {
        StepId::SAME => T::decode(reader),
        at => T::decode_resolved(reader, plan, at),
    }
}

/// As [`resolve`], for a type that borrows from the message.
///
/// # Errors
/// As there.
#[inline]
pub fn resolve_ref<'a, T: CodecRef<'a>>(
    reader: &mut Reader<'a>,
    plan: &Plan,
    at: StepId,
) -> Result<T, DecodeError> {
    match plan.settled(reader, at)? {
        StepId::SAME => T::decode(reader),
        at => T::decode_resolved(reader, plan, at),
    }
}

impl Plan {
    /// Compiles the pair.
    ///
    /// Two things go beyond the specification, so that a message is never misread in silence: decimals of another
    /// scale, and times of another unit, are converted. A decimal that the reader's scale cannot say is refused at the
    /// value, a time is cut to the reader's unit.
    ///
    /// # Errors
    /// When the reader cannot take every value of the writer, with all reasons.
    pub fn compile(writer: &Schema, reader: &Schema) -> Result<Self, PlanError> {
        let reasons = compatibility(reader, writer);
        if reasons.is_empty() {
            Ok(compile::compile(writer, reader))
        } else {
            Err(PlanError { reasons })
        }
    }

    /// Compiles the pair even if the reader cannot take every value: it fails at those that it cannot.
    /// For tools that show where an incompatible change hurts; nothing else may use it.
    #[must_use]
    pub fn compile_lenient(writer: &Schema, reader: &Schema) -> Self {
        compile::compile(writer, reader)
    }

    /// The reader's schema.
    #[must_use]
    pub fn reader(&self) -> &Schema {
        &self.reader
    }

    /// The step of the whole message.
    #[inline]
    #[must_use]
    pub fn root(&self) -> StepId {
        self.root
    }

    /// Whether both schemas have the same bytes, so that every message takes the fast path.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.root == StepId::SAME
    }

    #[inline]
    fn step(&self, at: StepId) -> Option<&Step> {
        self.steps.get(at.0 as usize)
    }

    /// The step that reads the value, once the branch of a union that only the writer has is taken.
    #[inline]
    fn settled(&self, reader: &mut Reader<'_>, at: StepId) -> Result<StepId, DecodeError> {
        if at == StepId::SAME {
            return Ok(at);
        }
        match self.step(at) {
            Some(Step::OutOf(branches)) => Ok(branches[reader.union_branch(branches.len())?]),
            _ => Ok(at),
        }
    }

    /// The promotion at a step, if it is one.
    #[inline]
    #[must_use]
    pub(crate) fn promotion(&self, at: StepId) -> Option<Promotion> {
        if let Some(Step::Promote(promotion)) = self.step(at) { Some(*promotion) } else { None }
    }

    /// What a step says about an array or a map.
    #[inline]
    #[must_use]
    pub(crate) fn shape(&self, at: StepId) -> Shape {
        if let Some(&Step::Array { items, least }) = self.step(at) {
            Shape::Array { items, least }
        } else if let Some(&Step::Map { values, least }) = self.step(at) {
            Shape::Map { values, least }
        } else {
            Shape::Other
        }
    }

    /// The fields of the writer's record, in its order.
    ///
    /// # Errors
    /// When the step is not a record's.
    #[inline]
    pub fn record(&self, reader: &Reader<'_>, at: StepId) -> Result<&[Action], DecodeError> {
        if let Some(Step::Record(actions)) = self.step(at) {
            Ok(actions)
        } else {
            Err(self.mismatch(reader, at, "expected a record"))
        }
    }

    /// Passes over a field that the reader does not have. All limits hold.
    ///
    /// # Errors
    /// As [`Codec::decode`] of the writer's type; and when the plan was compiled for another type.
    pub fn skip(&self, reader: &mut Reader<'_>, action: &Action) -> Result<(), DecodeError> {
        if action.field != Action::SKIP {
            return Err(reader.error(DecodeErrorKind::PlanMismatch("the record has fewer fields")));
        }
        skip::skip(reader, &self.skips, SkipId(action.step))
            .map_err(|error| error.in_named_field(&action.name))
    }

    /// The reader's symbol for the one that the message holds.
    ///
    /// # Errors
    /// When the reader has none and no default, or the step is not an enum's.
    pub fn symbol<T: Copy>(
        &self,
        reader: &mut Reader<'_>,
        at: StepId,
        all: &[T],
    ) -> Result<T, DecodeError> {
        let Some(Step::Enum(symbols)) = self.step(at) else {
            return Err(self.mismatch(reader, at, "expected an enum"));
        };
        let start = reader.position();
        let index = reader.enum_symbol(symbols.len())?;
        match symbols[index] {
            Some(symbol) => all.get(symbol as usize).copied().ok_or_else(|| {
                DecodeError::new(DecodeErrorKind::PlanMismatch("the enum has fewer symbols"), start)
            }),
            None => Err(DecodeError::new(
                DecodeErrorKind::Refused(
                    "the reader's enum lacks the symbol and has no default".into(),
                ),
                start,
            )),
        }
    }

    /// The reader's branch for the value that comes next, and the step that reads it.
    ///
    /// # Errors
    /// When the reader has none for it, or the step is not a union's.
    #[inline]
    pub fn branch(
        &self,
        reader: &mut Reader<'_>,
        at: StepId,
    ) -> Result<(u32, StepId), DecodeError> {
        if let Some(Step::Union(branches)) = self.step(at) {
            let start = reader.position();
            match &branches[reader.union_branch(branches.len())?] {
                Ok(branch) => Ok(*branch),
                Err(reason) => Err(DecodeError::new(
                    DecodeErrorKind::Refused(reason.to_string().into()),
                    start,
                )),
            }
        } else if let Some(&Step::Into { branch, step }) = self.step(at) {
            Ok((branch, step))
        } else {
            Err(self.mismatch(reader, at, "expected a union"))
        }
    }

    /// The error of a type that finds a step it cannot follow: the refusal that was compiled there, or a plan that
    /// was compiled for another type.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn mismatch(&self, reader: &Reader<'_>, at: StepId, expected: &'static str) -> DecodeError {
        reader.error(if let Some(Step::Refuse(reason)) = self.step(at) {
            DecodeErrorKind::Refused(reason.to_string().into())
        } else {
            DecodeErrorKind::PlanMismatch(expected)
        })
    }
}
