//! One connection to a gateway: HTTP/1.1, kept alive, one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a connection may take to be made.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
    /// JSON; empty for none.
    pub(crate) body: &'a str,
    /// The `Idempotency-Key`.
    pub(crate) key: Option<&'a str>,
    /// The `X-Correlation-Id`.
    pub(crate) correlation: Option<&'a str>,
    /// Seconds of `Prefer: wait`; 0 for none.
    pub(crate) wait: u32,
    /// The `Consistent-With`.
    pub(crate) cursor: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, body: "", key: None, correlation: None, wait: 0, cursor: None }
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) cursor: Option<String>,
    pub(crate) body: Bytes,
}

/// A connection that is made anew after it broke.
#[derive(Debug)]
pub(crate) struct Connection {
    /// `host:port` of each gateway.
    addresses: Vec<String>,
    /// The one that is asked; another one after it failed.
    current: usize,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection to the `first` of the gateways at `addresses`, `host:port`, and to the next one when it
    /// fails; made with the first request.
    pub(crate) fn new(addresses: &[String], first: usize) -> anyhow::Result<Self> {
        anyhow::ensure!(!addresses.is_empty(), "expected the address of a gateway, found none");
        Ok(Self { addresses: addresses.to_vec(), current: first % addresses.len(), sender: None })
    }

    /// Sends a request and reads its answer, all within `patience`.
    ///
    /// # Errors
    /// Where no whole answer came; whether the request was carried out is then not known.
    pub(crate) async fn ask(
        &mut self,
        ask: &Ask<'_>,
        patience: Duration,
    ) -> anyhow::Result<Answer> {
        let answer = tokio::time::timeout(patience, self.exchange(ask)).await;
        let answer = answer.map_err(anyhow::Error::from).and_then(|answer| answer);
        if answer.is_err() {
            // Whatever comes later on it is of no request.
            self.sender = None;
            self.current = (self.current + 1) % self.addresses.len();
        }
        answer
    }

    async fn exchange(&mut self, ask: &Ask<'_>) -> anyhow::Result<Answer> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(&self.addresses[self.current]).await?,
        };
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(ask.body.as_bytes())));
        *request.method_mut() = Method::from_bytes(ask.method.as_bytes())?;
        *request.uri_mut() = ask.path.parse()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::try_from(&self.addresses[self.current])?);
        if !ask.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let named = [
            ("idempotency-key", ask.key),
            ("x-correlation-id", ask.correlation),
            ("consistent-with", ask.cursor),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
            }
        }
        if ask.wait > 0 {
            let value = HeaderValue::try_from(format!("wait={}", ask.wait))?;
            headers.insert(HeaderName::from_static("prefer"), value);
        }
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer {
            status: head.status.as_u16(),
            location: text(&head.headers, "location"),
            cursor: text(&head.headers, "charter-cursor"),
            body,
        })
    }
}

async fn connect(address: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = tokio::time::timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its sender; what went wrong is told to who waits for an answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
