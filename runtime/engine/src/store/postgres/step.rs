//! Steps of the views.
//!
//! A step usually holds no transaction open: what it read is remembered with the transaction that wrote each
//! row (`xmin`), its changes are kept until the commit, and the commit is one statement, with those of other
//! partitions that wait. It compares and sets the progress first, then writes each row only where it is as
//! it was read. So a row is not locked while it is folded, and yet nobody else's change of it is lost: the
//! step is refused then, and done again. After that the context's steps hold their rows locked for a while,
//! since rows that partitions share are refused again and again otherwise.
//!
//! What is more than reading and writing visible rows once opens a transaction too, and is done at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use charter_domain::{AggregateId, ColumnValue, Table};
use futures_util::future::try_join_all;
use sqlx::AssertSqlSafe;

use super::connections::{Connections, Held, after_write, server_error};
use super::reading::{Version, Versioned, Wanted, key_rows, read_rows};
use super::statement::{NOT_OWNED, ROW_CHANGED, Statement, together};
use super::tables::read_progress;
use super::values::{Kind, Rows};
use super::write::TableWrite;
use super::{Views, number};
use crate::store::lane::Work;
use crate::store::names::{TENANT, columns, key_columns, quoted, twin};
use crate::store::views::one_by_one;
use crate::store::{
    FoundRows, Parked, Progress, RowChange, RowKey, StoreError, ViewStep, ViewWrite,
};

/// How long steps lock what they read after one met another's change.
const LOCKING: Duration = Duration::from_secs(10);

/// A step in hand.
pub(super) struct PostgresViewWrite {
    views: Arc<Views>,
    step: ViewStep,
    /// What was read of each table: the key's bytes, and who wrote the row, if there is one.
    read: HashMap<&'static str, HashMap<Vec<u8>, Option<Version>>>,
    writes: Vec<TableWrite>,
    parked: Rows,
    /// The transaction, where one is open. All before is done in it.
    open: Option<Held>,
}

pub(super) async fn begin(
    views: &Arc<Views>,
    step: &ViewStep,
) -> Result<PostgresViewWrite, StoreError> {
    let mut write = PostgresViewWrite {
        views: views.clone(),
        step: step.clone(),
        read: HashMap::new(),
        writes: Vec::new(),
        parked: Rows::of(PARKED),
        open: None,
    };
    // Known to be so, or read now; the commit proves it.
    if !views.is_at(step) {
        write.verify().await?;
    }
    if views.locking.is_on(&step.context) {
        write.open().await?;
    }
    Ok(write)
}

const PARKED: [Kind; 7] =
    [Kind::Text, Kind::Text, Kind::Text, Kind::Int8, Kind::Int8, Kind::Text, Kind::Timestamp];

impl PostgresViewWrite {
    fn fenced(&self) -> StoreError {
        fenced(&self.step)
    }

    /// Makes sure that the views are where the step begins.
    async fn verify(&self) -> Result<(), StoreError> {
        let (step, connections) = (&self.step, &self.views.connections);
        if step.from == Progress::START {
            // Only for views that are there: who makes them anew locks the row first.
            let begin = sqlx::query(
                "INSERT INTO view_progress (context, fingerprint, partition, position, staged)
                 SELECT context, fingerprint, $3, -1, 0 FROM view_sets
                 WHERE context = $1 AND fingerprint = $2 FOR SHARE ON CONFLICT DO NOTHING",
            )
            .bind(&step.context)
            .bind(&step.fingerprint)
            .bind(i64::from(step.partition));
            connections.write(begin).await?;
        }
        let query = sqlx::query(
            "SELECT position, staged FROM view_progress
             WHERE context = $1 AND fingerprint = $2 AND partition = $3",
        )
        .bind(&step.context)
        .bind(&step.fingerprint)
        .bind(i64::from(step.partition));
        let found = connections.fetch_first(query).await?;
        let found = found.map(|row| read_progress(&row, 0)).transpose()?;
        if found == Some(step.from) { Ok(()) } else { Err(self.fenced()) }
    }

    /// Opens a transaction and does in it what was kept so far.
    async fn open(&mut self) -> Result<(), StoreError> {
        if self.open.is_some() {
            return Ok(());
        }
        let mut held = self.views.connections.take().await?;
        held.call(sqlx::query("BEGIN")).await.map_err(StoreError::unavailable)?;
        let step = &self.step;
        let moved = sqlx::query(
            "WITH held AS (SELECT 1 FROM view_sets WHERE context = $1 AND fingerprint = $2 FOR SHARE),
             moved AS (
                 UPDATE view_progress SET position = $4, staged = $5
                 WHERE EXISTS (SELECT 1 FROM held) AND context = $1 AND fingerprint = $2
                     AND partition = $3 AND position = $6 AND staged = $7 RETURNING 1),
             reached AS (
                 DELETE FROM view_targets WHERE EXISTS (SELECT 1 FROM moved)
                     AND context = $1 AND partition = $3 AND position <= $4)
             SELECT count(*) FROM moved",
        )
        .bind(&step.context)
        .bind(&step.fingerprint)
        .bind(i64::from(step.partition))
        .bind(step.to.position)
        .bind(i64::from(step.to.staged))
        .bind(step.from.position)
        .bind(i64::from(step.from.staged));
        let rows = held.call(moved).await.map_err(StoreError::unavailable)?;
        if rows.first().map(|row| number(row, 0)).transpose()? != Some(1) {
            return Err(self.fenced());
        }
        self.open = Some(held);
        for write in std::mem::take(&mut self.writes) {
            self.write_now(write).await?;
        }
        let parked = std::mem::replace(&mut self.parked, Rows::of(PARKED));
        if !parked.is_empty() {
            self.park_now(parked).await?;
        }
        Ok(())
    }

    /// Takes note of who wrote the rows that were read.
    fn remember(
        &mut self,
        table: &'static Table,
        names: Vec<Vec<u8>>,
        found: Vec<Option<Versioned>>,
    ) -> FoundRows {
        let read = self.read.entry(table.name).or_default();
        let mut rows = Vec::with_capacity(names.len());
        for (name, found) in names.into_iter().zip(found) {
            let (row, version) = found.unzip();
            read.insert(name, version);
            rows.push(row);
        }
        rows
    }

    /// Runs a statement in the open transaction.
    async fn run(&mut self, statement: Statement) -> Result<(), StoreError> {
        let sql = statement.sql();
        let Some(held) = &mut self.open else { return Err(self.fenced()) };
        let done = held.call(statement.query(sql)).await;
        done.map(drop).map_err(|error| in_transaction(&self.views.locking, &self.step, error))
    }

    async fn write_now(&mut self, write: TableWrite) -> Result<(), StoreError> {
        // What this transaction wrote is nobody else's until it ends.
        if let Some(read) = self.read.get_mut(write.table().name) {
            read.clear();
        }
        let mut statement = Statement::new();
        write.add_to(&mut statement, 0, "");
        self.run(statement).await
    }

    async fn park_now(&mut self, parked: Rows) -> Result<(), StoreError> {
        let mut statement = Statement::new();
        add_parked(&mut statement, parked, "");
        self.run(statement).await
    }

    /// Runs one of the statements that the twin tables have, with the partition as its argument.
    async fn of_partition(&mut self, sql: String) -> Result<(), StoreError> {
        self.open().await?;
        let partition = i64::from(self.step.partition);
        let Some(held) = &mut self.open else { return Err(self.fenced()) };
        let done = held.call(sqlx::query(AssertSqlSafe(sql)).bind(partition)).await;
        done.map(drop).map_err(|error| in_transaction(&self.views.locking, &self.step, error))
    }
}

#[async_trait]
impl ViewWrite for PostgresViewWrite {
    async fn rows(
        &mut self,
        table: &'static Table,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Vec<ColumnValue>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if self.writes.iter().any(|write| write.table().name == table.name) {
            // They are to be seen as this step left them.
            self.open().await?;
        }
        let (wanted, names) = key_rows(table, keys);
        let found = match &mut self.open {
            None => self.views.reads.submit(Wanted { table, keys: wanted }).await?,
            Some(held) => read_rows(held, table, wanted)
                .await
                .map_err(|error| in_transaction(&self.views.locking, &self.step, error))??,
        };
        Ok(self.remember(table, names, found))
    }

    async fn rows_of(
        &mut self,
        wanted: &[(&'static Table, Vec<RowKey>)],
    ) -> Result<Vec<FoundRows>, StoreError> {
        if self.open.is_some() || !self.writes.is_empty() {
            return one_by_one(self, wanted).await;
        }
        // All in one group of the lane, with those of other partitions' steps.
        let reads = &self.views.reads;
        let read = try_join_all(wanted.iter().map(|(table, keys)| async move {
            let (wanted, names) = key_rows(table, keys);
            let found = if keys.is_empty() {
                Vec::new()
            } else {
                reads.submit(Wanted { table, keys: wanted }).await?
            };
            Ok::<_, StoreError>((*table, names, found))
        }))
        .await?;
        Ok(read
            .into_iter()
            .map(|(table, names, found)| self.remember(table, names, found))
            .collect())
    }

    async fn write(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let write = TableWrite::of(table, changes, self.read.get(table.name));
        if self.writes.iter().any(|earlier| earlier.table().name == table.name) {
            self.open().await?;
        }
        if self.open.is_some() {
            return self.write_now(write).await;
        }
        self.writes.push(write);
        Ok(())
    }

    async fn stage(
        &mut self,
        table: &'static Table,
        changes: &[RowChange],
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.open().await?;
        let kinds = table.columns.iter().map(|column| Kind::of(column.kind));
        let mut rows = Rows::of([Kind::Int8, Kind::Bool, Kind::Text].into_iter().chain(kinds));
        for change in changes {
            let mut row = rows.row();
            row.int8(self.step.partition)
                .value(&ColumnValue::Boolean(change.row.is_none()))
                .text(&change.key.tenant);
            for (index, column) in table.columns.iter().enumerate() {
                let key_value = || {
                    let place = table.key.iter().position(|name| *name == column.name)?;
                    change.key.values.get(place)
                };
                let value = match &change.row {
                    Some(values) => values.get(index),
                    None => key_value(),
                };
                row.value(value.unwrap_or(&ColumnValue::Null));
            }
        }
        let (tenant, columns) = (quoted(TENANT), columns(table));
        let mut statement = Statement::new();
        let unnested = statement.rows(rows);
        let updates: Vec<_> = std::iter::once("charter__removed".to_owned())
            .chain(table.columns.iter().map(|column| quoted(column.name)))
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        statement.part(
            "staged",
            &format!(
                "INSERT INTO {} (charter__partition, charter__removed, {tenant}, {columns})
                 SELECT w.* FROM {unnested} AS w ON CONFLICT (charter__partition, {}) DO UPDATE SET {}",
                twin(table),
                key_columns(table).join(", "),
                updates.join(", "),
            ),
        );
        self.run(statement).await
    }

    async fn reveal(&mut self, table: &'static Table) -> Result<(), StoreError> {
        let (name, twin, tenant) = (quoted(table.name), twin(table), quoted(TENANT));
        let (columns, key) = (columns(table), key_columns(table));
        let same: Vec<_> = key.iter().map(|column| format!("r.{column} = s.{column}")).collect();
        let updates: Vec<_> = table
            .columns
            .iter()
            .filter(|column| !table.key.contains(&column.name))
            .map(|column| format!("{0} = excluded.{0}", quoted(column.name)))
            .collect();
        let otherwise = if updates.is_empty() {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}", updates.join(", "))
        };
        for sql in [
            format!(
                "DELETE FROM {name} AS r USING {twin} AS s
                 WHERE s.charter__partition = $1 AND s.charter__removed AND {}",
                same.join(" AND ")
            ),
            format!(
                "INSERT INTO {name} ({tenant}, {columns})
                 SELECT {tenant}, {columns} FROM {twin}
                 WHERE charter__partition = $1 AND NOT charter__removed
                 ON CONFLICT ({}) DO {otherwise}",
                key.join(", ")
            ),
            format!("DELETE FROM {twin} WHERE charter__partition = $1"),
        ] {
            self.of_partition(sql).await?;
        }
        self.read.remove(table.name);
        Ok(())
    }

    async fn discard(&mut self, table: &'static Table) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM {} WHERE charter__partition = $1", twin(table));
        self.of_partition(sql).await
    }

    async fn park(&mut self, parked: &[Parked]) -> Result<(), StoreError> {
        let mut rows = Rows::of(PARKED);
        for parked in parked {
            rows.row()
                .text(&self.step.context)
                .text(&parked.aggregate.tenant)
                .text(&parked.aggregate.key)
                .int8(parked.partition)
                .int8(parked.position)
                .text(&parked.reason)
                .timestamp(parked.time);
        }
        if rows.is_empty() {
            return Ok(());
        }
        if self.open.is_some() {
            return self.park_now(rows).await;
        }
        self.parked.append(&rows);
        Ok(())
    }

    async fn unpark(&mut self, aggregate: &AggregateId) -> Result<(), StoreError> {
        self.open().await?;
        let Some(held) = &mut self.open else { return Err(self.fenced()) };
        let query = sqlx::query(
            "DELETE FROM parked WHERE context = $1 AND charter_name(tenant) = charter_name($2)
                 AND charter_name(aggregate_key) = charter_name($3)",
        )
        .bind(&self.step.context)
        .bind(&aggregate.tenant)
        .bind(&aggregate.key);
        held.call(query).await.map_err(StoreError::unavailable)?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { views, step, writes, parked, open, .. } = *self;
        // Whatever becomes of it, it is known again only after it was done.
        views.forget(&step);
        match open {
            Some(mut held) => {
                held.call(sqlx::query("COMMIT")).await.map_err(after_write)?;
                held.give_back();
            }
            None => views.steps.submit(StepJob { step: step.clone(), writes, parked }).await?,
        }
        views.moved(&step);
        Ok(())
    }
}

fn fenced(step: &ViewStep) -> StoreError {
    StoreError::Fenced { context: step.context.clone(), partition: step.partition, epoch: 0 }
}

/// What an error means before the transaction is committed, which it then never is.
fn in_transaction(locking: &Locking, step: &ViewStep, error: sqlx::Error) -> StoreError {
    refused(locking, step, &error).unwrap_or_else(|| StoreError::unavailable(error))
}

/// Whether a step was refused because of what others have done, so that it has to be begun again.
fn refused(locking: &Locking, step: &ViewStep, error: &sqlx::Error) -> Option<StoreError> {
    match server_error(error)?.code() {
        // Other positions, or other tables: they were made anew.
        NOT_OWNED | "42P01" | "42703" | "0A000" => Some(fenced(step)),
        // Another row: changed, taken, twice in one statement, or locked in a circle.
        ROW_CHANGED | "23505" | "21000" | "40P01" | "40001" => {
            locking.begin(&step.context);
            Some(fenced(step))
        }
        _ => None,
    }
}

fn add_parked(statement: &mut Statement, parked: Rows, gate: &str) {
    let table = statement.rows(parked);
    statement.part(
        "parked_now",
        &format!(
            "INSERT INTO parked (context, tenant, aggregate_key, partition, position, reason, time)
             SELECT w.* FROM {gate}{table} AS w ON CONFLICT DO NOTHING"
        ),
    );
}

/// A step to be committed.
pub(super) struct StepJob {
    step: ViewStep,
    writes: Vec<TableWrite>,
    parked: Rows,
}

const STEP: [Kind; 7] =
    [Kind::Text, Kind::Text, Kind::Int8, Kind::Int8, Kind::Int8, Kind::Int8, Kind::Int8];

/// The statement that commits these steps.
pub(super) fn statement(jobs: &[StepJob]) -> Statement {
    let mut steps = Rows::of(STEP);
    let mut parked = Rows::of(PARKED);
    let mut writes: Vec<TableWrite> = Vec::new();
    for job in jobs {
        let step = &job.step;
        steps
            .row()
            .text(&step.context)
            .text(&step.fingerprint)
            .int8(step.partition)
            .int8(step.from.position)
            .int8(step.from.staged)
            .int8(step.to.position)
            .int8(step.to.staged);
        parked.append(&job.parked);
        for write in &job.writes {
            match writes.iter_mut().find(|known| known.table().name == write.table().name) {
                Some(known) => known.append(write),
                None => writes.push(write.clone()),
            }
        }
    }
    let mut statement = Statement::new();
    let table = statement.rows(steps);
    statement.part(
        "step",
        &format!(
            "SELECT s.* FROM {table} AS s (context, fingerprint, partition, from_position,
                 from_staged, to_position, to_staged)"
        ),
    );
    statement.part(
        "moved",
        "UPDATE view_progress AS p SET position = s.to_position, staged = s.to_staged FROM step AS s
         WHERE p.context = s.context AND p.fingerprint = s.fingerprint
             AND p.partition = s.partition AND p.position = s.from_position
             AND p.staged = s.from_staged RETURNING 1",
    );
    statement.gate("moved", jobs.len());
    statement.part(
        "reached",
        "DELETE FROM view_targets AS t USING gate, step AS s WHERE t.context = s.context
             AND t.partition = s.partition AND t.position <= s.to_position",
    );
    // In one order for all, so that two statements that share tables don't wait in a circle.
    writes.sort_by_key(|write| write.table().name);
    for (number, write) in writes.into_iter().enumerate() {
        write.add_to(&mut statement, number, "gate, ");
    }
    if !parked.is_empty() {
        add_parked(&mut statement, parked, "gate, ");
    }
    statement
}

/// Commits steps, all that wait in one statement.
pub(super) struct Steps {
    pub(super) connections: Arc<Connections>,
    pub(super) locking: Arc<Locking>,
}

impl Work for Steps {
    type Job = StepJob;
    type Answer = ();
    const FULL: usize = 2_000;
    const PACE: Duration = Duration::from_millis(20);
    const ENOUGH: usize = 500;

    fn weight(job: &StepJob) -> usize {
        1 + job.writes.iter().map(TableWrite::weight).sum::<usize>()
    }

    async fn run(&self, jobs: Vec<StepJob>) -> Vec<Result<(), StoreError>> {
        let refused = |job: &StepJob, error: sqlx::Error| {
            refused(&self.locking, &job.step, &error).unwrap_or_else(|| after_write(error))
        };
        together(&self.connections, &jobs, statement, refused).await
    }
}

/// Until when the steps of which contexts lock what they read.
#[derive(Debug, Default)]
pub(super) struct Locking(Mutex<HashMap<String, Instant>>);

impl Locking {
    fn begin(&self, context: &str) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.insert(context.to_owned(), Instant::now() + LOCKING);
    }

    fn is_on(&self, context: &str) -> bool {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(context).is_some_and(|until| Instant::now() < *until)
    }
}
