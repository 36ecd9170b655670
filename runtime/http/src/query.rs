//! Serving an operation that reads a view: one row, or a page of rows.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter_domain::{ColumnType, Contract, Table, View};
use charter_engine::reads::{ListQuery, OrderBy};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::AdmittedRequest;
use crate::api::{Api, CONSISTENCY_WAIT};
use crate::command::typed;
use crate::cursor::{Cursor, page_token, parse_page_token};
use crate::etag;
use crate::idempotency;
use crate::input::Input;
use crate::link;
use crate::operation::{ListOperation, RowOperation};
use crate::preferences;
use crate::problem::{Problem, Violation};
use crate::status::{CURSOR_HEADER, store_problem};

/// The rows of a page where neither the request nor the contract says how many.
const DEFAULT_LIMIT: u32 = 200;

/// A page as a client gets it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<I> {
    items: Vec<I>,
    next_page_token: Option<String>,
    cursor: String,
}

/// Serves one row: 200 with the item, 404 `NOT_FOUND` where there is none.
///
/// # Errors
/// What is wrong with the request, or why it can't be served.
pub async fn row<O: RowOperation>(
    api: &Api,
    request: AdmittedRequest,
) -> Result<Response, Problem> {
    let operation = O::OPERATION;
    let (input, seen) =
        Input::read(operation, api.schema(operation), request, consistent_with).await?;
    caught_up::<O::Contract>(api, &input, seen.as_ref()).await?;
    let key = O::key(typed(Value::Object(input.parameters))?);
    let values = O::View::key_values(&key);
    let read =
        api.store().row(O::View::TABLE, &input.tenant, &values).await.map_err(store_problem)?;
    let Some(row) = read.row else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("the view `{}` has no such row", O::View::TABLE.view),
        ));
    };
    let view = O::View::from_values(row).map_err(|error| Problem::internal(&error))?;
    let cursor = seen.unwrap_or_default().merged(Cursor::of(O::Contract::NAME, read.positions));
    let item = to_json(&O::Item::from(view))?;
    let tag = etag::of(&item);
    Ok(etag::tagged(&tag, &input.headers, with_cursor(&cursor, json_response(item))))
}

/// Serves a page: 200 with `items`, `nextPageToken` (null on the last page) and `cursor`.
///
/// # Errors
/// What is wrong with the request, or why it can't be served.
pub async fn list<O: ListOperation>(
    api: &Api,
    request: AdmittedRequest,
) -> Result<Response, Problem> {
    let operation = O::OPERATION;
    let (mut input, seen) =
        Input::read(operation, api.schema(operation), request, consistent_with).await?;
    caught_up::<O::Contract>(api, &input, seen.as_ref()).await?;

    let limit = input
        .parameters
        .remove("limit")
        .and_then(|limit| limit.as_u64())
        .and_then(|limit| u32::try_from(limit).ok())
        .unwrap_or(DEFAULT_LIMIT);
    let token = input.parameters.remove("pageToken");
    let order = total_order(O::View::TABLE, O::ORDER);
    let list = list_name(&input.path, &input.parameters);
    let after = match token.as_ref().and_then(Value::as_str) {
        None => None,
        Some(token) => {
            Some(parse_page_token(token, &list, &column_types(O::View::TABLE, &order)).ok_or_else(
                || {
                    let detail = "expected the `nextPageToken` of a page of this list";
                    Problem::validation(vec![Violation::of_parameter("query", "pageToken", detail)])
                },
            )?)
        }
    };
    let query = ListQuery {
        table: O::View::TABLE,
        tenant: input.tenant.clone(),
        filters: O::filters(typed(Value::Object(input.parameters))?),
        order,
        limit,
        after,
    };
    let page = api.store().list(&query).await.map_err(store_problem)?;
    let items = page
        .rows
        .into_iter()
        .map(|row| O::View::from_values(row).map(O::Item::from))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Problem::internal(&error))?;
    // With what the client had seen before, so that the last cursor is all that it has to keep.
    let cursor = seen.unwrap_or_default().merged(Cursor::of(O::Contract::NAME, page.positions));
    let next = page.next.as_deref().map(|after| page_token(&list, after));
    let body = ListBody { items, next_page_token: next, cursor: cursor.to_string() };
    // The cursor moves on with whatever happens in the context; the page is the same all the same.
    let tag = etag::of(&to_json(&(&body.items, &body.next_page_token))?);
    let mut response = with_cursor(&cursor, json_response(to_json(&body)?));
    let links = link::pages(&input.path, &input.query, body.next_page_token.as_deref());
    if let Ok(links) = HeaderValue::try_from(links) {
        response.headers_mut().insert(header::LINK, links);
    }
    Ok(etag::tagged(&tag, &input.headers, response))
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|error| Problem::internal(&error))
}

fn json_response(bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Names a list by its path and its filters, for its page tokens: eight bytes of their SHA-256.
fn list_name(path: &str, filters: &Map<String, Value>) -> String {
    let filters = Value::Object(filters.clone());
    let hash = idempotency::request_hash(path, "", Some(&filters), None);
    URL_SAFE_NO_PAD.encode(&hash[..8])
}

/// The order with the key's columns behind it, so that no two rows are equal in it.
fn total_order(table: &Table, order: &[OrderBy]) -> Vec<OrderBy> {
    let mut total = order.to_vec();
    for column in table.key {
        if !total.iter().any(|by| by.column == *column) {
            let descending = order.last().is_some_and(|by| by.descending);
            total.push(OrderBy { column, descending });
        }
    }
    total
}

fn column_types(table: &Table, order: &[OrderBy]) -> Vec<ColumnType> {
    order
        .iter()
        .filter_map(|by| table.position(by.column))
        .map(|position| table.columns[position].kind)
        .collect()
}

/// The most cursors that one read is held against: a client that has more merges them by reading.
const MAX_CURSORS: usize = 16;

/// What the client has seen: one cursor, or several in one header or in several, which are merged.
fn consistent_with(headers: &HeaderMap) -> Result<Option<Cursor>, Violation> {
    let wrong = |detail: String| Violation::of_parameter("header", "Consistent-With", detail);
    let mut seen: Option<Cursor> = None;
    let mut count = 0;
    for value in headers.get_all("consistent-with") {
        for token in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            let cursor = Cursor::parse(token)
                .ok_or_else(|| wrong("expected a cursor that this API gave".to_owned()))?;
            seen = Some(seen.map_or_else(|| cursor.clone(), |seen| seen.merged(cursor.clone())));
            count += 1;
            if count > MAX_CURSORS {
                return Err(wrong(format!("expected {MAX_CURSORS} cursors at most, found more")));
            }
        }
    }
    Ok(seen)
}

/// Waits, bounded, until the views of `C` hold what the client has seen: `Consistent-With: cursor`. They
/// never will where an aggregate of the tenant was set aside.
async fn caught_up<C: Contract>(
    api: &Api,
    input: &Input,
    seen: Option<&Cursor>,
) -> Result<(), Problem> {
    let Some(cursor) = seen else { return Ok(()) };
    let wait = preferences::wait(&input.headers).unwrap_or(CONSISTENCY_WAIT);
    let seen: Vec<(u32, i64)> = cursor.positions(C::NAME).collect();
    match api.bounded(wait, api.store().wait_projected(C::NAME, &seen)).await {
        Some(reached) => reached.map_err(store_problem)?,
        None => return Err(not_yet(wait)),
    }
    if api.store().parked_in(C::NAME, &input.tenant).await.map_err(store_problem)? {
        let detail =
            "a part of the view was set aside and lacks later events; an operator mends it";
        return Err(
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "VIEW_PARKED", detail).retry_after_s(60)
        );
    }
    Ok(())
}

fn not_yet(wait: Duration) -> Problem {
    let detail =
        format!("the view had not come to the cursor after {} s; try again", wait.as_secs());
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "VIEW_BEHIND", detail).retry_after_s(1)
}

fn with_cursor(cursor: &Cursor, mut response: Response) -> Response {
    if let Ok(value) = cursor.to_string().parse() {
        response.headers_mut().insert(CURSOR_HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use charter_domain::Column;

    #[test]
    fn several_cursors_are_one() {
        let (a, b) = (Cursor::of("seat", [(0, 7)]), Cursor::of("seat", [(1, 3)]));
        let both = Some(a.clone().merged(b.clone()));
        let mut headers = HeaderMap::new();
        assert_eq!(consistent_with(&headers), Ok(None));
        headers.insert("consistent-with", format!("{a}, {b}").parse().expect("a header"));
        assert_eq!(consistent_with(&headers), Ok(both.clone()));
        headers.insert("consistent-with", a.to_string().parse().expect("a header"));
        headers.append("consistent-with", b.to_string().parse().expect("a header"));
        assert_eq!(consistent_with(&headers), Ok(both));
        for wrong in ["", "x,", &vec![a.to_string(); 17].join(",")] {
            headers.insert("consistent-with", wrong.parse().expect("a header"));
            assert!(consistent_with(&headers).is_err(), "{wrong}");
        }
    }

    const fn column(name: &'static str, kind: ColumnType) -> Column {
        Column { name, field: name, kind, nullable: false }
    }

    static TABLE: Table = Table {
        name: "t",
        view: "v.T",
        columns: &[
            column("show_id", ColumnType::Text),
            column("at", ColumnType::Timestamp),
            column("seat_id", ColumnType::Text),
        ],
        key: &["show_id", "seat_id"],
        indexes: &[],
        fingerprint: "",
    };

    #[test]
    fn an_order_is_made_total_by_the_key() {
        let order = total_order(&TABLE, &[OrderBy { column: "at", descending: true }]);
        let names: Vec<_> = order.iter().map(|by| (by.column, by.descending)).collect();
        assert_eq!(names, [("at", true), ("show_id", true), ("seat_id", true)]);
        assert_eq!(
            column_types(&TABLE, &order),
            [ColumnType::Timestamp, ColumnType::Text, ColumnType::Text]
        );
    }

    #[test]
    fn without_an_order_it_is_the_key() {
        let order = total_order(&TABLE, &[]);
        assert_eq!(order.iter().map(|by| by.column).collect::<Vec<_>>(), ["show_id", "seat_id"]);
    }
}
