//! The names of a view's tables and their columns, the same in every database.

use charter_domain::Table;

/// The tenant's column. Columns of contracts are fields' names in snake case, which have no `__`.
pub(super) const TENANT: &str = "charter__tenant";

/// A name in double quotes. Names come from contracts and hold no quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The table's columns, quoted and joined.
pub(super) fn columns(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|column| quoted(column.name)).collect();
    names.join(", ")
}

/// The tenant and the key's columns.
pub(super) fn key_columns(table: &Table) -> Vec<String> {
    std::iter::once(quoted(TENANT)).chain(table.key.iter().map(|name| quoted(name))).collect()
}

/// The table of staged rows.
pub(super) fn twin(table: &Table) -> String {
    quoted(&format!("{}__staged", table.name))
}
