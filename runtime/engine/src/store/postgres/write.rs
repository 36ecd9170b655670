//! The changes of a table's rows, sorted by what was known of each row before.

use std::collections::HashMap;

use charter_domain::Table;

use super::reading::{Version, key_kinds};
use super::statement::Statement;
use super::values::{Kind, Rows, name_of};
use crate::store::RowChange;
use crate::store::names::{TENANT, columns, key_columns, quoted};

/// Changes of one table.
#[derive(Clone, Debug)]
pub(super) struct TableWrite {
    table: &'static Table,
    /// Rows that were read: written where they are as they were.
    update: Rows,
    /// Rows that were not there: written where they are not there still.
    insert: Rows,
    /// Rows that were read, to be removed where they are as they were.
    delete: Rows,
    /// Rows that nobody has read: written whatever is there.
    put: Rows,
    /// Rows that nobody has read, to be removed whatever is there.
    remove: Rows,
}

impl TableWrite {
    /// The changes, each row once. `read` is what was read of the table.
    pub(super) fn of(
        table: &'static Table,
        changes: &[RowChange],
        read: Option<&HashMap<Vec<u8>, Option<Version>>>,
    ) -> Self {
        let mut write = Self::none(table);
        for change in changes {
            let read = read.and_then(|read| read.get(&name_of(&change.key)));
            let tenant = change.key.tenant.as_str();
            match (&change.row, read) {
                (Some(values), _) => {
                    let version = read.copied().flatten();
                    let rows = match (read, version) {
                        (None, _) => &mut write.put,
                        (Some(_), None) => &mut write.insert,
                        (Some(_), Some(_)) => &mut write.update,
                    };
                    let mut row = rows.row();
                    row.text(tenant);
                    for value in values {
                        row.value(value);
                    }
                    if let Some(version) = version {
                        row.bytes(&version);
                    }
                }
                // It was not there, and is not wanted there.
                (None, Some(None)) => {}
                (None, read) => {
                    let version = read.copied().flatten();
                    let rows =
                        if version.is_some() { &mut write.delete } else { &mut write.remove };
                    let mut row = rows.row();
                    row.text(tenant);
                    for value in &change.key.values {
                        row.value(value);
                    }
                    if let Some(version) = version {
                        row.bytes(&version);
                    }
                }
            }
        }
        write
    }

    fn none(table: &'static Table) -> Self {
        let all = || {
            let kinds = table.columns.iter().map(|column| Kind::of(column.kind));
            std::iter::once(Kind::Text).chain(kinds)
        };
        let version = std::iter::once(Kind::Bytes);
        Self {
            table,
            update: Rows::of(all().chain(version.clone())),
            insert: Rows::of(all()),
            delete: Rows::of(key_kinds(table).chain(version)),
            put: Rows::of(all()),
            remove: Rows::of(key_kinds(table)),
        }
    }

    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    /// About how many rows are written.
    pub(super) fn weight(&self) -> usize {
        let all = [&self.update, &self.insert, &self.delete, &self.put, &self.remove];
        all.iter().map(|rows| rows.len() + rows.bytes() / (4 << 10)).sum()
    }

    /// Adds the changes of `other`, which are of the same table.
    pub(super) fn append(&mut self, other: &Self) {
        self.update.append(&other.update);
        self.insert.append(&other.insert);
        self.delete.append(&other.delete);
        self.put.append(&other.put);
        self.remove.append(&other.remove);
    }

    /// Adds the parts that write to a statement, their names ending in `number`. `gate` stands before each
    /// part's rows.
    pub(super) fn add_to(self, statement: &mut Statement, number: usize, gate: &str) {
        let Self { table, update, insert, delete, put, remove } = self;
        let (name, tenant, all) = (quoted(table.name), quoted(TENANT), columns(table));
        let keys = key_columns(table);
        let same: Vec<_> = keys.iter().map(|column| format!("r.{column} = w.{column}")).collect();
        let same = same.join(" AND ");
        let keys = keys.join(", ");
        let others: Vec<_> = table
            .columns
            .iter()
            .filter(|column| !table.key.contains(&column.name))
            .map(|column| quoted(column.name))
            .collect();
        let set = |from: &str| {
            let terms: Vec<_> =
                others.iter().map(|column| format!("{column} = {from}.{column}")).collect();
            terms.join(", ")
        };
        // A row of nothing but its key is as it was.
        if !update.is_empty() && !others.is_empty() {
            let (count, rows) = (update.len(), statement.rows(update));
            let part = format!("updated{number}");
            statement.part(
                &part,
                &format!(
                    "UPDATE {name} AS r SET {}
                     FROM {gate}{rows} AS w ({tenant}, {all}, charter__version)
                     WHERE {same} AND xidsend(r.xmin) = w.charter__version RETURNING 1",
                    set("w")
                ),
            );
            statement.check(&part, count);
        }
        if !insert.is_empty() {
            let rows = statement.rows(insert);
            statement.part(
                &format!("inserted{number}"),
                &format!("INSERT INTO {name} ({tenant}, {all}) SELECT w.* FROM {gate}{rows} AS w"),
            );
        }
        if !delete.is_empty() {
            let (count, rows) = (delete.len(), statement.rows(delete));
            let part = format!("deleted{number}");
            statement.part(
                &part,
                &format!(
                    "DELETE FROM {name} AS r USING {gate}{rows} AS w ({keys}, charter__version)
                     WHERE {same} AND xidsend(r.xmin) = w.charter__version RETURNING 1"
                ),
            );
            statement.check(&part, count);
        }
        if !put.is_empty() {
            let rows = statement.rows(put);
            let otherwise = if others.is_empty() {
                "NOTHING".to_owned()
            } else {
                format!("UPDATE SET {}", set("excluded"))
            };
            statement.part(
                &format!("put{number}"),
                &format!(
                    "INSERT INTO {name} ({tenant}, {all}) SELECT w.* FROM {gate}{rows} AS w
                     ON CONFLICT ({keys}) DO {otherwise}"
                ),
            );
        }
        if !remove.is_empty() {
            let rows = statement.rows(remove);
            statement.part(
                &format!("removed{number}"),
                &format!("DELETE FROM {name} AS r USING {gate}{rows} AS w ({keys}) WHERE {same}"),
            );
        }
    }
}
