//! Following a plan to values whose schema is known at run time only.

use super::{Action, Plan, Promotion, Step, StepId};
use crate::codec::{Codec, rescale_bytes};
use crate::schema::{Kind, NodeId};
use crate::value::Value;
use crate::wire::{Blocks, DecodeError, DecodeErrorKind, Reader};

impl Plan {
    /// A value of the reader's schema from the whole of a message. For tools: generated code decodes its own types.
    ///
    /// # Errors
    /// As [`Codec::decode_resolved`], and when bytes are left.
    pub fn decode_value(&self, bytes: &[u8]) -> Result<Value, DecodeError> {
        let mut reader = Reader::new(bytes)?;
        let value = self.value(&mut reader, self.root, self.reader.root())?;
        reader.finish()?;
        Ok(value)
    }

    /// Takes a value of the reader's type `node` as step `at` says.
    fn value(&self, r: &mut Reader<'_>, at: StepId, node: NodeId) -> Result<Value, DecodeError> {
        if at == StepId::SAME {
            return Value::read(&self.reader.at(node), r);
        }
        let kind = &self.reader.node(node).kind;
        match (self.step(at), kind) {
            (Some(Step::OutOf(branches)), _) => {
                let at = branches[r.union_branch(branches.len())?];
                self.value(r, at, node)
            }
            (Some(Step::Promote(promotion)), _) => self.promoted(r, at, *promotion, kind),
            (Some(&Step::Array { items, least }), Kind::Array { items: node }) => {
                let mut blocks = Blocks::new(least);
                let mut values = Vec::new();
                while let Some(count) = blocks.next(r)? {
                    for _ in 0..count {
                        let value = self.value(r, items, *node);
                        values.push(value.map_err(|error| error.in_item(values.len()))?);
                    }
                }
                Ok(Value::Array(values))
            }
            (Some(&Step::Map { values, least }), Kind::Map { values: node }) => {
                let mut blocks = Blocks::new(1 + least);
                let mut entries = Vec::new();
                while let Some(count) = blocks.next(r)? {
                    for _ in 0..count {
                        let key = r.string()?.to_owned();
                        let value = self.value(r, values, *node);
                        let value = value.map_err(|error| error.in_key(&key))?;
                        entries.push((key, value));
                    }
                }
                Ok(Value::Map(entries))
            }
            (Some(Step::Enum(_)), Kind::Enum(symbols)) => {
                let all: Vec<&String> = symbols.symbols.iter().collect();
                self.symbol(r, at, &all).map(|symbol| Value::Enum(symbol.clone()))
            }
            (Some(Step::Record(actions)), Kind::Record(_)) => self.fields(r, actions, node),
            (Some(Step::Union(_) | Step::Into { .. }), Kind::Union { branches }) => {
                let (branch, at) = self.branch(r, at)?;
                let value = self.value(r, at, branches[branch as usize])?;
                Ok(Value::Union(branch, Box::new(value)))
            }
            _ => Err(self.mismatch(r, at, "expected another type")),
        }
    }

    fn fields(
        &self,
        r: &mut Reader<'_>,
        actions: &[Action],
        node: NodeId,
    ) -> Result<Value, DecodeError> {
        let Kind::Record(record) = &self.reader.node(node).kind else {
            return Err(r.error(DecodeErrorKind::PlanMismatch("expected another type")));
        };
        let mut values = vec![None; record.fields.len()];
        r.enter()?;
        for action in actions {
            match record.fields.get(action.field as usize) {
                Some(field) => {
                    let value = self.value(r, action.step(), field.schema);
                    let value = value.map_err(|error| error.in_named_field(&field.name))?;
                    values[action.field as usize] = Some(value);
                }
                None => self.skip(r, action)?,
            }
        }
        r.leave();
        let mut fields = Vec::with_capacity(values.len());
        for (field, value) in record.fields.iter().zip(values) {
            let value = match value {
                Some(value) => Some(value),
                None => Value::default_of(&self.reader, field).ok().flatten(),
            };
            let missing = "the writer has no such field, and there is no usable default";
            let value = value.ok_or_else(|| {
                r.error(DecodeErrorKind::Refused(missing.into())).in_named_field(&field.name)
            })?;
            fields.push((field.name.clone(), value));
        }
        Ok(Value::Record(fields))
    }

    fn promoted(
        &self,
        r: &mut Reader<'_>,
        at: StepId,
        promotion: Promotion,
        kind: &Kind,
    ) -> Result<Value, DecodeError> {
        if let Promotion::Decimal { scale, to } = promotion {
            let start = r.position();
            let (bytes, size) = if let Kind::Fixed(fixed) = kind {
                (r.fixed(fixed.size)?, Some(fixed.size))
            } else {
                (r.bytes()?, None)
            };
            let bytes = rescale_bytes(bytes, scale, to, size)
                .map_err(|value| DecodeError::new(DecodeErrorKind::Inexact(value), start))?;
            return Ok(if size.is_some() { Value::Fixed(bytes) } else { Value::Bytes(bytes) });
        }
        if matches!(kind, Kind::Long) {
            i64::decode_resolved(r, self, at).map(Value::Long)
        } else if matches!(kind, Kind::Float) {
            f32::decode_resolved(r, self, at).map(Value::Float)
        } else if matches!(kind, Kind::Double) {
            f64::decode_resolved(r, self, at).map(Value::Double)
        } else {
            Err(self.mismatch(r, at, "expected another type"))
        }
    }
}
