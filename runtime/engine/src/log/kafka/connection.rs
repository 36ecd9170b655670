//! Whether the brokers answer, and what was last heard of them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

use crate::log::LogError;

/// The most brokers whose failures are kept.
const FAILURES: usize = 64;

/// How the brokers fare, as all clients of a log hear it. It begins as away.
#[derive(Debug)]
pub(super) struct Connection {
    brokers: String,
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Debug)]
struct State {
    /// Why nothing can be appended; `None` where it can.
    away: Option<String>,
    /// The last failure of each broker since one answered.
    failures: BTreeMap<String, String>,
    /// Somebody wants to know anew.
    is_asked: bool,
    is_closed: bool,
}

impl Connection {
    pub(super) fn new(brokers: &str) -> Self {
        let state = State {
            away: Some(format!("`{brokers}` has not answered yet")),
            failures: BTreeMap::new(),
            is_asked: false,
            is_closed: false,
        };
        Self { brokers: brokers.to_owned(), state: Mutex::new(state), asked: Condvar::new() }
    }

    /// Refuses where no broker answers.
    pub(super) fn check(&self) -> Result<(), LogError> {
        match &self.lock().away {
            Some(reason) => Err(LogError::unavailable(reason.clone())),
            None => Ok(()),
        }
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        let mut state = self.lock();
        state.failures.clear();
        if state.away.take().is_some() {
            tracing::info!(brokers = self.brokers, "kafka answers");
            metrics::gauge!("charter_kafka_away").set(0.0);
        }
    }

    /// No broker has answered for so long.
    pub(super) fn silent(&self, waited: Duration, error: &KafkaError) {
        let mut state = self.lock();
        let failures: Vec<&str> = state.failures.values().map(String::as_str).collect();
        let detail = if failures.is_empty() { error.to_string() } else { failures.join("; ") };
        let reason =
            format!("no broker of `{}` has answered within {waited:?}: {detail}", self.brokers);
        let is_news = state.away.is_none();
        state.away = Some(reason.clone());
        drop(state);
        if is_news {
            tracing::warn!(reason, "kafka is away; it is asked again until it answers");
            metrics::gauge!("charter_kafka_away").set(1.0);
        }
    }

    /// A client had trouble, which one look at the brokers judges.
    fn failed(&self, error: &KafkaError, reason: &str) {
        let broker = reason.split_once(": ").map_or("", |(broker, _)| broker).to_owned();
        let mut state = self.lock();
        if state.failures.len() < FAILURES || state.failures.contains_key(&broker) {
            state.failures.insert(broker, reason.to_owned());
        }
        state.is_asked = true;
        drop(state);
        self.asked.notify_all();
        tracing::debug!(%error, reason, "a client of kafka had trouble");
    }

    /// Waits until the brokers are to be asked again; `false` when the log is closed.
    pub(super) fn wait(&self, pause: Duration, shortest: Duration) -> bool {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            let waited = begun.elapsed();
            if state.is_closed {
                return false;
            }
            if waited >= pause || (state.is_asked && waited >= shortest) {
                state.is_asked = false;
                return true;
            }
            let until = if state.is_asked { shortest } else { pause };
            let rest = until.saturating_sub(waited);
            state = self.asked.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn is_away(&self) -> bool {
        self.lock().away.is_some()
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.asked.notify_all();
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every client tells: its errors to the connection, its lines to the process's log.
#[derive(Clone, Debug)]
pub(super) struct Told(pub(super) Arc<Connection>);

impl ClientContext for Told {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(target: "librdkafka", facility, line);
            }
            // What goes wrong is told by the operation that it fails; the same, here, is noise.
            RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning
            | RDKafkaLogLevel::Notice
            | RDKafkaLogLevel::Info
            | RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, line),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.failed(&error, reason);
    }
}

impl ConsumerContext for Told {}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::types::RDKafkaErrorCode;

    const TRANSPORT: KafkaError = KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure);

    fn reason(connection: &Connection) -> String {
        connection.check().expect_err("it is away").to_string()
    }

    #[test]
    fn it_is_away_until_a_broker_answers_and_says_which_is() {
        let connection = Arc::new(Connection::new("a:1,b:1"));
        assert!(reason(&connection).contains("`a:1,b:1` has not answered yet"));
        connection.answered();
        assert!(connection.check().is_ok());

        let told = Told(connection.clone());
        told.error(TRANSPORT, "a:1/1: Connection refused");
        assert!(connection.check().is_ok(), "another broker may do");
        connection.silent(Duration::from_secs(2), &TRANSPORT);
        let away = reason(&connection);
        assert!(away.contains("within 2s: a:1/1: Connection refused"), "{away}");
        connection.answered();
        connection.silent(Duration::from_secs(2), &TRANSPORT);
        assert!(!reason(&connection).contains("refused"), "what is past is forgotten");
    }

    #[test]
    fn trouble_is_looked_into_at_once_and_the_end_ends_the_wait() {
        let connection = Arc::new(Connection::new("a:1"));
        Told(connection.clone()).error(TRANSPORT, "a:1/1: gone");
        assert!(connection.wait(Duration::from_hours(1), Duration::ZERO));
        connection.close();
        assert!(!connection.wait(Duration::from_hours(1), Duration::ZERO));
    }
}
