//! The floor: a loop that consumes the same commands, writes the same rows and produces the same bytes, and
//! knows nothing of schemas, aggregates or decisions. What a service adds to it is what it costs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use charter_domain::Contract as _;
use charter_engine::log::embedded::{EmbeddedLog, EmbeddedSettings};
use charter_engine::log::{Log, Record, TopicSpec};
use charter_engine::store::{Durability, SqliteStore, Store as _};
use contract_seat::Seat;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Connection as _, Executor as _, Row as _,
    TypeInfo as _, ValueRef as _,
};
use tokio::sync::mpsc;

use crate::world::World;

/// Commands of a batch, as the service's.
const BATCH: usize = 500;
/// Bytes of a fetch, as the service's.
const FETCH_BYTES: usize = 4 << 20;
/// Batches that wait to be produced, as the service's.
const QUEUE: usize = 8;
/// Rows of one statement: the fastest of 1, 16, 32, 64, 128 and 500.
const ROWS: usize = 32;

/// A value of a row.
enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// Rows of a table, in the order in which commands led to them.
struct Rows {
    table: &'static str,
    columns: Vec<String>,
    values: Vec<Vec<Value>>,
    /// The command, counted from 0, that each row comes from.
    commands: Vec<usize>,
}

/// What a service made of commands, all of them of one partition.
pub(crate) struct Recorded {
    partition: u32,
    commands: Vec<Record>,
    events: Vec<Record>,
    event_commands: Vec<usize>,
    tables: Vec<Rows>,
}

impl Recorded {
    /// Reads what there is in the world of one hot show, whose opening had the offsets and positions before
    /// `from`.
    pub(crate) async fn of(world: &World, from: u64) -> Result<Self> {
        let mut partition = None;
        for number in 0..world.partitions {
            if world.log.bounds(&Seat::commands_topic(), number).await?.end > 0 {
                ensure!(partition.replace(number).is_none(), "one partition has all commands");
            }
        }
        let partition = partition.context("a partition with commands")?;
        let commands = records(&*world.log, &Seat::commands_topic(), partition, from).await?;
        let path = world.directory().join("store.db");
        let mut store = connect(&path).await?;
        let outcomes = Rows::read(&mut store, "outcomes", "command_offset", from).await?;
        // An event comes from the first command whose outcome's position is not before it.
        let place = |name: &str| outcomes.columns.iter().position(|column| column == name);
        let place = place("position").context("a column `position`")?;
        let ends: Vec<i64> = outcomes.values.iter().map(|row| row[place].integer()).collect();
        let mut tables = vec![outcomes];
        for table in ["events", "deadlines"] {
            let mut rows = Rows::read(&mut store, table, "position", from).await?;
            for command in &mut rows.commands {
                let position = i64::try_from(*command + usize::try_from(from)?)?;
                *command = ends.partition_point(|end| *end < position);
            }
            tables.push(rows);
        }
        store.close().await?;
        let events = records(&*world.log, &Seat::events_topic(), partition, from).await?;
        let event_commands = tables[1].commands.clone();
        ensure!(events.len() == event_commands.len(), "every event was published");
        Ok(Self { partition, commands, events, event_commands, tables })
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    /// Does it again without deciding anything; gives how long that takes.
    pub(crate) async fn replay(&self) -> Result<Duration> {
        let directory = tempfile::tempdir()?;
        let log = EmbeddedLog::open(directory.path().join("log"), EmbeddedSettings::default())?;
        let log: Arc<dyn Log> = Arc::new(log);
        for name in [Seat::commands_topic(), Seat::events_topic()] {
            let partitions = self.partition + 1;
            log.ensure_topic(&TopicSpec { name, partitions, retention: None, volatile: false })
                .await?;
        }
        for chunk in self.commands.chunks(BATCH) {
            log.append(&Seat::commands_topic(), self.partition, chunk.to_vec()).await?;
        }
        let store = SqliteStore::open(directory.path(), Durability::Power).await?;
        store.claim(Seat::NAME, self.partition, 1).await?;
        store.close().await;
        let mut store = connect(&directory.path().join("store.db")).await?;

        let begun = Instant::now();
        let (produce, mut queue) = mpsc::channel::<Vec<Record>>(QUEUE);
        let producing = {
            let (log, partition) = (log.clone(), self.partition);
            tokio::spawn(async move {
                while let Some(records) = queue.recv().await {
                    log.append(&Seat::events_topic(), partition, records).await?;
                }
                anyhow::Ok(())
            })
        };
        let topic = Seat::commands_topic();
        let (mut done, mut next_event) = (0, 0);
        let mut next_rows = vec![0; self.tables.len()];
        let mut fetched = 0;
        while done < self.commands.len() {
            if fetched == done {
                let from = u64::try_from(done)?;
                let wait = Duration::from_secs(1);
                fetched += log.fetch(&topic, self.partition, from, FETCH_BYTES, wait).await?.len();
            }
            let end = fetched.min(done + BATCH);
            store.execute("BEGIN IMMEDIATE").await?;
            sqlx::query(
                "UPDATE checkpoints SET next_offset = ?, next_position = ?, published = ?
                 WHERE context = ? AND partition = ? AND epoch = 1",
            )
            .bind(i64::try_from(end)?)
            .bind(i64::try_from(next_event)?)
            .bind(i64::try_from(next_event)?)
            .bind(Seat::NAME)
            .bind(self.partition)
            .execute(&mut store)
            .await?;
            for (table, next) in self.tables.iter().zip(&mut next_rows) {
                let until = table.commands.partition_point(|command| *command < end);
                table.insert(&mut store, *next..until).await?;
                *next = until;
            }
            store.execute("COMMIT").await?;
            let until = self.event_commands.partition_point(|command| *command < end);
            let records = self.events[next_event..until].to_vec();
            if !records.is_empty() {
                produce.send(records).await?;
            }
            next_event = until;
            done = end;
        }
        drop(produce);
        producing.await??;
        let elapsed = begun.elapsed();
        store.close().await?;
        Ok(elapsed)
    }
}

impl Value {
    fn integer(&self) -> i64 {
        match self {
            Self::Integer(value) => *value,
            Self::Null | Self::Text(_) | Self::Blob(_) => 0,
        }
    }
}

impl Rows {
    /// The rows in the order of the column `command`, from `from` on, which then counts as 0.
    async fn read(
        store: &mut SqliteConnection,
        table: &'static str,
        command: &str,
        from: u64,
    ) -> Result<Self> {
        let sql =
            format!("SELECT *, {command} FROM {table} WHERE {command} >= ? ORDER BY {command}");
        let found =
            sqlx::query(AssertSqlSafe(sql)).bind(i64::try_from(from)?).fetch_all(store).await?;
        let mut rows =
            Self { table, columns: Vec::new(), values: Vec::new(), commands: Vec::new() };
        for row in &found {
            let width = row.columns().len() - 1;
            rows.columns =
                row.columns()[..width].iter().map(|column| column.name().to_owned()).collect();
            let command: i64 = row.try_get(width)?;
            rows.commands.push(usize::try_from(command)? - usize::try_from(from)?);
            let mut values = Vec::with_capacity(width);
            for index in 0..width {
                let raw = row.try_get_raw(index)?;
                let kind = raw.type_info().name().to_owned();
                values.push(match kind.as_str() {
                    _ if raw.is_null() => Value::Null,
                    "INTEGER" => Value::Integer(row.try_get(index)?),
                    "TEXT" => Value::Text(row.try_get(index)?),
                    _ => Value::Blob(row.try_get(index)?),
                });
            }
            rows.values.push(values);
        }
        Ok(rows)
    }

    async fn insert(
        &self,
        store: &mut SqliteConnection,
        range: std::ops::Range<usize>,
    ) -> Result<()> {
        let marks = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let statement = |rows: usize| {
            format!(
                "INSERT INTO {} ({}) VALUES {}",
                self.table,
                self.columns.join(", "),
                vec![marks.as_str(); rows].join(", ")
            )
        };
        let (full, single) = (statement(ROWS), statement(1));
        let rows = &self.values[range];
        let (many, few) = rows.split_at(rows.len() - rows.len() % ROWS);
        for (sql, chunk) in many
            .chunks(ROWS)
            .map(|rows| (&full, rows))
            .chain(few.chunks(1).map(|row| (&single, row)))
        {
            let mut arguments = SqliteArguments::default();
            for value in chunk.iter().flatten() {
                match value {
                    Value::Null => arguments.add(None::<i64>),
                    Value::Integer(value) => arguments.add(*value),
                    Value::Text(value) => arguments.add(value.clone()),
                    Value::Blob(value) => arguments.add(value.clone()),
                }
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            }
            sqlx::query_with(AssertSqlSafe(sql.clone()), arguments).execute(&mut *store).await?;
        }
        Ok(())
    }
}

async fn connect(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    Ok(SqliteConnection::connect_with(&options).await?)
}

async fn records(log: &dyn Log, topic: &str, partition: u32, from: u64) -> Result<Vec<Record>> {
    let end = log.bounds(topic, partition).await?.end;
    let (mut records, mut next) = (Vec::new(), from);
    while next < end {
        let fetched = log.fetch(topic, partition, next, FETCH_BYTES, Duration::ZERO).await?;
        next += fetched.len() as u64;
        records.extend(fetched.into_iter().map(|fetched| fetched.record));
    }
    Ok(records)
}
