//! The views of a context, with their projections.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use charter_avro::schema::Schema;
use charter_domain::{Contract, Message as _, Projection, View};
use sha2::{Digest as _, Sha256};

use super::fold::{Folds, InTable, Projected};
use crate::pace::Pace;
use crate::service::ServiceError;
use crate::store::{Release, ViewSet};

/// The most that a partition's step waits for those of others.
const PACE: Duration = Duration::from_millis(30);

/// The projections of a context, which move together.
pub(crate) struct Views<C: Contract> {
    pub(super) projections: Vec<Arc<dyn Folds<C>>>,
    set: ViewSet,
    /// The build that these are of where they are made beside the one that is read.
    beside: Option<u32>,
    /// Of the steps of all partitions: they begin together, so that they share statements.
    pub(super) pace: Pace,
}

impl<C: Contract> Views<C> {
    pub(crate) fn new() -> Self {
        let set = ViewSet {
            context: C::NAME.to_owned(),
            fingerprint: String::new(),
            release: Release { contract: C::VERSION, projections: 1 },
            tables: Vec::new(),
        };
        Self { projections: Vec::new(), set, beside: None, pace: Pace::new(PACE) }.fingerprinted()
    }

    /// The same views and `V`, folded by `P`.
    pub(crate) fn with<V: View, P: Projection<V, Contract = C>>(mut self) -> Self {
        self.projections.push(Arc::new(Projected::<V, P>::new()));
        self.set.tables.push(V::TABLE);
        self.fingerprinted()
    }

    pub(crate) fn versioned(mut self, version: u32) -> Self {
        self.set.release.projections = version;
        self.fingerprinted()
    }

    /// The same views as the build that is read.
    pub(super) fn read(&self, number: u32) -> Self {
        let (projections, set) = (self.projections.clone(), self.set.read(number));
        Self { projections, set, beside: None, pace: Pace::new(PACE) }
    }

    /// The same views as a build beside the one that is read.
    pub(super) fn beside(&self, number: u32) -> Self {
        let set = self.set.beside(number);
        let renamed = self.projections.iter().zip(&set.tables).map(|(projection, table)| {
            let renamed: Arc<dyn Folds<C>> = Arc::new(InTable(projection.clone(), table));
            renamed
        });
        Self { projections: renamed.collect(), set, beside: Some(number), pace: Pace::new(PACE) }
    }

    /// The build that these are where they aren't read.
    pub(super) fn aside(&self) -> Option<u32> {
        self.beside
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
        let mut parts = vec![self.set.release.projections.to_string()];
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
