//! The names of a view's tables and their columns, the same in every database.

use charter_domain::Table;

use super::SchemaHash;

/// The tenant's column. Columns of contracts are fields' names in snake case, which have no `__`.
pub(super) const TENANT: &str = "charter__tenant";

/// The longest name that PostgreSQL tells apart, in bytes.
const MOST: usize = 63;

/// A name in double quotes. Names come from contracts: they hold no quotes and are ASCII. Of one that is too long
/// a digest tells what is cut off.
pub(super) fn quoted(name: &str) -> String {
    if name.len() <= MOST {
        return format!("\"{name}\"");
    }
    let digest = SchemaHash::of(name).to_string();
    format!("\"{name:.46}_{digest:.16}\"")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        assert_eq!(quoted(&"n".repeat(63)), format!("\"{}\"", "n".repeat(63)));
        let (one, other) = (quoted(&"n".repeat(64)), quoted(&"n".repeat(65)));
        assert_eq!((one.len(), other.len()), (65, 65));
        assert_ne!(one, other);
    }
}
