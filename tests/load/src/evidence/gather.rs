//! Reads log and store through their traits.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context as _;
use charter_domain::{Contract, Message, Timestamp, View};
use charter_engine::log::{Log, LogError, LogRecord};
use charter_engine::reads::{ListQuery, OrderBy};
use charter_engine::store::{ReactorPart, Store, StoredEvent};
use contract_housekeeping::Housekeeping;
use contract_reservation::Reservation;
use uuid::Uuid;

use super::{Evidence, InboxRow, Logged, OpenDeadline, Partition, Published, Stored};
use crate::history::Record;
use crate::poison::NO_COMMAND;

/// Bytes fetched of the log at a time.
const FETCH_BYTES: usize = 8 << 20;
/// Rows read at a time.
const PAGE: u32 = 1_000;
/// The header of Confluent's wire format: a zero and the schema's id.
const WIRE_HEADER: usize = 5;
/// The latest time there is.
const END_OF_TIME: Timestamp = Timestamp::from_micros(i64::MAX);

/// Reads all there is. `inbox` names every outcome of the store: (tenant, command, offset).
pub(super) async fn gather(
    log: &dyn Log,
    store: &dyn Store,
    inbox: Vec<(String, Uuid, Option<u64>)>,
    history: Vec<Record>,
) -> anyhow::Result<Evidence> {
    let seat = partitions(log, store).await.context("reading `seat`")?;
    let reservation = partitions(log, store).await.context("reading `reservation`")?;
    let housekeeping = cleanings(log, store).await.context("reading `housekeeping`")?;
    let reacted = reacted(store, &reservation).await?;
    let mut evidence =
        Evidence { history, seat, reservation, housekeeping, reacted, ..Evidence::default() };
    let seat_tenants = tenants(&evidence.seat);
    let reservation_tenants = tenants(&evidence.reservation);
    let housekeeping_tenants = tenants(&evidence.housekeeping);
    let views = &mut evidence.views;
    views.shows = rows(store, &seat_tenants).await?;
    views.seats = rows(store, &seat_tenants).await?;
    views.show_stats = rows(store, &seat_tenants).await?;
    views.section_stats = rows(store, &seat_tenants).await?;
    views.reserved = rows(store, &seat_tenants).await?;
    views.properties = rows(store, &reservation_tenants).await?;
    views.availability = rows(store, &reservation_tenants).await?;
    views.reservations = rows(store, &reservation_tenants).await?;
    views.cleanings = rows(store, &housekeeping_tenants).await?;
    evidence.inbox = read_inbox(store, inbox).await?;
    Ok(evidence)
}

/// The name of housekeeping's reactor.
const REACTOR: &str = "housekeeping";

/// The cleanings. What a reactor asks for is nobody's to wait for: what was not decided when the platform was stopped is
/// decided when it starts again.
async fn cleanings(
    log: &dyn Log,
    store: &dyn Store,
) -> anyhow::Result<Vec<Partition<Housekeeping>>> {
    let mut found: Vec<Partition<Housekeeping>> = partitions(log, store).await?;
    for partition in &mut found {
        let decided = partition.checkpoint.map_or(0, |checkpoint| checkpoint.offset);
        partition.commands.retain(|command| command.offset < decided);
    }
    Ok(found)
}

/// How far the reactor has come in each partition whose events it sees.
async fn reacted(
    store: &dyn Store,
    reservation: &[Partition<Reservation>],
) -> anyhow::Result<Vec<(u32, i64)>> {
    let mut reacted = Vec::new();
    for Partition { number, .. } in reservation {
        let part = ReactorPart {
            reactor: REACTOR.to_owned(),
            context: Reservation::NAME.to_owned(),
            partition: *number,
        };
        reacted.push((*number, store.reactor_position(&part).await?));
    }
    Ok(reacted)
}

async fn read_inbox(
    store: &dyn Store,
    named: Vec<(String, Uuid, Option<u64>)>,
) -> anyhow::Result<HashMap<Uuid, InboxRow>> {
    let mut rows = HashMap::with_capacity(named.len());
    for some in named.chunks(PAGE as usize) {
        let ids: Vec<_> = some.iter().map(|(tenant, id, _)| (tenant.clone(), *id)).collect();
        let offsets: HashMap<Uuid, Option<u64>> =
            some.iter().map(|(_, id, offset)| (*id, *offset)).collect();
        for outcome in store.outcomes(&ids).await? {
            let offset = offsets.get(&outcome.command_id).copied().flatten();
            rows.insert(outcome.command_id, InboxRow { outcome, offset });
        }
    }
    anyhow::ensure!(rows.len() == named.len(), "the store lists other outcomes than it reads");
    Ok(rows)
}

async fn partitions<C: Contract>(
    log: &dyn Log,
    store: &dyn Store,
) -> anyhow::Result<Vec<Partition<C>>> {
    let count = match log.partitions(&C::commands_topic()).await {
        Ok(count) => count,
        // A context that nobody has used has nothing to be checked.
        Err(LogError::UnknownTopic(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let projected: HashMap<u32, i64> = store.view_positions(C::NAME).await?.into_iter().collect();
    let mut partitions = Vec::new();
    for number in 0..count {
        let (commands, _) = topic(log, &C::commands_topic(), number).await?;
        // What `load poison` sends that is no command has no outcome either: it is a dead letter.
        let is_command = |record: &LogRecord| record.record.value[..] != NO_COMMAND;
        let commands =
            commands.into_iter().filter(is_command).map(logged).collect::<anyhow::Result<_>>()?;
        let (published, published_from_start) = topic(log, &C::events_topic(), number).await?;
        let published =
            published.into_iter().map(published_event::<C>).collect::<anyhow::Result<_>>()?;
        let deadlines =
            store.deadlines(C::NAME, number, END_OF_TIME, i32::MAX.unsigned_abs()).await?;
        let parked = store.parked(C::NAME, number).await?;
        partitions.push(Partition {
            number,
            commands,
            checkpoint: store.checkpoint(C::NAME, number).await?,
            events: events::<C>(store, number).await?,
            published,
            published_from_start,
            deadlines: deadlines
                .into_iter()
                .map(|it| OpenDeadline {
                    event_id: it.id.event_id,
                    index: it.id.index,
                    due: it.due,
                })
                .collect(),
            projected: projected.get(&number).copied().unwrap_or(-1),
            parked: parked.into_iter().map(|it| (it.aggregate.to_string(), it.reason)).collect(),
        });
    }
    Ok(partitions)
}

/// A partition's records, and whether none was trimmed.
async fn topic(
    log: &dyn Log,
    topic: &str,
    partition: u32,
) -> anyhow::Result<(Vec<LogRecord>, bool)> {
    let bounds = log.bounds(topic, partition).await?;
    let mut records: Vec<LogRecord> = Vec::new();
    let mut next = bounds.start;
    while next < bounds.end {
        let some = log.fetch(topic, partition, next, FETCH_BYTES, Duration::from_secs(10)).await?;
        let Some(last) = some.last() else {
            anyhow::bail!("`{topic}`/{partition} gives nothing from offset {next} on");
        };
        next = last.offset + 1;
        records.extend(some);
    }
    Ok((records, bounds.start == 0))
}

fn logged<M: Message>(record: LogRecord) -> anyhow::Result<Logged<M>> {
    let LogRecord { offset, time, record } = record;
    let wire_type = record.header("ce_type").context("a record without `ce_type`")?;
    let wire_type = std::str::from_utf8(wire_type)?;
    let known = M::type_named(wire_type).with_context(|| format!("type `{wire_type}`"))?;
    let bytes = record.value.get(WIRE_HEADER..).context("a value without a schema's id")?;
    let envelope = M::decode_envelope(known, bytes, None)
        .with_context(|| format!("the command at offset {offset}"))?;
    Ok(Logged { offset, time, envelope })
}

fn published_event<C: Contract>(record: LogRecord) -> anyhow::Result<Published> {
    let bytes = record.record.value.get(WIRE_HEADER..).context("a value without a schema's id")?;
    let bytes = bytes.to_vec();
    let offset = record.offset;
    let position = logged::<C::Event>(record)?.envelope.metadata.position;
    Ok(Published { offset, position, bytes })
}

async fn events<C: Contract>(
    store: &dyn Store,
    partition: u32,
) -> anyhow::Result<Vec<Stored<C::Event>>> {
    let mut events: Vec<Stored<C::Event>> = Vec::new();
    let mut after = -1;
    loop {
        let page = store.events(C::NAME, partition, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(events) };
        after = last.position;
        for row in page {
            let envelope = read_event::<C>(&row)?;
            events.push(Stored { row, envelope });
        }
    }
}

fn read_event<C: Contract>(
    row: &StoredEvent,
) -> anyhow::Result<charter_domain::Envelope<C::Event>> {
    let known = C::Event::type_named(&row.wire_type);
    let known = known.with_context(|| format!("type `{}`", row.wire_type))?;
    C::Event::decode_envelope(known, &row.envelope, None)
        .with_context(|| format!("the event at position {}", row.position))
}

fn tenants<C: Contract>(partitions: &[Partition<C>]) -> BTreeSet<String> {
    let events = partitions.iter().flat_map(|partition| &partition.events);
    events.map(|event| event.row.aggregate.tenant.clone()).collect()
}

/// All rows of a view.
async fn rows<V: View>(
    store: &dyn Store,
    tenants: &BTreeSet<String>,
) -> anyhow::Result<Vec<(String, V)>> {
    let mut all = Vec::new();
    for tenant in tenants {
        let order = |column: &&'static str| OrderBy { column, descending: false };
        let mut query = ListQuery {
            table: V::TABLE,
            tenant: tenant.clone(),
            filters: Vec::new(),
            order: V::TABLE.key.iter().map(order).collect(),
            limit: PAGE,
            after: None,
        };
        loop {
            let page =
                store.list(&query).await.with_context(|| format!("view `{}`", V::TABLE.view))?;
            for row in page.rows {
                all.push((tenant.clone(), V::from_values(row)?));
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
    }
    Ok(all)
}
