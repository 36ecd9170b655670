//! What the service made of commands: rows and records, by partition and in order.

use std::ops::Range;
use std::time::Duration;

use anyhow::ensure;
use charter_domain::Contract as _;
use charter_engine::log::{Log, Record};
use contract_seat::Seat;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::time::OffsetDateTime;
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, PgConnection, Postgres, Row as _, TypeInfo as _,
};
use uuid::Uuid;

use super::world::World;
use crate::evidence::Engines;

/// Bytes of a fetch.
const FETCH_BYTES: usize = 4 << 20;
/// Commands that are sent at a time.
const SENT_AT_ONCE: usize = 500;

/// A column's values.
#[derive(Clone, Debug)]
enum Values {
    Text(Vec<Option<String>>),
    Int8(Vec<Option<i64>>),
    Uuid(Vec<Option<Uuid>>),
    Time(Vec<Option<OffsetDateTime>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// Rows of a table, column by column.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    sql: String,
    columns: Vec<Values>,
    /// The command, counted from 0 in the partition, that each row comes from.
    commands: Vec<usize>,
}

/// All of one partition.
pub(super) struct Partition {
    pub(super) commands: Vec<Record>,
    pub(super) events: Vec<Record>,
    /// The command that each event comes from.
    event_commands: Vec<usize>,
    /// Outcomes, events, deadlines.
    pub(super) tables: Vec<Rows>,
}

/// All partitions.
pub(super) struct Recorded(pub(super) Vec<Partition>);

impl Recorded {
    /// Reads what there is from these offsets and positions on.
    pub(super) async fn of(
        world: &World,
        engines: &Engines,
        from: &[(u64, i64)],
    ) -> anyhow::Result<Self> {
        let mut store = PgConnection::connect(&engines.database_url).await?;
        let mut partitions = Vec::new();
        for (partition, (offset, position)) in (0..world.partitions).zip(from) {
            let commands =
                records(&*world.log, &Seat::commands_topic(), partition, *offset).await?;
            let events =
                records(&*world.log, &Seat::events_topic(), partition, u64::try_from(*position)?)
                    .await?;
            let outcomes = Rows::read(
                &mut store,
                "outcomes",
                "command_offset",
                partition,
                i64::try_from(*offset)?,
            )
            .await?;
            // An event comes from the first command whose outcome's position is not before it.
            let ends = outcomes.integers("position");
            let mut tables = vec![outcomes];
            for table in ["events", "deadlines"] {
                let mut rows =
                    Rows::read(&mut store, table, "position", partition, *position).await?;
                for command in &mut rows.commands {
                    let at = i64::try_from(*command)? + position;
                    *command = ends.partition_point(|end| *end < at);
                }
                tables.push(rows);
            }
            let event_commands = tables[1].commands.clone();
            ensure!(events.len() == event_commands.len(), "every event was published once");
            ensure!(commands.len() == ends.len(), "every command has one outcome");
            partitions.push(Partition { commands, events, event_commands, tables });
        }
        store.close().await?;
        Ok(Self(partitions))
    }

    pub(super) fn events(&self) -> usize {
        self.0.iter().map(|partition| partition.events.len()).sum()
    }

    pub(super) fn commands(&self) -> usize {
        self.0.iter().map(|partition| partition.commands.len()).sum()
    }

    /// Puts the commands into a world's log, and makes the rows that checkpoints are.
    pub(super) async fn prepare(&self, world: &World) -> anyhow::Result<()> {
        for (number, partition) in (0..).zip(&self.0) {
            world.store.claim(Seat::NAME, number, 1).await?;
            for chunk in partition.commands.chunks(SENT_AT_ONCE) {
                world.log.append(&Seat::commands_topic(), number, chunk.to_vec()).await?;
            }
        }
        Ok(())
    }
}

impl Partition {
    /// The events of these commands.
    pub(super) fn events_of(&self, commands: &Range<usize>) -> Range<usize> {
        span(&self.event_commands, commands)
    }
}

fn span(of: &[usize], commands: &Range<usize>) -> Range<usize> {
    let place = |command: usize| of.partition_point(|it| *it < command);
    place(commands.start)..place(commands.end)
}

impl Rows {
    /// A partition's rows in the order of the column `by`, from `from` on, which then counts as 0.
    async fn read(
        store: &mut PgConnection,
        table: &str,
        by: &str,
        partition: u32,
        from: i64,
    ) -> anyhow::Result<Self> {
        let sql = format!(
            "SELECT *, {by} FROM {table} WHERE context = $1 AND partition = $2 AND {by} >= $3 ORDER BY {by}"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(Seat::NAME).bind(i64::from(partition));
        let found = query.bind(from).fetch_all(&mut *store).await?;
        let names = format!("SELECT * FROM {table} LIMIT 1");
        let one = sqlx::query(AssertSqlSafe(names)).fetch_one(store).await?;
        let mut columns = Vec::new();
        for (index, column) in one.columns().iter().enumerate() {
            columns.push(Values::read(&found, index, column.type_info().name())?);
        }
        let names: Vec<_> = one.columns().iter().map(sqlx::Column::name).collect();
        let arrays: Vec<_> = (1..)
            .zip(&columns)
            .map(|(number, values)| format!("${number}::{}[]", values.name()))
            .collect();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT * FROM unnest({})",
            names.join(", "),
            arrays.join(", ")
        );
        let mut commands = Vec::new();
        for row in &found {
            commands.push(usize::try_from(row.try_get::<i64, _>(columns.len())? - from)?);
        }
        Ok(Self { sql, columns, commands })
    }

    /// The values of the column `position` of outcomes.
    fn integers(&self, name: &str) -> Vec<i64> {
        let names = self.sql.split(['(', ')']).nth(1).unwrap_or_default();
        let place = names.split(", ").position(|it| it == name);
        match place.and_then(|place| self.columns.get(place)) {
            Some(Values::Int8(values)) => {
                values.iter().copied().map(Option::unwrap_or_default).collect()
            }
            Some(Values::Text(_) | Values::Uuid(_) | Values::Time(_) | Values::Bytes(_)) | None => {
                Vec::new()
            }
        }
    }

    /// The rows of these commands are added to `batch`, which begins with none.
    pub(super) fn add_to(&self, commands: &Range<usize>, batch: &mut Option<Self>) {
        let range = span(&self.commands, commands);
        let batch = batch.get_or_insert_with(|| Self {
            sql: self.sql.clone(),
            columns: self.columns.iter().map(Values::none).collect(),
            commands: Vec::new(),
        });
        for (column, values) in batch.columns.iter_mut().zip(&self.columns) {
            column.extend(values, range.clone());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.first().is_none_or(|column| column.len() == 0)
    }

    /// The statement that writes them.
    pub(super) fn insert(self) -> Query<'static, Postgres, PgArguments> {
        let query = sqlx::query(AssertSqlSafe(self.sql));
        self.columns.into_iter().fold(query, |query, values| match values {
            Values::Text(values) => query.bind(values),
            Values::Int8(values) => query.bind(values),
            Values::Uuid(values) => query.bind(values),
            Values::Time(values) => query.bind(values),
            Values::Bytes(values) => query.bind(values),
        })
    }
}

impl Values {
    fn read(rows: &[PgRow], index: usize, kind: &str) -> anyhow::Result<Self> {
        Ok(match kind {
            "TEXT" => {
                Self::Text(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
            }
            "INT8" => {
                Self::Int8(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
            }
            "UUID" => {
                Self::Uuid(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
            }
            "TIMESTAMPTZ" => {
                Self::Time(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
            }
            "BYTEA" => {
                Self::Bytes(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
            }
            other => anyhow::bail!("expected a type that the store has, found `{other}`"),
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Int8(_) => "int8",
            Self::Uuid(_) => "uuid",
            Self::Time(_) => "timestamptz",
            Self::Bytes(_) => "bytea",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Int8(values) => values.len(),
            Self::Uuid(values) => values.len(),
            Self::Time(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    fn none(&self) -> Self {
        match self {
            Self::Text(_) => Self::Text(Vec::new()),
            Self::Int8(_) => Self::Int8(Vec::new()),
            Self::Uuid(_) => Self::Uuid(Vec::new()),
            Self::Time(_) => Self::Time(Vec::new()),
            Self::Bytes(_) => Self::Bytes(Vec::new()),
        }
    }

    fn extend(&mut self, other: &Self, range: Range<usize>) {
        match (self, other) {
            (Self::Text(values), Self::Text(more)) => values.extend_from_slice(&more[range]),
            (Self::Int8(values), Self::Int8(more)) => values.extend_from_slice(&more[range]),
            (Self::Uuid(values), Self::Uuid(more)) => values.extend_from_slice(&more[range]),
            (Self::Time(values), Self::Time(more)) => values.extend_from_slice(&more[range]),
            (Self::Bytes(values), Self::Bytes(more)) => values.extend_from_slice(&more[range]),
            // All batches of a table have its columns.
            (Self::Text(_) | Self::Int8(_) | Self::Uuid(_) | Self::Time(_) | Self::Bytes(_), _) => {
            }
        }
    }
}

async fn records(
    log: &dyn Log,
    topic: &str,
    partition: u32,
    from: u64,
) -> anyhow::Result<Vec<Record>> {
    let end = log.bounds(topic, partition).await?.end;
    let (mut records, mut next) = (Vec::new(), from);
    while next < end {
        let fetched =
            log.fetch(topic, partition, next, FETCH_BYTES, Duration::from_secs(1)).await?;
        next += fetched.len() as u64;
        records.extend(fetched.into_iter().map(|fetched| fetched.record));
    }
    Ok(records)
}
