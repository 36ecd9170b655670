//! What no store takes in a view's row, so that one store never takes what another refuses: an entry of
//! PostgreSQL's indexes has at most 2,704 bytes, and its times and days begin in 4714 BC.

use charter_domain::{ColumnValue, Date, Table, Timestamp};

/// The most bytes of the texts and bytes that a view's key or index has, with the tenant.
pub(crate) const MOST_INDEXED_BYTES: usize = 2_000;
/// 4713-01-01 BC.
const FIRST_INSTANT: Timestamp = Timestamp::from_micros(-210_863_520_000_000_000);
/// 4713-01-01 BC.
const FIRST_DAY: Date = Date::from_days(-2_440_550);
/// 5874896-12-31.
const LAST_DAY: Date = Date::from_days(2_145_042_540);

/// Why no store takes a row with these values of all columns.
pub(crate) fn refused(table: &Table, tenant: &str, values: &[ColumnValue]) -> Option<String> {
    for (column, value) in table.columns.iter().zip(values) {
        let name = format_args!("`{}`.`{}`", table.name, column.name);
        if matches!(value, ColumnValue::Timestamp(time) if *time < FIRST_INSTANT) {
            return Some(format!("{name} should be a time from 4713 BC on"));
        }
        if matches!(value, ColumnValue::Date(day) if *day < FIRST_DAY || *day > LAST_DAY) {
            return Some(format!("{name} should be a day from 4713 BC to 5874896"));
        }
    }
    let bytes = |columns: &[&str]| -> usize {
        let values = columns.iter().filter_map(|name| values.get(table.position(name)?));
        values.map(length).sum()
    };
    // An index ends with the key's columns.
    let longest = table.indexes.iter().map(|index| bytes(index.columns)).max();
    let total = tenant.len() + bytes(table.key) + longest.unwrap_or(0);
    (total > MOST_INDEXED_BYTES).then(|| {
        format!(
            "key and index of `{}` have {total} bytes, at most {MOST_INDEXED_BYTES} are kept",
            table.name
        )
    })
}

/// The bytes of a value that may have many.
fn length(value: &ColumnValue) -> usize {
    match value {
        ColumnValue::Text(text) | ColumnValue::Json(text) => text.len(),
        ColumnValue::Bytes(bytes) => bytes.len(),
        ColumnValue::Null
        | ColumnValue::Boolean(_)
        | ColumnValue::Integer(_)
        | ColumnValue::Real(_)
        | ColumnValue::Uuid(_)
        | ColumnValue::Decimal(_)
        | ColumnValue::Timestamp(_)
        | ColumnValue::Date(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use charter_domain::{Column, ColumnType, Index};

    use super::*;

    static NAMED: Table = Table {
        name: "named",
        view: "lamp.Named",
        columns: &[
            Column { name: "id", field: "id", kind: ColumnType::Text, nullable: false },
            Column { name: "name", field: "name", kind: ColumnType::Text, nullable: true },
            Column { name: "since", field: "since", kind: ColumnType::Timestamp, nullable: true },
            Column { name: "day", field: "day", kind: ColumnType::Date, nullable: true },
        ],
        key: &["id"],
        indexes: &[Index { columns: &["name"] }],
        fingerprint: "1",
    };

    #[test]
    fn what_an_index_can_not_hold_is_refused() {
        let row = |id: usize, name: usize| {
            let texts = [id, name].map(|length| ColumnValue::Text("x".repeat(length)));
            [texts.to_vec(), vec![ColumnValue::Null, ColumnValue::Null]].concat()
        };
        assert_eq!(refused(&NAMED, "default", &row(1_000, 993)), None);
        let reason = refused(&NAMED, "default", &row(1_000, 994)).expect("too long");
        assert_eq!(reason, "key and index of `named` have 2001 bytes, at most 2000 are kept");
    }

    #[test]
    fn what_is_before_the_first_day_is_refused() {
        let row = |micros, days| {
            let text = ColumnValue::Text(String::new());
            let time = ColumnValue::Timestamp(Timestamp::from_micros(micros));
            [vec![text.clone(), text], vec![time, ColumnValue::Date(Date::from_days(days))]]
                .concat()
        };
        assert_eq!(refused(&NAMED, "default", &row(-210_863_520_000_000_000, -2_440_550)), None);
        assert_eq!(refused(&NAMED, "default", &row(i64::MAX, 2_145_042_540)), None);
        let reason = refused(&NAMED, "default", &row(i64::MIN, 0)).expect("too early");
        assert_eq!(reason, "`named`.`since` should be a time from 4713 BC on");
        for day in [i32::MIN, i32::MAX] {
            let reason = refused(&NAMED, "default", &row(0, day)).expect("out of range");
            assert_eq!(reason, "`named`.`day` should be a day from 4713 BC to 5874896");
        }
    }
}
