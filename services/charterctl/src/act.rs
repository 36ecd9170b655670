//! What each command does.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use charter_engine::operate::{OperateError, Operator};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::flags::{Aggregate, Asked, Command, DeadLetters, Flags, Format, List, Parked, Tail};
use crate::reach::{Failure, Look, Reach, Stopped};
use crate::{projection, text};

/// How often it is asked whether a request has ended.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// The pause of `tail` after an answer without records, which has waited itself.
const TAIL_PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn act(flags: Flags) -> Result<(), Failure> {
    if let Command::Pair { yes, log_lost } = flags.command {
        return pair(&flags, yes, log_lost).await;
    }
    let reach = Reach::of(&flags).await?;
    let done = with(&reach, flags.command, flags.format).await;
    reach.close().await;
    done
}

async fn with(reach: &Reach, command: Command, format: Format) -> Result<(), Failure> {
    match command {
        Command::Status { all } => {
            let status = reach.look(Look::Status).await?;
            show(format, &status, |it| text::status(it, all))
        }
        Command::DeadLetters(DeadLetters::List(List { context, limit })) => {
            let letters = reach.look(Look::Letters { context, limit }).await?;
            show(format, &letters, text::letters)
        }
        Command::DeadLetters(DeadLetters::Show { id }) => {
            let letter = reach.look(Look::Letter(id)).await?;
            show(format, &letter, text::members)
        }
        Command::Parked(Parked::List(List { context, limit })) => {
            let parked = reach.look(Look::Parked { context, limit }).await?;
            show(format, &parked, text::parked)
        }
        Command::Parked(Parked::Show(Aggregate { context, key, tenant, reactor })) => {
            let found = reach.look(Look::ParkedAggregate { context, tenant, key, reactor }).await?;
            show(format, &found, text::members)
        }
        Command::Parked(Parked::Redrive { aggregate, asked, reason }) => {
            ask(reach, "REDRIVE", aggregate, asked, reason, format).await
        }
        Command::Parked(Parked::Discard { aggregate, asked, reason }) => {
            ask(reach, "DISCARD", aggregate, asked, reason, format).await
        }
        Command::Projection(asked) => projection::act(reach, asked, format).await,
        Command::Requests { limit } => {
            let requests = reach.look(Look::Requests { limit }).await?;
            show(format, &requests, text::requests)
        }
        Command::Tail(asked) => tail(reach, asked, format).await,
        Command::Pair { .. } => Ok(()),
    }
}

pub(crate) fn show(
    format: Format,
    answer: &Value,
    text: impl FnOnce(&Value) -> String,
) -> Result<(), Failure> {
    let shown = match format {
        Format::Json => format!("{answer:#}\n"),
        Format::Text => text(answer),
    };
    print(&shown)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Who reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.map_err(|error| Failure::Unable(error.to_string())),
    }
}

/// Asks for a repair and waits until it has ended.
async fn ask(
    reach: &Reach,
    action: &str,
    Aggregate { context, key, tenant, reactor }: Aggregate,
    asked: Asked,
    reason: String,
    format: Format,
) -> Result<(), Failure> {
    let action = if asked.dry_run { "TRY" } else { action };
    let user = user();
    let request = json!({
        "action": action, "context": context, "tenantId": tenant, "key": key, "reason": reason,
        "actor": user, "reactor": reactor,
    });
    let mut state = reach.ask(&request).await?;
    let id: Uuid = member(&state, "id").parse().map_err(|_| {
        Failure::Unable("the platform accepted the request and named no id".to_owned())
    })?;
    let begun = Instant::now();
    while member(&state, "state") == "WAITING" {
        if begun.elapsed() >= asked.wait() {
            return Err(Failure::Refused(format!(
                "request `{id}` still waits after {} s: no process follows partition {} of `{context}` now; `charterctl requests` tells what comes of it",
                asked.wait,
                state.get("partition").unwrap_or(&Value::Null)
            )));
        }
        sleep(LOOK_PAUSE).await;
        state = reach.look(Look::Request(id)).await?;
    }
    show(format, &state, text::members)?;
    if member(&state, "state") == "DONE" {
        return Ok(());
    }
    Err(Failure::Refused(member(&state, "result").to_owned()))
}

/// Who asks, where the platform doesn't know.
pub(crate) fn user() -> Option<String> {
    std::env::var("USER").ok().filter(|user| !user.is_empty())
}

fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

async fn tail(reach: &Reach, asked: Tail, format: Format) -> Result<(), Failure> {
    let Tail { topic, earliest, wire_type, key, contains, count, seconds } = asked;
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (mut left, mut from) = (count, String::new());
    loop {
        if left == Some(0) || end.is_some_and(|end| Instant::now() >= end) {
            return Ok(());
        }
        let look = Look::Tail { topic: topic.clone(), from: from.clone(), earliest };
        let page = reach.look(look).await?;
        let next: HashMap<String, u64> = page
            .get("next")
            .and_then(|next| serde_json::from_value(next.clone()).ok())
            .unwrap_or_default();
        let places = next.iter().map(|(partition, offset)| format!("{partition}:{offset}"));
        from = places.collect::<Vec<_>>().join(",");
        let records = page.get("records").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_idle = records.is_empty();
        for record in records {
            let is_of_type = wire_type.as_deref().is_none_or(|wanted| {
                record.pointer("/headers/ce_type").and_then(Value::as_str) == Some(wanted)
            });
            let is_under = key.as_deref().is_none_or(|wanted| member(&record, "key") == wanted);
            let line = record.to_string();
            if !is_of_type
                || !is_under
                || contains.as_ref().is_some_and(|text| !line.contains(text))
            {
                continue;
            }
            match format {
                Format::Json => print(&format!("{line}\n"))?,
                Format::Text => print(&text::record(&record))?,
            }
            left = left.map(|left| left - 1);
            if left == Some(0) {
                return Ok(());
            }
        }
        if is_idle {
            sleep(TAIL_PAUSE).await;
        }
    }
}

/// Renews the pairing id.
async fn pair(flags: &Flags, yes: bool, log_lost: bool) -> Result<(), Failure> {
    if !yes {
        return Err(Failure::Unable(
            "a new pairing id lets any log and any store work together: say `--yes` where both are of one backup and nothing runs"
                .to_owned(),
        ));
    }
    let (id, begun) = match &flags.data_dir {
        Some(path) => {
            let stopped = Stopped::open(path).await?;
            let paired = paired(stopped.operator(), log_lost).await;
            stopped.close().await;
            paired?
        }
        None => engines::pair(log_lost).await?,
    };
    let members = match begun {
        None => json!({ "pairing": id }),
        Some(partitions) => json!({ "pairing": id, "partitionsBegunAnew": partitions }),
    };
    show(flags.format, &members, text::members)
}

/// Renews it; where the log was lost, gives too how many partitions begin anew.
async fn paired(
    operator: &Operator,
    log_lost: bool,
) -> Result<(Uuid, Option<usize>), OperateError> {
    if log_lost {
        let (id, begun) = operator.pair_with_new_log().await?;
        return Ok((id, Some(begun)));
    }
    Ok((operator.pair().await?, None))
}

#[cfg(not(all(feature = "kafka", feature = "postgres")))]
mod engines {
    use uuid::Uuid;

    use crate::reach::Failure;

    #[expect(clippy::unused_async, reason = "as in a build with the engines")]
    pub(super) async fn pair(_log_lost: bool) -> Result<(Uuid, Option<usize>), Failure> {
        Err(Failure::Unable(
            "give the `--data-dir` of a stopped platform; this build has no Apache Kafka and PostgreSQL, which `--features kafka,postgres` gives it"
                .to_owned(),
        ))
    }
}

#[cfg(all(feature = "kafka", feature = "postgres"))]
mod engines {
    use std::sync::Arc;

    use charter_engine::log::Log;
    use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
    use charter_engine::operate::Operator;
    use charter_engine::store::Store;
    use charter_engine::store::postgres::{PostgresSettings, PostgresStore};
    use uuid::Uuid;

    use crate::reach::Failure;

    /// On the engines that `KAFKA_BROKERS` and `DATABASE_URL` name.
    pub(super) async fn pair(log_lost: bool) -> Result<(Uuid, Option<usize>), Failure> {
        let unable = |error: &dyn std::fmt::Display| Failure::Unable(error.to_string());
        let missing =
            "give `--data-dir`, or `KAFKA_BROKERS` and `DATABASE_URL` as the services have them";
        let url = std::env::var("DATABASE_URL").map_err(|_| Failure::Unable(missing.to_owned()))?;
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let kafka = KafkaSettings::from_variables(variables).map_err(|error| unable(&error))?;
        let kafka = kafka.ok_or_else(|| Failure::Unable(missing.to_owned()))?;
        let log = KafkaLog::open(kafka).await.map_err(|error| unable(&error))?;
        let store = PostgresStore::open_to_read(PostgresSettings::new(&url)).await;
        let store = Arc::new(store.map_err(|error| unable(&error))?);
        let log: Arc<dyn Log> = Arc::new(log);
        let operator = Operator::over(Arc::clone(&log), Arc::clone(&store) as Arc<dyn Store>, None);
        let paired = super::paired(&operator, log_lost).await;
        store.close().await;
        log.close().await;
        Ok(paired?)
    }
}
