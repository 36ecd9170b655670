//! Listening: connections, their bounds, and the end of a process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use futures_util::TryFutureExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::middleware::name_methods;
use crate::telemetry;

pub use crate::middleware::with_middleware;

/// How many connections there may be at once.
const MAX_CONNECTIONS: usize = 10_000;
/// How long a connection may take for the head of its next request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client may leave what it is sent unread, once the system's buffers are full of it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long nothing is accepted after the system refused to.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in hand may take after the shutdown began.
const DRAIN: Duration = Duration::from_secs(5);

/// Who sent a request: the other end of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves `router` until `shutdown`, then lets requests in hand end, 5 s at most. A connection has 60 s for
/// the head of its next request, and is cut where it takes nothing of its answer for 30 s; there are 10,000 at most,
/// and whoever comes then waits to be accepted.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    serve_within(WRITE_TIMEOUT, listener, router, shutdown).await
}

async fn serve_within(
    write_timeout: Duration,
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).writev(false);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    // Dropped, and ended, with this function.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(telemetry::upkeep());
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.map_err(std::io::Error::other)?,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, Peer(peer)),
                Err(error) => {
                    // The peer went away, or the process has no file left for a while.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => break,
        };
        // An answer is small, and its last segment must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(peer);
            // A router is ready at any time.
            router.clone().call(request).map_ok(name_methods)
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(write_timeout));
        let stream = TokioIo::new(Box::pin(stream));
        let connection = builder.serve_connection_with_upgrades(stream, service);
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            // What ends a connection is its peer's affair.
            if let Err(error) = connection.await
                && is_timeout(&*error)
            {
                metrics::counter!("charter_http_slow_readers_cut_total").increment(1);
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still in hand after {} s were cut off", DRAIN.as_secs());
    }
    connections.shutdown().await;
    Ok(())
}

/// Whether a connection ended because its peer took nothing for too long.
fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let of_system = error.downcast_ref::<std::io::Error>();
        if of_system.is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        next = error.source();
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use futures_util::stream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;

    /// A client that asked and read nothing kept its connection, and the answer's memory, for as long as it liked.
    #[tokio::test]
    async fn a_client_that_does_not_read_its_answer_is_cut() {
        // More than the buffers of both ends hold.
        const CHUNK: usize = 64 * 1024;
        const CHUNKS: usize = 1024;
        let (given_up, mut cut) = mpsc::channel::<()>(1);
        let large = async move || {
            // The sender is dropped with the answer, whole or not.
            let chunks = stream::unfold((given_up.clone(), 0), |(held, sent)| async move {
                let chunk = Ok::<_, std::io::Error>(vec![0_u8; CHUNK]);
                (sent < CHUNKS).then_some((chunk, (held, sent + 1)))
            });
            Body::from_stream(chunks)
        };
        let router =
            Router::new().route("/large", get(large.clone())).route("/small", get(async || "well"));
        drop(large);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let end = CancellationToken::new();
        let serving = serve_within(Duration::from_millis(300), listener, router, end.clone());
        let serving = tokio::spawn(serving);
        let ask = async |path: &str| {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            let head = format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("a request");
            stream
        };
        let mut slow = ask("/large").await;
        let mut rest = vec![0_u8; 15];
        slow.read_exact(&mut rest).await.expect("the head begins");
        assert_eq!(rest, b"HTTP/1.1 200 OK");
        // The router holds a sender too, so that the channel never ends: this waits for the answer's.
        let patience = Duration::from_mins(1);
        let held = tokio::time::timeout(patience, async {
            while cut.sender_strong_count() > 1 {
                tokio::task::yield_now().await;
            }
        });
        held.await.expect("the answer was given up");
        cut.close();
        // Nobody read until then; the rest of the answer never comes.
        let read = tokio::time::timeout(patience, slow.read_to_end(&mut rest)).await;
        assert!(read.expect("an end").is_err() || rest.len() < CHUNK * CHUNKS, "{}", rest.len());
        // One that reads is served as ever.
        let mut quick = ask("/small").await;
        let mut answer = vec![0_u8; 15];
        quick.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, b"HTTP/1.1 200 OK");
        end.cancel();
        serving.await.expect("no panic").expect("a good end");
    }
}
