//! Random schemas, values and changes to schemas, all drawn from a string of bytes: proptest makes and shrinks the bytes, and
//! where they end every choice is the first, simplest one.

use charter_avro::schema::{Kind, NodeId, Schema};
use charter_avro::value::Value;
use proptest::prelude::{Strategy, any};
use serde_json::{Value as Json, json};

/// Bytes to draw from.
pub(crate) fn entropy() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..400)
}

/// Takes choices from bytes.
pub(crate) struct Entropy {
    bytes: std::vec::IntoIter<u8>,
}

impl Entropy {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter() }
    }

    fn byte(&mut self) -> u8 {
        self.bytes.next().unwrap_or(0)
    }

    /// A number below `bound`, which is at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// True once in `of` times.
    pub(crate) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    /// Small as often as large.
    fn long(&mut self) -> i64 {
        let wide = i64::from_le_bytes([0; 8].map(|_: u8| self.byte()));
        match self.below(4) {
            0 => wide % 100,
            1 => wide >> 32,
            2 => [i64::MIN, i64::MAX, -1, 0][self.below(4)],
            _ => wide,
        }
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 8] = ["", "a", "seat-1", "ü", "\u{0}", "\"\\/", "日本", "🦀"];
        let count = self.below(4);
        (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect()
    }

    fn many(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// What random schemas may hold.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Whether types may be logical ones.
    pub(crate) logical: bool,
}

/// A schema without problems. Records may be recursive.
pub(crate) fn schema(entropy: &mut Entropy, shape: Shape) -> Json {
    let bare = entropy.once_in(4);
    let mut maker = Maker { entropy, shape, names: 0, open: Vec::new() };
    if bare { maker.schema(0) } else { maker.record(0) }
}

struct Maker<'e> {
    entropy: &'e mut Entropy,
    shape: Shape,
    names: usize,
    /// Records that are being defined.
    open: Vec<String>,
}

const UNNAMED: [&str; 10] =
    ["int", "string", "null", "long", "boolean", "double", "float", "bytes", "array", "map"];

impl Maker<'_> {
    fn schema(&mut self, depth: usize) -> Json {
        match self.entropy.below(if depth > 3 { 9 } else { 16 }) {
            index @ 0..8 => self.unnamed(UNNAMED[index], depth),
            8 => self.enumeration(),
            9 => self.fixed(),
            10 => self.unnamed("array", depth),
            11 => self.unnamed("map", depth),
            12 | 13 => self.union(depth),
            _ => self.record(depth),
        }
    }

    fn unnamed(&mut self, kind: &str, depth: usize) -> Json {
        match kind {
            "array" => json!({"type": "array", "items": self.inner(depth)}),
            "map" => json!({"type": "map", "values": self.inner(depth)}),
            _ => {
                let logical: &[&str] = match kind {
                    "int" => &["date", "time-millis"],
                    "long" => &[
                        "time-micros",
                        "timestamp-millis",
                        "timestamp-micros",
                        "timestamp-nanos",
                        "local-timestamp-millis",
                        "local-timestamp-micros",
                        "local-timestamp-nanos",
                    ],
                    "bytes" => &["decimal"],
                    _ => &[],
                };
                if !self.shape.logical || logical.is_empty() || !self.entropy.once_in(2) {
                    return kind.into();
                }
                let logical = logical[self.entropy.below(logical.len())];
                let mut schema = json!({"type": kind, "logicalType": logical});
                if logical == "decimal" {
                    schema["precision"] = json!(1 + self.entropy.below(30));
                    schema["scale"] = json!(self.entropy.below(2));
                }
                schema
            }
        }
    }

    /// A type behind a container: here a record may hold itself.
    fn inner(&mut self, depth: usize) -> Json {
        match self.open.last() {
            Some(name) if self.entropy.once_in(4) => name.clone().into(),
            _ => self.schema(depth + 1),
        }
    }

    fn union(&mut self, depth: usize) -> Json {
        let count = 1 + self.entropy.below(4);
        let mut kinds: Vec<&str> = UNNAMED.to_vec();
        let mut branches: Vec<Json> = Vec::new();
        if self.entropy.once_in(2) {
            kinds.retain(|kind| *kind != "null");
            branches.push("null".into());
        }
        let mut recursive = self.open.last().cloned();
        while branches.len() < count {
            let branch = match (self.entropy.below(12), recursive.take()) {
                (11, Some(name)) => name.into(),
                (9, _) => self.enumeration(),
                (10 | 11, _) if depth < 4 => self.record(depth),
                (8, _) => self.fixed(),
                (index, _) => {
                    let kind = kinds.remove(index % kinds.len());
                    self.unnamed(kind, depth)
                }
            };
            branches.push(branch);
        }
        // A recursive union of records alone might have no finite value.
        let refers = |branch: &Json| self.open.iter().any(|name| *branch == **name);
        if branches.iter().any(refers)
            && branches.iter().all(|branch| refers(branch) || branch["type"] == "record")
        {
            branches.insert(0, "null".into());
        }
        branches.into()
    }

    fn record(&mut self, depth: usize) -> Json {
        let name = self.name("R");
        self.open.push(name.clone());
        let count = self.entropy.below(5);
        let fields: Vec<Json> = (0..count)
            .map(|index| json!({"name": format!("f{index}"), "type": self.schema(depth + 1)}))
            .collect();
        self.open.pop();
        json!({"type": "record", "name": name, "fields": fields})
    }

    fn enumeration(&mut self) -> Json {
        let name = self.name("E");
        let count = 1 + self.entropy.below(4);
        let symbols: Vec<String> = (0..count).map(|index| format!("S{index}")).collect();
        json!({"type": "enum", "name": name, "symbols": symbols})
    }

    fn fixed(&mut self) -> Json {
        let name = self.name("F");
        if !self.shape.logical || !self.entropy.once_in(2) {
            return json!({"type": "fixed", "name": name, "size": self.entropy.below(20)});
        }
        match self.entropy.below(3) {
            0 => json!({"type": "fixed", "name": name, "size": 16, "logicalType": "uuid"}),
            1 => json!({"type": "fixed", "name": name, "size": 12, "logicalType": "duration"}),
            _ => {
                json!({"type": "fixed", "name": name, "size": 9, "logicalType": "decimal", "precision": 20, "scale": 3})
            }
        }
    }

    /// A full name, so that it means the same wherever it stands.
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        let namespace = ["test", "test.inner"][self.entropy.below(2)];
        format!("{namespace}.{prefix}{}", self.names)
    }
}

/// A value of a schema. Maps have at most `entries` entries, keys unique; floats are numbers.
pub(crate) fn value(entropy: &mut Entropy, schema: &Schema, entries: usize) -> Value {
    Filler { entropy, schema, entries }.value(schema.root(), 0)
}

struct Filler<'e> {
    entropy: &'e mut Entropy,
    schema: &'e Schema,
    entries: usize,
}

impl Filler<'_> {
    /// From this depth on containers are empty and unions take a branch without records, so that recursion ends.
    const DEEP: usize = 8;

    fn value(&mut self, id: NodeId, depth: usize) -> Value {
        let schema = self.schema;
        let deep = depth >= Self::DEEP;
        match &schema.node(id).kind {
            Kind::Null => Value::Null,
            Kind::Boolean => Value::Boolean(self.entropy.once_in(2)),
            Kind::Int => {
                let [a, b, c, d, ..] = self.entropy.long().to_le_bytes();
                Value::Int(i32::from_le_bytes([a, b, c, d]))
            }
            Kind::Long => Value::Long(self.entropy.long()),
            Kind::Float => Value::Float(
                [0.0, 0.1, -0.0, 1.5e-42, 3.4e38, f32::INFINITY, -7.0][self.entropy.below(7)],
            ),
            Kind::Double => Value::Double(
                [0.0, 0.1, -0.0, 5e-324, 1.7e308, f64::NEG_INFINITY, 1e21][self.entropy.below(7)],
            ),
            Kind::Bytes => {
                let count = self.entropy.below(20);
                Value::Bytes(self.entropy.many(count))
            }
            Kind::String => Value::String(self.entropy.text()),
            Kind::Fixed(fixed) => Value::Fixed(self.entropy.many(fixed.size)),
            Kind::Enum(kind) => {
                Value::Enum(kind.symbols[self.entropy.below(kind.symbols.len())].clone())
            }
            Kind::Array { items } => {
                let count = if deep { 0 } else { self.entropy.below(4) };
                Value::Array((0..count).map(|_| self.value(*items, depth + 1)).collect())
            }
            Kind::Map { values } => {
                let count = if deep { 0 } else { self.entropy.below(self.entries + 1) };
                let entry = |index| {
                    (format!("{index}{}", self.entropy.text()), self.value(*values, depth + 1))
                };
                Value::Map((0..count).map(entry).collect())
            }
            Kind::Union { branches } => {
                let shallow = branches
                    .iter()
                    .position(|branch| !matches!(schema.node(*branch).kind, Kind::Record(_)));
                let index = match shallow {
                    Some(index) if deep => index,
                    _ => self.entropy.below(branches.len()),
                };
                let value = self.value(branches[index], depth + 1);
                Value::Union(u32::try_from(index).expect("few branches"), Box::new(value))
            }
            Kind::Record(record) => {
                let field = |field: &charter_avro::schema::Field| {
                    (field.name.clone(), self.value(field.schema, depth + 1))
                };
                Value::Record(record.fields.iter().map(field).collect())
            }
        }
    }
}

/// A schema that somebody might make of `json` later: most changes are compatible one way or the other, some are not.
pub(crate) fn evolve(entropy: &mut Entropy, json: &Json) -> Json {
    if entropy.once_in(12) && !json.is_array() {
        return wrapped(entropy, json);
    }
    match json {
        Json::String(name) => promoted(entropy, name),
        Json::Array(branches) => {
            let mut branches: Vec<Json> =
                branches.iter().map(|branch| kept_apart(entropy, branch)).collect();
            match entropy.below(6) {
                4 if branches.len() > 1 => drop(branches.remove(entropy.below(branches.len()))),
                5 => branches.reverse(),
                _ => {}
            }
            branches.into()
        }
        Json::Object(_) => {
            let mut json = json.clone();
            for key in ["items", "values"] {
                if let Some(inner) = json.get(key).cloned() {
                    json[key] = evolve(entropy, &inner);
                }
            }
            if json["type"] == "record" {
                let fields = json["fields"].as_array().expect("fields").clone();
                json["fields"] = evolve_fields(entropy, &fields).into();
            } else if json["type"] == "enum" && entropy.once_in(4) {
                let symbols = json["symbols"].as_array_mut().expect("symbols");
                if entropy.once_in(2) {
                    symbols.push("NEW".into());
                } else if symbols.len() > 1 {
                    symbols.pop();
                }
                if entropy.once_in(2) {
                    json["default"] = json["symbols"][0].clone();
                }
            } else if json["type"] == "fixed" && entropy.once_in(12) {
                json["size"] = json!(json["size"].as_u64().expect("size") + 1);
                json.as_object_mut().expect("object").remove("logicalType");
            }
            json
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

/// A union's branch changes inside only, since two of its branches must not become the same type.
fn kept_apart(entropy: &mut Entropy, json: &Json) -> Json {
    let changed = if json.is_object() { evolve(entropy, json) } else { json.clone() };
    if changed.is_array() { json.clone() } else { changed }
}

fn wrapped(entropy: &mut Entropy, json: &Json) -> Json {
    if json == "null" {
        return json!(["null"]);
    }
    match entropy.below(3) {
        0 => json!(["null", json]),
        1 => json!([json, "null"]),
        _ => json!([json]),
    }
}

fn promoted(entropy: &mut Entropy, name: &str) -> Json {
    let wider: &[&str] = match name {
        "int" => &["int", "int", "long", "float", "double", "string"],
        "long" => &["long", "long", "float", "double", "int"],
        "float" => &["float", "double"],
        "string" => &["string", "bytes"],
        "bytes" => &["bytes", "string"],
        other => return other.into(),
    };
    wider[entropy.below(wider.len())].into()
}

fn evolve_fields(entropy: &mut Entropy, fields: &[Json]) -> Vec<Json> {
    let mut changed = Vec::new();
    for field in fields {
        let mut field = field.clone();
        field["type"] = evolve(entropy, &field["type"].clone());
        match entropy.below(12) {
            // Only a field whose type is not defined in it can go: others may refer to that type.
            9 if field["type"].is_string() => continue,
            10 => {
                let name = field["name"].as_str().expect("name").to_owned();
                field["name"] = format!("renamed_{name}").into();
                field["aliases"] = json!([name]);
            }
            11 => field["name"] = format!("lost_{}", field["name"].as_str().expect("name")).into(),
            _ => {}
        }
        changed.push(field);
    }
    match entropy.below(8) {
        5 => changed.reverse(),
        6 => changed.push(json!({"name": "added", "type": ["null", "int"], "default": null})),
        7 => changed.insert(0, json!({"name": "needed", "type": "int"})),
        _ => {}
    }
    changed
}
