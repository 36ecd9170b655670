//! Whether a value fits a schema: JSON Schema as OpenAPI 3.0 and 3.1 have it. What cannot be told (a format that is
//! not known, a pattern that is no regular expression here, `unevaluated…`) is said to be unknown, never guessed.

use std::collections::HashSet;

use charter_avro::logical::{Date, TimestampMicros};
use charter_avro::source::Tree;
use serde_json::{Map, Value};

use super::super::document::Node;
use super::super::schema::{Bound, Schema, Schemas};

mod evaluated;

/// How deep values may nest: those that are made here are flat.
const MAX_DEPTH: usize = 40;

/// What a schema says of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fits,
    /// Why not.
    Misfits(String),
    Unknown,
}

impl Outcome {
    fn misfit(at: &str, text: impl AsRef<str>) -> Self {
        let at = if at.is_empty() { String::new() } else { format!("`{at}`: ") };
        Self::Misfits(format!("{at}{}", text.as_ref()))
    }

    /// Both must fit; a misfit is one whatever else is unknown.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Misfits(_) => self,
            Self::Fits => other(),
            Self::Unknown => match other() {
                Self::Misfits(text) => Self::Misfits(text),
                Self::Fits | Self::Unknown => Self::Unknown,
            },
        }
    }

    fn unless(fits: bool, at: &str, text: impl AsRef<str>) -> Self {
        if fits { Self::Fits } else { Self::misfit(at, text) }
    }
}

/// Holds `value` against the schema at `node`.
pub(crate) fn check<'a>(schemas: &Schemas<'a>, node: Node<'a>, value: &Value) -> Outcome {
    Validity { schemas, trail: HashSet::new() }.schema(node, value, "", 0)
}

struct Validity<'s, 'a> {
    schemas: &'s Schemas<'a>,
    /// The schemas that look at the same value, so that one which refers to itself ends.
    trail: HashSet<(usize, usize)>,
}

impl<'a> Validity<'_, 'a> {
    fn schema(&mut self, node: Node<'a>, value: &Value, at: &str, depth: usize) -> Outcome {
        match node.tree.as_bool() {
            Some(true) => return Outcome::Fits,
            Some(false) => return Outcome::misfit(at, "nothing is allowed here"),
            None => {}
        }
        // What stands beside a reference is asked for as well as what it leads to.
        if let Some(beside) = self.schemas.only_beside(node) {
            let outcome = self.keywords(&beside, value, at, depth);
            let target = self.schemas.reader.resolve(node);
            return match target {
                Some(target) => outcome.and(|| self.schema(target, value, at, depth + 1)),
                None => Outcome::Unknown,
            };
        }
        let schema = self.schemas.at(node).schema;
        let key = (schema.node.address(), std::ptr::from_ref(value) as usize);
        if depth > MAX_DEPTH || !self.schemas.spend(1) || !self.trail.insert(key) {
            return Outcome::Unknown;
        }
        let outcome = self.keywords(&schema, value, at, depth);
        self.trail.remove(&key);
        outcome
    }

    fn keywords(&mut self, schema: &Schema<'a>, value: &Value, at: &str, depth: usize) -> Outcome {
        // `nullable: true` beside a type takes `null` whatever else is said (OpenAPI 3.0.3, "nullable").
        if value.is_null() && schema.nullable && !schema.types.is_empty() && schema.listed.is_none()
        {
            return self.branches(schema, value, at, depth);
        }
        let outcome =
            types(schema, value, at).and(|| listed(schema, value, at)).and(|| match value {
                Value::Number(_) => number(schema, value, at),
                Value::String(text) => self.string(schema, text, at),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Outcome::Fits,
            });
        let outcome = match value {
            Value::Array(items) => outcome.and(|| self.array(schema, items, at, depth)),
            Value::Object(members) => outcome.and(|| self.object(schema, members, at, depth)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => outcome,
        };
        outcome.and(|| self.branches(schema, value, at, depth))
    }

    fn string(&self, schema: &Schema<'a>, text: &str, at: &str) -> Outcome {
        let length = text.chars().count() as u64;
        Outcome::unless(length >= schema.min_length, at, "is too short")
            .and(|| {
                let most = schema.max_length.unwrap_or(u64::MAX);
                Outcome::unless(length <= most, at, "is too long")
            })
            .and(|| match schema.pattern {
                "" => Outcome::Fits,
                pattern => {
                    self.schemas.matches(pattern, text).map_or(Outcome::Unknown, |matches| {
                        Outcome::unless(
                            matches,
                            at,
                            format!("does not match the pattern `{pattern}`"),
                        )
                    })
                }
            })
            .and(|| format(schema.format, text, at))
    }

    fn branches(&mut self, schema: &Schema<'a>, value: &Value, at: &str, depth: usize) -> Outcome {
        let mut outcome = Outcome::Fits;
        for tree in schema.all_of {
            outcome = outcome.and(|| self.schema(schema.within(tree), value, at, depth + 1));
        }
        outcome
            .and(|| self.some(schema, (schema.any_of, "anyOf"), value, at, depth))
            .and(|| self.some(schema, (schema.one_of, "oneOf"), value, at, depth))
            .and(|| match schema.single.not {
                None => Outcome::Fits,
                Some(tree) => match self.schema(schema.within(tree), value, at, depth + 1) {
                    Outcome::Fits => Outcome::misfit(at, "fits what `not` excludes"),
                    Outcome::Misfits(_) => Outcome::Fits,
                    Outcome::Unknown => Outcome::Unknown,
                },
            })
            .and(|| self.condition(schema, value, at, depth))
    }

    fn some(
        &mut self,
        schema: &Schema<'a>,
        (trees, key): (&'a [Tree], &str),
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Outcome {
        if trees.is_empty() {
            return Outcome::Fits;
        }
        let (mut fitting, mut unknown) = (0, 0);
        for tree in trees {
            match self.schema(schema.within(tree), value, at, depth + 1) {
                Outcome::Fits => fitting += 1,
                Outcome::Unknown => unknown += 1,
                Outcome::Misfits(_) => {}
            }
        }
        match (fitting, unknown) {
            (0, 0) => Outcome::misfit(at, format!("fits no branch of `{key}`")),
            (1, 0) => Outcome::Fits,
            (1.., _) if key == "anyOf" => Outcome::Fits,
            (2.., _) => Outcome::misfit(at, "fits more than one branch of `oneOf`"),
            _ => Outcome::Unknown,
        }
    }

    fn condition(&mut self, schema: &Schema<'a>, value: &Value, at: &str, depth: usize) -> Outcome {
        let Some(condition) = schema.single.condition else { return Outcome::Fits };
        let next = match self.schema(schema.within(condition), value, at, depth + 1) {
            Outcome::Fits => schema.single.then,
            Outcome::Misfits(_) => schema.single.otherwise,
            Outcome::Unknown => return Outcome::Unknown,
        };
        next.map_or(Outcome::Fits, |tree| self.schema(schema.within(tree), value, at, depth + 1))
    }

    fn array(&mut self, schema: &Schema<'a>, items: &[Value], at: &str, depth: usize) -> Outcome {
        let count = items.len() as u64;
        let mut outcome = Outcome::unless(count >= schema.min_items, at, too("few", "minItems"))
            .and(|| {
                let most = schema.max_items.unwrap_or(u64::MAX);
                Outcome::unless(count <= most, at, too("many", "maxItems"))
            })
            .and(|| {
                let distinct = !schema.unique_items
                    || (1..items.len()).all(|index| !items[..index].contains(&items[index]));
                Outcome::unless(distinct, at, "two items are equal, and `uniqueItems` holds")
            });
        let rest = schema.written("items");
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            let node = schema.prefix_items.get(index).map(|tree| schema.within(tree)).or(rest);
            if let Some(node) = node {
                outcome = outcome.and(|| self.schema(node, item, &at, depth + 1));
            }
        }
        outcome = outcome.and(|| self.contained(schema, items, at, depth));
        let Some(node) = schema.written("unevaluatedItems") else { return outcome };
        let whole = Value::Array(items.to_vec());
        let Some(looked_at) = self.items_evaluated(schema, &whole, depth) else {
            return outcome.and(|| Outcome::Unknown);
        };
        for (index, item) in items.iter().enumerate().skip(looked_at.0) {
            if !looked_at.1.contains(&index) {
                outcome =
                    outcome.and(|| self.schema(node, item, &format!("{at}/{index}"), depth + 1));
            }
        }
        outcome
    }

    fn contained(
        &mut self,
        schema: &Schema<'a>,
        items: &[Value],
        at: &str,
        depth: usize,
    ) -> Outcome {
        let Some(node) = schema.written("contains") else { return Outcome::Fits };
        let (mut fitting, mut unknown) = (0_u64, false);
        for item in items {
            match self.schema(node, item, at, depth + 1) {
                Outcome::Fits => fitting += 1,
                Outcome::Unknown => unknown = true,
                Outcome::Misfits(_) => {}
            }
        }
        if unknown {
            return Outcome::Unknown;
        }
        Outcome::unless(
            fitting >= schema.min_contains.unwrap_or(1),
            at,
            "too few items are what `contains` asks for",
        )
        .and(|| {
            let most = schema.max_contains.unwrap_or(u64::MAX);
            Outcome::unless(fitting <= most, at, "too many items are what `contains` asks for")
        })
    }

    fn object(
        &mut self,
        schema: &Schema<'a>,
        members: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Outcome {
        let count = members.len() as u64;
        let mut outcome =
            Outcome::unless(count >= schema.min_properties, at, too("few", "minProperties")).and(
                || {
                    let most = schema.max_properties.unwrap_or(u64::MAX);
                    Outcome::unless(count <= most, at, too("many", "maxProperties"))
                },
            );
        let missing = |names: Vec<&'a str>| -> Option<&'a str> {
            names.into_iter().find(|name| !members.contains_key(*name))
        };
        if let Some(name) = missing(schema.required.clone()) {
            outcome = outcome.and(|| Outcome::misfit(at, format!("`{name}` is missing")));
        }
        for member in
            schema.dependent_required.iter().filter(|member| members.contains_key(&member.key))
        {
            let names = member.value.as_array().unwrap_or_default().iter();
            if let Some(name) = missing(names.filter_map(Tree::as_str).collect()) {
                let text = format!("`{name}` is missing, which `{}` asks for", member.key);
                outcome = outcome.and(|| Outcome::misfit(at, text));
            }
        }
        let whole = Value::Object(members.clone());
        for member in
            schema.dependent_schemas.iter().filter(|member| members.contains_key(&member.key))
        {
            let node = schema.within(&member.value);
            outcome = outcome.and(|| self.schema(node, &whole, at, depth + 1));
        }
        for (name, value) in members {
            let inner = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            outcome = outcome.and(|| self.member(schema, (name, value), &inner, depth));
            if let Some(node) = schema.written("propertyNames") {
                let name = Value::String(name.clone());
                outcome = outcome.and(|| self.schema(node, &name, &inner, depth + 1));
            }
        }
        let Some(node) = schema.written("unevaluatedProperties") else { return outcome };
        let Some(looked_at) = self.names_evaluated(schema, &whole, depth) else {
            return outcome.and(|| Outcome::Unknown);
        };
        for (name, value) in members.iter().filter(|(name, _)| !looked_at.contains(*name)) {
            let inner = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            outcome = outcome.and(|| self.schema(node, value, &inner, depth + 1));
        }
        outcome
    }

    fn member(
        &mut self,
        schema: &Schema<'a>,
        (name, value): (&str, &Value),
        at: &str,
        depth: usize,
    ) -> Outcome {
        let mut known = false;
        let mut outcome = Outcome::Fits;
        if let Some(node) = schema.property(name) {
            known = true;
            outcome = outcome.and(|| self.schema(node, value, at, depth + 1));
        }
        for pattern in schema.pattern_properties {
            match self.schemas.matches(&pattern.key, name) {
                Some(true) => {
                    known = true;
                    let node = schema.within(&pattern.value);
                    outcome = outcome.and(|| self.schema(node, value, at, depth + 1));
                }
                Some(false) => {}
                None => return Outcome::Unknown,
            }
        }
        if known {
            return outcome;
        }
        if let Some(node) = schema.written("additionalProperties") {
            return if node.tree.as_bool() == Some(false) {
                Outcome::misfit(at, "properties that are not listed are refused")
            } else {
                self.schema(node, value, at, depth + 1)
            };
        }
        Outcome::Fits
    }
}

fn too(what: &str, key: &str) -> String {
    format!("too {what} for `{key}`")
}

/// The JSON type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|value| value.fract() == 0.0) => {
            "integer"
        }
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn types(schema: &Schema<'_>, value: &Value, at: &str) -> Outcome {
    let found = type_of(value);
    let fits = schema.types.is_empty()
        || schema
            .types
            .iter()
            .any(|name| *name == found || (*name == "number" && found == "integer"))
        || (found == "null" && schema.nullable);
    Outcome::unless(fits, at, format!("expected {}, found {found}", schema.types.join(" or ")))
}

fn listed(schema: &Schema<'_>, value: &Value, at: &str) -> Outcome {
    let is = |tree: &Tree| same(&tree.to_json(), value);
    let among = schema.listed.is_none_or(|listed| listed.iter().any(is));
    Outcome::unless(among, at, "is none of the listed values").and(|| {
        Outcome::unless(schema.constant.is_none_or(is), at, "is not the only value that is allowed")
    })
}

/// Equal as JSON: `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        #[expect(clippy::float_cmp, reason = "equality of JSON numbers is exact")]
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn number(schema: &Schema<'_>, value: &Value, at: &str) -> Outcome {
    let Some(found) = value.as_f64() else { return Outcome::Unknown };
    let over = |limit: f64, exclusive: bool| if exclusive { found >= limit } else { found > limit };
    let under =
        |limit: f64, exclusive: bool| if exclusive { found <= limit } else { found < limit };
    let flag = |bound: Option<Bound>| bound == Some(Bound::Flag(true));
    let exclusive = |bound: Option<Bound>| match bound {
        Some(Bound::Value(limit)) => Some(limit),
        Some(Bound::Flag(_)) | None => None,
    };
    let (max, min) = (schema.exclusive_maximum, schema.exclusive_minimum);
    if schema.maximum.is_some_and(|limit| over(limit, flag(max)))
        || exclusive(max).is_some_and(|limit| over(limit, true))
    {
        return Outcome::misfit(at, "is too large");
    }
    if schema.minimum.is_some_and(|limit| under(limit, flag(min)))
        || exclusive(min).is_some_and(|limit| under(limit, true))
    {
        return Outcome::misfit(at, "is too small");
    }
    let whole = found.fract() == 0.0 && schema.types.contains(&"integer");
    let range = match schema.format {
        "int32" if whole => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
        _ => None,
    };
    if range.is_some_and(|(least, most)| found < least || found > most) {
        return Outcome::misfit(at, format!("is out of the range of `{}`", schema.format));
    }
    match schema.multiple_of {
        Some(step) if step > 0.0 => {
            let times = found / step;
            let near = (times - times.round()).abs();
            match near {
                // Doubles cannot tell; whole steps can.
                _ if near > 0.0 && near < 1e-6 => Outcome::Unknown,
                _ => Outcome::unless(near == 0.0, at, "is no multiple of `multipleOf`"),
            }
        }
        Some(_) | None => Outcome::Fits,
    }
}

/// Values that are known to be of a format; all others of these formats are not judged, but for those that are none.
pub(crate) const OF_FORMATS: [(&str, &str); 10] = [
    ("date", "2024-01-31"),
    ("date-time", "2024-01-31T00:00:00Z"),
    ("time", "00:00:00Z"),
    ("duration", "P1D"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
    ("email", "a@b.cc"),
    ("uri", "http://a.bc"),
    ("hostname", "a.bc"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
];

/// No value of any format of [`OF_FORMATS`].
pub(crate) const OF_NO_FORMAT: &str = "?";

/// Whether a format says which texts are taken; all others say how a value is meant.
pub(crate) fn judges(format: &str) -> bool {
    let others = ["uri-reference", "iri", "iri-reference", "uri-template", "regex"];
    OF_FORMATS.iter().any(|(name, _)| *name == format)
        || others.contains(&format)
        || format.starts_with("idn-")
        || format.ends_with("json-pointer")
}

fn format(format: &str, text: &str, at: &str) -> Outcome {
    let Some((_, known)) = OF_FORMATS.iter().find(|(name, _)| *name == format) else {
        return if judges(format) { Outcome::Unknown } else { Outcome::Fits };
    };
    let misfit = || Outcome::misfit(at, format!("is no `{format}`"));
    // What every text of the format has.
    let may_be = match format {
        "date" => text.parse::<Date>().is_ok(),
        "date-time" => text.parse::<TimestampMicros>().is_ok() || text.len() >= 16,
        "time" | "ipv6" | "uri" => text.contains(':'),
        "duration" => text.starts_with('P'),
        "uuid" => text.len() == 36,
        "email" => text.contains('@'),
        "hostname" => {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        }
        "ipv4" => text.split('.').count() == 4,
        _ => true,
    };
    match format {
        _ if text == *known => Outcome::Fits,
        _ if text == OF_NO_FORMAT || text.is_empty() || !may_be => misfit(),
        _ => Outcome::Unknown,
    }
}
