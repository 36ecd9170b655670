//! The builds of views: how far they are, which one is read, and what operators do with them.

use std::collections::HashMap;

use charter_domain::Timestamp;
use serde::Serialize;
use tracing::info;

use super::{OperateError, Operator};
use crate::store::ViewBuild;

/// Rows of a table are counted up to here: a look must not take a large table's time.
const COUNTED: u32 = 1_000_000;

/// A build of a context's views.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectionBuild {
    /// The context.
    pub context: String,
    /// Its number; a later one has a higher number.
    pub number: u32,
    /// `READ`; or beside that `ASKED` (nobody has begun it yet), `BUILDING` (not where the store was when it was
    /// begun), or `BUILT`.
    pub state: &'static str,
    /// The version of the views: the tables, the events that are folded, and the author's number.
    pub version: Option<String>,
    /// The version of the contract of who began it.
    pub contract_version: u32,
    /// The author's version of the projections.
    pub projection_version: u32,
    /// When it was begun or asked for, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// The operator who asked for it; none where a release did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Why.
    pub reason: String,
    /// Rows in its tables, of each up to a million.
    pub rows: u64,
    /// Aggregates that it has set aside.
    pub parked: u64,
    /// Events of the store that it lacks.
    pub lag: u64,
    /// Its partitions, those that have events.
    pub partitions: Vec<BuiltPartition>,
}

/// How far a build is in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuiltPartition {
    /// Its number.
    pub partition: u32,
    /// The last position that the build holds, -1 for none.
    pub position: i64,
    /// The last position of the store.
    pub end: i64,
    /// Events in between.
    pub lag: u64,
}

impl Operator {
    /// The builds of one context's views, or of all contexts', by number.
    ///
    /// # Errors
    /// [`OperateError`].
    pub async fn projections(
        &self,
        context: Option<&str>,
    ) -> Result<Vec<ProjectionBuild>, OperateError> {
        let mut all = Vec::new();
        for context in self.contexts(context).await? {
            for build in self.store.view_builds(&context).await? {
                all.push(self.build(build).await?);
            }
        }
        Ok(all)
    }

    /// Asks for the views of a context to be built again beside those that are read: whoever projects them begins
    /// within a second or so.
    ///
    /// # Errors
    /// [`OperateError::BuildThere`] where one is beside them that is newer.
    pub async fn rebuild_projection(
        &self,
        context: &str,
        actor: &str,
        reason: &str,
    ) -> Result<ProjectionBuild, OperateError> {
        let builds = self.builds(context).await?;
        if let Some(newer) = newer(&builds) {
            let (context, number) = (context.to_owned(), newer.number);
            return Err(OperateError::BuildThere { context, number });
        }
        let number = builds.iter().map(|build| build.number).max().unwrap_or(0) + 1;
        // No text of a store holds it.
        let (actor, reason) = (actor.replace('\0', "\u{fffd}"), reason.replace('\0', "\u{fffd}"));
        self.store.want_build(context, number, &actor, &reason).await?;
        info!(
            context,
            build = number,
            actor,
            reason,
            "an operator asks for the views to be built again"
        );
        self.build_shown(context, number).await
    }

    /// Lets a build be read, without a number the newest one that is beside.
    ///
    /// # Errors
    /// [`OperateError::NoBuildBeside`]; [`StoreError::BuildBehind`](crate::store::StoreError::BuildBehind) where it is
    /// not there yet.
    pub async fn switch_projection(
        &self,
        context: &str,
        number: Option<u32>,
        actor: &str,
    ) -> Result<ProjectionBuild, OperateError> {
        let builds = self.builds(context).await?;
        let number = number.or_else(|| newer(&builds).map(|build| build.number));
        let number = number.ok_or_else(|| OperateError::NoBuildBeside(context.to_owned()))?;
        self.store.switch_views(context, number).await?;
        info!(context, build = number, actor, "an operator lets this build of the views be read");
        self.build_shown(context, number).await
    }

    /// Drops a build that isn't read; gives what it was.
    ///
    /// # Errors
    /// [`StoreError::NoBuild`](crate::store::StoreError::NoBuild),
    /// [`StoreError::BuildIsRead`](crate::store::StoreError::BuildIsRead).
    pub async fn drop_projection(
        &self,
        context: &str,
        number: u32,
        actor: &str,
    ) -> Result<ProjectionBuild, OperateError> {
        let shown = self.build_shown(context, number).await?;
        self.store.drop_build(context, number).await?;
        info!(context, build = number, actor, "an operator drops this build of the views");
        Ok(shown)
    }

    async fn builds(&self, context: &str) -> Result<Vec<ViewBuild>, OperateError> {
        self.contexts(Some(context)).await?;
        Ok(self.store.view_builds(context).await?)
    }

    async fn build_shown(
        &self,
        context: &str,
        number: u32,
    ) -> Result<ProjectionBuild, OperateError> {
        let builds = self.builds(context).await?;
        let context = context.to_owned();
        let none = crate::store::StoreError::NoBuild { context, number };
        let build = builds.into_iter().find(|build| build.number == number).ok_or(none)?;
        self.build(build).await
    }

    async fn build(&self, build: ViewBuild) -> Result<ProjectionBuild, OperateError> {
        let (store, name) = (&self.store, build.name());
        let held: HashMap<_, _> = store.view_positions(&name).await?.into_iter().collect();
        let standings = store.standings(&build.context).await?;
        let partitions: Vec<_> = standings
            .iter()
            .map(|standing| {
                let end = standing.checkpoint.next_position - 1;
                let position = held.get(&standing.partition).copied().unwrap_or(-1);
                let lag = u64::try_from(end - position).unwrap_or_default();
                BuiltPartition { partition: standing.partition, position, end, lag }
            })
            .filter(|partition| partition.end >= 0)
            .collect();
        let state = match (build.is_read, &build.version, build.is_building) {
            (true, ..) => "READ",
            (false, None, _) => "ASKED",
            (false, Some(_), true) => "BUILDING",
            (false, Some(_), false) => "BUILT",
        };
        Ok(ProjectionBuild {
            number: build.number,
            state,
            version: build.version,
            contract_version: build.release.contract,
            projection_version: build.release.projections,
            begun: build.begun,
            asked_by: build.asked_by,
            reason: build.reason,
            rows: store.view_rows(&name, COUNTED).await?,
            parked: store.parked_counts(&name).await?.iter().map(|(_, count)| count).sum(),
            lag: partitions.iter().map(|partition| partition.lag).sum(),
            partitions,
            context: build.context,
        })
    }
}

/// The newest build beside the one that is read, where it is newer than that.
fn newer(builds: &[ViewBuild]) -> Option<&ViewBuild> {
    let read = builds.iter().find(|build| build.is_read).map_or(0, |build| build.number);
    builds.iter().filter(|build| build.number > read).max_by_key(|build| build.number)
}
