//! Which builds of a context's views this process makes: the one that is read where it is of this version, and a
//! newer one of this version beside it. It looks again and again, since operators ask for builds and exchange them, and
//! other processes do so with their releases.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use charter_domain::{Contract, Decider};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::follow;
use super::views::Views;
use crate::service::{Backoff, Ended, Health, Ports, ServiceError, Work, group_part, share};
use crate::store::{Release, Store, StoreError, ViewBuild};

/// How often it is looked which builds there are: an operator waits for it, and it is one small statement.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a start looks again where another process was quicker.
const LOOKS: u32 = 5;

/// A build that this process makes: its number, and whether it is the one that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Made {
    number: u32,
    is_read: bool,
}

/// Makes sure that there is a build of this version: of a context without views the one that is read, else one beside
/// that, unless a newer release has made that one.
pub(crate) async fn begin<C: Contract>(
    store: &dyn Store,
    views: &Views<C>,
) -> Result<(), StoreError> {
    let mut looks = 0;
    loop {
        let builds = store.view_builds(C::NAME).await?;
        let begun = begin_among(store, views, &builds).await;
        looks += 1;
        match begun {
            // Exchanged meanwhile.
            Err(StoreError::ViewDiffers { .. }) if looks < LOOKS => {}
            begun => return begun,
        }
    }
}

async fn begin_among<C: Contract>(
    store: &dyn Store,
    views: &Views<C>,
    builds: &[ViewBuild],
) -> Result<(), StoreError> {
    let (context, set) = (C::NAME, views.set());
    let number = builds.iter().map(|build| build.number).max().unwrap_or(0) + 1;
    let Some(read) = builds.iter().find(|build| build.is_read) else {
        return store.prepare_views(&set.read(number)).await;
    };
    let own = |build: &&ViewBuild| build.version.as_ref() == Some(&set.fingerprint);
    if own(&read) {
        return store.prepare_views(&set.read(read.number)).await;
    }
    // What was read before one of the same release was made again after it: who starts last is followed.
    let is_older = set.release < read.release;
    if let Some(build) = builds.iter().rfind(own)
        && (is_older || build.number > read.number)
    {
        return store.prepare_views(&set.beside(build.number)).await;
    }
    if is_older {
        let (found, expected) = (read.release, set.release);
        warn!(
            context,
            ?found,
            ?expected,
            "the views that are read are a newer release's: this process leaves them alone"
        );
        return Ok(());
    }
    info!(context, build = number, "views of another version are made beside those that are read");
    store.prepare_views(&set.beside(number)).await
}

/// What the views' first look is called in the service's health. Begun by the caller.
pub(crate) fn part(context: &str) -> String {
    format!("views of {context}")
}

/// Makes builds of the views until `stop`.
pub(crate) async fn run<D: Decider>(
    ports: Arc<Ports<D>>,
    views: Arc<Views<D::Contract>>,
    health: Health,
    stop: &CancellationToken,
) -> Result<(), ServiceError> {
    let mut making = Making {
        backoff: Backoff::new(&ports.runtime.settings),
        ports,
        views,
        health,
        shares: JoinSet::new(),
        stops: HashMap::new(),
    };
    let ended = making.follow(stop).await;
    for stop in making.stops.values() {
        stop.cancel();
    }
    while making.shares.join_next().await.is_some() {}
    making.health.end(&part(D::Contract::NAME));
    ended
}

struct Making<D: Decider> {
    ports: Arc<Ports<D>>,
    views: Arc<Views<D::Contract>>,
    health: Health,
    shares: JoinSet<(Made, Result<(), ServiceError>)>,
    stops: HashMap<Made, CancellationToken>,
    backoff: Backoff,
}

impl<D: Decider> Making<D> {
    async fn follow(&mut self, stop: &CancellationToken) -> Result<(), ServiceError> {
        let context = D::Contract::NAME;
        while !stop.is_cancelled() {
            match timeout(PATIENCE, self.look(stop)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(context, %error, "builds of views can't be looked at"),
                Err(_) => debug!(context, "builds of views can't be looked at in time"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => self.backoff.reset(),
                Some(ended) = self.shares.join_next() => {
                    // A task that panics has told so, and its build is made again by the next look.
                    if let Ok((made, result)) = ended {
                        self.stops.remove(&made);
                        match result {
                            Err(ServiceError::Store(error @ StoreError::ViewDiffers { .. })) => {
                                info!(context, build = made.number, %error, "views were exchanged");
                                self.backoff.wait(stop).await;
                            }
                            result => result?,
                        }
                    } else {
                        self.stops.clear();
                        self.shares.shutdown().await;
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins and ends what there is to be made, and lets a release's build be read when it is there.
    async fn look(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let (context, store) = (D::Contract::NAME, self.ports.runtime.store.clone());
        let views = self.views.clone();
        let set = views.set();
        let mut builds = store.view_builds(context).await?;
        let asked: Vec<_> = builds.iter().filter(|build| build.version.is_none()).collect();
        if !asked.is_empty() {
            for build in asked {
                store.prepare_views(&set.beside(build.number)).await?;
            }
            builds = store.view_builds(context).await?;
        }
        let ready = to_be_read(&builds, &set.fingerprint, set.release);
        if let Some(number) = ready.filter(|build| !build.is_building).map(|build| build.number) {
            match store.switch_views(context, number).await {
                Ok(()) => {
                    info!(context, build = number, "the views are read from the new build now");
                    builds = store.view_builds(context).await?;
                }
                // Looked at again.
                Err(StoreError::BuildBehind { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let wanted = to_be_made(&builds, &set.fingerprint);
        for (made, token) in &self.stops {
            if !wanted.contains(made) {
                token.cancel();
            }
        }
        for made in &wanted {
            self.start(*made, stop);
        }
        // A new release is ready when its views are read; another one has nothing to wait for.
        if to_be_read(&builds, &set.fingerprint, set.release).is_none() {
            self.health.ready(&part(context));
        }
        Ok(())
    }

    fn start(&mut self, made: Made, stop: &CancellationToken) {
        if self.stops.contains_key(&made) {
            return;
        }
        let context = D::Contract::NAME;
        let (views, group) = if made.is_read {
            (self.views.read(made.number), format!("{context}.views"))
        } else {
            (self.views.beside(made.number), format!("{context}.views.{}", made.number))
        };
        let views = Arc::new(views);
        let (ports, health, token) = (self.ports.clone(), self.health.clone(), stop.child_token());
        self.stops.insert(made, token.clone());
        if made.is_read {
            health.begin(&group_part(&group));
        }
        self.shares.spawn(async move {
            let (runtime, topic) = (ports.runtime.clone(), D::Contract::events_topic());
            let of = health.clone();
            let work: Arc<Work> =
                Arc::new(move |partition, stop| -> Pin<Box<dyn Future<Output = Ended> + Send>> {
                    if made.is_read {
                        of.begin(&follow::part(&views, partition));
                    }
                    let (ports, views) = (ports.clone(), views.clone());
                    Box::pin(follow::run(ports, views, partition, of.clone(), stop))
                });
            (made, share(&runtime, &group, &topic, &health, &token, work).await)
        });
    }
}

/// The builds that a process with this version makes: the one that is read where it is its own, and the newest of its
/// own beside it. One that was read before, of the same version, stands still.
fn to_be_made(builds: &[ViewBuild], version: &str) -> Vec<Made> {
    let own = |build: &&ViewBuild| build.version.as_deref() == Some(version);
    let read = builds.iter().find(|build| build.is_read).filter(own);
    let newest = builds.iter().filter(own).max_by_key(|build| build.number);
    let beside = newest.filter(|newest| read.is_none_or(|read| newest.number > read.number));
    let made = |build: &ViewBuild| Made { number: build.number, is_read: build.is_read };
    read.into_iter().chain(beside).map(made).collect()
}

/// The build that a release has begun and that is to take the place of an older one. One that was read already is not: an
/// operator has gone back.
fn to_be_read<'a>(
    builds: &'a [ViewBuild],
    version: &str,
    release: Release,
) -> Option<&'a ViewBuild> {
    let read = builds.iter().find(|build| build.is_read)?;
    let newest = builds
        .iter()
        .rfind(|build| build.version.as_deref() == Some(version) && build.number > read.number)?;
    let is_new = newest.asked_by.is_none() && newest.read_since.is_none();
    (is_new && release >= read.release).then_some(newest)
}

#[cfg(test)]
mod tests {
    use charter_domain::Timestamp;

    use super::*;

    fn build(number: u32, version: &str, read: u32) -> ViewBuild {
        ViewBuild {
            context: "tally".to_owned(),
            number,
            is_read: number == read,
            version: Some(version.to_owned()),
            release: Release::default(),
            begun: None,
            read_since: None,
            asked_by: None,
            reason: String::new(),
            is_building: false,
        }
    }

    fn made(builds: &[ViewBuild], version: &str) -> Vec<(u32, bool)> {
        to_be_made(builds, version).iter().map(|made| (made.number, made.is_read)).collect()
    }

    #[test]
    fn each_release_makes_its_own_build() {
        let builds = [build(1, "old", 1), build(2, "new", 1)];
        assert_eq!(made(&builds, "old"), [(1, true)]);
        assert_eq!(made(&builds, "new"), [(2, false)]);
        assert_eq!(made(&builds, "older"), []);
        // The old release's goes on beside the new one, for as long as it runs.
        let builds = [build(1, "old", 2), build(2, "new", 2)];
        assert_eq!(made(&builds, "old"), [(1, false)]);
        assert_eq!(made(&builds, "new"), [(2, true)]);
    }

    #[test]
    fn the_same_version_is_made_twice_until_one_is_read() {
        let builds = [build(1, "f", 1), build(2, "f", 1), build(3, "f", 1)];
        assert_eq!(made(&builds, "f"), [(1, true), (3, false)]);
        let builds = [build(1, "f", 3), build(2, "f", 3), build(3, "f", 3)];
        assert_eq!(made(&builds, "f"), [(3, true)]);
    }

    #[test]
    fn a_release_goes_forward_by_itself_and_back_only_when_asked() {
        let ready = |builds: &[ViewBuild], version, release| {
            to_be_read(builds, version, release).map(|build| build.number)
        };
        let newer = Release { contract: 2, projections: 1 };
        let forward = [build(1, "old", 1), build(2, "new", 1)];
        assert_eq!(ready(&forward, "new", newer), Some(2));
        assert_eq!(ready(&forward, "old", newer), None);
        let back = [build(1, "old", 2), build(2, "new", 2)];
        assert_eq!(ready(&back, "old", newer), None);
        let mut older = [build(1, "new", 1), build(2, "old", 1)];
        older[0].release = newer;
        assert_eq!(ready(&older, "old", Release::default()), None);
        let mut gone_back = forward.clone();
        gone_back[1].read_since = Some(Timestamp::from_micros(1));
        assert_eq!(ready(&gone_back, "new", newer), None);
        let mut asked = forward;
        asked[1].asked_by = Some("an operator".to_owned());
        assert_eq!(ready(&asked, "new", newer), None);
    }
}
