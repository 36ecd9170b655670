//! The views of a context, with their projections.

use std::fmt::Write as _;
use std::time::Duration;

use charter_avro::schema::Schema;
use charter_domain::{Contract, Message as _, Projection, View};
use sha2::{Digest as _, Sha256};

use super::fold::{Folds, Projected};
use crate::pace::Pace;
use crate::service::ServiceError;
use crate::store::ViewSet;

/// The most that a partition's step waits for those of others.
const PACE: Duration = Duration::from_millis(30);

/// The projections of a context, which move together.
pub(crate) struct Views<C: Contract> {
    pub(super) projections: Vec<Box<dyn Folds<C>>>,
    version: u32,
    set: ViewSet,
    /// Of the steps of all partitions: they begin together, so that they share statements.
    pub(super) pace: Pace,
}

impl<C: Contract> Views<C> {
    pub(crate) fn new() -> Self {
        let set =
            ViewSet { context: C::NAME.to_owned(), fingerprint: String::new(), tables: Vec::new() };
        let pace = Pace::new(PACE);
        Self { projections: Vec::new(), version: 1, set, pace }.fingerprinted()
    }

    /// The same views and `V`, folded by `P`.
    pub(crate) fn with<V: View, P: Projection<V, Contract = C>>(mut self) -> Self {
        self.projections.push(Box::new(Projected::<V, P>::new()));
        self.set.tables.push(V::TABLE);
        self.fingerprinted()
    }

    pub(crate) fn versioned(mut self, version: u32) -> Self {
        self.version = version;
        self.fingerprinted()
    }

    pub(crate) fn set(&self) -> &ViewSet {
        &self.set
    }

    /// Makes sure that every view of the contract has one projection.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        for table in C::TABLES {
            match self.set.tables.iter().filter(|projected| projected.name == table.name).count() {
                0 => return Err(ServiceError::ViewWithoutProjection { view: table.view }),
                1 => {}
                _ => return Err(ServiceError::ViewProjectedTwice { view: table.view }),
            }
        }
        Ok(())
    }

    /// The version of the whole follows from the tables' shapes, the schemas of what is folded, and the
    /// number that the author raises.
    fn fingerprinted(mut self) -> Self {
        let mut parts = vec![self.version.to_string()];
        let tables = self.set.tables.iter();
        parts.extend(tables.map(|table| format!("{} {}", table.name, table.fingerprint)));
        for known in C::Event::TYPES {
            // Docs and examples may change without a rebuild.
            let schema = Schema::parse(known.envelope_schema).map_or_else(
                |_| known.envelope_schema.to_owned(),
                |schema| schema.canonical_form(),
            );
            parts.push(format!("{} {schema}", known.wire_type));
        }
        parts.sort_unstable();
        let digest = Sha256::digest(parts.join("\n").as_bytes());
        // 128 bits are enough to tell versions apart, and short enough for a message.
        let (half, _) = digest.split_at(16);
        self.set.fingerprint = half.iter().fold(String::with_capacity(32), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes all");
            text
        });
        self
    }
}
