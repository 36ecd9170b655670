//! One projection over a batch of events, its types hidden.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use charter_domain::{ColumnError, ColumnValue, Contract, Envelope, Projection, Table, View};

use crate::process::panic_message;
use crate::store::{RowChange, RowKey, limits};

/// A projection of the context `C`.
pub(super) trait Folds<C: Contract>: Send + Sync {
    /// The view's table.
    fn table(&self) -> &'static Table;

    /// Begins a batch.
    fn begin(&self) -> Box<dyn Rows<C>>;
}

/// The rows of one view that a batch of events touches. Events are known by the order they were touched
/// in, rows of an event by the order of the projection's keys.
pub(super) trait Rows<C: Contract>: Send {
    /// Takes note of the rows of the next event; gives their count.
    ///
    /// # Errors
    /// What the projection panicked with; the event then touches no row.
    fn touch(&mut self, event: &Envelope<C::Event>) -> Result<usize, String>;

    /// How many rows an event touches.
    fn count(&self, event: usize) -> usize;

    /// The rows that are not in memory, each once: of the given events the given rows.
    fn wanted(&self, events: Range<usize>, rows: Range<usize>) -> Vec<RowKey>;

    /// Takes the rows that were wanted.
    fn fill(&mut self, keys: Vec<RowKey>, rows: Vec<Option<Vec<ColumnValue>>>);

    /// Folds an event into the given rows of it, for now.
    ///
    /// # Errors
    /// What the projection panicked with, or what is wrong with a row.
    fn apply(
        &mut self,
        event: usize,
        envelope: &Envelope<C::Event>,
        rows: Range<usize>,
    ) -> Result<(), String>;

    /// Keeps or forgets what was folded since the last call.
    fn settle(&mut self, keep: bool);

    /// What became of the rows that changed.
    fn changes(&mut self) -> Vec<RowChange>;
}

/// The projection of `V` by `P`.
pub(super) struct Projected<V, P>(PhantomData<fn() -> (V, P)>);

impl<V, P> Projected<V, P> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Contract, V: View, P: Projection<V, Contract = C>> Folds<C> for Projected<V, P> {
    fn table(&self) -> &'static Table {
        V::TABLE
    }

    fn begin(&self) -> Box<dyn Rows<C>> {
        Box::new(Working::<V, P> {
            events: Vec::new(),
            rows: HashMap::new(),
            pending: Vec::new(),
            projection: PhantomData,
        })
    }
}

/// A projection into the table of another build.
pub(super) struct InTable<C: Contract>(pub(super) Arc<dyn Folds<C>>, pub(super) &'static Table);

impl<C: Contract> Folds<C> for InTable<C> {
    fn table(&self) -> &'static Table {
        self.1
    }

    fn begin(&self) -> Box<dyn Rows<C>> {
        self.0.begin()
    }
}

type Named<V> = (String, <V as View>::Key);

struct Working<V: View, P> {
    events: Vec<Vec<Named<V>>>,
    rows: HashMap<Named<V>, Slot<V>>,
    pending: Vec<(Named<V>, Option<V>)>,
    projection: PhantomData<fn() -> P>,
}

/// A row in memory.
struct Slot<V> {
    row: Result<Option<V>, ColumnError>,
    changed: bool,
}

impl<C: Contract, V: View, P: Projection<V, Contract = C>> Rows<C> for Working<V, P> {
    fn touch(&mut self, event: &Envelope<C::Event>) -> Result<usize, String> {
        let keys = catch_unwind(AssertUnwindSafe(|| P::keys(event)));
        let keys = keys.map_err(|panic| panic_message(&*panic));
        let tenant = &event.metadata.tenant_id;
        let named = |keys: Vec<V::Key>| keys.into_iter().map(|key| (tenant.clone(), key)).collect();
        let (rows, result) = match keys {
            Ok(keys) => (named(keys), Ok(())),
            Err(reason) => (Vec::new(), Err(reason)),
        };
        let count = rows.len();
        self.events.push(rows);
        result.map(|()| count)
    }

    fn count(&self, event: usize) -> usize {
        self.events.get(event).map_or(0, Vec::len)
    }

    fn wanted(&self, events: Range<usize>, rows: Range<usize>) -> Vec<RowKey> {
        let events = part(&self.events, events);
        let mut wanted: Vec<&Named<V>> =
            events.iter().flat_map(|keys| part(keys, rows.clone())).collect();
        wanted.retain(|name| !self.rows.contains_key(*name));
        // In the order of the keys, so that two writers lock rows in one order.
        wanted.sort_unstable();
        wanted.dedup();
        let key = |(tenant, key): &Named<V>| RowKey {
            tenant: tenant.clone(),
            values: V::key_values(key),
        };
        wanted.into_iter().map(key).collect()
    }

    fn fill(&mut self, keys: Vec<RowKey>, rows: Vec<Option<Vec<ColumnValue>>>) {
        // Only rows that are there have to be found again, by the key that they hold.
        for (key, values) in keys.into_iter().zip(rows) {
            let Some(values) = values else { continue };
            match V::from_values(values) {
                Ok(row) => {
                    self.rows.insert(
                        (key.tenant, row.key()),
                        Slot { row: Ok(Some(row)), changed: false },
                    );
                }
                Err(error) => self.spoil(&key, &error),
            }
        }
    }

    fn apply(
        &mut self,
        event: usize,
        envelope: &Envelope<C::Event>,
        rows: Range<usize>,
    ) -> Result<(), String> {
        let names = self.events.get(event).map_or(&[][..], |keys| part(keys, rows));
        for name in names {
            let before = match self.rows.get(name).map(|slot| &slot.row) {
                Some(Ok(row)) => row.clone(),
                Some(Err(error)) => return Err(error.to_string()),
                None => None,
            };
            let after = catch_unwind(AssertUnwindSafe(|| P::apply(&name.1, before, envelope)))
                .map_err(|panic| panic_message(&*panic))?;
            if let Some(row) = &after {
                check(name, row)?;
            }
            self.pending.push((name.clone(), after));
        }
        Ok(())
    }

    fn settle(&mut self, keep: bool) {
        for (name, row) in self.pending.drain(..) {
            if keep {
                self.rows.insert(name, Slot { row: Ok(row), changed: true });
            }
        }
    }

    fn changes(&mut self) -> Vec<RowChange> {
        let changed = self.rows.drain().filter(|(_, slot)| slot.changed);
        let mut changed: Vec<_> =
            changed.filter_map(|(name, slot)| Some((name, slot.row.ok()?))).collect();
        changed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        changed
            .into_iter()
            .map(|((tenant, key), row)| RowChange {
                key: RowKey { tenant, values: V::key_values(&key) },
                row: row.map(|row| row.to_values()),
            })
            .collect()
    }
}

impl<V: View, P> Working<V, P> {
    /// Remembers that the row under `key` can't be read.
    fn spoil(&mut self, key: &RowKey, error: &ColumnError) {
        let spoilt: Vec<_> = self
            .events
            .iter()
            .flatten()
            .filter(|(tenant, name)| *tenant == key.tenant && V::key_values(name) == key.values)
            .cloned()
            .collect();
        for name in spoilt {
            self.rows.insert(name, Slot { row: Err(error.clone()), changed: false });
        }
    }
}

/// What of `range` there is.
fn part<T>(all: &[T], range: Range<usize>) -> &[T] {
    let end = range.end.min(all.len());
    all.get(range.start..end).unwrap_or_default()
}

/// Refuses a row that would end up under another key, or that no store takes.
fn check<V: View>(name: &Named<V>, row: &V) -> Result<(), String> {
    let table = V::TABLE.name;
    if row.key() != name.1 {
        return Err(format!(
            "a row of `{table}` should have key `{:?}`, found `{:?}`",
            name.1,
            row.key()
        ));
    }
    let values = row.to_values();
    if let Some(reason) = limits::refused(V::TABLE, &name.0, &values) {
        return Err(reason);
    }
    for (column, value) in V::TABLE.columns.iter().zip(values) {
        if let ColumnValue::Text(text) | ColumnValue::Json(text) = &value
            && text.contains('\0')
        {
            return Err(format!("`{table}`.`{}` holds U+0000", column.name));
        }
        // SQLite makes NULL of it.
        if matches!(value, ColumnValue::Real(number) if number.is_nan()) {
            return Err(format!("`{table}`.`{}` should be a number, found NaN", column.name));
        }
        if value == ColumnValue::Null && !column.nullable {
            return Err(format!("`{table}`.`{}` has no value", column.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use charter_domain::row::{Cell as _, Row};
    use charter_domain::{Column, ColumnType};

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Reading(f64);

    static READINGS: Table = Table {
        name: "readings",
        view: "lamp.Reading",
        columns: &[Column {
            name: "value",
            field: "value",
            kind: ColumnType::Real,
            nullable: true,
        }],
        key: &[],
        indexes: &[],
        fingerprint: "1",
    };

    impl View for Reading {
        type Key = ();
        const TABLE: &'static Table = &READINGS;

        fn key(&self) {}

        fn key_values((): &()) -> Vec<ColumnValue> {
            Vec::new()
        }

        fn to_values(&self) -> Vec<ColumnValue> {
            vec![self.0.to_cell()]
        }

        fn from_values(values: Vec<ColumnValue>) -> Result<Self, ColumnError> {
            Ok(Self(Row::of::<Self>(values).cell()?))
        }
    }

    #[test]
    fn a_row_without_a_number_is_refused() {
        let name = ("t".to_owned(), ());
        check(&name, &Reading(f64::INFINITY)).expect("a number");
        let reason = check(&name, &Reading(f64::NAN)).expect_err("none");
        assert_eq!(reason, "`readings`.`value` should be a number, found NaN");
    }
}
