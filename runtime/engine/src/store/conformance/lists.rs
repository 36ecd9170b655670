//! Reading lists of rows.

use std::sync::Arc;

use charter_domain::{Column, ColumnType, ColumnValue, Date, Index, Table};
use uuid::Uuid;

use super::views::{COUNTS, first_step, prepared};
use super::{Harness, at, noise};
use crate::reads::{Filter, ListQuery, Operator, OrderBy, Page};
use crate::store::limits::MOST_INDEXED_BYTES;
use crate::store::{RowChange, RowKey, Store, StoreError};

/// A table with a column of each type, but for `id` all without a value where there is none.
static ALL: Table = Table {
    name: "seat_all",
    view: "seat.All",
    columns: &[
        Column { name: "id", field: "id", kind: ColumnType::Integer, nullable: false },
        Column { name: "flag", field: "flag", kind: ColumnType::Boolean, nullable: true },
        Column { name: "size", field: "size", kind: ColumnType::Real, nullable: true },
        Column { name: "name", field: "name", kind: ColumnType::Text, nullable: true },
        Column { name: "raw", field: "raw", kind: ColumnType::Bytes, nullable: true },
        Column { name: "code", field: "code", kind: ColumnType::Uuid, nullable: true },
        Column { name: "price", field: "price", kind: ColumnType::Decimal, nullable: true },
        Column { name: "time", field: "time", kind: ColumnType::Timestamp, nullable: true },
        Column { name: "day", field: "day", kind: ColumnType::Date, nullable: true },
        Column { name: "parts", field: "parts", kind: ColumnType::Json, nullable: true },
    ],
    key: &["id"],
    indexes: &[Index { columns: &["name", "id"] }],
    fingerprint: "a1",
};

fn row(id: i64) -> Vec<ColumnValue> {
    let mut row = vec![ColumnValue::Integer(id)];
    row.resize(ALL.columns.len(), ColumnValue::Null);
    row
}

fn with(mut row: Vec<ColumnValue>, column: &str, value: ColumnValue) -> Vec<ColumnValue> {
    row[ALL.position(column).expect("a column")] = value;
    row
}

fn text(value: &str) -> ColumnValue {
    ColumnValue::Text(value.to_owned())
}

async fn store_of(harness: &dyn Harness, rows: &[(&str, Vec<ColumnValue>)]) -> Arc<dyn Store> {
    let store = prepared(harness, &[&ALL, &COUNTS]).await;
    let mut write = first_step(&store, 6).await;
    let change = |(tenant, row): &(&str, Vec<ColumnValue>)| RowChange {
        key: RowKey { tenant: (*tenant).to_owned(), values: vec![row[0].clone()] },
        row: Some(row.clone()),
    };
    let changes: Vec<_> = rows.iter().map(change).collect();
    write.write(&ALL, &changes).await.expect("written");
    write.commit().await.expect("committed");
    store
}

fn query(order: &[(&'static str, bool)], limit: u32) -> ListQuery {
    let order =
        order.iter().map(|(column, descending)| OrderBy { column, descending: *descending });
    ListQuery {
        table: &ALL,
        tenant: "a".to_owned(),
        filters: Vec::new(),
        order: order.collect(),
        limit,
        after: None,
    }
}

fn filter(column: &'static str, operator: Operator, value: ColumnValue) -> Filter {
    Filter { column, operator, value }
}

fn ids(page: &Page) -> Vec<i64> {
    page.rows
        .iter()
        .map(|row| if let ColumnValue::Integer(id) = row[0] { id } else { -1 })
        .collect()
}

/// The ids of all pages, page by page.
async fn pages(store: &Arc<dyn Store>, mut query: ListQuery) -> Vec<Vec<i64>> {
    let mut all = Vec::new();
    loop {
        let page = store.list(&query).await.expect("a page");
        all.push(ids(&page));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

/// A value of each type is read as it was written.
pub async fn every_value_comes_back(harness: &dyn Harness) {
    let full = vec![
        ColumnValue::Integer(i64::MIN),
        ColumnValue::Boolean(true),
        ColumnValue::Real(-0.5),
        text("ü'\"\u{1F3AB}"),
        ColumnValue::Bytes(vec![0, 255]),
        ColumnValue::Uuid(Uuid::from_u128(5)),
        ColumnValue::Decimal("-420.00".parse().expect("a decimal")),
        ColumnValue::Timestamp(at(1_700_000_000_000_001)),
        ColumnValue::Date(Date::from_days(20_000)),
        ColumnValue::Json(r#"{"b":1,"a":[null]}"#.to_owned()),
    ];
    let store = store_of(harness, &[("a", full.clone()), ("a", row(1))]).await;
    let read = store.row(&ALL, "a", &[ColumnValue::Integer(i64::MIN)]).await.expect("an answer");
    assert_eq!(read.row.as_ref(), Some(&full));
    assert_eq!(read.positions, [(0, 6)]);
    let read = store.row(&ALL, "a", &[ColumnValue::Integer(1)]).await.expect("an answer");
    assert_eq!(read.row, Some(row(1)));
    for (column, value) in ALL.columns.iter().zip(&full) {
        let mut equal = query(&[], 9);
        equal.filters = vec![filter(column.name, Operator::Equal, value.clone())];
        assert_eq!(ids(&store.list(&equal).await.expect("a page")), [i64::MIN], "{}", column.name);
    }
}

/// Pages follow each other without a gap or a repeat, whichever way and however many orders there are.
pub async fn lists_are_paged_in_order(harness: &dyn Harness) {
    let rows: Vec<_> = (0..7)
        .map(|id| {
            let name = if id % 2 == 0 { "even" } else { "odd" };
            ("a", with(row(id), "name", text(name)))
        })
        .collect();
    let store = store_of(harness, &rows).await;
    assert_eq!(pages(&store, query(&[], 3)).await, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    let rising = pages(&store, query(&[("name", false)], 3)).await;
    assert_eq!(rising, [vec![0, 2, 4], vec![6, 1, 3], vec![5]]);
    let falling = pages(&store, query(&[("name", true)], 3)).await;
    assert_eq!(falling, [vec![5, 3, 1], vec![6, 4, 2], vec![0]]);
    let mixed = pages(&store, query(&[("name", true), ("id", false)], 3)).await;
    assert_eq!(mixed, [vec![1, 3, 5], vec![0, 2, 4], vec![6]]);
    let exact = store.list(&query(&[], 7)).await.expect("a page");
    assert_eq!(exact.next, None);
    assert_eq!(exact.positions, [(0, 6)]);

    let mut some = query(&[("id", true)], 2);
    some.filters = vec![
        filter("id", Operator::AtLeast, ColumnValue::Integer(1)),
        filter("id", Operator::Less, ColumnValue::Integer(5)),
        filter("name", Operator::Equal, text("odd")),
    ];
    assert_eq!(pages(&store, some).await, [[3, 1]]);
    let mut some = query(&[], 9);
    some.filters = vec![
        filter("id", Operator::Greater, ColumnValue::Integer(1)),
        filter("id", Operator::AtMost, ColumnValue::Integer(5)),
    ];
    assert_eq!(pages(&store, some).await, [[2, 3, 4, 5]]);
}

/// Rows without a value come first, or last in a falling order, and are paged like the others.
pub async fn lists_order_missing_values(harness: &dyn Harness) {
    let named =
        |id, name: Option<&str>| ("a", with(row(id), "name", name.map_or(ColumnValue::Null, text)));
    let rows = [
        named(1, Some("b")),
        named(2, None),
        named(3, Some("a")),
        named(4, None),
        named(5, Some("b")),
    ];
    let store = store_of(harness, &rows).await;
    for limit in 1..=5 {
        let rising = pages(&store, query(&[("name", false)], limit)).await.concat();
        assert_eq!(rising, [2, 4, 3, 1, 5], "{limit} a page");
        let falling = pages(&store, query(&[("name", true)], limit)).await.concat();
        assert_eq!(falling, [5, 1, 3, 4, 2], "{limit} a page");
    }
    let mut missing = query(&[], 9);
    missing.filters = vec![filter("name", Operator::Equal, ColumnValue::Null)];
    assert_eq!(pages(&store, missing).await, [[2, 4]]);
}

/// Decimals are compared as numbers, whatever their scale.
pub async fn lists_compare_decimals(harness: &dyn Harness) {
    let price = |id, price: &str| {
        ("a", with(row(id), "price", ColumnValue::Decimal(price.parse().expect("a decimal"))))
    };
    let rows = [
        price(1, "9.50"),
        price(2, "10.00"),
        price(3, "-3.25"),
        price(4, "0.00"),
        price(5, "-20.00"),
    ];
    let store = store_of(harness, &rows).await;
    assert_eq!(pages(&store, query(&[("price", false)], 2)).await.concat(), [5, 3, 4, 1, 2]);
    for (operator, value, expected) in [
        (Operator::Equal, "10", vec![2]),
        (Operator::Less, "9.5", vec![3, 4, 5]),
        (Operator::AtMost, "9.5000", vec![1, 3, 4, 5]),
        (Operator::Greater, "0", vec![1, 2]),
        (Operator::AtLeast, "0.0", vec![1, 2, 4]),
    ] {
        let mut compared = query(&[], 9);
        let value = ColumnValue::Decimal(value.parse().expect("a decimal"));
        compared.filters = vec![filter("price", operator, value)];
        assert_eq!(pages(&store, compared).await.concat(), expected, "{operator:?}");
    }
}

/// A list never holds another tenant's rows.
pub async fn lists_are_of_one_tenant(harness: &dyn Harness) {
    let store = store_of(harness, &[("a", row(1)), ("b", row(2)), ("a", row(3))]).await;
    assert_eq!(pages(&store, query(&[], 1)).await.concat(), [1, 3]);
    let other = ListQuery { tenant: "b".to_owned(), ..query(&[], 9) };
    assert_eq!(pages(&store, other).await.concat(), [2]);
    let nobody = ListQuery { tenant: "c".to_owned(), ..query(&[], 9) };
    assert_eq!(pages(&store, nobody).await.concat(), [0; 0]);
}

/// Several lists are each as it is alone, all at the same positions; where one is refused, so are all.
pub async fn several_lists_are_one_snapshot(harness: &dyn Harness) {
    let store = store_of(harness, &[("a", row(1)), ("b", row(2)), ("a", row(3))]).await;
    let other = ListQuery { tenant: "b".to_owned(), ..query(&[], 9) };
    let asked = [query(&[("id", true)], 1), other, query(&[], 9)];
    let found = store.lists(&asked).await.expect("pages");
    assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [vec![3], vec![2], vec![1, 3]]);
    for (page, alone) in found.iter().zip(&asked) {
        assert_eq!(*page, store.list(alone).await.expect("a page"));
        assert!(!page.positions.is_empty());
        assert_eq!(page.positions, found[0].positions);
    }
    let refused = store.lists(&[query(&[], 9), query(&[("none", false)], 9)]).await;
    assert!(matches!(&refused, Err(StoreError::InvalidQuery { .. })), "{refused:?}");
    // Nothing is held by who was refused.
    assert_eq!(store.lists(&asked).await.expect("pages"), found);
    assert_eq!(store.lists(&[]).await.expect("none"), []);
}

/// A list that names no column of the table, or goes on from another order, is refused.
pub async fn wrong_lists_are_refused(harness: &dyn Harness) {
    let store = store_of(harness, &[]).await;
    let mut filtered = query(&[], 9);
    filtered.filters = vec![filter("id\" OR 1 --", Operator::Equal, ColumnValue::Integer(1))];
    let mut after = query(&[], 9);
    after.after = Some(Vec::new());
    for wrong in [query(&[("none", false)], 9), filtered, after] {
        let refused = store.list(&wrong).await;
        assert!(matches!(&refused, Err(StoreError::InvalidQuery { .. })), "{refused:?}");
    }
}

/// The ends of what a column's type holds.
pub async fn extreme_values_come_back(harness: &dyn Harness) {
    let mut values = vec![row(0)];
    for (column, value) in [
        ("size", ColumnValue::Real(f64::MAX)),
        ("size", ColumnValue::Real(f64::MIN_POSITIVE)),
        ("size", ColumnValue::Real(f64::NEG_INFINITY)),
        ("name", text("")),
        ("name", text(&"\u{10ffff}\u{1}\n".repeat(10_000))),
        ("raw", ColumnValue::Bytes(Vec::new())),
        ("code", ColumnValue::Uuid(Uuid::max())),
        ("price", ColumnValue::Decimal(rust_decimal::Decimal::MAX)),
        ("price", ColumnValue::Decimal(rust_decimal::Decimal::MIN)),
        ("price", ColumnValue::Decimal("0.00".parse().expect("a decimal"))),
        ("price", ColumnValue::Decimal("-0.0000000000000000000000000001".parse().expect("one"))),
        ("time", ColumnValue::Timestamp(at(i64::MAX))),
        // The year 1.
        ("time", ColumnValue::Timestamp(at(-62_135_596_800_000_000))),
        ("day", ColumnValue::Date(Date::from_days(-719_162))),
        // The year 9999.
        ("day", ColumnValue::Date(Date::from_days(2_932_896))),
        ("parts", ColumnValue::Json("null".to_owned())),
    ] {
        let id = i64::try_from(values.len()).expect("few");
        values.push(with(row(id), column, value));
    }
    values.push(with(row(i64::MAX), "flag", ColumnValue::Boolean(false)));
    let rows: Vec<_> = values.iter().map(|row| ("a", row.clone())).collect();
    let store = store_of(harness, &rows).await;
    for expected in values {
        let read = store.row(&ALL, "a", &expected[..1]).await.expect("an answer").row;
        // As text too: equal decimals may differ in scale.
        assert_eq!(format!("{read:?}"), format!("{:?}", Some(&expected)));
    }
}

/// Texts are in the order of their bytes, and so of their code points, whatever the machine's language.
pub async fn texts_sort_by_their_bytes(harness: &dyn Harness) {
    let sorted = [
        "",
        " b",
        "-a",
        "A-b",
        "AA",
        "B",
        "Z-1",
        "_",
        "a",
        "a b",
        "ab",
        "b",
        "\u{e4}",
        "\u{1F3AB}",
    ];
    let rows: Vec<_> =
        (0..).zip(sorted).map(|(id, name)| ("a", with(row(id), "name", text(name)))).collect();
    let store = store_of(harness, &rows).await;
    let all: Vec<i64> = (0..).take(sorted.len()).collect();
    for limit in [3, 99] {
        assert_eq!(pages(&store, query(&[("name", false)], limit)).await.concat(), all);
    }
    let mut between = query(&[("name", true)], 3);
    between.filters = vec![
        filter("name", Operator::AtLeast, text("A-b")),
        filter("name", Operator::Less, text("a")),
    ];
    assert_eq!(pages(&store, between).await.concat(), [7, 6, 5, 4, 3]);
}

/// A key or an index as long as it may be.
pub async fn the_longest_keys_are_taken(harness: &dyn Harness) {
    let long = noise(MOST_INDEXED_BYTES - 1);
    let store = store_of(harness, &[("a", with(row(1), "name", text(&long)))]).await;
    let mut named = query(&[("name", false)], 9);
    named.filters = vec![filter("name", Operator::Equal, text(&long))];
    assert_eq!(pages(&store, named).await, [[1]]);
}
