//! Contract files to a set of schemas, with the envelopes of the messages among them.

use std::collections::BTreeSet;

use charter_avro::schema::{Kind, NodeId, SchemaError, SchemaSet, SourceFile};
use heck::ToSnakeCase;

use crate::input::File;
use crate::problem::{Problem, Problems, origin};
use crate::rules::Severity;
use crate::{attribute, input};

/// The record that every envelope holds.
pub(crate) const METADATA: &str = "shared.Metadata";

/// The parsed contracts.
pub(crate) struct Parsed {
    pub(crate) set: SchemaSet,
    /// The path of each file.
    pub(crate) paths: Vec<String>,
    pub(crate) broken: Broken,
    /// The same contracts and the envelopes of the messages; empty where a file is broken.
    envelopes: SchemaSet,
}

/// Contracts that are there but cannot be used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broken {
    /// Types that refer to a broken one.
    names: BTreeSet<String>,
    /// Files that did not parse.
    paths: BTreeSet<String>,
}

impl Broken {
    /// Adds a type that parses but is not to be used.
    pub(crate) fn add(&mut self, full_name: String) {
        self.names.insert(full_name);
    }

    /// Whether a type of this full name is broken, or a file that should hold it.
    pub(crate) fn holds(&self, full_name: &str) -> bool {
        let (namespace, name) = full_name.rsplit_once('.').unwrap_or_default();
        let folder = format!("{}/{namespace}/", input::SCHEMAS);
        let file = format!("/{}.avsc", name.to_snake_case());
        self.names.contains(full_name)
            || self.paths.iter().any(|path| path.starts_with(&folder) && path.ends_with(&file))
    }
}

impl Parsed {
    /// The self-contained schema of a type, or of a message's envelope, as compact JSON text. Empty where
    /// there is none.
    pub(crate) fn schema_text(&self, full_name: &str) -> String {
        let schema = self.set.schema(full_name).or_else(|| self.envelopes.schema(full_name));
        schema
            .map(|schema| schema.to_json_without(&[attribute::NAME]).to_string())
            .unwrap_or_default()
    }
}

/// Parses the contract files.
pub(crate) fn parse(files: &[File], problems: &mut Problems) -> Parsed {
    let mut sources: Vec<SourceFile> = files
        .iter()
        .map(|file| SourceFile { path: file.path.clone(), text: file.text.clone() })
        .collect();
    let (set, errors) = SchemaSet::parse(&sources);
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let mut broken = Broken {
        names: BTreeSet::new(),
        paths: errors.iter().filter_map(|error| paths.get(error.file).cloned()).collect(),
    };
    for error in &errors {
        let file = &files[error.file];
        let follows = error.rule == "AVRO_UNKNOWN_TYPE" && {
            let named = file
                .text
                .get(error.span.start as usize..error.span.end as usize)
                .unwrap_or_default();
            let named = named.trim_matches('"');
            !named.is_empty() && broken.holds(named)
        };
        if !follows {
            problems.push(problem(error, &file.path));
        }
    }
    broken.names = names_of_broken(&set);
    let envelopes = if errors.is_empty() {
        sources.extend(set.types().filter_map(|named| envelope(&set, named.node)));
        SchemaSet::parse(&sources).0
    } else {
        SchemaSet::default()
    };
    Parsed { set, paths, broken, envelopes }
}

fn problem(error: &SchemaError, path: &str) -> Problem {
    let general = "see the Avro specification, and the contracts beside it";
    Problem {
        rule: error.rule,
        severity: Severity::Error,
        message: error.message.clone(),
        origin: origin(path, error.span),
        label: "here".to_owned(),
        related: Vec::new(),
        help: error.help.clone().unwrap_or_else(|| general.to_owned()),
    }
}

/// The names of types that reach one that is no type of the set.
fn names_of_broken(set: &SchemaSet) -> BTreeSet<String> {
    let sound: BTreeSet<NodeId> = set.types().map(|named| named.node).collect();
    let reaches_broken =
        |node: NodeId| set.schema_of(node).named_types().iter().any(|id| !sound.contains(id));
    set.types()
        .filter(|named| reaches_broken(named.node))
        .map(|named| named.name.to_string())
        .collect()
}

/// The envelope of a message, as one more contract file.
fn envelope(set: &SchemaSet, node: NodeId) -> Option<SourceFile> {
    let node = set.node(node);
    let Kind::Record(record) = &node.kind else { return None };
    let kind = node.attribute(attribute::NAME)?.get("kind")?.as_str()?;
    if !matches!(kind, "command" | "event") {
        return None;
    }
    let (name, namespace) = (record.name.name(), record.name.namespace().unwrap_or_default());
    let doc = format!(
        "A `{}` as it travels: what is true of every message, and the message.",
        record.name
    );
    let json = serde_json::json!({
        "type": "record",
        "name": format!("{name}Envelope"),
        "namespace": namespace,
        "doc": doc,
        "fields": [
            { "name": "metadata", "type": METADATA, "doc": "Who sent it, when, and about which aggregate." },
            { "name": "payload", "type": record.name.as_str(), "doc": "The message." },
        ],
    });
    Some(SourceFile { path: format!("{}Envelope", record.name), text: json.to_string() })
}
