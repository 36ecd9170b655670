//! Plans against resolution written down once more, slowly and by the letter of the specification: random writers, random
//! readers that came of them, random values.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    clippy::cast_precision_loss,
    reason = "the specification's promotions to float and double are lossy"
)]

mod support;

use charter_avro::compat::is_compatible;
use charter_avro::plan::Plan;
use charter_avro::schema::{Field, Kind, NodeId, Record, Schema};
use charter_avro::value::Value;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use support::random::{self, Entropy, Shape};

/// A writer's value as the reader has it (Avro 1.12, "Schema Resolution"); none where the reader has no place for it.
struct Letter<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
}

impl Letter<'_> {
    fn resolve(&self, value: &Value, from: NodeId, to: NodeId) -> Option<Value> {
        let (w, r) = (&self.writer.node(from).kind, &self.reader.node(to).kind);
        if let (Value::Union(branch, value), Kind::Union { branches }) = (value, w) {
            return self.resolve(value, branches[*branch as usize], to);
        }
        if let Kind::Union { branches } = r {
            let branch = self.branch(from, branches)?;
            let value = self.resolve(value, from, branches[branch])?;
            return Some(Value::Union(u32::try_from(branch).unwrap(), Box::new(value)));
        }
        Some(match (value, w, r) {
            (Value::Int(number), _, Kind::Long) => Value::Long((*number).into()),
            (Value::Int(number), _, Kind::Float) => Value::Float(*number as f32),
            (Value::Int(number), _, Kind::Double) => Value::Double((*number).into()),
            (Value::Long(number), _, Kind::Float) => Value::Float(*number as f32),
            (Value::Long(number), _, Kind::Double) => Value::Double(*number as f64),
            (Value::Float(number), _, Kind::Double) => Value::Double((*number).into()),
            (Value::String(text), _, Kind::Bytes) => Value::Bytes(text.clone().into_bytes()),
            (Value::Bytes(bytes), _, Kind::String) => {
                Value::String(String::from_utf8(bytes.clone()).ok()?)
            }
            (Value::Array(items), Kind::Array { items: from }, Kind::Array { items: to }) => {
                let items = items.iter().map(|item| self.resolve(item, *from, *to));
                Value::Array(items.collect::<Option<_>>()?)
            }
            (Value::Map(entries), Kind::Map { values: from }, Kind::Map { values: to }) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Some((key.clone(), self.resolve(value, *from, *to)?)));
                Value::Map(entries.collect::<Option<_>>()?)
            }
            (Value::Enum(symbol), Kind::Enum(_), Kind::Enum(to)) if named(w, r) => {
                let known = to.symbols.contains(symbol);
                Value::Enum(if known { symbol.clone() } else { to.default.clone()? })
            }
            (Value::Fixed(bytes), Kind::Fixed(_), Kind::Fixed(to)) if named(w, r) => {
                (bytes.len() == to.size).then(|| value.clone())?
            }
            (Value::Record(fields), Kind::Record(from), Kind::Record(to)) if named(w, r) => {
                let field = |field: &Field| {
                    let value = match source(field, from) {
                        Some(place) => {
                            self.resolve(&fields[place].1, from.fields[place].schema, field.schema)
                        }
                        None => Value::default_of(self.reader, field).unwrap(),
                    };
                    Some((field.name.clone(), value?))
                };
                Value::Record(to.fields.iter().map(field).collect::<Option<_>>()?)
            }
            _ if w.name().is_none() && w.type_name() == r.type_name() => value.clone(),
            _ => return None,
        })
    }

    /// The first branch that reads the type, those of the same kind and name first.
    fn branch(&self, from: NodeId, branches: &[NodeId]) -> Option<usize> {
        let w = &self.writer.node(from).kind;
        let same = |branch: &NodeId| {
            let r = &self.reader.node(*branch).kind;
            w.type_name() == r.type_name() && w.name() == r.name()
        };
        let fits = |branch: &NodeId| is_compatible(&self.reader.at(*branch), &self.writer.at(from));
        let first = branches.iter().position(|branch| same(branch) && fits(branch));
        first.or_else(|| branches.iter().position(fits)).or_else(|| branches.iter().position(same))
    }
}

fn named(w: &Kind, r: &Kind) -> bool {
    let (Some(from), Some(to)) = (w.name(), r.name()) else { return false };
    from.name() == to.name() || r.aliases().contains(from)
}

fn source(field: &Field, from: &Record) -> Option<usize> {
    let place = |name: &String| from.fields.iter().position(|written| written.name == *name);
    place(&field.name).or_else(|| field.aliases.iter().find_map(place))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_plan_reads_what_the_specification_says(bytes in random::entropy()) {
        let mut entropy = Entropy::new(bytes);
        let writer_json = random::schema(&mut entropy, Shape { logical: false });
        let reader_json = random::evolve(&mut entropy, &writer_json);
        let writer = Schema::parse(&writer_json.to_string()).unwrap();
        // A change may take away a type that something else refers to.
        let Ok(reader) = Schema::parse(&reader_json.to_string()) else { return Ok(()) };
        let letter = Letter { writer: &writer, reader: &reader };
        let compatible = Plan::compile(&writer, &reader);
        let plan = Plan::compile_lenient(&writer, &reader);
        for _ in 0..4 {
            let value = random::value(&mut entropy, &writer, 3);
            let message = value.encode(&writer).unwrap();
            let expected = letter.resolve(&value, writer.root(), reader.root());
            let found = plan.decode_value(&message);
            match &expected {
                Some(expected) => {
                    let found = found.map_err(|error| error.to_string());
                    prop_assert_eq!(found.as_ref(), Ok(expected), "{} {}", writer_json, reader_json);
                }
                None => prop_assert!(found.is_err(), "{writer_json} {reader_json} {found:?}"),
            }
            // Compatible schemas leave no value out, but for bytes that are no text.
            if compatible.is_ok() && expected.is_none() {
                prop_assert!(writer_json.to_string().contains("\"bytes\""));
            }
        }
    }

    /// The message stays whole for the writer too: nothing is read that another reader would not read.
    #[test]
    fn a_plan_accepts_no_bytes_that_the_writer_would_not_write(
        bytes in random::entropy(),
        place in 0..400_usize,
        byte in proptest::num::u8::ANY,
    ) {
        let mut entropy = Entropy::new(bytes);
        let writer_json = random::schema(&mut entropy, Shape { logical: false });
        let reader_json = random::evolve(&mut entropy, &writer_json);
        let writer = Schema::parse(&writer_json.to_string()).unwrap();
        let Ok(reader) = Schema::parse(&reader_json.to_string()) else { return Ok(()) };
        let plan = Plan::compile_lenient(&writer, &reader);
        let mut message = random::value(&mut entropy, &writer, 3).encode(&writer).unwrap();
        if !message.is_empty() {
            let place = place % message.len();
            message[place] = byte;
        }
        if plan.decode_value(&message).is_ok() {
            // But a string that is read as bytes need not be text.
            let read = Value::decode(&writer, &message).map_err(|error| error.to_string());
            let fits = read.as_ref().map_or_else(|error| error.contains("UTF-8"), |_| true);
            prop_assert!(fits, "{writer_json} {reader_json} {message:?} {read:?}");
        }
    }
}
