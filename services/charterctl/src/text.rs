//! Answers as tables.

use std::fmt::Write as _;

use serde_json::Value;

/// The longest cell, in characters: the rest is in `show` and in JSON.
const LONGEST: usize = 60;

/// Columns: title, member.
pub(crate) type Columns = [(&'static str, &'static str)];

pub(crate) fn letters(answer: &Value) -> String {
    let columns = [
        ("FAILED AT", "failedAt"),
        ("CONTEXT", "context"),
        ("CODE", "code"),
        ("TYPE", "type"),
        ("TENANT", "tenantId"),
        ("PARTITION", "partition"),
        ("OFFSET", "offset"),
        ("ID", "id"),
        ("REASON", "reason"),
    ];
    table(&columns, items(answer), "no dead letters")
}

pub(crate) fn parked(answer: &Value) -> String {
    let columns = [
        ("CONTEXT", "context"),
        ("REACTOR", "reactor"),
        ("TENANT", "tenantId"),
        ("KEY", "key"),
        ("PARTITION", "partition"),
        ("POSITION", "position"),
        ("WAITING", "waiting"),
        ("SINCE", "since"),
        ("REASON", "reason"),
    ];
    table(&columns, items(answer), "nothing is set aside")
}

pub(crate) fn requests(answer: &Value) -> String {
    let columns = [
        ("REQUESTED AT", "requestedAt"),
        ("ACTION", "action"),
        ("STATE", "state"),
        ("CONTEXT", "context"),
        ("REACTOR", "reactor"),
        ("TENANT", "tenantId"),
        ("KEY", "key"),
        ("POSITION", "position"),
        ("ACTOR", "actor"),
        ("REASON", "reason"),
        ("RESULT", "result"),
    ];
    table(&columns, items(answer), "nothing was asked for")
}

/// Every context in a line, and the partitions with something to tell, or all.
pub(crate) fn status(answer: &Value, all: bool) -> String {
    let contexts = [
        ("CONTEXT", "context"),
        ("UNDECIDED", "undecided"),
        ("UNPROJECTED", "unprojected"),
        ("DEAD LETTERS", "deadLetters"),
        ("PARKED", "parked"),
    ];
    let partitions = [
        ("CONTEXT", "context"),
        ("PARTITION", "partition"),
        ("HELD", "isHeld"),
        ("OWNER", "owner"),
        ("EPOCH", "epoch"),
        ("OFFSET", "offset"),
        ("END", "end"),
        ("UNDECIDED", "undecided"),
        ("POSITION", "position"),
        ("PROJECTED", "projected"),
        ("UNPROJECTED", "unprojected"),
        ("PARKED", "parked"),
        ("DECIDED AT", "decidedAt"),
    ];
    let all_contexts =
        answer.get("contexts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut text = table(&contexts, all_contexts, "no context has worked on this store");
    let (log, store) = (answer.get("logPairing"), answer.get("storePairing"));
    if log != store {
        text.push_str("\nlog and store have different pairing ids: they don't belong together\n");
    }
    let mut rows = Vec::new();
    for context in all_contexts {
        let of = context.get("partitions").and_then(Value::as_array).into_iter().flatten();
        for partition in of {
            let number = |name: &str| partition.get(name).and_then(Value::as_u64).unwrap_or(0);
            let is_held = partition.get("isHeld").and_then(Value::as_bool).unwrap_or(false);
            let tells = ["undecided", "unprojected", "parked"].iter().any(|name| number(name) > 0);
            if all || tells || !is_held {
                let mut row = partition.clone();
                if let (Some(row), Some(name)) = (row.as_object_mut(), context.get("context")) {
                    row.insert("context".to_owned(), name.clone());
                }
                rows.push(row);
            }
        }
    }
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(&partitions, &rows, ""));
    }
    text
}

/// A record in one line, and its message in the next ones.
pub(crate) fn record(record: &Value) -> String {
    let text = |name: &str| cell(record.get(name));
    let kind = record.pointer("/headers/ce_type").and_then(Value::as_str).unwrap_or("-");
    let place = format!("{}/{}", text("partition"), text("offset"));
    let message = record.get("message").unwrap_or(&Value::Null);
    let shown = match (message.get("value"), message.get("problem").and_then(Value::as_str)) {
        (Some(value), _) => value.get("payload").unwrap_or(value).to_string(),
        (None, Some(problem)) => format!("can't be read: {problem}"),
        (None, None) => String::new(),
    };
    format!("{}  {place:<12} {kind:<28} {}\n    {shown}\n", text("time"), text("key"))
}

/// Each member in a line; what has members of its own as JSON.
pub(crate) fn members(answer: &Value) -> String {
    let Some(members) = answer.as_object() else { return format!("{answer:#}\n") };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in members {
        let shown = match value {
            Value::Object(_) | Value::Array(_) => format!("\n{value:#}"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => cell(Some(value)),
        };
        // A string takes all.
        let _ = writeln!(text, "{name:<width$}  {shown}");
    }
    text
}

pub(crate) fn items(answer: &Value) -> &[Value] {
    answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What a terminal can't be led astray by: reasons and keys are other people's words.
fn cell(value: Option<&Value>) -> String {
    let shown = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
    };
    shown.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}

pub(crate) fn table(columns: &Columns, rows: &[Value], none: &str) -> String {
    if rows.is_empty() {
        return format!("{none}\n");
    }
    let mut lines: Vec<Vec<String>> =
        vec![columns.iter().map(|(title, _)| (*title).to_owned()).collect()];
    for row in rows {
        let cells = columns.iter().enumerate().map(|(place, (_, member))| {
            let text = cell(row.get(member));
            // The last column may go on.
            if place + 1 < columns.len() && text.chars().count() > LONGEST {
                text.chars().take(LONGEST - 1).chain(['…']).collect()
            } else {
                text
            }
        });
        lines.push(cells.collect());
    }
    let width = |place: usize| {
        lines.iter().filter_map(|line| line.get(place)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|place| width(place).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}", width = *width))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_columns_and_no_control_characters() {
        let rows = json!({"items": [
            {"context": "seat", "tenantId": "t", "key": "a\u{1b}[2J", "partition": 3, "position": 12,
             "waiting": 2, "since": "2026-01-01T00:00:00Z", "reason": "it fell"},
        ]});
        let text = parked(&rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].split_whitespace().nth(3), Some("a\u{fffd}[2J"));
        assert!(lines[1].ends_with("it fell"));
        assert_eq!(parked(&json!({"items": []})), "nothing is set aside\n");
    }

    #[test]
    fn status_shows_partitions_that_have_something_to_tell() {
        let partition = |number: u32, undecided: u64| {
            json!({"partition": number, "isHeld": true, "undecided": undecided, "unprojected": 0,
                "parked": 0})
        };
        let answer = json!({"logPairing": "a", "storePairing": "a", "contexts": [
            {"context": "seat", "undecided": 5, "partitions": [partition(0, 0), partition(1, 5)]}]});
        assert_eq!(status(&answer, false).lines().count(), 5);
        assert_eq!(status(&answer, true).lines().count(), 6);
    }
}
