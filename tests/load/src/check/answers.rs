//! What clients were answered against what the store says.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter_domain::{Contract, Timestamp};
use contract_shared::{Outcome, OutcomeStatus};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Code, Findings};
use crate::evidence::{Evidence, Partition};
use crate::history::{Answered, Record, Sent};

/// What the history was about.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) requests: usize,
    pub(super) accepted: usize,
    pub(super) answers: usize,
    pub(super) kills: usize,
}

/// An answer's body: a command's status, what it was accepted as, or a problem.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    command_id: Option<Uuid>,
    /// PENDING and so on; a number in a problem.
    status: Value,
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    details: Option<Value>,
    events: Option<Vec<ToldEvent>>,
    cursor: Option<String>,
    accepted_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct ToldEvent {
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    sequence: i64,
}

/// What an answer says of its command.
enum Said {
    /// It is accepted and not decided.
    Pending,
    /// It is decided.
    Decided,
    /// There is no such command.
    Unknown,
    /// Nothing: it is refused, or its fate is not known.
    Nothing,
}

impl Told {
    fn said(&self, status: u16) -> Said {
        match (status, self.status.as_str(), self.code.as_deref()) {
            (_, Some("PENDING"), _) => Said::Pending,
            (_, Some("APPLIED" | "REJECTED" | "FAILED"), _) | (500, _, Some("COMMAND_FAILED")) => {
                Said::Decided
            }
            (404, _, Some("COMMAND_UNKNOWN")) => Said::Unknown,
            (400 | 413 | 415 | 429 | 500..=599, ..)
            | (422, _, Some("VALIDATION_FAILED" | "IDEMPOTENCY_KEY_REUSED")) => Said::Nothing,
            (400..=499, _, Some(_)) if self.command_id.is_some() => Said::Decided,
            _ => Said::Nothing,
        }
    }
}

/// An attempt and its answer.
struct Exchange<'a> {
    sent: &'a Sent,
    answered: &'a Answered,
    told: Told,
}

pub(super) fn check(evidence: &Evidence, found: &mut Findings) -> Summary {
    let mut summary = Summary::default();
    let mut sent: HashMap<u64, &Sent> = HashMap::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut exchanges = Vec::new();
    for record in &evidence.history {
        match record {
            Record::Sent(it) => {
                summary.requests += 1;
                sent.insert(it.attempt, it);
                if !it.command.is_empty() {
                    *names.entry(&it.command).or_default() += 1;
                }
            }
            Record::Answered(answered) => {
                if let Some(sent) = sent.get(&answered.attempt) {
                    let told = serde_json::from_str(&answered.body).unwrap_or_default();
                    exchanges.push(Exchange { sent, answered, told });
                }
            }
            Record::Broken { .. } => {}
            Record::Note { text, .. } => summary.kills += usize::from(text.starts_with("kill")),
        }
    }
    check_accepted(evidence, &exchanges, &mut summary, found);
    check_repeats(&exchanges, found);
    check_memory(&exchanges, found);
    if summary.requests > 0 {
        check_origin(&evidence.seat, &names, found);
        check_origin(&evidence.reservation, &names, found);
    }
    summary
}

/// What was accepted is in the log, and what was answered of an outcome is what the inbox holds.
fn check_accepted(
    evidence: &Evidence,
    exchanges: &[Exchange<'_>],
    summary: &mut Summary,
    found: &mut Findings,
) {
    let mut logged: HashSet<Uuid> = HashSet::new();
    for partition in &evidence.seat {
        logged.extend(partition.commands.iter().map(|it| it.envelope.metadata.id));
    }
    for partition in &evidence.reservation {
        logged.extend(partition.commands.iter().map(|it| it.envelope.metadata.id));
    }
    let mut accepted = HashSet::new();
    for Exchange { sent, answered, told } in exchanges {
        let Some(id) = told.command_id else { continue };
        let about =
            || [format!("command {id} `{}`", sent.command), format!("attempt {}", sent.attempt)];
        let said = told.said(answered.status);
        if matches!(said, Said::Pending | Said::Decided) {
            accepted.insert(id);
            if !logged.contains(&id) {
                let what = format!("expected it in the command log after a {}", answered.status);
                found.add(Code::AcceptedNotLogged, about(), what);
            }
        }
        if !matches!(said, Said::Decided) {
            continue;
        }
        summary.answers += 1;
        match evidence.inbox.get(&id) {
            None => found.add(
                Code::OutcomeMissing,
                about(),
                "expected the outcome that was answered, found none",
            ),
            Some(row) => {
                if let Some(what) = difference(answered, told, &row.outcome) {
                    found.add(Code::AnswerDiffers, about(), what);
                }
            }
        }
    }
    summary.accepted = accepted.len();
}

/// How an answer differs from the outcome in the inbox.
fn difference(answered: &Answered, told: &Told, outcome: &Outcome) -> Option<String> {
    let differs = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        Some(format!("expected {what} {expected:?} as in the inbox, found {found:?}"))
    };
    let details: Option<Value> =
        outcome.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let status = match outcome.status {
        OutcomeStatus::Applied => "APPLIED",
        OutcomeStatus::Rejected => "REJECTED",
        OutcomeStatus::Failed => "FAILED",
    };
    let cursor = cursor_of(outcome);
    if let Some(found) = &answered.cursor
        && read_cursor(found) != Some(cursor.clone())
    {
        return differs("cursor", &cursor, &read_cursor(found));
    }
    if told.details != details && outcome.status == OutcomeStatus::Rejected {
        return differs("details", &details, &told.details);
    }
    if told.code != outcome.code {
        return differs("code", &outcome.code, &told.code);
    }
    let Some(found) = told.status.as_str() else {
        // A problem: its code has told all that it says.
        return if outcome.status == OutcomeStatus::Applied {
            differs("status", &status, &answered.status)
        } else {
            None
        };
    };
    if found != status {
        return differs("status", &status, &found);
    }
    if told.kind.as_deref() != Some(&outcome.r#type) {
        return differs("type", &outcome.r#type, &told.kind);
    }
    let events: Vec<ToldEvent> = outcome
        .events
        .iter()
        .map(|it| ToldEvent { id: it.id, kind: it.r#type.clone(), sequence: it.sequence })
        .collect();
    if told.events.as_ref() != Some(&events) {
        return differs("events", &events, &told.events);
    }
    let times = (told.accepted_at, told.decided_at);
    let expected = (Some(outcome.accepted_at), Some(outcome.decided_at));
    if times != expected {
        return differs("times", &expected, &times);
    }
    if told.cursor.as_deref().map(read_cursor) != Some(Some(cursor.clone())) {
        return differs("cursor", &cursor, &told.cursor);
    }
    None
}

/// Positions by context and partition.
type Positions = BTreeMap<String, BTreeMap<u32, i64>>;

fn cursor_of(outcome: &Outcome) -> Positions {
    let partition = u32::try_from(outcome.partition).unwrap_or(u32::MAX);
    BTreeMap::from([(outcome.context.clone(), BTreeMap::from([(partition, outcome.position)]))])
}

fn read_cursor(token: &str) -> Option<Positions> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// Under one key there is one command, and every final answer is the first one, byte for byte.
fn check_repeats(exchanges: &[Exchange<'_>], found: &mut Findings) {
    let mut first: HashMap<(&str, &str), &Exchange<'_>> = HashMap::new();
    let mut ids: HashMap<&str, Uuid> = HashMap::new();
    for exchange in exchanges {
        let Exchange { sent, answered, told } = exchange;
        let (Some(key), Some(id)) = (sent.key.as_deref(), told.command_id) else { continue };
        let about = || [format!("command {id} `{key}`"), format!("attempt {}", sent.attempt)];
        let one = *ids.entry(key).or_insert(id);
        if one != id {
            let what = format!("expected command {one} under this key, found another");
            found.add(Code::KeyOfTwoCommands, about(), what);
        }
        if told.code.as_deref() == Some("IDEMPOTENCY_KEY_REUSED") {
            let what = "the key came with this request alone, and was refused";
            found.add(Code::RepeatDiffers, about(), what);
        }
        if !matches!(told.said(answered.status), Said::Decided) {
            continue;
        }
        let before = *first.entry((key, sent.path.as_str())).or_insert(exchange);
        let same =
            (answered.status, &answered.body) == (before.answered.status, &before.answered.body);
        if !same {
            found.add(
                Code::RepeatDiffers,
                about(),
                format!("expected {} as before, found {}", before.answered.body, answered.body),
            );
        }
    }
}

/// Who was told an outcome never hears later that there is none.
fn check_memory(exchanges: &[Exchange<'_>], found: &mut Findings) {
    let mut decided: HashMap<Uuid, i64> = HashMap::new();
    for Exchange { answered, told, .. } in exchanges {
        if let (Some(id), Said::Decided) = (told.command_id, told.said(answered.status)) {
            let at = decided.entry(id).or_insert(answered.at);
            *at = answered.at.min(*at);
        }
    }
    for Exchange { sent, answered, told } in exchanges {
        let (Some(id), said) = (told.command_id, told.said(answered.status)) else { continue };
        let since = decided.get(&id).filter(|at| **at < sent.at);
        let forgot = match said {
            Said::Pending => since.is_some(),
            // With `at`, a command that was accepted is never unknown.
            Said::Unknown => since.is_some() || sent.path.contains("?at="),
            Said::Decided | Said::Nothing => false,
        };
        if forgot {
            let about = [format!("command {id}"), format!("attempt {}", sent.attempt)];
            let what = format!("expected its outcome, found {} {}", answered.status, answered.body);
            found.add(Code::OutcomeForgotten, about, what);
        }
    }
}

/// Every command of the log is one that a client sent, and without a key no more often than it was sent.
fn check_origin<C: Contract>(
    partitions: &[Partition<C>],
    names: &HashMap<&str, usize>,
    found: &mut Findings,
) {
    let mut ids: HashMap<&str, HashSet<Uuid>> = HashMap::new();
    for partition in partitions {
        for command in &partition.commands {
            let metadata = &command.envelope.metadata;
            let of_name = ids.entry(&metadata.correlation_id).or_default();
            of_name.insert(metadata.id);
            let sent = names.get(metadata.correlation_id.as_str()).copied().unwrap_or(0);
            if of_name.len() > sent {
                found.add(
                    Code::CommandWithoutRequest,
                    [
                        format!("command {} `{}`", metadata.id, metadata.correlation_id),
                        format!("{}/{}@{}", C::commands_topic(), partition.number, command.offset),
                    ],
                    format!(
                        "expected at most {sent} commands of this name, found {}",
                        of_name.len()
                    ),
                );
            }
        }
    }
}
