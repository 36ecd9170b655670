//! The process: it listens before it starts, and ends in order.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use charter_engine::standalone::Waiting;
use tokio::task::JoinSet;

use super::{Exposure, Process, Running, Start, StartError};
use crate::access;
use crate::health::{self, Health, Part};
use crate::middleware::answer;
use crate::problem::Problem;
use crate::server;
use crate::settings::HttpSettings;
use crate::telemetry;

/// How long what the runtime still does may take at the end.
pub(super) const LEFTOVERS: Duration = Duration::from_millis(500);

/// The routes of the moment: those of a process that starts, then its own.
type Routes = Arc<ArcSwap<Router>>;

pub(super) async fn run(
    process: Process,
    work: impl AsyncFnOnce(&Start) -> Result<Running, StartError>,
) -> Result<(), StartError> {
    // Signals are caught before anything is printed: whoever reads it may send one.
    let signal = telemetry::shutdown_signal()?;
    let stop = server::after(&signal, process.http.drain_delay);
    let settings = process.http.settings();
    let listener = server::listen(&process.listen, "--listen").await?;
    let mode = match process.access {
        Some(Exposure::Open) => {
            server::only_here(&listener, "--listen")?;
            access::warn_of_development();
            Some(access::DEVELOPMENT)
        }
        Some(Exposure::Guarded) | None => None,
    };
    let url = server::url_of(listener.local_addr()?);
    let start = Start::new(process.name, stop.clone());
    let routes: Routes = Arc::new(ArcSwap::from_pointee(starting(&start, mode, &settings)));
    let mut serving = JoinSet::new();
    let current = Arc::clone(&routes);
    serving.spawn(server::serve(listener, move || Router::clone(&current.load()), stop.clone()));
    print(&format!("{} listens on {url}\n", process.name));

    let ended = match work(&start).await {
        Ok(running) => {
            routes.store(Arc::new(running.router(&signal, mode, &settings)));
            running.run(&mut serving, &stop, || print("ready\n")).await
        }
        Err(error) => Err(error),
    };
    signal.cancel();
    stop.cancel();
    while serving.join_next().await.is_some() {}
    ended
}

/// Health and metrics; whatever else is asked for is told to come again.
fn starting(start: &Start, mode: Option<&'static str>, settings: &HttpSettings) -> Router {
    let part: Arc<dyn Part> = Arc::new(StartPart(start.waiting().clone()));
    let name = start.name();
    let later = any(async move |request: Request| {
        answer(request, async |_| Err(Problem::unavailable(format!("`{name}` starts; try again"))))
            .await
    });
    let routes = Router::new().route("/", later.clone()).route("/{*path}", later);
    let health = Health { parts: vec![part], mode, ..Health::default() };
    server::with_middleware(routes.merge(health::routes(health, telemetry::metrics())), settings)
}

/// The start, as readiness shows it while it is under way.
#[derive(Debug)]
struct StartPart(Waiting);

#[async_trait]
impl Part for StartPart {
    fn name(&self) -> &'static str {
        "start"
    }

    async fn ready(&self) -> Result<(), String> {
        Err(self.0.reason().unwrap_or_else(|| "it starts".to_owned()))
    }
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to stop serving.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
