//! How fast a history becomes rows on PostgreSQL: events that wait in the store are folded into two views, each batch's
//! rows coalesced in memory and committed with their progress, as at a start whose views are made anew.
//!
//! `DATABASE_URL=… cargo bench -p charter-engine --features postgres --bench projecting -- [EVENTS] [AGGREGATES] [PARTITIONS]`,
//! without arguments 200,000 events of 2,000 aggregates in 12 partitions. Rows are what the server counts as
//! inserted and updated, so that it is seen how many events share the write of a row.

#[path = "../tests/support/tally.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod tally;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_domain::{AggregateId, Contract as _, Envelope, Metadata, Payload as _, Timestamp};
use charter_engine::log::Log as _;
use charter_engine::log::embedded::{EmbeddedLog, EmbeddedSettings};
use charter_engine::schemas::{MemoryRegistry, MessageCodec, Registration, SchemaCatalog};
use charter_engine::store::{
    Batch, PostgresSettings, PostgresStore, SchemaHash, Store, StoredEvent,
};
use charter_engine::{ContextService, Roles, Runtime, Service as _, Settings};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tally::{Added, PLAIN, Part, Tallies, Tally, TallyEvent, Total};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Confluent's frame, which stored events have none of.
const FRAME_BYTES: usize = 5;
/// Events of a batch, as a service's.
const BATCH: i64 = 500;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let numbers: Vec<u32> = arguments.collect();
    let number = |place: usize, otherwise| numbers.get(place).copied().unwrap_or(otherwise);
    let (events, aggregates) = (number(0, 200_000), number(1, 2_000).max(1));
    let partitions = number(2, 12).max(1);
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!(
            "skipped: DATABASE_URL is not set: start a server with `tests/postgres/start DIR`"
        );
        return Ok(());
    };
    let schema = format!("bench_{}", Uuid::new_v4().simple());
    let mut server = PgConnection::connect(&url).await?;
    server.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await?;
    let settings = PostgresSettings::new(format!("{url}?options=-c%20search_path%3D{schema}"));
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(settings).await?);
    let directory = tempfile::tempdir()?;
    let log = EmbeddedLog::open(directory.path().join("log"), EmbeddedSettings::default())?;
    // A service refuses a store with a history beside a log that is new.
    log.set_pairing_id(store.fix_pairing_id(Uuid::now_v7()).await?).await?;
    let schemas = SchemaCatalog::new(Arc::new(MemoryRegistry::new()), Registration::Register);
    let codec = schemas.messages::<TallyEvent>(&Tally::events_topic()).await?;
    let partitions = store.fix_partitions(partitions).await?;
    for partition in 0..partitions {
        fill(
            &*store,
            &codec,
            partition,
            i64::from(events / partitions),
            i64::from(aggregates / partitions),
        )
        .await?;
    }
    let settings = Settings { roles: Roles::Project, partitions, ..Settings::default() };
    let runtime = Runtime::new(Arc::new(log), store.clone(), schemas, settings);
    let service =
        ContextService::<Tallies>::new().project::<Total, Tallies>().project::<Part, Tallies>();
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    let begun = Instant::now();
    let mut running = tokio::spawn(async move { service.run(runtime, token).await });
    let wanted: Vec<(u32, i64)> =
        (0..partitions).map(|partition| (partition, i64::from(events / partitions) - 1)).collect();
    tokio::select! {
        projected = store.wait_projected(Tally::NAME, &wanted) => projected?,
        ended = &mut running => {
            ended??;
            return Err("the service ended before it had projected all".into());
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    shutdown.cancel();
    running.await??;
    store.close().await;
    // The server's counts come a moment after the session that made them.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let counted = sqlx::query(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint FROM pg_stat_user_tables
         WHERE schemaname = $1 AND relname LIKE 'tally%'",
    )
    .bind(&schema)
    .fetch_one(&mut server)
    .await?;
    let rows: i64 = counted.try_get(0)?;
    server.execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await?;
    let all = f64::from(events / partitions * partitions);
    let written = f64::from(u32::try_from(rows)?);
    println!("| events | aggregates | partitions | seconds | events/s | rows written | rows/s |");
    println!("|---|---|---|---|---|---|---|");
    println!(
        "| {all:.0} | {aggregates} | {partitions} | {seconds:.2} | {:.0} | {rows} | {:.0} |",
        all / seconds,
        written / seconds
    );
    Ok(())
}

/// Lets a partition's history have events of its aggregates in turn, as a service writes them.
async fn fill(
    store: &dyn Store,
    codec: &MessageCodec<TallyEvent>,
    partition: u32,
    events: i64,
    aggregates: i64,
) -> Result<(), Box<dyn Error>> {
    let claim = store.claim(Tally::NAME, partition, Tally::VERSION).await?;
    let (mut checkpoint, mut position) = (claim.checkpoint, 0);
    while position < events {
        let end = (position + BATCH).min(events);
        let stored = (position..end).map(|at| event(codec, partition, at, aggregates.max(1)));
        let stored: Vec<_> = stored.collect();
        checkpoint.next_position = end;
        store
            .commit(&Batch {
                lease: claim.lease.clone(),
                expected_offset: checkpoint.offset,
                checkpoint,
                outcomes: Vec::new(),
                events: stored,
                deadlines: Vec::new(),
                resolved: Vec::new(),
            })
            .await?;
        position = end;
    }
    Ok(())
}

fn event(
    codec: &MessageCodec<TallyEvent>,
    partition: u32,
    position: i64,
    aggregates: i64,
) -> StoredEvent {
    let aggregate = AggregateId::new("default", format!("{partition}-{}", position % aggregates));
    let (id, time) = (Uuid::now_v7(), Timestamp::from_micros(position));
    let sequence = position / aggregates + 1;
    let payload =
        Added { name: aggregate.key.clone(), amount: 1, how: PLAIN.to_owned(), due: None };
    let metadata = Metadata {
        id,
        r#type: Added::TYPE.wire_type.to_owned(),
        source: "charter://bench".to_owned(),
        tenant_id: aggregate.tenant.clone(),
        correlation_id: "c".to_owned(),
        causation_id: None,
        time,
        key: aggregate.key.clone(),
        sequence,
        position,
        actor: None,
        reply_to: None,
    };
    let framed = codec.encode(&Envelope { metadata, payload: payload.into() });
    StoredEvent {
        id,
        aggregate,
        sequence,
        position,
        wire_type: Added::TYPE.wire_type.to_owned(),
        time,
        schema: SchemaHash::of(Added::TYPE.envelope_schema),
        envelope: framed.slice(FRAME_BYTES..).to_vec(),
    }
}
