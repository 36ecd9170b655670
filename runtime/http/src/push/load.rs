//! A room's rows as its members see them first: read in one snapshot, made once for all who come at the same time.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use charter_domain::room::{Load, Room};
use charter_domain::{ColumnType, ColumnValue};
use charter_engine::reads::{Filter, ListQuery, Operator, Page};
use charter_engine::store::Store;

use super::message::{INITIAL_LOAD, Message, cursor, json};
use crate::problem::Problem;
use crate::status::store_problem;

/// The most rows that a room shows of one view.
const MAX_ROWS: u32 = 200_000;
/// The rows of one message.
const PART_ROWS: usize = 2_000;
/// How long rows that were read are shown to others who come: what happened since follows as events.
pub(super) const FRESH: Duration = Duration::from_secs(2);

/// Why a member is shown all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It has joined.
    Joined,
    /// What came after its cursor is more than is gone through for it.
    TooOld,
    /// Its cursor is none of this installation.
    Unknown,
}

impl Why {
    const ALL: [Self; 3] = [Self::Joined, Self::TooOld, Self::Unknown];

    fn code(self) -> &'static str {
        match self {
            Self::Joined => "JOINED",
            Self::TooOld => "CURSOR_TOO_OLD",
            Self::Unknown => "CURSOR_UNKNOWN",
        }
    }
}

/// Where a room is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) context: &'static str,
    pub(super) room: &'static Room,
    /// The room's name.
    pub(super) name: String,
    pub(super) tenant: String,
    /// The aggregate's key values.
    pub(super) values: Vec<String>,
    pub(super) partition: u32,
}

/// A room's rows.
#[derive(Debug)]
pub(super) struct Loaded {
    /// What they are the rows of: every event up to this position.
    pub(super) position: i64,
    made: Instant,
    cursor: String,
    room: String,
    /// The members of each message's JSON, behind a comma.
    parts: Vec<String>,
    messages: [OnceLock<Vec<Message>>; Why::ALL.len()],
}

impl Loaded {
    /// The rows of the room, of one snapshot.
    pub(super) async fn read(store: &Arc<dyn Store>, place: &Place) -> Result<Self, Problem> {
        let made = Instant::now();
        let loads: Vec<&Load> = place.room.loads.iter().collect();
        let (pages, position) = rows(store, place, &loads).await?;
        let mut parts: Vec<String> = Vec::new();
        let mut room_left = 0;
        for (load, page) in loads.iter().zip(pages) {
            let mut rows = page.rows.into_iter().peekable();
            loop {
                if room_left == 0 {
                    parts.push(String::new());
                    room_left = PART_ROWS;
                }
                let part = parts.last_mut().expect("one was pushed");
                let before = rows.len();
                push_rows(part, load, rows.by_ref().take(room_left))?;
                room_left -= before - rows.len();
                if rows.peek().is_none() {
                    break;
                }
            }
        }
        if parts.is_empty() {
            parts.push(String::new());
        }
        metrics::histogram!("charter_push_load_seconds", "context" => place.context)
            .record(made.elapsed());
        Ok(Self {
            position,
            made,
            cursor: cursor(place.context, place.partition, position),
            room: json(&place.name),
            parts,
            messages: Default::default(),
        })
    }

    /// Whether it may be shown still.
    pub(super) fn is_fresh(&self) -> bool {
        self.made.elapsed() < FRESH
    }

    /// The messages for a member.
    pub(super) fn messages(&self, why: Why) -> &[Message] {
        let index = Why::ALL.iter().position(|known| *known == why).unwrap_or(0);
        self.messages[index].get_or_init(|| {
            let (count, reason) = (self.parts.len(), why.code());
            let part = |(index, members): (usize, &String)| {
                let data = format!(
                    r#"{{"room":{},"cursor":"{}","reason":"{reason}","part":{},"parts":{count}{members}}}"#,
                    self.room,
                    self.cursor,
                    index + 1,
                );
                // Only who has all parts may come back with the cursor.
                let id = (index + 1 == count).then_some(self.cursor.as_str());
                Message::new(INITIAL_LOAD, id, &data)
            };
            self.parts.iter().enumerate().map(part).collect()
        })
    }
}

/// The message with the rows of a room's view that have changed, and their position.
pub(super) async fn updated(
    store: &Arc<dyn Store>,
    place: &Place,
    load: &'static Load,
) -> Result<(i64, Message), Problem> {
    let (pages, position) = rows(store, place, &[load]).await?;
    let mut members = String::new();
    for page in pages {
        push_rows(&mut members, load, page.rows.into_iter())?;
    }
    let cursor = cursor(place.context, place.partition, position);
    let data = format!(r#"{{"room":{},"cursor":"{cursor}"{members}}}"#, json(&place.name));
    // No id: who comes back needs the events that it has not seen, whatever the rows show.
    Ok((position, Message::new(&format!("{}-updated", load.name), None, &data)))
}

/// `,"seats":[…]`.
fn push_rows(
    part: &mut String,
    load: &Load,
    rows: impl Iterator<Item = Vec<ColumnValue>>,
) -> Result<(), Problem> {
    part.push_str(",\"");
    part.push_str(load.name);
    part.push_str("\":[");
    for (index, row) in rows.enumerate() {
        if index > 0 {
            part.push(',');
        }
        part.push_str(&(load.item)(row, load.hidden).map_err(|error| Problem::internal(&error))?);
    }
    part.push(']');
    Ok(())
}

async fn rows(
    store: &Arc<dyn Store>,
    place: &Place,
    loads: &[&Load],
) -> Result<(Vec<Page>, i64), Problem> {
    let queries = loads.iter().map(|load| query(load, place)).collect::<Option<Vec<_>>>();
    let queries = queries.ok_or_else(|| super::unknown_room(&place.name))?;
    let (pages, positions) = if queries.is_empty() {
        let positions = store.view_positions(place.context).await.map_err(store_problem)?;
        (Vec::new(), positions)
    } else {
        let pages = store.lists(&queries).await.map_err(store_problem)?;
        let positions = pages.first().map(|page| page.positions.clone()).unwrap_or_default();
        (pages, positions)
    };
    if pages.iter().any(|page| page.next.is_some()) {
        let detail = format!("the room has more than {MAX_ROWS} rows of a view");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ROOM_TOO_LARGE", detail));
    }
    let here = positions.iter().find(|(partition, _)| *partition == place.partition);
    Ok((pages, here.map_or(-1, |(_, position)| *position)))
}

/// The room's rows; `None` where a value can't be one of its column.
fn query(load: &Load, place: &Place) -> Option<ListQuery> {
    let filter = |(column, value): (&&'static str, &String)| {
        let kind = load.table.columns[load.table.position(column)?].kind;
        let value = match kind {
            ColumnType::Uuid => ColumnValue::Uuid(value.parse().ok()?),
            ColumnType::Boolean
            | ColumnType::Integer
            | ColumnType::Real
            | ColumnType::Text
            | ColumnType::Bytes
            | ColumnType::Decimal
            | ColumnType::Timestamp
            | ColumnType::Date
            | ColumnType::Json => ColumnValue::Text(value.clone()),
        };
        Some(Filter { column, operator: Operator::Equal, value })
    };
    Some(ListQuery {
        table: load.table,
        tenant: place.tenant.clone(),
        filters: load.key.iter().zip(&place.values).map(filter).collect::<Option<_>>()?,
        order: Vec::new(),
        limit: MAX_ROWS,
        after: None,
    })
}
