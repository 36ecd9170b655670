//! Listening: connections, their bounds, and the end of a process.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use charter_connections::Bounds;
use futures_util::TryFutureExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::middleware::name_methods;
use crate::telemetry;

pub use crate::middleware::with_middleware;

const BOUNDS: Bounds = Bounds {
    connections: 10_000,
    head: Duration::from_mins(1),
    write: Duration::from_secs(30),
    drain: Duration::from_secs(5),
};

/// Who sent a request: the other end of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves what `routes` gives for each request until `shutdown`, then lets requests in hand end, 5 s at most. A
/// connection has 60 s for the head of its next request, and is cut where it takes nothing of its answer for 30 s; there
/// are 10,000 at most, and whoever comes then waits to be accepted.
pub async fn serve(
    listener: TcpListener,
    routes: impl Fn() -> Router + Clone + Send + 'static,
    shutdown: CancellationToken,
) {
    // Dropped, and ended, with this function.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(telemetry::upkeep());
    let service = |peer| {
        let routes = routes.clone();
        service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            // A router is ready at any time.
            routes().call(request).map_ok(name_methods)
        })
    };
    charter_connections::serve(listener, BOUNDS, service, shutdown).await;
}

/// Cancelled `delay` after `signal`: until then the process still takes requests, and readiness tells load
/// balancers to send no more.
#[must_use]
pub fn after(signal: &CancellationToken, delay: Duration) -> CancellationToken {
    if delay.is_zero() {
        return signal.clone();
    }
    let (signal, end) = (signal.clone(), CancellationToken::new());
    let ended = end.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = signal.cancelled() => tokio::time::sleep(delay).await,
            () = ended.cancelled() => {}
        }
        ended.cancel();
    });
    end
}

/// Binds `address`, `host:port`; port 0 takes a free one.
///
/// # Errors
/// Where the address can't be had, with what to do.
pub async fn listen(address: &str, flag: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| {
        let address = address.to_owned();
        if source.kind() == std::io::ErrorKind::AddrInUse {
            ListenError::Taken { address, flag }
        } else {
            ListenError::Refused { address, flag, source }
        }
    })
}

/// Refuses to serve everybody on an address that others than this machine reach.
///
/// # Errors
/// [`ListenError::Open`], with what to do.
pub fn only_here(listener: &TcpListener, flag: &'static str) -> Result<(), ListenError> {
    match listener.local_addr() {
        Ok(address) if address.ip().to_canonical().is_loopback() => Ok(()),
        Ok(address) => Err(ListenError::Open { address: address.to_string(), flag }),
        Err(source) => {
            Err(ListenError::Refused { address: "the address".to_owned(), flag, source })
        }
    }
}

/// The URL of who listens on `address`, for whoever is on this machine.
#[must_use]
pub fn url_of(address: SocketAddr) -> String {
    // Whoever listens everywhere is found here.
    let host = if address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        }
    };
    format!("http://{host}:{}", address.port())
}

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another process has it.
    #[error(
        "`{address}` is taken by another process; stop it or give another address with `{flag}` (port 0 takes a free one)"
    )]
    Taken {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// Everybody could do everything there.
    #[error(
        "`{address}` is reached from other machines, and without credentials everybody there could do everything; set `API_KEYS` or `JWT_KEYS`, or give an address of this machine only with `{flag}`, such as `127.0.0.1:8080`"
    )]
    Open {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// It isn't this machine's, or not allowed.
    #[error(
        "`{address}` can't be listened on: {source}; give `host:port` of this machine with `{flag}`"
    )]
    Refused {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
