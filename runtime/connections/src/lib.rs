//! Accepts HTTP connections (1.1 and 2), bounds what each may take, and ends them in order. Gateway and registry listen
//! with it.

mod kept_timer;

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use self::kept_timer::KeptTimer;

/// The counter, without labels, of connections that were cut as [`Bounds::write`] has it: its name and meaning.
pub const SLOW_READERS_CUT: (&str, &str) = (
    "charter_http_slow_readers_cut_total",
    "Connections cut since the client took nothing of its answer for 30 s",
);

/// How long nothing is accepted after the system refused to.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the connections of a listener may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many there may be at once. Whoever comes then waits to be accepted.
    pub connections: usize,
    /// How long one may take for the head of its first request, and of each next one.
    pub head: Duration,
    /// How long a client may leave what it is sent unread, once the system's buffers are full of it.
    pub write: Duration,
    /// How long requests in hand may take after the shutdown began.
    pub drain: Duration,
}

/// Serves every connection of `listener`, whose other end is told to `service`, until `shutdown`; then lets requests in
/// hand end.
///
/// A connection whose client is slow is cut, and counted in [`SLOW_READERS_CUT`] where it is slow to read its answer.
/// What can't be accepted, for want of files, is tried again after 100 ms.
pub async fn serve<S, B>(
    listener: TcpListener,
    bounds: Bounds,
    service: impl Fn(SocketAddr) -> S,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>, Data: Send> + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Most answers are small: to copy head and body into one piece costs less than to write two.
    builder.http1().header_read_timeout(bounds.head).writev(false);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(bounds.head);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            // Nobody closes it.
            Ok(place) = Arc::clone(&places).acquire_owned() => place,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
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
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(bounds.write));
        let stream = TokioIo::new(Box::pin(stream));

        let has_asked = Arc::new(AtomicBool::new(false));
        let service = service(peer);
        let asked = Arc::clone(&has_asked);
        let service = service_fn(move |request| {
            asked.store(true, Ordering::Relaxed);
            service.call(request)
        });
        let mut builder = builder.clone();
        builder.http1().timer(KeptTimer::default());
        let connection = builder.serve_connection_with_upgrades(stream, service);
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            // What ends a connection is its peer's affair.
            if let Err(error) = until_silent(bounds.head, &has_asked, connection).await
                && is_timeout(&*error)
            {
                metrics::counter!(SLOW_READERS_CUT.0).increment(1);
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(bounds.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still in hand after {} s were cut off", bounds.drain.as_secs());
    }
    connections.shutdown().await;
}

/// Drives `connection` to its end, which is there too where it has asked for nothing `within` that time: what hyper
/// waits for the head of a request begins only when it has read which version of HTTP is spoken.
async fn until_silent<E>(
    within: Duration,
    has_asked: &AtomicBool,
    connection: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let (mut connection, mut end) = (pin!(connection), pin!(tokio::time::sleep(within)));
    poll_fn(|context| {
        let driven = connection.as_mut().poll(context);
        if driven.is_pending() && !has_asked.load(Ordering::Relaxed) {
            return end.as_mut().poll(context).map(Ok);
        }
        driven
    })
    .await
}

/// Whether a connection ended because its peer took nothing for too long.
fn is_timeout(error: &(dyn Error + 'static)) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::stream;
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use hyper::body::Frame;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;

    /// How long a test waits for what must come.
    const PATIENCE: Duration = Duration::from_mins(1);
    const BOUNDS: Bounds =
        Bounds { connections: 10, head: PATIENCE, write: PATIENCE, drain: PATIENCE };
    const SHORT: Duration = Duration::from_millis(300);

    /// Serves `answer` at an address, until the token is cancelled.
    async fn served<B>(
        bounds: Bounds,
        answer: impl Fn(Request<Incoming>) -> Response<B> + Clone + Send + 'static,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>)
    where
        B: Body<Error = Infallible, Data = Bytes> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let end = CancellationToken::new();
        let until = end.clone();
        let serving = tokio::spawn(async move {
            let answering = move |_| {
                let answer = answer.clone();
                service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(request))))
            };
            serve(listener, bounds, answering, until).await;
        });
        (address, end, serving)
    }

    /// A client that asked and read nothing kept its connection, and the answer's memory, for as long as it liked.
    #[tokio::test]
    async fn a_client_that_does_not_read_its_answer_is_cut() {
        // More than the buffers of both ends hold.
        const CHUNK: usize = 64 * 1024;
        const CHUNKS: usize = 1024;
        let (given_up, mut cut) = mpsc::channel::<()>(1);
        let answer = move |request: Request<Incoming>| {
            if request.uri() == "/small" {
                return Response::new(Full::new(Bytes::from_static(b"well")).boxed_unsync());
            }
            // The sender is dropped with the answer, whole or not.
            let chunks = stream::unfold((given_up.clone(), 0), |(held, sent)| async move {
                let chunk = Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0_u8; CHUNK])));
                (sent < CHUNKS).then_some((chunk, (held, sent + 1)))
            });
            Response::new(StreamBody::new(chunks).boxed_unsync())
        };
        let (address, end, serving) = served(Bounds { write: SHORT, ..BOUNDS }, answer).await;
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
        // Who serves holds a sender for each connection and its own, so that the channel never ends: this waits for the
        // answer's.
        let connected = 2;
        let held = tokio::time::timeout(PATIENCE, async {
            while cut.sender_strong_count() > connected {
                tokio::task::yield_now().await;
            }
        });
        held.await.expect("the answer was given up");
        cut.close();
        // Nobody read until then; the rest of the answer never comes.
        let read = tokio::time::timeout(PATIENCE, slow.read_to_end(&mut rest)).await;
        assert!(read.expect("an end").is_err() || rest.len() < CHUNK * CHUNKS, "{}", rest.len());
        // One that reads is served as ever.
        let mut quick = ask("/small").await;
        let mut answer = vec![0_u8; 15];
        quick.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, b"HTTP/1.1 200 OK");
        end.cancel();
        serving.await.expect("no panic");
    }

    /// Whoever sends nothing, or half of a head, keeps no connection: not its first and not one that was served. One
    /// that sent nothing, or the beginning of what HTTP/2 begins with, kept its for ever.
    #[tokio::test]
    async fn a_client_that_does_not_end_its_head_is_cut() {
        const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
        let answer = |_: Request<Incoming>| Response::new(Full::new(Bytes::from_static(b"well")));
        let (address, end, serving) = served(Bounds { head: SHORT, ..BOUNDS }, answer).await;
        for (sent, is_served) in [
            (&b""[..], false),
            (b"PRI * HTTP/2.0\r\n", false),
            (&ASKED[..20], false),
            (ASKED, true),
            (&[ASKED, &ASKED[..20]].concat(), true),
        ] {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.write_all(sent).await.expect("a request");
            let mut read = Vec::new();
            let cut = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
            let sent = sent.escape_ascii();
            cut.unwrap_or_else(|_| panic!("expected an end after `{sent}`")).expect("in order");
            assert_eq!(read.ends_with(b"well"), is_served, "{}", read.escape_ascii());
        }
        end.cancel();
        serving.await.expect("no panic");
    }
}
