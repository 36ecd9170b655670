//! Builds of a context's views: the one that is read, and those that are made beside it.
//!
//! All that belongs to a build (its tables, how far it is, what it has set aside) stands under its name: the context's
//! own for the build that is read, another one for the rest. A switch gives names in exchange, so that neither
//! reads nor steps have to know of builds, and a step that was begun before finds itself fenced: its version is no
//! longer what stands under that name.

use charter_domain::{Table, Timestamp};

use super::names::{beside, beside_table};
use super::{StoreError, ViewSet};

/// The most events of a partition that a build may lack to be read: a moment's.
pub const SWITCH_LAG: i64 = 1_000;

/// What between a version and its build stands.
const NUMBERED: char = '/';

/// Whose views they are. Of two, the greater is the newer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The contract's version.
    pub contract: u32,
    /// The version of the projections that the author raises.
    pub projections: u32,
}

/// A build of a context's views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewBuild {
    /// The context.
    pub context: String,
    /// Its number, from 1; a later one has a higher number.
    pub number: u32,
    /// Whether it is the one that is read.
    pub is_read: bool,
    /// The version of the views, without the build's number; `None` where nobody has begun it yet.
    pub version: Option<String>,
    /// Who begun it.
    pub release: Release,
    /// When it was begun, or asked for, UTC; `None` of one that is older than this was kept.
    pub begun: Option<Timestamp>,
    /// When a switch let it be read first, UTC.
    pub read_since: Option<Timestamp>,
    /// The operator who asked for it; `None` where a release did.
    pub asked_by: Option<String>,
    /// Why, in the operator's words.
    pub reason: String,
    /// Whether it has not come to where the store was when it was begun.
    pub is_building: bool,
}

/// What a row of `view_sets` holds.
pub(super) struct BuildRow {
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) release: Release,
    pub(super) begun: Option<Timestamp>,
    pub(super) read_since: Option<Timestamp>,
    pub(super) asked_by: Option<String>,
    pub(super) reason: String,
    pub(super) is_building: bool,
}

impl ViewBuild {
    pub(super) fn of(row: BuildRow) -> Self {
        let (context, alias) = match row.name.split_once('#') {
            Some((context, number)) => (context, number.parse().ok()),
            None => (row.name.as_str(), None),
        };
        let (version, number) = split(&row.fingerprint);
        Self {
            context: context.to_owned(),
            number: alias.unwrap_or(number),
            is_read: !row.name.contains('#'),
            version: (!version.is_empty()).then(|| version.to_owned()),
            release: row.release,
            begun: row.begun,
            read_since: row.read_since,
            asked_by: row.asked_by,
            reason: row.reason,
            is_building: row.is_building,
        }
    }

    /// What its positions, and what it has set aside, stand under.
    #[must_use]
    pub fn name(&self) -> String {
        if self.is_read { self.context.clone() } else { beside(&self.context, self.number) }
    }
}

impl ViewSet {
    /// The same views as the build `number` that is read.
    #[must_use]
    pub fn read(&self, number: u32) -> Self {
        Self { fingerprint: numbered(&self.fingerprint, number), ..self.clone() }
    }

    /// The same views as the build `number` beside the one that is read, in tables of its own.
    ///
    /// Tables are known for as long as a process runs, so those of a build are never given back: some hundred bytes
    /// for each build that a process takes part in.
    #[must_use]
    pub fn beside(&self, number: u32) -> Self {
        let table = |table: &&'static Table| {
            let name: &'static str = Box::leak(beside_table(table.name, number).into_boxed_str());
            &*Box::leak(Box::new(Table {
                name,
                view: table.view,
                columns: table.columns,
                key: table.key,
                indexes: table.indexes,
                fingerprint: table.fingerprint,
            }))
        };
        Self {
            context: beside(&self.context, number),
            fingerprint: numbered(&self.fingerprint, number),
            release: self.release,
            tables: self.tables.iter().map(table).collect(),
        }
    }

    /// The number of the build that these are.
    pub(super) fn number(&self) -> u32 {
        split(&self.fingerprint).1
    }
}

/// The version and the number of a build's fingerprint. The first build's has none.
fn split(fingerprint: &str) -> (&str, u32) {
    fingerprint
        .rsplit_once(NUMBERED)
        .and_then(|(version, number)| Some((version, number.parse().ok()?)))
        .unwrap_or((fingerprint, 1))
}

fn numbered(version: &str, number: u32) -> String {
    if number == 1 { version.to_owned() } else { format!("{version}{NUMBERED}{number}") }
}

/// The build that is read and the one of this number beside it.
pub(super) fn exchanged(
    builds: &[ViewBuild],
    context: &str,
    number: u32,
) -> Result<(ViewBuild, ViewBuild), StoreError> {
    let chosen = not_read(builds, context, number)?;
    let none = || StoreError::NoBuild { context: context.to_owned(), number };
    let read = builds.iter().find(|build| build.is_read).ok_or_else(none)?;
    // Nobody has begun it.
    chosen.version.as_ref().ok_or_else(none)?;
    Ok((read.clone(), chosen))
}

/// The build of this number, which is not read.
pub(super) fn not_read(
    builds: &[ViewBuild],
    context: &str,
    number: u32,
) -> Result<ViewBuild, StoreError> {
    let context = context.to_owned();
    match builds.iter().find(|build| build.number == number) {
        None => Err(StoreError::NoBuild { context, number }),
        Some(build) if build.is_read => Err(StoreError::BuildIsRead { context, number }),
        Some(build) => Ok(build.clone()),
    }
}

/// Refuses a build that lacks too many of the history's events. Positions and ends by partition.
pub(super) fn near(
    build: &ViewBuild,
    positions: &[(u32, i64)],
    ends: &[(u32, i64)],
) -> Result<(), StoreError> {
    let lag = |(partition, end): &(u32, i64)| end - at(positions, *partition);
    match ends.iter().max_by_key(|end| lag(end)) {
        Some(last) if lag(last) > SWITCH_LAG => Err(StoreError::BuildBehind {
            context: build.context.clone(),
            number: build.number,
            partition: last.0,
            position: at(positions, last.0),
            end: last.1,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Where reads go on being refused until the build is there: what they have shown and it lacks.
pub(super) fn shown_and_lacked(shown: &[(u32, i64)], positions: &[(u32, i64)]) -> Vec<(u32, i64)> {
    let lacks = |(partition, position): &&(u32, i64)| *position > at(positions, *partition);
    shown.iter().filter(lacks).copied().collect()
}

fn at(positions: &[(u32, i64)], partition: u32) -> i64 {
    positions.iter().find(|(of, _)| *of == partition).map_or(-1, |(_, position)| *position)
}

/// The names of tables before and after a switch: what is read goes aside first.
pub(super) fn renamed(read: (u32, &[String]), chosen: (u32, &[String])) -> Vec<(String, String)> {
    let aside = read.1.iter().map(|name| (name.clone(), beside_table(name, read.0)));
    let suffix = beside_table("", chosen.0);
    let back = chosen
        .1
        .iter()
        .map(|name| (name.clone(), name.strip_suffix(&suffix).unwrap_or(name).to_owned()));
    aside.chain(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(number: u32) -> ViewBuild {
        ViewBuild::of(BuildRow {
            name: beside("seat", number),
            fingerprint: numbered("f", number),
            release: Release::default(),
            begun: None,
            read_since: None,
            asked_by: None,
            reason: String::new(),
            is_building: false,
        })
    }

    #[test]
    fn a_build_is_near_where_no_partition_lacks_more_than_a_moments_events() {
        let ends = [(0, 1_000), (1, 5_000)];
        assert!(near(&build(2), &[(0, 0), (1, 4_000)], &ends).is_ok());
        let far = near(&build(2), &[(1, 3_999)], &ends).expect_err("both lack 1,001");
        assert!(
            matches!(far, StoreError::BuildBehind { end, position, .. } if end - position == 1_001)
        );
        assert!(near(&build(2), &[], &[]).is_ok());
    }

    #[test]
    fn names_are_given_in_exchange() {
        let (one, two) = (["a".to_owned()], ["a__b2".to_owned(), "b__b2".to_owned()]);
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            renamed((1, &one), (2, &two)),
            [pair("a", "a__b1"), pair("a__b2", "a"), pair("b__b2", "b")]
        );
        assert_eq!(build(2).version.as_deref(), Some("f"));
        assert_eq!(shown_and_lacked(&[(0, 4), (1, 2)], &[(0, 3), (1, 2)]), [(0, 4)]);
    }
}
