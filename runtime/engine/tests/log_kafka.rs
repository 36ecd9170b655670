//! The log on real Kafka: the suite that every log is held to, and what only Kafka has.

#![cfg(feature = "kafka")]

#[path = "support/kafka.rs"]
mod kafka;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::partition_of;
use charter_engine::log::conformance::Harness;
use charter_engine::log::kafka::{KafkaLog, KafkaSettings};
use charter_engine::log::{Change, Log, LogError, Record, TopicSpec};
use kafka::{PATIENCE, apart, assigned, next, open, skip};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};

/// Settings with topics and groups of their own; `None` where there is no Kafka, which is told.
fn settings() -> Option<KafkaSettings> {
    let settings = KafkaSettings::from_env().expect("the environment's settings are fine");
    if settings.is_none() {
        skip("`KAFKA_BROKERS` is not set (tests/kafka/start DIR prints it)");
    }
    settings.map(apart)
}

/// A log with topics and groups of its own.
struct Kafka {
    settings: Option<KafkaSettings>,
}

impl Kafka {
    fn new() -> Self {
        Self { settings: settings() }
    }

    async fn open(&self) -> Arc<dyn Log> {
        open(self.settings.as_ref().expect("only asked for where there is one")).await
    }
}

#[async_trait]
impl Harness for Kafka {
    fn is_missing(&self) -> bool {
        self.settings.is_none()
    }

    async fn log(&self) -> Arc<dyn Log> {
        self.open().await
    }

    async fn restart(&self, log: Arc<dyn Log>) -> Arc<dyn Log> {
        log.close().await;
        drop(log);
        self.open().await
    }

    async fn beside(&self, _: &Arc<dyn Log>) -> Option<Arc<dyn Log>> {
        Some(self.open().await)
    }

    /// Nobody can move the brokers' clock.
    async fn pass(&self, _: &Arc<dyn Log>, _: Duration) -> bool {
        false
    }
}

charter_engine::log_conformance!(Kafka::new());

fn spec(name: &str, partitions: u32) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions, retention: None, volatile: false }
}

fn admin(settings: &KafkaSettings) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    config.create().expect("an admin client")
}

async fn setting(settings: &KafkaSettings, topic: &str, name: &str) -> Option<String> {
    let full = format!("{}{topic}", settings.topic_prefix);
    let resource = ResourceSpecifier::Topic(&full);
    let described =
        admin(settings).describe_configs([&resource], &AdminOptions::new()).await.expect("answers");
    let found = described.into_iter().next().expect("one topic").expect("it is there");
    found.get(name).and_then(|entry| entry.value.clone())
}

/// The engine names partitions itself. A producer of another language has to choose the same.
#[tokio::test]
async fn keys_go_where_kafkas_own_partitioner_sends_them() {
    let Some(settings) = settings() else { return };
    let log = open(&settings).await;
    log.ensure_topic(&spec("keys", 12)).await.expect("is made");
    let topic = format!("{}keys", settings.topic_prefix);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers).set("partitioner", "murmur2");
    let producer: FutureProducer = config.create().expect("a producer");
    for number in 0..40 {
        let key = format!("tenant-{}/show-{number}", number % 3);
        let record = FutureRecord::to(&topic).key(&key).payload("");
        let delivery = producer.send(record, PATIENCE).await.expect("is delivered");
        let expected = partition_of(key.as_bytes(), 12);
        assert_eq!(u32::try_from(delivery.partition).expect("one"), expected, "{key}");
    }
}

/// What is appended must not depend on a broker's defaults.
#[tokio::test]
async fn a_topic_is_made_with_explicit_settings_and_its_retention_follows() {
    let Some(settings) = settings() else { return };
    let log = open(&settings).await;
    log.ensure_topic(&spec("made", 3)).await.expect("is made");
    for (name, expected) in [
        ("message.timestamp.type", "LogAppendTime"),
        ("cleanup.policy", "delete"),
        ("max.message.bytes", "2097152"),
        ("min.insync.replicas", "1"),
        ("unclean.leader.election.enable", "false"),
        ("retention.ms", "-1"),
        ("retention.bytes", "-1"),
    ] {
        assert_eq!(setting(&settings, "made", name).await.as_deref(), Some(expected), "{name}");
    }
    let hour = Duration::from_hours(1);
    let kept = TopicSpec { retention: Some(hour), ..spec("made", 3) };
    log.ensure_topic(&kept).await.expect("follows");
    assert_eq!(setting(&settings, "made", "retention.ms").await.as_deref(), Some("3600000"));
    assert_eq!(setting(&settings, "made", "segment.ms").await.as_deref(), Some("900000"));
    let others = setting(&settings, "made", "message.timestamp.type").await;
    assert_eq!(others.as_deref(), Some("LogAppendTime"), "the rest stays");
}

/// A topic that somebody made otherwise would break promises in silence.
#[tokio::test]
async fn a_topic_with_other_settings_is_refused_by_name() {
    let Some(settings) = settings() else { return };
    let log = open(&settings).await;
    let large = ("max.message.bytes", "2097152");
    let times = ("message.timestamp.type", "LogAppendTime");
    for (name, made_with, expected) in [
        ("times", vec![large], ("message.timestamp.type", "LogAppendTime", "CreateTime")),
        (
            "compacted",
            vec![large, times, ("cleanup.policy", "compact")],
            ("cleanup.policy", "delete", "compact"),
        ),
        ("small", vec![times], ("max.message.bytes", "2097152 or more", "1048588")),
        (
            "cut",
            vec![large, times, ("retention.bytes", "1000000")],
            ("retention.bytes", "-1", "1000000"),
        ),
    ] {
        let full = format!("{}{name}", settings.topic_prefix);
        let mut new = NewTopic::new(&full, 2, TopicReplication::Fixed(1));
        for (setting, value) in &made_with {
            new = new.set(setting, value);
        }
        let made = admin(&settings).create_topics([&new], &AdminOptions::new()).await;
        made.expect("answers").remove(0).expect("is made");
        match log.ensure_topic(&spec(name, 2)).await {
            Err(LogError::TopicSetting { topic, setting, expected: wanted, found }) => {
                assert_eq!(topic, name);
                assert_eq!((setting.as_str(), wanted.as_str(), found.as_str()), expected);
            }
            other => panic!("expected a refusal of `{name}`, found {other:?}"),
        }
    }
    let replicas = KafkaSettings { replication: 2, ..settings.clone() };
    let error = open(&replicas).await.ensure_topic(&spec("replicas", 1)).await;
    let error = error.expect_err("there is one broker").to_string();
    assert!(error.contains("`KAFKA_REPLICATION`"), "{error}");
}

/// Brokers that are not there are no reason not to begin.
#[tokio::test]
async fn a_log_without_brokers_opens_and_says_who_is_away() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let log = KafkaLog::open(KafkaSettings::new(&address)).await.expect("opens");
    let reason = async {
        loop {
            let error = log.check().await.expect_err("nobody is there").to_string();
            if error.contains("has answered within") {
                break error;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let reason = tokio::time::timeout(PATIENCE, reason).await.expect("it is found out");
    assert!(reason.contains(&address), "{reason}");
    let error = log.append("t", 0, vec![Record::default()]).await.expect_err("nobody is there");
    assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
    log.close().await;
}

/// A member of a group in a process of its own, for [`a_dead_owners_partitions_move`].
#[tokio::test]
async fn member_to_be_killed() {
    let Ok(prefix) = std::env::var("CHARTER_TEST_MEMBER") else { return };
    let settings = KafkaSettings::from_env().expect("fine").expect("there");
    let log = open(&KafkaSettings { topic_prefix: prefix, ..settings }).await;
    let mut member = log.join("mortals", "t").await.expect("joins");
    loop {
        drop(next_within(&mut member, Duration::from_mins(2)).await);
    }
}

async fn next_within(
    member: &mut Box<dyn charter_engine::log::Membership>,
    patience: Duration,
) -> Change {
    let change = tokio::time::timeout(patience, member.next()).await;
    change.expect("it is killed before").expect("the log is open")
}

/// The partitions of an owner that was killed go to those who are left.
#[tokio::test]
async fn a_dead_owners_partitions_move() {
    let Some(settings) = settings() else { return };
    let log = open(&settings).await;
    log.ensure_topic(&spec("t", 4)).await.expect("is made");
    let mut member = log.join("mortals", "t").await.expect("joins");
    assert_eq!(assigned(&mut member).await, [0, 1, 2, 3]);
    let mut other = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "member_to_be_killed"])
        .env("CHARTER_TEST_MEMBER", &settings.topic_prefix)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a second process");
    let lost = match next(&mut member).await {
        Change::Revoked { partitions, done } => {
            drop(done);
            partitions
        }
        other @ Change::Assigned(_) => panic!("expected a revocation, found {other:?}"),
    };
    assert_eq!(lost.len(), 2);
    // The other one has them once the group has settled again.
    wait_for_members(&settings, "mortals", 2).await;
    other.kill().expect("killed");
    other.wait().expect("ended");
    assert_eq!(assigned(&mut member).await, lost);
}

/// Waits until the group is stable with so many members that all have something.
async fn wait_for_members(settings: &KafkaSettings, group: &str, count: usize) {
    let group = format!("{}{group}", settings.topic_prefix);
    let admin = Arc::new(admin(settings));
    let settled = async {
        loop {
            let (admin, name) = (admin.clone(), group.clone());
            let is_settled = tokio::task::spawn_blocking(move || {
                let groups =
                    admin.inner().fetch_group_list(Some(&name), PATIENCE).expect("answers");
                groups.groups().iter().any(|group| {
                    // An assignment of nothing is a version, an empty list and no user data.
                    let has_some = group
                        .members()
                        .iter()
                        .filter(|member| member.assignment().is_some_and(|it| it.len() > 12));
                    group.state() == "Stable" && has_some.count() == count
                })
            });
            if is_settled.await.expect("no panic") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("the group settles");
}

/// With a name a process that restarts is the same member: nothing moves.
#[tokio::test]
async fn a_named_member_that_restarts_keeps_its_partitions() {
    let Some(settings) = settings() else { return };
    let named = |name: &str| KafkaSettings { instance: Some(name.to_owned()), ..settings.clone() };
    let one = open(&named("one")).await;
    one.ensure_topic(&spec("t", 4)).await.expect("is made");
    let mut first = one.join("named", "t").await.expect("joins");
    assert_eq!(assigned(&mut first).await, [0, 1, 2, 3]);
    let two = open(&named("two")).await;
    let mut second = two.join("named", "t").await.expect("joins");
    match next(&mut first).await {
        Change::Revoked { done, .. } => drop(done),
        other @ Change::Assigned(_) => panic!("expected a revocation, found {other:?}"),
    }
    let kept = assigned(&mut second).await;
    two.close().await;
    drop((second, two));
    let two = open(&named("two")).await;
    let mut second = two.join("named", "t").await.expect("joins");
    assert_eq!(assigned(&mut second).await, kept);
    let told = tokio::time::timeout(Duration::from_millis(50), first.next()).await;
    assert!(told.is_err(), "{told:?} though nothing has to move");
}
