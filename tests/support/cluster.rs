//! Services as processes of their own on Apache Kafka and PostgreSQL, two of each.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

use super::collector::Collector;
use super::world::Place;
use super::{Client, binary, until};

/// How long a start, or being ready again, may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(4);

/// Where the engines are, as `tests/kafka/start` and `tests/postgres/start` print it.
#[derive(Clone, Debug)]
pub struct Engines {
    pub brokers: String,
    pub database_url: String,
}

impl Engines {
    /// The engines that the environment names. Where it doesn't, says that the test is skipped; with
    /// `CHARTER_REQUIRE_ENGINES=1` the test fails.
    pub fn from_env(test: &str) -> Option<Self> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let (Some(brokers), Some(database_url)) = (set("KAFKA_BROKERS"), set("DATABASE_URL")) {
            return Some(Self { brokers, database_url });
        }
        let why = "KAFKA_BROKERS and DATABASE_URL are not set: tests/kafka/start and tests/postgres/start print them";
        assert!(set("CHARTER_REQUIRE_ENGINES").is_none(), "{test}: {why}");
        eprintln!("{test} is skipped: {why}");
        None
    }
}

impl Engines {
    /// `host:port` of the database.
    pub fn database_address(&self) -> String {
        let (_, rest) = self.database_url.rsplit_once('@').expect("a URL with a user");
        rest.split('/').next().expect("an address").to_owned()
    }
}

/// How a cluster is started.
#[derive(Debug)]
pub struct Plan {
    /// How many processes of each service.
    pub instances: usize,
    /// Where services find the database, `host:port`; `None` for where it is.
    pub database: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { instances: 2, database: None }
    }
}

/// One cluster of processes at a time: they are many for a small machine.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A database of a test's own.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    fn create(server: &str) -> Self {
        let name = format!("e2e_{}", Uuid::new_v4().simple());
        let database = Self { server: server.to_owned(), name };
        database.execute(format!("CREATE DATABASE {}", database.name)).expect("it is made");
        database
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of this database on the server.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{}", self.name)
    }

    /// The URL of this database by way of another address.
    fn url_by(&self, address: &str) -> String {
        let (user, _) = self.server.rsplit_once('@').expect("a URL with a user");
        format!("{user}@{address}/{}", self.name)
    }

    fn execute(&self, sql: String) -> Result<(), sqlx::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.server).await?;
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
            connection.close().await
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What is left over in a test that fails is for its reader; the server is the tests'.
        if !std::thread::panicking() {
            // The server's own cleaning (autovacuum) may be at work in it and can't be ended by us: then it
            // goes with the server.
            let _ = self.execute(format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// A port that nobody listens on, below those that the system gives to clients: a process that is started
/// again is to be found where it was. None is given twice, since who gets one listens a while later.
pub fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(Uuid::new_v4().as_u64_pair().0 % 12_000));
    loop {
        let next = NEXT.fetch_add(1, Ordering::SeqCst) % 12_000;
        let port = 20_000 + u16::try_from(next).expect("it is below 12,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// One process of a service.
#[derive(Debug)]
pub struct Instance {
    command: Command,
    child: Child,
    /// `http://127.0.0.1:port`.
    pub url: String,
    ready: Arc<AtomicBool>,
    log: PathBuf,
}

impl Instance {
    fn spawn(mut command: Command, port: u16, log: PathBuf) -> Self {
        let stderr = File::options().create(true).append(true).open(&log).expect("a file");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the service starts");
        let stdout = child.stdout.take().expect("a pipe");
        let ready = Arc::new(AtomicBool::new(false));
        let is_ready = Arc::clone(&ready);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line == "ready" {
                    is_ready.store(true, Ordering::SeqCst);
                }
            }
        });
        Self { command, child, url: format!("http://127.0.0.1:{port}"), ready, log }
    }

    /// What the process has said of itself.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its readiness is `status`; gives what it then says.
    pub fn readiness(&mut self, status: u16) -> String {
        let mut last = String::new();
        let said = until(PATIENCE, || {
            if let Some(ended) = self.child.try_wait().expect("its state") {
                panic!("it ended with {ended}: {}", self.said());
            }
            let (found, said) = self.ask("/health/ready").map_err(|_| ())?;
            if found == status {
                return Ok(said);
            }
            last = said;
            Err(())
        });
        said.unwrap_or_else(|()| {
            panic!("its readiness was never {status}, the last was {last}\n{}", self.said())
        })
    }

    /// Waits until it is not ready and says so with `text`.
    pub fn not_ready(&mut self, text: &str) {
        let said = until(PATIENCE, || {
            let said = self.readiness(503);
            if said.contains(text) { Ok(()) } else { Err(said) }
        });
        said.unwrap_or_else(|said| panic!("`{text}` is not in {said}"));
    }

    /// Waits until it says that it is ready.
    pub fn wait_ready(&mut self) {
        let ready = until(PATIENCE, || {
            if self.ready.load(Ordering::SeqCst) {
                return Ok(());
            }
            match self.child.try_wait().expect("its state") {
                Some(ended) => panic!(
                    "{} ended with {ended}: {}",
                    self.command.get_program().display(),
                    self.said()
                ),
                None => Err(()),
            }
        });
        assert!(
            ready.is_ok(),
            "{} is not ready: {}\n{}",
            self.command.get_program().display(),
            self.readiness_now(),
            self.said()
        );
    }

    /// A sum of the process's metrics whose line begins so; 0 where there is none.
    pub fn metric(&self, begin: &str) -> f64 {
        let (_, text) = self.ask("/metrics").expect("metrics");
        let lines = text.lines().filter(|line| line.starts_with(begin));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    fn readiness_now(&self) -> String {
        self.ask("/health/ready").map_or_else(|error| error.to_string(), |(_, said)| said)
    }

    fn ask(&self, path: &str) -> reqwest::Result<(u16, String)> {
        let http = reqwest::blocking::Client::builder().timeout(Duration::from_secs(5)).no_proxy();
        let answer = http.build()?.get(format!("{}{path}", self.url)).send()?;
        Ok((answer.status().as_u16(), answer.text()?))
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name: `KILL`, `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let ended = until(PATIENCE, || self.child.try_wait().expect("its state").ok_or(()));
        ended.unwrap_or_else(|()| panic!("it goes on; it said {}", self.said()))
    }

    /// Starts it again where it was, with another value of a variable.
    pub fn restart_with(&mut self, name: &str, value: &str) {
        self.command.env(name, value);
        self.restart();
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        let port = self.url.rsplit_once(':').expect("a port").1.parse().expect("a number");
        let mut command = Command::new(self.command.get_program());
        command.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        *self = Self::spawn(command, port, self.log.clone());
    }
}

/// A process that a test forgot ends with it.
impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All services as processes.
#[derive(Debug)]
pub struct Cluster {
    // The processes go before what they work on.
    pub gateways: Vec<Instance>,
    pub seats: Vec<Instance>,
    pub reservations: Vec<Instance>,
    pub housekeeping: Vec<Instance>,
    pub cores: Vec<Instance>,
    pub registries: Vec<Instance>,
    pub database: Database,
    client: Client,
    logs: TempDir,
}

impl Cluster {
    /// Starts two of each, all at once and in no order, and waits until all are ready.
    pub fn start(engines: &Engines) -> Self {
        let mut cluster = Self::begin(engines, &Plan::default());
        cluster.wait_ready();
        cluster
    }

    /// Starts what is planned.
    pub fn begin(engines: &Engines, plan: &Plan) -> Self {
        let database = Database::create(&engines.database_url);
        let logs = tempfile::tempdir().expect("a directory");
        let ports = |count: usize| (0..count).map(|_| free_port()).collect::<Vec<_>>();
        let prefix = format!("{}.", database.name);
        let [gateways, registries, seats, reservations, housekeeping, cores] =
            std::array::from_fn(|_| ports(plan.instances));
        let by = plan.database.as_ref();
        let direct = database.url();
        let database_url = by.map_or_else(|| direct.clone(), |address| database.url_by(address));
        let urls = |ports: &[u16]| {
            let urls: Vec<_> =
                ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
            urls.join(",")
        };
        let spawn = |service: &str, ports: &[u16]| -> Vec<Instance> {
            let instance = |(number, port): (usize, &u16)| {
                let mut command = Command::new(binary(service));
                command
                    .env_remove("CHARTER_REQUIRE_ENGINES")
                    .env("LISTEN", format!("127.0.0.1:{port}"))
                    // Tests ask more often than one client may.
                    .env("RATE_LIMIT_PER_MINUTE", "0")
                    // What comes late is the database of the services; the registry's own tests have it late too.
                    .env(
                        "DATABASE_URL",
                        if service == "registry" { &direct } else { &database_url },
                    )
                    .env("RUST_LOG", "warn,charter_engine=info");
                Collector::shared().follow(&mut command);
                if service != "registry" && service != "core" {
                    command
                        .env("KAFKA_BROKERS", &engines.brokers)
                        .env("KAFKA_TOPIC_PREFIX", &prefix)
                        .env("SCHEMA_REGISTRY_URL", urls(&registries[number..=number]));
                } else {
                    command.env_remove("KAFKA_BROKERS");
                }
                if service == "gateway" {
                    command
                        .env("CORE_URL", urls(&cores))
                        .env("RESERVATIONS_URL", urls(&reservations));
                }
                let log = logs.path().join(format!("{service}-{number}.log"));
                Instance::spawn(command, *port, log)
            };
            ports.iter().enumerate().map(instance).collect()
        };
        // Those that are waited for come last: the order must not matter.
        Self {
            gateways: spawn("gateway", &gateways),
            cores: spawn("core", &cores),
            reservations: spawn("reservations", &reservations),
            housekeeping: spawn("housekeeping", &housekeeping),
            seats: spawn("seats", &seats),
            registries: spawn("registry", &registries),
            database,
            client: Client::new(gateways.iter().map(|port| urls(&[*port])).collect()),
            logs,
        }
    }

    /// Waits until all are ready.
    pub fn wait_ready(&mut self) {
        let deciders = [&mut self.seats, &mut self.reservations, &mut self.housekeeping];
        let all = deciders.into_iter().chain([&mut self.cores, &mut self.gateways]);
        for instance in all.flatten() {
            instance.wait_ready();
        }
    }

    /// The name on Kafka of a topic of this cluster's.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.database.name)
    }

    /// All processes.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.services().into_iter().flatten()
    }

    /// Takes one of each service away, still running.
    pub fn take_first_of_each(&mut self) -> Vec<Instance> {
        self.services().into_iter().map(|instances| instances.remove(0)).collect()
    }

    fn services(&mut self) -> [&mut Vec<Instance>; 6] {
        [
            &mut self.gateways,
            &mut self.seats,
            &mut self.reservations,
            &mut self.housekeeping,
            &mut self.cores,
            &mut self.registries,
        ]
    }

    /// One of each service.
    pub fn first_of_each(&mut self) -> [&mut Instance; 6] {
        self.services().map(|instances| &mut instances[0])
    }
}

impl Place for Cluster {
    fn client(&self) -> &Client {
        &self.client
    }

    fn crash(&mut self) {
        for instance in self.first_of_each() {
            instance.kill();
        }
        for instance in self.first_of_each() {
            instance.restart();
        }
        self.wait_first();
    }
}

impl Cluster {
    /// Waits until those that were started again are ready.
    pub fn wait_first(&mut self) {
        let [gateway, seats, reservations, housekeeping, core, _] = self.first_of_each();
        for instance in [seats, reservations, housekeeping, core, gateway] {
            instance.wait_ready();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let Self { gateways, seats, reservations, housekeeping, cores, registries, .. } = self;
        let all = [&*gateways, seats, reservations, housekeeping, cores, registries];
        for instance in all.into_iter().flatten() {
            let said = instance.said();
            let tail: Vec<_> = said.lines().rev().take(30).collect();
            eprintln!("---- {}", instance.log.file_name().expect("a name").display());
            for line in tail.iter().rev() {
                eprintln!("{line}");
            }
        }
    }
}
