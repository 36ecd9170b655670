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

/// What the build `number` of a context's views stands under while it isn't read. No context's name has a `#`.
pub(super) fn beside(context: &str, number: u32) -> String {
    format!("{context}#{number}")
}

/// The context of what stands under this name, read or not.
pub(super) fn context_of(name: &str) -> &str {
    name.split_once('#').map_or(name, |(context, _)| context)
}

/// Whether this is the name of a build that isn't read.
pub(super) fn is_beside_name(name: &str) -> bool {
    name.contains('#')
}

/// What the build `number` calls a table while it isn't read.
pub(super) fn beside_table(name: &str, number: u32) -> String {
    format!("{name}__b{number}")
}

/// What the names of a table's indexes begin with. They keep their names where the table gets another one, so
/// they name the build.
pub(super) fn index_base(table: &Table, number: u32) -> String {
    if number == 1 || table.name.ends_with(&format!("__b{number}")) {
        table.name.to_owned()
    } else {
        beside_table(table.name, number)
    }
}

/// The table of staged rows.
pub(super) fn twin(table: &Table) -> String {
    twin_of(table.name)
}

/// As [`twin`], of the table of this name.
pub(super) fn twin_of(name: &str) -> String {
    quoted(&format!("{name}__staged"))
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
