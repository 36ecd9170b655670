//! How a log on Kafka is reached, and the environment variables that say so.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use crate::log::MAX_RECORD_BYTES;

/// Variables that are settings of their own.
const BROKERS: &str = "KAFKA_BROKERS";
const REPLICATION: &str = "KAFKA_REPLICATION";
const TOPIC_PREFIX: &str = "KAFKA_TOPIC_PREFIX";
const INSTANCE: &str = "KAFKA_GROUP_INSTANCE_ID";
/// What the names of all variables begin with.
const PREFIX: &str = "KAFKA_";

/// Properties that the log's promises rest on, and what to do instead of setting them.
const FIXED: &[(&str, &str)] = &[
    ("acks", "an acknowledged append is on all in-sync replicas"),
    ("request.required.acks", "an acknowledged append is on all in-sync replicas"),
    ("enable.idempotence", "without it a retry appends twice"),
    ("enable.gapless.guarantee", "a failed append ends alone, and its sender knows"),
    ("transactional.id", "no promise rests on Kafka's transactions"),
    ("bootstrap.servers", "set `KAFKA_BROKERS`"),
    ("metadata.broker.list", "set `KAFKA_BROKERS`"),
    ("group.id", "groups are named after contexts; `KAFKA_TOPIC_PREFIX` sets installations apart"),
    ("group.protocol", "owners are told before they lose a partition only by `classic`"),
    ("partition.assignment.strategy", "only what moves may be revoked: `cooperative-sticky`"),
    ("enable.auto.commit", "offsets come from the store's checkpoint"),
    ("enable.auto.offset.store", "offsets come from the store's checkpoint"),
    ("auto.offset.reset", "an offset outside the log is an error"),
    ("allow.auto.create.topics", "topics are made with explicit settings"),
    ("log.queue", "the log's lines go to the process's own log"),
];

/// Where and how the log is on Kafka.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port` of some brokers, separated by commas; the rest are found through them.
    pub brokers: String,
    /// What the process calls itself to the brokers.
    pub client_id: String,
    /// What the names of topics and groups begin with, so that several installations can share
    /// brokers. Empty by default.
    pub topic_prefix: String,
    /// Replicas of the topics that are made, from 1: 3 in production. As many less one must be in sync
    /// for an append from 3 on, one below.
    pub replication: u16,
    /// Names this process among those of its kind, for as long as its restarts are to be the same
    /// member of its groups (static membership): its partitions then wait for it through a restart of
    /// less than the session time-out, and move later than that where it has ended for good. `None`:
    /// partitions move at once when the process ends in good order.
    pub instance: Option<String>,
    /// Properties of librdkafka for every client, by their names there: `sasl.mechanism`,
    /// `ssl.ca.location`, `linger.ms`…
    pub properties: BTreeMap<String, String>,
}

impl KafkaSettings {
    /// The settings for `brokers`, with nothing else out of the ordinary.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: "charter".to_owned(),
            topic_prefix: String::new(),
            replication: 1,
            instance: None,
            properties: BTreeMap::new(),
        }
    }

    /// The settings that the process's environment gives; `None` where `KAFKA_BROKERS` is not set.
    ///
    /// # Errors
    /// As [`KafkaSettings::from_variables`].
    pub fn from_env() -> Result<Option<Self>, KafkaSettingsError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_variables(variables)
    }

    /// The settings that these environment variables give; `None` where `KAFKA_BROKERS` is not among
    /// them. Variables whose names don't begin with `KAFKA_` are passed over.
    ///
    /// - `KAFKA_BROKERS`, `KAFKA_REPLICATION`, `KAFKA_TOPIC_PREFIX`, `KAFKA_GROUP_INSTANCE_ID`: the fields
    ///   of this struct.
    /// - Every other `KAFKA_…` is a property of librdkafka, in capitals and with `_` for `.`:
    ///   `KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_MECHANISM`, `KAFKA_SASL_USERNAME`, `KAFKA_SASL_PASSWORD`,
    ///   `KAFKA_SSL_CA_LOCATION`, `KAFKA_LINGER_MS`, `KAFKA_SESSION_TIMEOUT_MS`, ….
    /// - What Kubernetes sets for a service named `kafka` (`KAFKA_SERVICE_…`, `KAFKA_PORT…`) is no setting.
    ///
    /// # Errors
    /// [`KafkaSettingsError`] with one line that names the variable, also where librdkafka knows no such
    /// property or not that value.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Option<Self>, KafkaSettingsError> {
        let variables: BTreeMap<String, String> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !is_of_kubernetes(name))
            .collect();
        let Some(brokers) = variables.get(BROKERS).filter(|brokers| !brokers.is_empty()) else {
            return Ok(None);
        };
        let mut settings = Self::new(brokers);
        for (name, value) in &variables {
            match name.as_str() {
                BROKERS => {}
                REPLICATION => {
                    settings.replication = value
                        .parse()
                        .map_err(|_| KafkaSettingsError::Replication { found: value.clone() })?;
                }
                TOPIC_PREFIX => settings.topic_prefix.clone_from(value),
                INSTANCE if value.is_empty() => {}
                INSTANCE => settings.instance = Some(value.clone()),
                "KAFKA_CLIENT_ID" => settings.client_id.clone_from(value),
                property => {
                    let property = property[PREFIX.len()..].to_ascii_lowercase().replace('_', ".");
                    settings.properties.insert(property, value.clone());
                }
            }
        }
        settings.check()?;
        Ok(Some(settings))
    }

    /// Makes sure that the settings can be worked with.
    ///
    /// # Errors
    /// [`KafkaSettingsError`].
    pub fn check(&self) -> Result<(), KafkaSettingsError> {
        if !(1..=i16::MAX.unsigned_abs()).contains(&self.replication) {
            let found = self.replication.to_string();
            return Err(KafkaSettingsError::Replication { found });
        }
        if self.topic_prefix.len() > 64 || !self.topic_prefix.bytes().all(is_of_a_topic) {
            return Err(KafkaSettingsError::TopicPrefix { found: self.topic_prefix.clone() });
        }
        if self.brokers.split(',').any(|broker| broker.trim().is_empty()) {
            return Err(KafkaSettingsError::Brokers { found: self.brokers.clone() });
        }
        for property in self.properties.keys() {
            if let Some((_, reason)) = FIXED.iter().find(|(fixed, _)| fixed == property) {
                let variable = variable(property);
                return Err(KafkaSettingsError::Fixed { variable, reason });
            }
        }
        for config in [self.producer(), self.reader(), self.member("check", None)] {
            config.create_native_config().map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    /// The replicas that must have an append before it is acknowledged.
    pub(super) fn in_sync(&self) -> u16 {
        if self.replication < 3 { 1 } else { self.replication - 1 }
    }

    /// How long a record may be in the log, with its time, before the partition's end is behind it: a
    /// broker shows it when all in-sync replicas have it. With one replica that is the broker's own
    /// doing, which 1 s is long for; of several, one may lag for `replica.lag.time.max.ms` until it is no
    /// longer waited for, 30 s by default.
    pub(super) fn hidden(&self) -> Duration {
        if self.replication == 1 { Duration::from_secs(1) } else { Duration::from_secs(30) }
    }

    /// What all clients have in common.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.client_id)
            // A broker that answers nothing is found out in seconds, 60 s by default.
            .set("socket.timeout.ms", "8000")
            .set("socket.connection.setup.timeout.ms", "5000")
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            // A broker that is back is found at once.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "60000")
            .set("message.max.bytes", BATCH_BYTES.to_string())
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Warning);
        config
    }

    /// The settings' own properties come after the log's, and so go before them.
    fn with_properties(&self, mut config: ClientConfig) -> ClientConfig {
        for (property, value) in &self.properties {
            config.set(property, value);
        }
        config
    }

    /// The client that topics are looked after with.
    pub(super) fn admin(&self) -> ClientConfig {
        self.with_properties(self.client())
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.codec", "lz4")
            // Company for a record: at thousands a second each request otherwise carries one (ADR 45).
            .set("linger.ms", "10")
            .set("partitioner", "murmur2_random")
            // Within the 10 s that a sender waits, so that it hears what happened.
            .set("message.timeout.ms", "9000")
            .set("request.timeout.ms", "5000")
            .set("retry.backoff.ms", "50")
            .set("retry.backoff.max.ms", "1000")
            // The log's own bound comes first.
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "131072");
        self.with_properties(config)
    }

    pub(super) fn reader(&self) -> ClientConfig {
        let mut config = self.client();
        config
            // Assigning by hand needs a name too; no group is joined and nothing committed.
            .set("group.id", format!("{}{}.reader", self.topic_prefix, self.client_id))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            // A record wakes its reader at once. A partition that is newly read waits for at most this
            // long, until the request under way is answered.
            .set("fetch.wait.max.ms", "50")
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.queue.backoff.ms", "5")
            // What a partition holds in memory: these bytes waiting, and one answer of the broker's.
            .set("queued.max.messages.kbytes", "1024")
            .set("queued.min.messages", "2000")
            .set("max.partition.fetch.bytes", (1 << 20).to_string())
            .set("fetch.max.bytes", (8 << 20).to_string());
        self.with_properties(config)
    }

    pub(super) fn member(&self, group: &str, instance: Option<&str>) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", format!("{}{group}", self.topic_prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            // Only what moves is revoked, and moves after its owner has given it up.
            .set("partition.assignment.strategy", "cooperative-sticky")
            // A dead owner's partitions move after 6 s and a round or two of the group, so within 10 s.
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "500")
            // Longer than an owner may take to give a partition up.
            .set("max.poll.interval.ms", "45000");
        if let Some(instance) = instance {
            config.set("group.instance.id", instance);
        }
        self.with_properties(config)
    }
}

/// The most bytes of a batch on the wire and in a topic, 2 MiB: the largest record, with room for its
/// frame.
pub(super) const BATCH_BYTES: usize = 2 << 20;
const _: () = assert!(BATCH_BYTES > MAX_RECORD_BYTES + (64 << 10));

/// Properties may hold secrets, so only their names are shown.
impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("topic_prefix", &self.topic_prefix)
            .field("replication", &self.replication)
            .field("instance", &self.instance)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// A setting that can't be worked with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaSettingsError {
    /// No brokers in the list.
    #[error("`KAFKA_BROKERS` should be `host:port`, several separated by commas, found `{found}`")]
    Brokers {
        /// What was given.
        found: String,
    },
    /// No count of replicas.
    #[error("`KAFKA_REPLICATION` should be a number from 1, found `{found}`")]
    Replication {
        /// What was given.
        found: String,
    },
    /// No beginning of a topic's name.
    #[error("`KAFKA_TOPIC_PREFIX` should have at most 64 of `A-Z a-z 0-9 . _ -`, found `{found}`")]
    TopicPrefix {
        /// What was given.
        found: String,
    },
    /// The log's promises rest on it.
    #[error("`{variable}` can't be set: {reason}")]
    Fixed {
        /// The variable.
        variable: String,
        /// Why, or what to do instead.
        reason: &'static str,
    },
    /// librdkafka knows no such property.
    #[error(
        "`{variable}` is no setting: librdkafka has no property `{property}` (each `KAFKA_…` is one, with `_` for `.`)"
    )]
    UnknownProperty {
        /// The variable.
        variable: String,
        /// The property's name.
        property: String,
    },
    /// librdkafka doesn't take the value.
    #[error("`{variable}` is refused: {reason}")]
    Value {
        /// The variable.
        variable: String,
        /// What librdkafka says.
        reason: String,
    },
    /// librdkafka doesn't take the settings together.
    #[error("the settings of Kafka are refused: {reason}")]
    Client {
        /// What librdkafka says.
        reason: String,
    },
}

/// Why librdkafka makes no client of these settings.
pub(super) fn refused(error: &KafkaError) -> KafkaSettingsError {
    let KafkaError::ClientConfig(_, reason, property, _) = error else {
        return KafkaSettingsError::Client { reason: error.to_string() };
    };
    let variable = variable(property);
    if reason.contains("No such") {
        return KafkaSettingsError::UnknownProperty { variable, property: property.clone() };
    }
    KafkaSettingsError::Value { variable, reason: reason.trim().to_owned() }
}

/// The variable of a property.
fn variable(property: &str) -> String {
    format!("{PREFIX}{}", property.replace('.', "_").to_ascii_uppercase())
}

fn is_of_kubernetes(variable: &str) -> bool {
    variable.starts_with("KAFKA_SERVICE_") || variable.starts_with("KAFKA_PORT")
}

/// Whether a topic's name may have the byte.
pub(super) fn is_of_a_topic(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Option<KafkaSettings>, KafkaSettingsError> {
        let all = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        KafkaSettings::from_variables(all)
    }

    fn refusal(variables: &[(&str, &str)]) -> String {
        settings(variables).expect_err("it is refused").to_string()
    }

    #[test]
    fn without_brokers_there_is_no_kafka() {
        assert!(settings(&[("KAFKA_LINGER_MS", "1"), ("HOME", "x")]).expect("fine").is_none());
        assert!(settings(&[("KAFKA_BROKERS", "")]).expect("fine").is_none());
    }

    #[test]
    fn variables_are_fields_or_properties() {
        let settings = settings(&[
            ("KAFKA_BROKERS", "a:1,b:2"),
            ("KAFKA_REPLICATION", "3"),
            ("KAFKA_TOPIC_PREFIX", "blue."),
            ("KAFKA_GROUP_INSTANCE_ID", "seats-0"),
            ("KAFKA_CLIENT_ID", "seats"),
            ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("KAFKA_SASL_MECHANISM", "PLAIN"),
            ("KAFKA_SASL_USERNAME", "me"),
            ("KAFKA_SASL_PASSWORD", "secret"),
            ("KAFKA_LINGER_MS", "20"),
            ("KAFKA_SERVICE_HOST", "10.0.0.1"),
            ("KAFKA_PORT_9092_TCP", "tcp://10.0.0.1:9092"),
            ("CHARTER_KAFKA_JARS", "/jars"),
        ])
        .expect("fine")
        .expect("there");
        assert_eq!(settings.brokers, "a:1,b:2");
        assert_eq!((settings.replication, settings.in_sync()), (3, 2));
        assert_eq!(settings.topic_prefix, "blue.");
        assert_eq!(settings.instance.as_deref(), Some("seats-0"));
        assert_eq!(settings.client_id, "seats");
        let properties: Vec<_> = settings.properties.keys().map(String::as_str).collect();
        let expected =
            ["linger.ms", "sasl.mechanism", "sasl.password", "sasl.username", "security.protocol"];
        assert_eq!(properties, expected);
        assert_eq!(settings.producer().get("linger.ms"), Some("20"));
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn what_is_wrong_is_one_line_with_the_variable() {
        let brokers = ("KAFKA_BROKERS", "a:1");
        for (name, value, expected) in [
            (
                "KAFKA_LINGERMS",
                "1",
                "`KAFKA_LINGERMS` is no setting: librdkafka has no property `lingerms` (each `KAFKA_…` is one, with `_` for `.`)",
            ),
            (
                "KAFKA_ACKS",
                "1",
                "`KAFKA_ACKS` can't be set: an acknowledged append is on all in-sync replicas",
            ),
            (
                "KAFKA_BOOTSTRAP_SERVERS",
                "b:1",
                "`KAFKA_BOOTSTRAP_SERVERS` can't be set: set `KAFKA_BROKERS`",
            ),
            (
                "KAFKA_REPLICATION",
                "many",
                "`KAFKA_REPLICATION` should be a number from 1, found `many`",
            ),
            ("KAFKA_REPLICATION", "0", "`KAFKA_REPLICATION` should be a number from 1, found `0`"),
            (
                "KAFKA_TOPIC_PREFIX",
                "a b",
                "`KAFKA_TOPIC_PREFIX` should have at most 64 of `A-Z a-z 0-9 . _ -`, found `a b`",
            ),
        ] {
            assert_eq!(refusal(&[brokers, (name, value)]), expected);
        }
        let value = refusal(&[brokers, ("KAFKA_LINGER_MS", "soon")]);
        assert!(value.starts_with("`KAFKA_LINGER_MS` is refused: "), "{value}");
        assert!(!value.contains('\n'), "{value}");
        let found = refusal(&[("KAFKA_BROKERS", "a:1,,b:2")]);
        assert!(found.starts_with("`KAFKA_BROKERS` should be"), "{found}");
    }
}
