//! `charterctl projection`: builds of views.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::flags::Format;
use crate::reach::{Failure, Look, Reach};
use crate::{act, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Projection {
    /// The builds of each context's views: which one is read, and how far the others are
    Status {
        /// Of this context only
        context: Option<String>,
        /// All partitions, not only those that lack something
        #[arg(long)]
        all: bool,
    },
    /// Build a context's views again from its history, beside those that are read
    Rebuild {
        /// The context
        context: String,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Read a build in place of the one that is; refused while it lacks much
    Switch {
        /// The context
        context: String,
        /// Its number; the newest without it
        #[arg(long)]
        build: Option<u32>,
    },
    /// Drop a build that isn't read, with its tables
    Drop {
        /// The context
        context: String,
        /// Its number
        build: u32,
    },
}

pub(crate) async fn act(reach: &Reach, asked: Projection, format: Format) -> Result<(), Failure> {
    let (context, request, done) = match asked {
        Projection::Status { context, all } => {
            let found = reach.look(Look::Projections { context }).await?;
            return act::show(format, &found, |it| status(it, all));
        }
        Projection::Rebuild { context, reason } => {
            (context, json!({ "action": "REBUILD", "reason": reason }), "is asked for")
        }
        Projection::Switch { context, build } => {
            (context, json!({ "action": "SWITCH", "number": build }), "is read now")
        }
        Projection::Drop { context, build } => {
            (context, json!({ "action": "DROP", "number": build }), "is dropped")
        }
    };
    let found = reach.projection(&context, request).await?;
    act::show(format, &found, |build| {
        let number = build.get("number").unwrap_or(&Value::Null);
        format!("build {number} of the views of `{context}` {done}\n")
    })
}

/// Every build in a line, and the partitions that lack something, or all.
fn status(answer: &Value, all: bool) -> String {
    let builds = [
        ("CONTEXT", "context"),
        ("BUILD", "number"),
        ("STATE", "state"),
        ("LAG", "lag"),
        ("ROWS", "rows"),
        ("PARKED", "parked"),
        ("CONTRACT", "contractVersion"),
        ("PROJECTIONS", "projectionVersion"),
        ("BEGUN", "begun"),
        ("ASKED BY", "askedBy"),
        ("REASON", "reason"),
    ];
    let partitions = [
        ("CONTEXT", "context"),
        ("BUILD", "build"),
        ("PARTITION", "partition"),
        ("POSITION", "position"),
        ("END", "end"),
        ("LAG", "lag"),
    ];
    let items = text::items(answer);
    let mut shown = text::table(&builds, items, "no context has views");
    let mut rows = Vec::new();
    for build in items {
        let of = build.get("partitions").and_then(Value::as_array).into_iter().flatten();
        for partition in of {
            if all || partition.get("lag").and_then(Value::as_u64).unwrap_or(0) > 0 {
                let mut row = partition.clone();
                if let Some(row) = row.as_object_mut() {
                    for (name, member) in [("context", "context"), ("build", "number")] {
                        row.insert(name.to_owned(), build.get(member).cloned().unwrap_or_default());
                    }
                }
                rows.push(row);
            }
        }
    }
    if !rows.is_empty() {
        shown.push('\n');
        shown.push_str(&text::table(&partitions, &rows, ""));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_shows_partitions_that_lack_something() {
        let build = |number: u32, lag: u64| {
            json!({"context": "seat", "number": number, "state": "READ", "lag": lag, "partitions": [
                {"partition": 0, "position": 4, "end": 4, "lag": 0},
                {"partition": 1, "position": 4, "end": 4 + lag, "lag": lag}]})
        };
        let answer = json!({"items": [build(1, 0), build(2, 7)]});
        let text = status(&answer, false);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(
            lines[5].split_whitespace().collect::<Vec<_>>(),
            ["seat", "2", "1", "4", "11", "7"]
        );
        assert_eq!(status(&answer, true).lines().count(), 9);
    }
}
