//! Contracts against the versions that a schema registry holds: of each type the subject of its full name, and those of a
//! topic and the type or its envelope.

use std::collections::{BTreeMap, BTreeSet};

use charter_avro::schema::{Kind, Schema};

use super::avro::{self, Reach, Version};
use super::change;
use super::contracts::Contracts;
use super::hits::{self, Users};
use super::openapi::Strictness;
use super::workspace::{Checked, Schemas, problem, travels};
use crate::problem::{Problem, Problems};

/// A version of a subject as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The subject.
    pub subject: String,
    /// Its number, from 1.
    pub version: u64,
    /// The schema's text.
    pub schema: String,
    /// The texts of the schemas that it refers to, and of those that these refer to.
    pub references: Vec<String>,
}

impl Registered {
    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} version {}", self.subject, self.version)
    }

    /// The path that reports show for its text.
    fn path(&self) -> String {
        format!("registry:{}/{}", self.subject, self.version)
    }

    fn paths(&self) -> Vec<String> {
        let path = self.path();
        let references = (1..=self.references.len()).map(|number| format!("{path}#{number}"));
        std::iter::once(path.clone()).chain(references).collect()
    }

    /// # Errors
    /// All that is wrong with the schema, or with what it refers to.
    fn parse(&self) -> Result<Schema, Vec<Problem>> {
        let references: Vec<&str> = self.references.iter().map(String::as_str).collect();
        let paths = self.paths();
        Schema::parse_with_references(&self.schema, &references).map_err(|errors| {
            errors.0.iter().map(|error| problem(error, &paths[error.file])).collect()
        })
    }
}

/// What is wrong with contracts that cannot be read, and the texts that it is about.
pub type Unreadable = (Vec<Problem>, BTreeMap<String, String>);

/// The full names of the types in the contracts.
///
/// # Errors
/// Where the contracts cannot be read: all that is wrong with them, and the texts that it is about.
pub fn types(contracts: &Contracts) -> Result<BTreeSet<String>, Unreadable> {
    let mut problems = Problems::default();
    let names = Schemas::parse(contracts, &mut problems).names();
    if problems.errors() == 0 { Ok(names) } else { Err((problems.into_sorted(), texts(contracts))) }
}

/// The type whose versions a subject holds, among `types`: that of its name, of `<topic>-<type>`, or of
/// `<topic>-<type>Envelope`.
#[must_use]
pub fn type_of<'n>(subject: &str, types: &'n BTreeSet<String>) -> Option<&'n str> {
    let named = |name: &str| types.get(name).map(String::as_str);
    let record = subject.rsplit_once('-').map_or(subject, |(_, record)| record);
    named(subject)
        .or_else(|| named(record))
        .or_else(|| record.strip_suffix("Envelope").and_then(named))
}

/// The full names of the types that a version of a subject holds.
#[must_use]
pub fn types_in(registered: &Registered) -> BTreeSet<String> {
    let Ok(schema) = registered.parse() else { return BTreeSet::new() };
    let nodes = schema.named_types().into_iter();
    nodes.filter_map(|id| schema.node(id).kind.name().map(ToString::to_string)).collect()
}

/// Holds `new` against what is registered; the versions of a subject come oldest first. Subjects of types that the
/// contracts don't have are somebody else's.
///
/// # Errors
/// Where the contracts, or a registered schema, cannot be read: all that is wrong with them.
pub fn check(
    new: &Contracts,
    registered: &[Registered],
    strictness: Strictness,
) -> Result<Checked, Unreadable> {
    let mut problems = Problems::default();
    let mut texts = texts(new);
    let now = Schemas::parse(new, &mut problems);
    let names = now.names();
    let mut versions: BTreeMap<(&str, &str), Vec<Version>> = BTreeMap::new();
    for registered in registered {
        let Some(name) = type_of(&registered.subject, &names) else { continue };
        let all = std::iter::once(&registered.schema).chain(&registered.references);
        texts.extend(registered.paths().into_iter().zip(all.cloned()));
        match registered.parse() {
            Ok(schema) => {
                if let Some(schema) = within(&schema, name) {
                    let version =
                        Version { name: registered.name(), schema, paths: registered.paths() };
                    versions.entry((name, &registered.subject)).or_default().push(version);
                }
            }
            Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
        }
    }
    if problems.errors() > 0 {
        return Err((problems.into_sorted(), texts));
    }
    let mut changes = Vec::new();
    for ((name, _), previous) in &versions {
        let (Some(new), Some(last)) = (now.version(name), previous.last()) else { continue };
        if travels(&new) {
            let mode = avro::mode_of(&new.schema).unwrap_or(avro::DEFAULT_MODE);
            changes.extend(avro::violations(mode, &new, previous, strictness));
        }
        changes.extend(avro::differences(last, &new, Reach::Type, strictness));
    }
    hits::find(&mut changes, &Users::new(&now.set, new), None);
    change::sort(&mut changes);
    Ok(Checked { changes, texts })
}

/// The type `name` in a schema: itself, or in it, as the payload of an envelope is.
fn within(schema: &Schema, name: &str) -> Option<Schema> {
    let is = |kind: &Kind| kind.name().is_some_and(|found| found.as_str() == name);
    let found = schema.named_types().into_iter().find(|id| is(&schema.node(*id).kind));
    found.map(|id| schema.at(id))
}

fn texts(contracts: &Contracts) -> BTreeMap<String, String> {
    contracts.schema_files().into_iter().map(|file| (file.path, file.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_of_types_by_their_names() {
        let types: BTreeSet<String> =
            ["seat.SeatsHeld", "shared.Money"].map(str::to_owned).into_iter().collect();
        for (subject, expected) in [
            ("seat.SeatsHeld", Some("seat.SeatsHeld")),
            ("seat.events-seat.SeatsHeld", Some("seat.SeatsHeld")),
            ("seat.events-seat.SeatsHeldEnvelope", Some("seat.SeatsHeld")),
            ("shared.Money", Some("shared.Money")),
            ("seat.events-seat.SeatsHeldLater", None),
            ("orders-value", None),
        ] {
            assert_eq!(type_of(subject, &types), expected, "{subject}");
        }
    }

    #[test]
    fn a_payload_is_found_in_its_envelope() {
        let registered = Registered {
            subject: "seat.events-seat.HeldEnvelope".to_owned(),
            version: 1,
            schema: r#"{"type": "record", "name": "seat.HeldEnvelope", "fields": [
                {"name": "payload", "type": "seat.Held"}]}"#
                .to_owned(),
            references: vec![r#"{"type": "record", "name": "seat.Held", "fields": []}"#.to_owned()],
        };
        let names: Vec<String> = types_in(&registered).into_iter().collect();
        assert_eq!(names, ["seat.Held", "seat.HeldEnvelope"]);
        let held = within(&registered.parse().expect("sound"), "seat.Held").expect("there");
        assert_eq!(avro::subject(&held), "seat.Held");
    }
}
