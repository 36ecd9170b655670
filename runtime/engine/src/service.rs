//! A service: what decides a context's commands and projects its events, put together from hand-written
//! pure functions and run until it is told to stop.

mod error;
mod group;
mod requests;
mod start;
mod status;
mod watch;

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_domain::{CommandOf, Contract, Decider, EventOf, Projection, Reactor, View};
use contract_shared::{DeadLetter, Outcome};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::feed::EventFeed;
use crate::log::{DEFAULT_PARTITIONS, Log};
use crate::outcomes::{OUTCOMES_TOPIC, OutcomeHints, OutcomePublisher};
use crate::project::Views;
use crate::react::{Asked, Effect, Reacting, Reacts};
use crate::schemas::{MessageCodec, RecordCodec, SchemaCatalog};
use crate::store::{Messages, Store};
use crate::submit::CommandSender;
use crate::{process, project};

pub use error::ServiceError;
pub(crate) use group::{Ended, Work, part as group_part, share};
pub(crate) use requests::Requests;
pub(crate) use start::{check_claimed, topics};
pub use status::ServiceStatus;
pub(crate) use status::{Backoff, Health, until_overdue};
pub(crate) use watch::owned;

/// What services share: the log, the store, the registry's schemas and the settings.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The schemas of the wire.
    pub schemas: SchemaCatalog,
    /// The settings.
    pub settings: Settings,
    stop: CancellationToken,
    /// When log and store were last seen to be of one pair.
    pairing: Arc<tokio::sync::Mutex<Option<std::time::Instant>>>,
    /// Held by all who decide, and by nobody else while a command is decided alone: where the process ends
    /// then, nothing but that command was being tried.
    pub(crate) deciding: Arc<tokio::sync::RwLock<()>>,
    /// What all partitions' aggregates in memory may take.
    pub(crate) budget: Arc<process::Budget>,
}

impl Runtime {
    /// A runtime over these.
    pub fn new(
        log: Arc<dyn Log>,
        store: Arc<dyn Store>,
        schemas: SchemaCatalog,
        settings: Settings,
    ) -> Self {
        let stop = CancellationToken::new();
        let (pairing, deciding) = (Arc::default(), Arc::default());
        let budget = Arc::new(process::Budget::new(settings.cached_bytes));
        Self { log, store, schemas, settings, stop, pairing, deciding, budget }
    }

    /// The same runtime, whose [`Runtime::sender`] and [`Runtime::hints`] no longer wait once `stop` is
    /// cancelled: for a registry that doesn't answer they wait longer than an end may take.
    #[must_use]
    pub fn with_stop(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Makes sure that log and store belong together, and pairs them where both are new. Every service
    /// does so at its start; a process that appends before has to do so itself.
    ///
    /// # Errors
    /// [`ServiceError::OtherPair`], [`ServiceError::StoreUnpaired`], [`ServiceError::LogUnpaired`], or
    /// where log or store don't answer.
    pub async fn pair(&self) -> Result<(), ServiceError> {
        start::pair(self).await
    }

    /// What appends commands of `C`; `source` names the sender in their metadata. Makes the context's
    /// topics where they are missing.
    ///
    /// # Errors
    /// Where log, store or registry don't answer, or the registry's schemas are not this process's;
    /// [`ServiceError::Stopping`] where the stop comes first.
    pub async fn sender<C: Contract>(
        &self,
        source: &str,
    ) -> Result<CommandSender<C>, ServiceError> {
        unless_stopped(&self.stop, async {
            start::topics::<C>(self).await?;
            let codec = Arc::new(self.schemas.messages(&C::commands_topic()).await?);
            Ok(CommandSender::new(self.log.clone(), codec, source).await?)
        })
        .await
    }

    /// The events of `C`, to be followed. Makes the context's topics where they are missing.
    ///
    /// # Errors
    /// As [`Runtime::sender`].
    pub async fn events<C: Contract>(&self) -> Result<EventFeed<C>, ServiceError> {
        unless_stopped(&self.stop, async {
            let partitions = start::topics::<C>(self).await?;
            let codec = self.schemas.messages(&C::events_topic()).await?;
            Ok(EventFeed::new(self.log.clone(), self.store.clone(), codec, partitions))
        })
        .await
    }

    /// Hints of outcomes, on a reply partition that is this process's own. After the first
    /// [`Runtime::sender`], which makes the topic.
    ///
    /// # Errors
    /// As [`Runtime::sender`].
    pub async fn hints(
        &self,
        partition: u32,
        shutdown: &CancellationToken,
    ) -> Result<OutcomeHints, ServiceError> {
        let start = async {
            let codec = Arc::new(self.schemas.records::<Outcome>(OUTCOMES_TOPIC).await?);
            Ok(OutcomeHints::start(self.log.clone(), codec, partition, shutdown).await?)
        };
        unless_stopped(shutdown, unless_stopped(&self.stop, start)).await
    }

    /// Hints of outcomes, where other processes wait for theirs on the same topic: each is given a reply
    /// partition of its own, as far as they go round.
    ///
    /// # Errors
    /// As [`Runtime::sender`].
    pub async fn shared_hints(
        &self,
        shutdown: &CancellationToken,
    ) -> Result<OutcomeHints, ServiceError> {
        let start = async {
            let codec = Arc::new(self.schemas.records::<Outcome>(OUTCOMES_TOPIC).await?);
            Ok(OutcomeHints::share(self.log.clone(), codec, shutdown).await?)
        };
        unless_stopped(shutdown, unless_stopped(&self.stop, start)).await
    }
}

/// Does `work`, unless `stop` comes first.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, ServiceError> {
    tokio::select! {
        biased;
        done = work => done,
        () = stop.cancelled() => Err(ServiceError::Stopping),
    }
}

/// What of a service's work a process does, so that deciding and projecting can be given machines of
/// their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roles {
    /// It decides, projects and reacts.
    #[default]
    All,
    /// It decides commands; another process projects and reacts.
    Decide,
    /// It projects events, makes the views' tables, and reacts to events; another process decides.
    Project,
}

impl Roles {
    fn decides(self) -> bool {
        matches!(self, Self::All | Self::Decide)
    }

    fn projects(self) -> bool {
        matches!(self, Self::All | Self::Project)
    }
}

/// How services work. The defaults are for production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What of the work is done here.
    pub roles: Roles,
    /// The partitions of a new installation's topics, from 1; the store fixes the first one's.
    pub partitions: u32,
    /// The most commands decided in one transaction, from 1.
    pub batch_commands: usize,
    /// How long a batch waits for company under load.
    pub batch_wait: Duration,
    /// How long an idle partition waits for the log at a time.
    pub idle_wait: Duration,
    /// Aggregates kept in memory for each partition, from 1.
    pub cached_aggregates: usize,
    /// About the most bytes of events whose aggregates are kept in memory, of all partitions of the
    /// process together.
    pub cached_bytes: usize,
    /// The most bytes of an event's envelope; a command that leads to a larger one fails.
    pub max_event_bytes: usize,
    /// The most rows that one transaction of the views writes; an event with more is sliced.
    pub projected_rows: usize,
    /// How long outcomes, and the commands that led to them, are kept.
    pub outcome_retention: Duration,
    /// How long published events stay in the log; the store keeps them forever.
    pub event_retention: Option<Duration>,
    /// How often a partition looks for what is past its window.
    pub housekeeping: Duration,
    /// The pause before the first retry; it doubles from try to try.
    pub retry_first: Duration,
    /// The longest pause between tries.
    pub retry_most: Duration,
    /// How long, once told to stop, work in hand may go on, and what is committed may take to be
    /// published. What has not ended by then is taken up by the next owner. Less than the 10 s that a
    /// process has to stop.
    pub stop_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            roles: Roles::All,
            partitions: DEFAULT_PARTITIONS,
            batch_commands: 500,
            batch_wait: Duration::from_millis(5),
            idle_wait: Duration::from_secs(1),
            cached_aggregates: 1_000,
            cached_bytes: 256 << 20,
            max_event_bytes: 1 << 20,
            projected_rows: 5_000,
            outcome_retention: 7 * DAY,
            event_retention: Some(7 * DAY),
            housekeeping: Duration::from_mins(1),
            retry_first: Duration::from_millis(50),
            retry_most: Duration::from_secs(5),
            stop_patience: Duration::from_secs(6),
        }
    }
}

/// A service as the process that composes services sees it.
#[async_trait]
pub trait Service: Debug + Send + Sync + 'static {
    /// The name of the service's context.
    fn name(&self) -> &'static str;

    /// Works until `shutdown`, then finishes what is in hand. What fails for a while is tried again, and
    /// told by [`Service::status`].
    ///
    /// # Errors
    /// [`ServiceError`] where trying again can't help; all work has ended by then.
    async fn run(&self, runtime: Runtime, shutdown: CancellationToken) -> Result<(), ServiceError>;

    /// How the service fares.
    fn status(&self) -> ServiceStatus;
}

/// Decides the commands of a context, projects its events, and reacts to those of any.
pub struct ContextService<D: Decider> {
    views: Arc<Views<D::Contract>>,
    reactors: Vec<Arc<dyn Reacts>>,
    health: Health,
    decider: PhantomData<fn() -> D>,
}

impl<D: Decider> Debug for ContextService<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContextService")
            .field("context", &D::Contract::NAME)
            .finish_non_exhaustive()
    }
}

impl<D: Decider> Default for ContextService<D> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the tasks of a service share.
pub(crate) struct Ports<D: Decider> {
    pub(crate) runtime: Runtime,
    /// How many partitions each topic of the context has.
    pub(crate) partitions: u32,
    pub(crate) commands: MessageCodec<CommandOf<D>>,
    pub(crate) events: Arc<MessageCodec<EventOf<D>>>,
    pub(crate) dead_letters: RecordCodec<DeadLetter>,
    pub(crate) outcomes: Arc<OutcomePublisher>,
    /// What operators ask for.
    pub(crate) requests: Requests,
}

/// What a service starts with: its ports, and of each reactor its group, the topic it follows, its work, and what is
/// asked of it.
type Prepared<D> = (Ports<D>, Vec<(String, String, Arc<Work>, Asked)>);

impl<D: Decider> ContextService<D> {
    /// A service that decides.
    #[must_use]
    pub fn new() -> Self {
        Self {
            views: Arc::new(Views::new()),
            reactors: Vec::new(),
            health: Health::default(),
            decider: PhantomData,
        }
    }

    /// The same service, which also folds events into the view `V` by the projection `P`.
    #[must_use]
    pub fn project<V: View, P: Projection<V, Contract = D::Contract>>(mut self) -> Self {
        self.change_views(Views::with::<V, P>);
        self
    }

    /// The same service with another version of its projections, 1 without this call: to be raised when
    /// `apply` gives other rows than before for the same events, so that the views are built again.
    #[must_use]
    pub fn projection_version(mut self, version: u32) -> Self {
        self.change_views(|views| views.versioned(version));
        self
    }

    /// The same service, which also sends what the reactor `R` asks for on events of the context `C`.
    #[must_use]
    pub fn react<C: Contract, R: Reactor<C>>(mut self) -> Self {
        self.reactors.push(Arc::new(Reacting::<C, R::Commands>::reactor::<R>()));
        self
    }

    /// The same service, which also does what `effect` does outside on events of the context `C`.
    #[must_use]
    pub fn effect<C: Contract, E: Effect<C>>(mut self, effect: E) -> Self {
        self.reactors.push(Arc::new(Reacting::<C, E::Commands>::effect(effect)));
        self
    }

    fn change_views(&mut self, change: impl FnOnce(Views<D::Contract>) -> Views<D::Contract>) {
        let views = std::mem::replace(&mut self.views, Arc::new(Views::new()));
        // Before the service runs nobody else holds them.
        self.views = Arc::new(change(Arc::into_inner(views).unwrap_or_else(Views::new)));
    }

    /// All that must be there before the first partition is claimed.
    async fn prepare(&self, runtime: &Runtime) -> Result<Prepared<D>, ServiceError> {
        self.views.check()?;
        self.check_reactors()?;
        start::pair(runtime).await?;
        let partitions = start::topics::<D::Contract>(runtime).await?;
        let schemas = &runtime.schemas;
        let outcomes = Arc::new(schemas.records::<Outcome>(OUTCOMES_TOPIC).await?);
        let ports = Ports {
            commands: schemas.messages(&D::Contract::commands_topic()).await?,
            events: Arc::new(schemas.messages(&D::Contract::events_topic()).await?),
            dead_letters: schemas.records(&D::Contract::dead_letters_topic()).await?,
            outcomes: Arc::new(OutcomePublisher::new(runtime.log.clone(), outcomes)),
            requests: Requests::default(),
            runtime: runtime.clone(),
            partitions,
        };
        start::check(&ports, partitions).await?;
        let mut kept = Messages::<CommandOf<D>>::schemas();
        kept.extend(Messages::<EventOf<D>>::schemas());
        runtime.store.put_schemas(&kept).await?;
        if runtime.settings.roles.projects() {
            project::begin(&*runtime.store, &self.views).await?;
        }
        let mut reactors = Vec::new();
        if runtime.settings.roles.projects() {
            for reactor in &self.reactors {
                let (topic, work, asked) = reactor.prepare(runtime, &self.health).await?;
                reactors.push((reactor.group(), topic, work, asked));
            }
        }
        Ok((ports, reactors))
    }

    fn check_reactors(&self) -> Result<(), ServiceError> {
        for (number, reactor) in self.reactors.iter().enumerate() {
            if self.reactors.iter().take(number).any(|other| other.name() == reactor.name()) {
                return Err(ServiceError::ReactorTwice { name: reactor.name() });
            }
        }
        Ok(())
    }

    /// Prepares again and again while what fails may pass.
    async fn prepare_patiently(
        &self,
        runtime: &Runtime,
        stop: &CancellationToken,
    ) -> Result<Option<Prepared<D>>, ServiceError> {
        const PART: &str = "start";
        let mut backoff = Backoff::new(&runtime.settings);
        let mut told = String::new();
        self.health.begin(PART);
        while !stop.is_cancelled() {
            match unless_stopped(stop, self.prepare(runtime)).await {
                Ok(prepared) => {
                    self.health.ready(PART);
                    return Ok(Some(prepared));
                }
                Err(ServiceError::Stopping) => break,
                Err(error) => {
                    self.health.trouble(PART, &error);
                    if !error.is_transient() {
                        return Err(error);
                    }
                    let now = error.to_string();
                    if told != now {
                        warn!(context = D::Contract::NAME, %error, "starting is tried again");
                        told = now;
                    }
                    backoff.wait(stop).await;
                }
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl<D: Decider> Service for ContextService<D> {
    fn name(&self) -> &'static str {
        D::Contract::NAME
    }

    async fn run(&self, runtime: Runtime, shutdown: CancellationToken) -> Result<(), ServiceError> {
        let context = D::Contract::NAME;
        let prepared = self.prepare_patiently(&runtime, &shutdown).await?;
        let Some((ports, reactors)) = prepared else { return Ok(()) };
        let (partitions, requests) = (ports.partitions, ports.requests.clone());
        let ports = Arc::new(ports);
        // One half's end is the other's: a service that can't decide must not seem to work.
        let stop = shutdown.child_token();
        let _ends_with_this = stop.clone().drop_guard();
        let decide = {
            let (ports, health) = (ports.clone(), self.health.clone());
            Arc::new(
                move |partition, stop| -> std::pin::Pin<Box<dyn Future<Output = Ended> + Send>> {
                    health.begin(&process::part(context, partition));
                    Box::pin(process::run(ports.clone(), partition, health.clone(), stop))
                },
            )
        };
        let watching = watch::watch::<D::Contract>(&runtime, partitions, &stop);
        let asking = async {
            if runtime.settings.roles.projects() {
                requests.follow(context, None, &runtime, &stop).await;
            }
        };
        let commands = D::Contract::commands_topic();
        let roles = runtime.settings.roles;
        if roles.decides() {
            self.health.begin(&group::part(context));
        }
        if roles.projects() {
            self.health.begin(&project::part(context));
        }
        let deciding = async {
            if !roles.decides() {
                return Ok(());
            }
            let result =
                group::share(&runtime, context, &commands, &self.health, &stop, decide).await;
            stop.cancel();
            result
        };
        let projecting = async {
            if !roles.projects() {
                return Ok(());
            }
            let result = project::run(ports, self.views.clone(), self.health.clone(), &stop).await;
            stop.cancel();
            result
        };
        for (group, ..) in &reactors {
            self.health.begin(&group::part(group));
        }
        let reacting = reactors.into_iter().map(async |(group, topic, work, asked)| {
            let shared = async {
                let shared = group::share(&runtime, &group, &topic, &self.health, &stop, work);
                let result = shared.await;
                stop.cancel();
                result
            };
            tokio::join!(shared, asked.follow(&runtime, &stop)).0
        });
        self.health.started();
        info!(context, "started");
        let (decided, projected, reacted, ..) =
            tokio::join!(deciding, projecting, join_all(reacting), watching, asking);
        info!(context, "stopped");
        let reacted = reacted.into_iter().collect::<Result<(), _>>();
        decided.and(projected).and(reacted)
    }

    fn status(&self) -> ServiceStatus {
        self.health.status()
    }
}
