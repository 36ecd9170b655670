//! Witnesses: for a break, a smallest value that one version of a schema takes and the other refuses. Candidates are made
//! from the keywords of both versions where the change is, wrapped in what lies on the way there, and held against both
//! versions; the shortest that shows the break is kept. Where none is found nothing is claimed.

mod breach;
mod candidates;
mod cover;
mod empty;
mod message;
mod reason;
mod validity;

use serde_json::Value;

pub(crate) use self::breach::Breach;
use self::candidates::Maker;
use self::message::{Body, Draft, Writer};
pub(crate) use self::message::{End, Exchange};
use self::validity::Outcome;
use super::comparison::{Carrier, Comparison, Site};
use super::document::Node;
use super::schema::Schemas;
use super::types::Typing;
use crate::check::change::{self, Message, Sample, Spot, Unshown};

/// Breaks of one comparison that are given a witness: a report that is longer is read for its list, not its values.
const MAX_WITNESSES: usize = 500;

/// How much one witness may take, in schemas that are asked and values that are made, and all of a comparison: schemas
/// that hold one another in many ways have more values than anybody can wait for.
const MAX_EFFORT: u64 = 20_000;
const MAX_EFFORT_IN_ALL: u64 = 1_000_000;

/// How deep what changed may lie.
const MAX_DEPTH: usize = 32;
/// The ways in which a schema that holds another may be tried with it.
const MAX_WAYS: usize = 3;
/// So many values are many.
const MANY: usize = 128;

/// Both versions of each schema on the way from a site to what changed.
pub(crate) type Way<'a> = Vec<(Node<'a>, Node<'a>)>;

/// A break that waits for its witness: the change's index, the keyword that changed, and the way to it.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    pub(crate) change: usize,
    pub(crate) keyword: String,
    pub(crate) way: Way<'a>,
}

/// One version of the schemas on the way.
struct Side<'s, 'a> {
    schemas: &'s Schemas<'a>,
    way: Vec<Node<'a>>,
}

impl<'a> Comparison<'_, 'a> {
    /// Finds witnesses for the breaks of a site that wait for them.
    pub(crate) fn witnesses(&mut self, site: &Site) {
        for pending in std::mem::take(&mut self.pending) {
            let shown = self.budget().and_then(|()| self.witness(site, &pending));
            self.show(pending.change, shown);
        }
    }

    /// Whether one more witness may be looked for.
    fn budget(&mut self) -> Result<(), Unshown> {
        if self.witnessed >= MAX_WITNESSES {
            return Err(Unshown::Limit(MAX_WITNESSES));
        }
        self.witnessed += 1;
        let effort = MAX_EFFORT.min(MAX_EFFORT_IN_ALL.saturating_sub(self.effort));
        self.quiet.iter().for_each(|schemas| schemas.effort.set(effort));
        Ok(())
    }

    fn show(&mut self, change: usize, shown: Result<Sample, Unshown>) {
        let left = self.quiet.iter().map(|schemas| schemas.effort.get()).min().unwrap_or_default();
        let effort = MAX_EFFORT.min(MAX_EFFORT_IN_ALL.saturating_sub(self.effort));
        self.effort += effort.saturating_sub(left);
        let searched = matches!(shown, Err(Unshown::Searched(_) | Unshown::NoValue(_)));
        let shown = if left == 0 && searched { Err(Unshown::Entangled) } else { shown };
        match shown {
            Ok(sample) => self.changes[change].sample = Some(sample),
            Err(reason) => self.changes[change].unshown = Some(reason),
        }
    }

    fn witness(&self, site: &Site, pending: &Pending<'a>) -> Result<Sample, Unshown> {
        let way = &pending.way;
        if way.len() > MAX_DEPTH {
            return Err(Unshown::Searched(0));
        }
        if let Some(reason) = reason::annotation(&pending.keyword) {
            return Err(reason);
        }
        let old = Side { schemas: &self.quiet[0], way: way.iter().map(|pair| pair.0).collect() };
        let new = Side { schemas: &self.quiet[1], way: way.iter().map(|pair| pair.1).collect() };
        let request = site.place.is_request();
        // Requests that were fine are refused; answers that were impossible come.
        let (fits, misfits) = if request { (old, new) } else { (new, old) };
        let in_path = matches!(&site.carrier, Carrier::Parameter(place, _) if place == "path");
        // No part of a path is empty, and `null` on the wire is a text.
        let can_be = |value: &Value| {
            let is_empty = in_path && value.as_str() == Some("");
            let is_null = site.typing == Typing::Loose && value.is_null();
            !is_empty && !is_null
        };
        let holds = |side: &Side<'_, 'a>| {
            let types = &side.schemas.at(side.way[0]).schema.types;
            types.iter().any(|name| matches!(*name, "array" | "object"))
        };
        if site.typing == Typing::Loose && holds(&fits) != holds(&misfits) {
            return Err(Unshown::Spelling);
        }
        let (value, error) = find(&fits, &misfits, site.typing, can_be).map_err(|tried| {
            reason::reason(pending, (&fits, &misfits), site.typing == Typing::Loose, tried)
        })?;
        let spot = |side: &Side<'_, 'a>| -> Spot { side.schemas.reader.document.spot(side.way[0]) };
        let (base, revision) =
            if request { (spot(&fits), spot(&misfits)) } else { (spot(&misfits), spot(&fits)) };
        let valid_under = if request { change::Side::Base } else { change::Side::Revision };
        Ok(Sample {
            request,
            valid_under,
            part: site.words.clone(),
            message: self.carried(site, valid_under, &value),
            value: Some(value),
            schemas: Some((base, revision)),
            error,
        })
    }

    /// The whole message that carries `value` where `site` is.
    fn carried(&self, at: &Site, side: change::Side, value: &Value) -> Option<Message> {
        match &at.carrier {
            Carrier::None => None,
            Carrier::Request(media) => {
                let body = Body::Value(media, value);
                self.with_writer(side, |writer| writer.request(&Draft { body, ..Draft::default() }))
            }
            Carrier::Parameter(place, name) => self.with_writer(side, |writer| {
                // A path parameter that is not in the path cannot be sent.
                if place == "path" && !writer.end.path.contains(&format!("{{{name}}}")) {
                    return None;
                }
                writer.request(&Draft { with: Some((place, name, value)), ..Draft::default() })
            }),
            Carrier::Response(status, media) => self
                .with_writer(side, |writer| writer.answer(status, None, Body::Value(media, value))),
            Carrier::Header(status, name) => self
                .with_writer(side, |writer| writer.answer(status, Some((name, value)), Body::Any)),
        }
    }

    /// What writes messages of a version of the operation at hand.
    fn with_writer(
        &self,
        side: change::Side,
        write: impl FnOnce(&Writer<'_, '_, 'a>) -> Option<Message>,
    ) -> Option<Message> {
        let exchange = self.exchange.as_ref()?;
        let (schemas, end) = match side {
            change::Side::Base => (&self.quiet[0], exchange.base.as_ref()?),
            change::Side::Revision => (&self.quiet[1], exchange.revision.as_ref()?),
        };
        let maker = Maker::new(schemas);
        write(&Writer { maker: &maker, method: exchange.method, end })
    }
}

/// How many values were tried, and how many of them fit the side that they should.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    values: usize,
    fitting: usize,
}

/// The shortest value that fits one side and not the other, and why it does not; else how many were tried.
fn find<'a>(
    fits: &Side<'_, 'a>,
    misfits: &Side<'_, 'a>,
    typing: Typing,
    can_be: impl Fn(&Value) -> bool,
) -> Result<(Value, String), Tried> {
    let (maker, other) = (Maker::new(fits.schemas), Maker::new(misfits.schemas));
    let mut tried = Tried::default();
    let (Some(last), Some(last_other)) = (fits.way.last(), misfits.way.last()) else {
        return Err(tried);
    };
    let (last, last_other) = (*last, *last_other);
    let mut values = maker.values(last, 0);
    values.extend(other.values(last_other, 0));
    values.extend(maker.with_members_of(last, &other, last_other));
    values.extend(spoiled((&maker, last), (&other, last_other), &values));
    for index in (1..fits.way.len()).rev() {
        let (holder, held) = (fits.way[index - 1], fits.way[index]);
        // Several ways to hold a value are tried while there are few values: their number must not grow with the depth.
        let ways = if values.len() > MANY { 1 } else { MAX_WAYS };
        let wrap = |value| maker.wrap(holder, held, value).into_iter().take(ways);
        values = values.into_iter().flat_map(wrap).collect();
        let other_holder = misfits.way[index - 1];
        values.extend(spoiled((&maker, holder), (&other, other_holder), &values));
    }
    // The shortest first, so that the first that shows the break is it.
    let mut values: Vec<(usize, Value)> =
        values.into_iter().map(|value| (value.to_string().len(), value)).collect();
    values.sort_by_key(|(length, _)| *length);
    values.dedup();
    for (_, value) in values.into_iter().filter(|(_, value)| can_be(value)) {
        tried.values += 1;
        if validity::check(fits.schemas, fits.way[0], &value) != Outcome::Fits {
            continue;
        }
        tried.fitting += 1;
        let refused = spellings(&value, typing)
            .into_iter()
            .map(|spelling| validity::check(misfits.schemas, misfits.way[0], &spelling));
        if let Some(error) = all_misfit(refused) {
            return Ok((value, error));
        }
    }
    Err(tried)
}

/// Objects that fit no other branch of what holds them: what one branch refuses, another may take.
fn spoiled<'a>(
    (maker, holder): (&Maker<'_, 'a>, Node<'a>),
    (other, other_holder): (&Maker<'_, 'a>, Node<'a>),
    values: &[Value],
) -> Vec<Value> {
    let mut wrong = maker.wrong_members(holder);
    wrong.extend(other.wrong_members(other_holder));
    if wrong.is_empty() {
        return Vec::new();
    }
    let with = |value: &Value, wrong: &[(String, Value)]| {
        let Value::Object(members) = value else { return None };
        let mut members = members.clone();
        for (name, value) in wrong {
            members.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Some(Value::Object(members))
    };
    let ways = wrong.chunks(1).chain([&wrong[..]]);
    let few = values.iter().take(MANY);
    ways.flat_map(|way| few.clone().filter_map(move |value| with(value, way))).collect()
}

/// The first reason, where every spelling is refused.
fn all_misfit(outcomes: impl Iterator<Item = Outcome>) -> Option<String> {
    let mut reason = None;
    for outcome in outcomes {
        match outcome {
            Outcome::Misfits(text) => reason = reason.or(Some(text)),
            Outcome::Fits | Outcome::Unknown => return None,
        }
    }
    reason
}

/// What a value may be read as: where it is text on the wire, `1` is a number, a string, and an array of one.
fn spellings(value: &Value, typing: Typing) -> Vec<Value> {
    let mut found = vec![value.clone()];
    if typing == Typing::Strong {
        return found;
    }
    let scalar = |value: &Value| match value {
        Value::String(text) => serde_json::from_str(text)
            .ok()
            .filter(|read: &Value| read.is_number() || read.is_boolean()),
        Value::Number(_) | Value::Bool(_) => Some(Value::String(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(items) => {
            if let [one] = &items[..] {
                found.push(one.clone());
                found.extend(scalar(one));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.extend(scalar(value));
            let alone = found.iter().map(|value| Value::Array(vec![value.clone()]));
            found = found.iter().cloned().chain(alone.collect::<Vec<_>>()).collect();
        }
        Value::Object(_) => {}
    }
    // What is held is text as well.
    let inner = |value: &Value| match value {
        Value::Null => Value::from("null"),
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => scalar(value).unwrap_or_else(|| value.clone()),
    };
    match value {
        Value::Array(items) => found.push(items.iter().map(inner).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), inner(value)));
            found.push(Value::Object(members.collect()));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
