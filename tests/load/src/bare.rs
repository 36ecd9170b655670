//! The floor of taking a command: a handler that parses the body, produces it to Kafka with acknowledgement by all, and
//! answers 202. No contract, no identity, no limit, no trace.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio::net::TcpListener;

/// Where it listens and produces to.
#[derive(Clone, Debug, clap::Args)]
pub struct BareSettings {
    /// Address, `host:port`
    #[arg(long)]
    pub listen: String,
    /// Kafka's brokers
    #[arg(long, env = "KAFKA_BROKERS")]
    pub brokers: String,
    /// The topic, which is made where it is not there
    #[arg(long, default_value = "bare.commands")]
    pub topic: String,
}

/// As many as the gateway's topic has.
const PARTITIONS: i32 = 12;

/// How long a record may wait for room to be sent.
const ROOM: Duration = Duration::from_secs(10);

struct Floor {
    producer: FutureProducer,
    topic: String,
}

/// Serves until it is killed; says `ready` on the standard output.
///
/// # Errors
/// Where it can't listen or make a producer.
pub fn run(settings: &BareSettings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut config = ClientConfig::new();
        // As the gateway's producer.
        config
            .set("bootstrap.servers", &settings.brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.codec", "lz4")
            .set("linger.ms", "10");
        let admin: AdminClient<_> = config.create()?;
        let topic = NewTopic::new(&settings.topic, PARTITIONS, TopicReplication::Fixed(1));
        admin.create_topics([&topic], &AdminOptions::new()).await?;
        let producer = config.create()?;
        let floor = Arc::new(Floor { producer, topic: settings.topic.clone() });
        let router = Router::new()
            .route("/v1/shows/{show}/{what}", post(take))
            .route("/metrics", get(async || ""))
            .with_state(floor);
        let listener = TcpListener::bind(&settings.listen).await.context("listening")?;
        println!("ready");
        axum::serve(listener, router).await.context("serving")
    })
}

async fn take(
    State(floor): State<Arc<Floor>>,
    Path((show, _)): Path<(String, String)>,
    body: Bytes,
) -> Result<(StatusCode, String), StatusCode> {
    let parsed: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let payload = parsed.to_string();
    let record = FutureRecord::to(&floor.topic).key(&show).payload(&payload);
    floor.producer.send(record, ROOM).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let id = uuid::Uuid::now_v7();
    Ok((StatusCode::ACCEPTED, format!(r#"{{"commandId":"{id}","status":"PENDING"}}"#)))
}
