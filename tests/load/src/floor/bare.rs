//! The bare loop: consume a batch, write its rows in one transaction, produce its events. It knows nothing of
//! schemas, aggregates, decisions or fencing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use charter_domain::Contract as _;
use charter_engine::log::Record;
use contract_seat::Seat;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::recorded::{Recorded, Rows};
use super::{FloorSettings, Measured, Meter};
use crate::evidence::Engines;

/// Commands of a batch, and how long is waited for company, as the service's.
const BATCH: usize = 500;
const COMPANY: Duration = Duration::from_millis(5);
/// How long a consumer may have nothing to say.
const PATIENCE: Duration = Duration::from_secs(30);

/// Begun with the first commit, which had so many commands.
type Begun = Arc<Mutex<Option<(Meter, usize)>>>;

/// Does all of it again, in as many loops as the settings say.
pub(super) async fn run(
    recorded: &Arc<Recorded>,
    engines: &Engines,
    settings: &FloorSettings,
) -> anyhow::Result<Measured> {
    let begun = Begun::default();
    let mut loops = JoinSet::new();
    for number in 0..settings.loops.max(1) {
        let bare = Loop {
            recorded: Arc::clone(recorded),
            engines: engines.clone(),
            settings: settings.clone(),
            number,
            begun: Arc::clone(&begun),
        };
        loops.spawn(bare.run());
    }
    // Open until the meter is read: what a server's process took is not known once it has ended.
    let mut connections = Vec::new();
    while let Some(ended) = loops.join_next().await {
        connections.push(ended??);
    }
    let (meter, first) = begun.lock().await.take().context("a commit")?;
    let measured = meter.stop(settings, recorded.commands() - first);
    for connection in connections {
        connection.close().await?;
    }
    Ok(measured)
}

struct Loop {
    recorded: Arc<Recorded>,
    engines: Engines,
    settings: FloorSettings,
    number: u32,
    begun: Begun,
}

impl Loop {
    async fn run(self) -> anyhow::Result<PgConnection> {
        let consumer = self.consumer()?;
        let producer: FutureProducer = self
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.codec", "lz4")
            .set("linger.ms", "5")
            .create()?;
        let mut store = PgConnection::connect(&self.engines.database_url).await?;
        let mut left: usize =
            self.partitions().map(|number| self.recorded.0[number].commands.len()).sum();
        // Where each partition stands.
        let mut stand: BTreeMap<usize, usize> =
            self.partitions().map(|number| (number, 0)).collect();
        let mut published = Vec::new();
        while left > 0 {
            let batch = consume(&consumer, &mut stand, left.min(BATCH)).await?;
            let count: usize = batch.values().map(Range::len).sum();
            self.write(&mut store, &batch).await?;
            let mut begun = self.begun.lock().await;
            if begun.is_none() {
                *begun = Some((Meter::start(&self.settings), count));
            }
            drop(begun);
            // What was sent for the batch before has had its time.
            delivered(std::mem::take(&mut published)).await?;
            published = self.publish(&producer, &batch)?;
            left -= count;
        }
        delivered(published).await?;
        Ok(store)
    }

    /// The partitions of this loop.
    fn partitions(&self) -> impl Iterator<Item = usize> + use<> {
        (self.number as usize..self.recorded.0.len()).step_by(self.settings.loops.max(1) as usize)
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.engines.brokers);
        config
    }

    fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.engines.topic_prefix)
    }

    fn consumer(&self) -> anyhow::Result<StreamConsumer> {
        let consumer: StreamConsumer =
            self.client().set("group.id", "bare").set("enable.auto.commit", "false").create()?;
        let mut places = TopicPartitionList::new();
        for number in self.partitions() {
            let topic = self.topic(&Seat::commands_topic());
            places.add_partition_offset(&topic, i32::try_from(number)?, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        Ok(consumer)
    }

    async fn write(
        &self,
        store: &mut PgConnection,
        batch: &BTreeMap<usize, Range<usize>>,
    ) -> anyhow::Result<()> {
        let mut tables: [Option<Rows>; 3] = Default::default();
        let (mut numbers, mut offsets) = (Vec::new(), Vec::new());
        for (number, range) in batch {
            numbers.push(i64::try_from(*number)?);
            offsets.push(i64::try_from(range.end)?);
            for (rows, table) in self.recorded.0[*number].tables.iter().zip(&mut tables) {
                rows.add_to(range, table);
            }
        }
        let mut transaction = store.begin().await?;
        sqlx::query(
            "UPDATE checkpoints AS c SET next_offset = b.next_offset
             FROM unnest($1::int8[], $2::int8[]) AS b (partition, next_offset)
             WHERE c.context = $3 AND c.partition = b.partition AND c.epoch = 1",
        )
        .bind(numbers)
        .bind(offsets)
        .bind(Seat::NAME)
        .execute(&mut *transaction)
        .await?;
        for rows in tables.into_iter().flatten().filter(|rows| !rows.is_empty()) {
            rows.insert().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    fn publish(
        &self,
        producer: &FutureProducer,
        batch: &BTreeMap<usize, Range<usize>>,
    ) -> anyhow::Result<Vec<DeliveryFuture>> {
        let topic = self.topic(&Seat::events_topic());
        let mut sent = Vec::new();
        for (number, range) in batch {
            let partition = &self.recorded.0[*number];
            for record in &partition.events[partition.events_of(range)] {
                sent.push(send(producer, &topic, i32::try_from(*number)?, record)?);
            }
        }
        Ok(sent)
    }
}

/// The next commands, by partition: at least one, and what comes in time.
async fn consume(
    consumer: &StreamConsumer,
    stand: &mut BTreeMap<usize, usize>,
    most: usize,
) -> anyhow::Result<BTreeMap<usize, Range<usize>>> {
    let mut batch: BTreeMap<usize, Range<usize>> = BTreeMap::new();
    let mut until = Instant::now() + PATIENCE;
    for count in 0..most {
        let Ok(message) = timeout_at(until, consumer.recv()).await else {
            anyhow::ensure!(count > 0, "nothing came for {PATIENCE:?}");
            break;
        };
        let message = message?;
        // As a service has to, it looks at all there is.
        anyhow::ensure!(message.payload().is_some(), "a command without a payload");
        if count == 0 {
            until = Instant::now() + COMPANY;
        }
        let number = usize::try_from(message.partition())?;
        let place = stand.get_mut(&number).context("a partition of this loop's")?;
        batch.entry(number).or_insert(*place..*place).end += 1;
        *place += 1;
    }
    Ok(batch)
}

fn send(
    producer: &FutureProducer,
    topic: &str,
    partition: i32,
    record: &Record,
) -> anyhow::Result<DeliveryFuture> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (name, value) in &record.headers {
        headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
    }
    let record = FutureRecord::to(topic)
        .partition(partition)
        .key(record.key.as_ref())
        .payload(record.value.as_ref())
        .headers(headers);
    producer.send_result(record).map_err(|(error, _)| error.into())
}

async fn delivered(sent: Vec<DeliveryFuture>) -> anyhow::Result<()> {
    for delivery in sent {
        delivery.await?.map_err(|(error, _)| error)?;
    }
    Ok(())
}
