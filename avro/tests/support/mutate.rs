//! Texts that somebody hostile, or a broken tool, sends as schemas: made from sound ones, the same in each run.
#![allow(dead_code, reason = "each test takes what it needs")]

use serde_json::{Map, Value as Json, json};

/// Sound schemas, one a line.
pub(crate) const CORPUS: &str = include_str!("../corpus/schemas.jsonl");

/// Numbers that are the same in each run (a linear congruential generator, Knuth's MMIX).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).expect("small")).expect("small")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A mutant, and the sound schema that it came of.
pub(crate) fn mutant(numbers: &mut Numbers) -> (String, String) {
    let corpus: Vec<&str> = CORPUS.lines().collect();
    let sound = (*numbers.pick(&corpus)).to_owned();
    let mut text = sound.clone();
    for _ in 0..=numbers.below(4) {
        text = match numbers.below(8) {
            0 | 1 => bytes(numbers, &text, &corpus),
            _ => match serde_json::from_str(&text) {
                Ok(json) => tree(numbers, json, &corpus).to_string(),
                Err(_) => bytes(numbers, &text, &corpus),
            },
        };
        // What a registry takes at most is larger, but then each takes its time.
        if text.len() > 60_000 {
            return (sound.clone(), sound);
        }
    }
    (text, sound)
}

/// Bytes flipped, left out, doubled or taken from another schema, at any place of the text.
fn bytes(numbers: &mut Numbers, text: &str, corpus: &[&str]) -> String {
    const PIECES: [&str; 16] = [
        "\"", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud800", "null", "-0", "1e999",
        "\u{feff}", "//", "é", "\u{202e}",
    ];
    let mut bytes = text.as_bytes().to_vec();
    let from = numbers.below(bytes.len() + 1);
    let to = bytes.len().min(from + numbers.below(24));
    match numbers.below(5) {
        0 => drop(bytes.drain(from..to)),
        1 => {
            let twice = bytes[from..to].to_vec();
            bytes.splice(from..from, twice);
        }
        2 => {
            bytes.splice(from..from, numbers.pick(&PIECES).bytes());
        }
        3 => {
            let other = numbers.pick(corpus).as_bytes();
            let start = numbers.below(other.len());
            let end = other.len().min(start + numbers.below(60));
            bytes.splice(from..to, other[start..end].iter().copied());
        }
        _ => {
            if let Some(byte) = bytes.get_mut(from) {
                *byte ^= 1 << numbers.below(7);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One place of the tree made something else.
fn tree(numbers: &mut Numbers, mut json: Json, corpus: &[&str]) -> Json {
    let mut places = 0;
    walk(&mut json, &mut |_| places += 1);
    let wanted = numbers.below(places);
    let mut at = 0;
    walk(&mut json, &mut |place| {
        if at == wanted {
            *place = other(numbers, place.take(), corpus);
        }
        at += 1;
    });
    json
}

fn walk(json: &mut Json, visit: &mut impl FnMut(&mut Json)) {
    visit(json);
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Json::Object(members) => members.values_mut().for_each(|member| walk(member, visit)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn other(numbers: &mut Numbers, json: Json, corpus: &[&str]) -> Json {
    const WORDS: [&str; 20] = [
        "",
        "int",
        "string",
        "record",
        "enum",
        "fixed",
        "array",
        "map",
        "union",
        "error",
        "Node",
        "n.A",
        "tree.Node",
        ".",
        "a..b",
        "1a",
        "a b",
        "name",
        "\u{0}",
        "FREE",
    ];
    const KEYS: [&str; 16] = [
        "type",
        "name",
        "namespace",
        "fields",
        "symbols",
        "size",
        "items",
        "values",
        "default",
        "aliases",
        "order",
        "doc",
        "logicalType",
        "precision",
        "scale",
        "",
    ];
    match (numbers.below(10), json) {
        (0, _) => (*numbers.pick(&WORDS)).into(),
        (1, _) => numbers.pick(&[json!(null), json!(-1), json!(1e300), json!(u64::MAX), json!(i64::MIN), json!(2.5), json!([]), json!({})]).clone(),
        (2, _) => serde_json::from_str(numbers.pick::<&str>(corpus)).expect("a sound schema"),
        (3, json) => (0..numbers.below(90)).fold(json, |inner, depth| match depth % 3 {
            0 => json!({ "type": "array", "items": inner }),
            1 => json!(["null", inner]),
            _ => json!({ "type": "record", "name": format!("D{depth}"), "fields": [{ "name": "f", "type": inner }] }),
        }),
        (4, Json::Array(mut items)) => {
            let more = 1 + numbers.below(300);
            if let Some(first) = items.first().cloned() {
                items.extend((0..more).map(|number| renamed(&first, number)));
            }
            items.into()
        }
        (5, Json::Array(mut items)) => {
            items.reverse();
            items.into()
        }
        (4 | 5, Json::String(text)) => text.repeat(1 + numbers.below(400)).into(),
        (6, Json::Object(mut members)) => {
            members.insert((*numbers.pick(&KEYS)).to_owned(), (*numbers.pick(&WORDS)).into());
            members.into()
        }
        (7, Json::Object(members)) => {
            let gone = numbers.below(members.len());
            let kept = members.into_iter().enumerate().filter(|(place, _)| *place != gone);
            kept.map(|(_, member)| member).collect::<Map<_, _>>().into()
        }
        (8, Json::Object(mut members)) => {
            let values: Vec<Json> = members.values().cloned().collect();
            let key = (*numbers.pick(&KEYS)).to_owned();
            if !values.is_empty() {
                members.insert(key, numbers.pick(&values).clone());
            }
            members.into()
        }
        (_, json) => json!([json]),
    }
}

/// A copy under another name, where it has one.
fn renamed(json: &Json, number: usize) -> Json {
    match json {
        Json::String(text) => format!("{text}{number}").into(),
        Json::Object(members) => {
            let mut members = members.clone();
            if let Some(Json::String(name)) = members.get("name") {
                let name = format!("{name}{number}");
                members.insert("name".to_owned(), name.into());
            }
            members.into()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => json.clone(),
    }
}
