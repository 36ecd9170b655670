//! One client: carries its commands to their outcomes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::Run;
use crate::client::{Answer, Ask, Connection};
use crate::history::{Answered, Record, Sent, now};
use crate::plan::Command;

/// Between two attempts, at first and at most.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A client with its connection; a second one where a command is sent twice at once.
pub(super) struct Client {
    run: Arc<Run>,
    connection: Connection,
    second: Connection,
}

/// What an answer says of its command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    command_id: Option<&'a str>,
    /// A number in a problem.
    #[serde(default)]
    status: serde_json::Value,
    code: Option<&'a str>,
}

/// A command that was carried out as far as a client can tell.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) applied: bool,
    /// What the outcome's reader has seen.
    pub(super) cursor: Option<String>,
}

impl Client {
    pub(super) fn new(run: Arc<Run>, index: usize) -> anyhow::Result<Self> {
        let gateways = &run.settings.gateways;
        let connection = Connection::new(gateways, index)?;
        let second = Connection::new(gateways, index + 1)?;
        Ok(Self { run, connection, second })
    }

    /// Sends until the run is over.
    pub(super) async fn run(&mut self) -> anyhow::Result<()> {
        while let Some((n, due)) = self.run.next().await {
            let command = self.run.plan.command(n);
            let wait = self.run.settings.wait;
            let run = &*self.run;
            let mut first = Carrier { run, connection: &mut self.connection };
            let carried = if command.keyed && run.plan.is_chosen(n, run.settings.repeats) {
                run.meter.repeated();
                let mut second = Carrier { run, connection: &mut self.second };
                let both =
                    tokio::join!(first.carry(&command, due, wait), second.repeat(&command, wait));
                both.1?;
                both.0?
            } else {
                first.carry(&command, due, wait).await?
            };
            if let Some(Carried { applied: true, cursor: Some(cursor) }) = &carried
                && run.plan.is_chosen(n ^ 1, run.settings.visible)
            {
                let mut reader = Carrier { run, connection: &mut self.connection };
                reader.see(&command, cursor, due).await?;
            }
            match (&carried, command.keyed) {
                (None, true) => run.meter.unanswered(),
                // It can't be sent again: what became of it is for the check to find out.
                (None, false) => run.meter.lost(),
                (Some(_), _) => {}
            }
            run.progress.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A connection in use.
pub(super) struct Carrier<'a> {
    pub(super) run: &'a Run,
    pub(super) connection: &'a mut Connection,
}

impl Carrier<'_> {
    /// Sends a command until it is answered, and asks for its outcome; `None` where it stays unknown.
    pub(super) async fn carry(
        &mut self,
        command: &Command,
        due: Instant,
        wait: u32,
    ) -> anyhow::Result<Option<Carried>> {
        let Some(answer) = self.accepted(command, wait).await? else { return Ok(None) };
        let meter = &self.run.meter;
        let (code, is_command) = told(&answer);
        meter.answered(answer.status, code.as_deref());
        if !is_command {
            // A request that no repeat makes better.
            return Ok(Some(Carried { applied: false, cursor: None }));
        }
        meter.accepted(due.elapsed());
        if answer.status != 202 {
            meter.decided(due.elapsed());
            let applied = answer.status == 200;
            return Ok(Some(Carried { applied, cursor: answer.cursor }));
        }
        let follow = self.run.settings.follow;
        let is_followed = follow == 100 || fastrand::u8(..100) < follow;
        let (true, Some(location)) = (is_followed, answer.location) else {
            return Ok(Some(Carried { applied: false, cursor: None }));
        };
        let Some(answer) = self.follow(&location).await? else { return Ok(None) };
        meter.decided(due.elapsed());
        let applied = is_applied(&answer);
        Ok(Some(Carried { applied, cursor: answer.cursor }))
    }

    /// The same command once more, at the same time: its answer is for the history alone.
    pub(super) async fn repeat(&mut self, command: &Command, wait: u32) -> anyhow::Result<()> {
        self.accepted(command, wait).await?;
        Ok(())
    }

    /// Sends a command until there is an answer that is one.
    async fn accepted(&mut self, command: &Command, wait: u32) -> anyhow::Result<Option<Answer>> {
        let ask = Ask {
            method: command.method,
            path: &command.path,
            body: &command.body,
            key: command.keyed.then_some(command.name.as_str()),
            correlation: Some(&command.name),
            wait,
            cursor: None,
        };
        self.until(&ask, |answer| !matches!(answer.status, 429 | 503), command.keyed).await
    }

    /// Asks where a command stands until it is decided.
    async fn follow(&mut self, location: &str) -> anyhow::Result<Option<Answer>> {
        let is_final = |answer: &Answer| answer.status == 200 && !is_pending(answer);
        self.until(&Ask::get(location), is_final, true).await
    }

    /// Reads what the command has changed, once the read model has come that far.
    async fn see(&mut self, command: &Command, cursor: &str, due: Instant) -> anyhow::Result<()> {
        let Some(path) = view_of(&command.path) else { return Ok(()) };
        let ask = Ask { cursor: Some(cursor), ..Ask::get(&path) };
        let seen = self.until(&ask, |answer| !matches!(answer.status, 429 | 503), true).await?;
        if seen.is_some_and(|answer| answer.status == 200) {
            self.run.meter.visible(due.elapsed());
        }
        Ok(())
    }

    /// Asks until an answer is good, for as long as the run's patience lasts.
    async fn until(
        &mut self,
        ask: &Ask<'_>,
        is_good: impl Fn(&Answer) -> bool,
        may_repeat: bool,
    ) -> anyhow::Result<Option<Answer>> {
        let begun = Instant::now();
        let patience = Duration::from_secs(self.run.settings.patience);
        let mut pause = PAUSE;
        loop {
            let answer = self.attempt(ask).await?;
            if let Some(answer) = answer.filter(&is_good) {
                return Ok(Some(answer));
            }
            if !may_repeat || begun.elapsed() >= patience || self.run.progress.stop.is_cancelled() {
                return Ok(None);
            }
            if ask.method != "GET" {
                self.run.meter.retried();
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One request, with its lines in the history.
    async fn attempt(&mut self, ask: &Ask<'_>) -> anyhow::Result<Option<Answer>> {
        let attempt = self.run.attempts.fetch_add(1, Ordering::Relaxed);
        self.record(|| {
            Record::Sent(Sent {
                at: now(),
                attempt,
                command: ask.correlation.unwrap_or_default().to_owned(),
                key: ask.key.map(str::to_owned),
                method: ask.method.to_owned(),
                path: ask.path.to_owned(),
                body: ask.body.to_owned(),
            })
        })?;
        let patience = Duration::from_secs(self.run.settings.time_out);
        let answer = self.connection.ask(ask, patience).await;
        self.record(|| match &answer {
            Ok(answer) => Record::Answered(Answered {
                at: now(),
                attempt,
                status: answer.status,
                location: answer.location.clone(),
                cursor: answer.cursor.clone(),
                body: String::from_utf8_lossy(&answer.body).into_owned(),
            }),
            Err(error) => Record::Broken { at: now(), attempt, reason: error.to_string() },
        })?;
        Ok(answer.ok())
    }

    fn record(&self, record: impl FnOnce() -> Record) -> anyhow::Result<()> {
        let Some(history) = &self.run.history else { return Ok(()) };
        history.lock().unwrap_or_else(PoisonError::into_inner).write(&record())
    }
}

/// The code of an answer, and whether it is of a command that was taken.
fn told(answer: &Answer) -> (Option<String>, bool) {
    match serde_json::from_slice::<Told<'_>>(&answer.body) {
        Ok(told) => (told.code.map(str::to_owned), told.command_id.is_some()),
        Err(_) => (None, false),
    }
}

fn is_pending(answer: &Answer) -> bool {
    status_is(answer, "PENDING")
}

fn is_applied(answer: &Answer) -> bool {
    status_is(answer, "APPLIED")
}

fn status_is(answer: &Answer, status: &str) -> bool {
    let told = serde_json::from_slice::<Told<'_>>(&answer.body);
    told.is_ok_and(|told| told.status.as_str() == Some(status))
}

/// A view that shows what a command to this path has changed.
fn view_of(path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or(path);
    if let Some(rest) = path.strip_prefix("/v1/shows/") {
        let show = rest.split('/').next()?;
        return Some(format!("/v1/shows/{show}/stats"));
    }
    let (property, _) = path.split_once("/reservations")?;
    Some(format!("{property}/availability?from=2027-05-01&to=2027-05-12"))
}

#[cfg(test)]
mod tests {
    use super::view_of;

    #[test]
    fn a_command_shows_in_the_view_of_its_aggregate() {
        let show = view_of("/v1/shows/a-show-1/holds");
        assert_eq!(show.as_deref(), Some("/v1/shows/a-show-1/stats"));
        let property = view_of("/v1/tenants/acme/properties/p/reservations/1?reason=x");
        let expected = "/v1/tenants/acme/properties/p/availability?from=2027-05-01&to=2027-05-12";
        assert_eq!(property.as_deref(), Some(expected));
        assert_eq!(view_of("/v1/shows"), None);
    }
}
