//! Proof of an incompatibility: a value that the writer can write and the reader cannot read.

mod hunt;
mod least;

use serde_json::Value as Json;

use super::{Incompatibility, IncompatibilityKind, Verdicts};
use crate::plan::Plan;
use crate::schema::{Kind, NodeId, Schema};
use crate::value::{JsonForm, Value};
use crate::wire::{DecodeError, DecodeErrorKind};
use least::Least;

/// What an incompatibility does to data.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The smallest message found that the reader fails at. None where messages can be read and the pair is refused all the
    /// same (a field that fits two of the writer's), or where the writer has no message that ends within the limits.
    pub message: Option<Message>,
    /// The reader's field at which it fails, such as `payload.seats[0].price`; empty for the message itself.
    pub field: String,
    /// What the resolver says of the message, with byte and field; without a message, why no plan is made for the pair.
    pub error: String,
}

/// A message of the writer.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The value, as [`JsonForm::Plain`] has it.
    pub value: Json,
    /// The same in binary, without a header.
    pub bytes: Vec<u8>,
}

/// Finds witnesses for the incompatibilities of one pair of schemas.
#[derive(Debug)]
pub struct Witnesses {
    reader: Schema,
    writer: Schema,
    /// What reads the writer's messages until it meets what it cannot take.
    plan: Plan,
    verdicts: Verdicts,
    least: Least,
}

/// A witness for one incompatibility, as [`compatibility`](super::compatibility) of the pair gives it. For several of one
/// pair, make [`Witnesses`] once.
#[must_use]
pub fn witness(reader: &Schema, writer: &Schema, found: &Incompatibility) -> Witness {
    Witnesses::new(reader, writer).of(found)
}

/// A step from a value of the writer to one inside it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Field(usize),
    Branch(usize),
    Item,
    Entry,
}

/// A node, and the steps to it from the root.
#[derive(Debug)]
struct Target {
    node: NodeId,
    steps: Vec<Step>,
}

/// Under which key a map of a witness holds its one entry.
const KEY: &str = "key";

impl Witnesses {
    /// Prepares for the incompatibilities of a pair.
    #[must_use]
    pub fn new(reader: &Schema, writer: &Schema) -> Self {
        Self {
            reader: reader.clone(),
            writer: writer.clone(),
            plan: Plan::compile_lenient(writer, reader),
            verdicts: Verdicts::new(reader, writer),
            least: Least::new(writer),
        }
    }

    /// A witness for one of them.
    #[must_use]
    pub fn of(&self, found: &Incompatibility) -> Witness {
        let written = target(&self.writer, &found.writer_path);
        let read = target(&self.reader, &found.reader_path);
        // The pair by itself: in the whole message something else may be refused first.
        let part = Plan::compile_lenient(
            &self.writer.at(written.node),
            &self.read_alone(found, &read).at(read.node),
        );
        let holder = self.path_text(&read.steps);
        hunt::leaves(&self.verdicts, read.node, written.node)
            .into_iter()
            .filter_map(|leaf| Some((leaf.steps, leaf.value.or_else(|| self.least(leaf.node))?)))
            .find_map(|(steps, leaf)| self.message(&written, &steps, leaf, &part, &holder))
            .unwrap_or_else(|| Witness {
                message: None,
                field: holder,
                error: format!("no plan is made for the pair: {found}"),
            })
    }

    /// The reader, of whose record only the field counts that the incompatibility is about, where it is about one.
    fn read_alone(&self, found: &Incompatibility, read: &Target) -> Schema {
        let field = match found.kind {
            IncompatibilityKind::ReaderFieldMissingDefaultValue => {
                found.reader_path.rsplit('/').next().and_then(|index| index.parse().ok())
            }
            IncompatibilityKind::TypeMismatch
            | IncompatibilityKind::NameMismatch
            | IncompatibilityKind::FixedSizeMismatch
            | IncompatibilityKind::MissingEnumSymbols
            | IncompatibilityKind::MissingUnionBranch
            | IncompatibilityKind::AmbiguousField => None,
        };
        field.map_or_else(|| self.reader.clone(), |field| self.reader.with_field(read.node, field))
    }

    fn least(&self, node: NodeId) -> Option<Value> {
        self.least.value(&self.writer, node)
    }

    /// The message with `leaf` at the end of `inner` steps from `outer`, if the reader fails at it there.
    fn message(
        &self,
        outer: &Target,
        inner: &[Step],
        leaf: Value,
        part: &Plan,
        holder: &str,
    ) -> Option<Witness> {
        let held = self.around(outer.node, inner, leaf)?;
        let bytes = held.encode(&self.writer.at(outer.node)).ok()?;
        let refusal = refused(part.decode_value(&bytes))?;
        let field = joined(holder, &refusal.path_text());
        let whole = self.around(self.writer.root(), &outer.steps, held)?;
        let bytes = whole.encode(&self.writer).ok()?;
        let error = refused(self.plan.decode_value(&bytes))?;
        let error = if error.path_text() == field {
            error.to_string()
        } else if field.is_empty() {
            refusal.kind().to_string()
        } else {
            format!("field `{field}`: {}", refusal.kind())
        };
        let value = whole.to_json(&self.writer, JsonForm::Plain).ok()?;
        Some(Witness { message: Some(Message { value, bytes }), field, error })
    }

    /// The value of `node` that holds `leaf` at the end of `steps`, and nothing that need not be.
    fn around(&self, node: NodeId, steps: &[Step], leaf: Value) -> Option<Value> {
        // Outwards from the leaf: the way is as long as the path, which a schema can make long.
        let mut nodes = vec![node];
        for step in steps {
            nodes.push(child(&self.writer, *nodes.last()?, *step)?);
        }
        let mut value = leaf;
        for (step, node) in steps.iter().zip(&nodes).rev() {
            value = match (step, &self.writer.node(*node).kind) {
                (Step::Item, _) => Value::Array(vec![value]),
                (Step::Entry, _) => Value::Map(vec![(KEY.to_owned(), value)]),
                (Step::Branch(index), _) => {
                    Value::Union(u32::try_from(*index).ok()?, Box::new(value))
                }
                (Step::Field(index), Kind::Record(record)) => {
                    let mut fields = Vec::with_capacity(record.fields.len());
                    for (position, field) in record.fields.iter().enumerate() {
                        let value = if position == *index {
                            std::mem::replace(&mut value, Value::Null)
                        } else {
                            self.least(field.schema)?
                        };
                        fields.push((field.name.clone(), value));
                    }
                    Value::Record(fields)
                }
                (Step::Field(_), _) => return None,
            };
        }
        Some(value)
    }

    /// The place at the end of `steps` in a value of the reader.
    fn path_text(&self, steps: &[Step]) -> String {
        let mut text = String::new();
        let mut node = self.reader.root();
        for step in steps {
            match (step, &self.reader.node(node).kind) {
                (Step::Field(index), Kind::Record(record)) => {
                    let name = record.fields.get(*index).map_or("", |field| field.name.as_str());
                    text = joined(&text, name);
                }
                (Step::Item, _) => text.push_str("[0]"),
                (Step::Entry, _) => text = format!("{text}[{KEY:?}]"),
                (Step::Branch(_) | Step::Field(_), _) => {}
            }
            let Some(next) = child(&self.reader, node, *step) else { break };
            node = next;
        }
        text
    }
}

/// The refusal of a value; a limit that the message meets is none.
fn refused(decoded: Result<Value, DecodeError>) -> Option<DecodeError> {
    decoded.err().filter(|error| matches!(error.kind(), DecodeErrorKind::Refused(_)))
}

/// A path behind another: `a` and `b[0]` are `a.b[0]`.
fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        ("", text) | (text, "") => text.to_owned(),
        (outer, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

fn child(schema: &Schema, node: NodeId, step: Step) -> Option<NodeId> {
    match (step, &schema.node(node).kind) {
        (Step::Field(index), Kind::Record(record)) => {
            record.fields.get(index).map(|field| field.schema)
        }
        (Step::Branch(index), Kind::Union { branches }) => branches.get(index).copied(),
        (Step::Item, Kind::Array { items: inner }) | (Step::Entry, Kind::Map { values: inner }) => {
            Some(*inner)
        }
        (Step::Field(_) | Step::Branch(_) | Step::Item | Step::Entry, _) => None,
    }
}

/// The innermost node that a JSON pointer into a schema leads to; what names a part of it (`/symbols`, `/size`, `/name`, a
/// field without its type) is left away.
fn target(schema: &Schema, pointer: &str) -> Target {
    let mut target = Target { node: schema.root(), steps: Vec::new() };
    let mut segments = pointer.split('/').skip(1);
    while let Some(segment) = segments.next() {
        let step = match (segment, &schema.node(target.node).kind) {
            ("fields", Kind::Record(_)) => {
                let index = segments.next().and_then(|index| index.parse().ok());
                match (index, segments.next()) {
                    (Some(index), Some("type")) => Step::Field(index),
                    _ => break,
                }
            }
            ("items", Kind::Array { .. }) => Step::Item,
            ("values", Kind::Map { .. }) => Step::Entry,
            (index, Kind::Union { .. }) => match index.parse() {
                Ok(index) => Step::Branch(index),
                Err(_) => break,
            },
            _ => break,
        };
        let Some(node) = child(schema, target.node, step) else { break };
        target.node = node;
        target.steps.push(step);
    }
    target
}
