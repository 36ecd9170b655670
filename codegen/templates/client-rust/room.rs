//! Rooms as server-sent events; a stream that ends is opened again where it ended.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use reqwest::{Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sse_stream::{Sse, SseByteStream};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::problem::Problem;
use crate::transport::{Ask, Causes, Transport, delay, problem_of};
use crate::value::DateTime;

/// The longest silence before a connection is held to be lost; the server says something every 15 s.
const SILENCE: Duration = Duration::from_secs(40);
/// How long a connection must have held to be a good one where nothing was said on it.
const LASTED: Duration = Duration::from_secs(5);

/// A message of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<M> {
    /// Its name on the wire.
    pub name: String,
    /// Where to go on after this message; opaque, and good for reads too. Empty where the stream never named a place.
    pub cursor: String,
    /// What it says.
    pub body: M,
}

/// The messages of a kind of room.
pub trait RoomMessage: Sized + Send + 'static {
    /// The message of this name.
    ///
    /// # Errors
    /// Where the body is not what the contract says of that name.
    fn of(name: &str, body: Value) -> Result<Self, serde_json::Error>;
}

/// An event as a room gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomEvent<P> {
    /// The room.
    pub room: String,
    /// Opaque; good for joining, and for reads.
    pub cursor: String,
    /// Its name on the wire.
    pub r#type: String,
    /// The event.
    pub id: Uuid,
    /// When it happened.
    pub time: DateTime,
    /// Its aggregate.
    pub key: String,
    /// Its place in the history of its aggregate, from 1.
    pub sequence: i64,
    /// What happened.
    pub payload: P,
}

/// Why rows come: also in place of events that a cursor was too old for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The room was joined without a cursor.
    #[serde(rename = "JOINED")]
    Joined,
    /// More happened since than is gone through.
    #[serde(rename = "CURSOR_TOO_OLD")]
    CursorTooOld,
    /// No cursor of this installation.
    #[serde(rename = "CURSOR_UNKNOWN")]
    CursorUnknown,
    /// One that this client's contract does not know.
    #[serde(untagged)]
    Unrecognized(String),
}

/// Nothing more comes on this connection; the client opens another by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The room.
    pub room: String,
    /// Why: `SLOW_READER`, `SHUTTING_DOWN`, `UNAVAILABLE`, `UNAUTHENTICATED`.
    pub code: String,
    /// A sentence for people about the code.
    pub detail: String,
}

/// How a stream stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// A connection is being opened.
    Connecting,
    /// Messages come.
    Live,
    /// There is no connection; another is opened in a moment. Why, unless the last one just ended.
    Waiting(Option<Problem>),
}

type Told = Arc<dyn Fn(Standing) + Send + Sync>;

/// A room: its rows, then every event after them, once and in order, over as many connections as it takes.
///
/// It is joined when it is first polled and left when it is dropped. A refusal is its last item.
#[must_use = "a room is joined when its messages are taken"]
pub struct Join<M> {
    on: Transport,
    room: String,
    cursor: String,
    tenant: Option<String>,
    told: Option<Told>,
    messages: Option<BoxStream<'static, Result<Message<M>, Problem>>>,
}

impl<M: RoomMessage> Join<M> {
    /// The room of this name.
    pub fn new(on: &Transport, room: String) -> Self {
        let cursor = String::new();
        Self { on: on.clone(), room, cursor, tenant: None, told: None, messages: None }
    }

    /// Goes on after this cursor; without it the room's rows come first.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = cursor.into();
        self
    }

    /// Whose room it is, where the client is of every tenant.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Tells how the stream stands, each time that changes.
    pub fn standing(mut self, told: impl Fn(Standing) + Send + Sync + 'static) -> Self {
        self.told = Some(Arc::new(told));
        self
    }

    fn messages(&self) -> BoxStream<'static, Result<Message<M>, Problem>> {
        let ask = Ask::new(Method::GET, &["v1", "streams", &self.room])
            .query_if("tenant", self.tenant.as_ref());
        let reader = Reader {
            on: self.on.clone(),
            ask,
            cursor: self.cursor.clone(),
            told: self.told.clone(),
            lost: 0,
            since: None,
            is_known: false,
            connection: None,
            is_over: false,
        };
        stream::unfold(reader, |mut reader| async move {
            let message = reader.next::<M>().await?;
            Some((message, reader))
        })
        .fuse()
        .boxed()
    }
}

impl<M: RoomMessage> Stream for Join<M> {
    type Item = Result<Message<M>, Problem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.messages.is_none() {
            self.messages = Some(self.messages());
        }
        match &mut self.messages {
            Some(messages) => messages.poll_next_unpin(context),
            None => Poll::Ready(None),
        }
    }
}

impl<M> fmt::Debug for Join<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("room", &self.room)
            .field("cursor", &self.cursor)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// Reads a room over as many connections as it takes.
struct Reader {
    on: Transport,
    ask: Ask,
    cursor: String,
    told: Option<Told>,
    /// How often a connection was asked for since one was a good one.
    lost: u32,
    /// Since when the last one is live.
    since: Option<Instant>,
    /// Whether who asks was looked at again since.
    is_known: bool,
    connection: Option<BoxStream<'static, Sse>>,
    is_over: bool,
}

impl Reader {
    async fn next<M: RoomMessage>(&mut self) -> Option<Result<Message<M>, Problem>> {
        while !self.is_over {
            let Some(connection) = &mut self.connection else {
                if let Err(refused) = self.connect().await {
                    self.is_over = true;
                    return Some(Err(refused));
                }
                continue;
            };
            let Some(said) = connection.next().await else {
                self.connection = None;
                // One that ends at once is opened less and less often; one that held was good, with something to say
                // or without.
                if self.since.take().is_some_and(|since| since.elapsed() > LASTED) {
                    self.lost = 0;
                }
                self.rest(delay(self.lost), None).await;
                continue;
            };
            if let Some(id) = said.id.filter(|id| !id.is_empty()) {
                self.cursor = id;
            }
            let Some(data) = said.data else { continue };
            self.lost = 0;
            let name = said.event.unwrap_or_else(|| "message".to_owned());
            let body = serde_json::from_str(&data).and_then(|body| M::of(&name, body));
            return Some(match body {
                Ok(body) => Ok(Message { name, cursor: self.cursor.clone(), body }),
                Err(error) => {
                    self.is_over = true;
                    Err(Problem::unreadable(200, error))
                }
            });
        }
        None
    }

    /// Opens a connection, or waits until another may be tried. An error is a refusal that stays one.
    async fn connect(&mut self) -> Result<(), Problem> {
        self.tell(Standing::Connecting);
        let pause = delay(self.lost);
        self.lost = self.lost.saturating_add(1);
        let mut headers = vec![("accept", "text/event-stream"), ("cache-control", "no-store")];
        if !self.cursor.is_empty() {
            headers.push(("last-event-id", &self.cursor));
        }
        match open(&self.on, &self.ask, &headers).await {
            Ok(response) => {
                (self.since, self.is_known) = (Some(Instant::now()), false);
                self.connection = Some(spoken(response));
                self.tell(Standing::Live);
                Ok(())
            }
            Err(problem) => {
                let is_transient = problem.is_momentary() || problem.status() >= 500;
                if problem.status() == 401
                    && !self.is_known
                    && self.on.settings().may_ask_again(&problem).await
                {
                    self.is_known = true;
                } else if !is_transient {
                    return Err(problem);
                }
                self.rest(problem.retry_after().unwrap_or(pause), Some(problem)).await;
                Ok(())
            }
        }
    }

    fn rest(&self, pause: Duration, why: Option<Problem>) -> impl Future<Output = ()> + use<> {
        self.tell(Standing::Waiting(why));
        sleep(pause)
    }

    fn tell(&self, standing: Standing) {
        if let Some(told) = &self.told {
            told(standing);
        }
    }
}

/// Opens a response whose body is read as it comes.
async fn open(on: &Transport, ask: &Ask, headers: &[(&str, &str)]) -> Result<Response, Problem> {
    let opened = async {
        let request = on.request(ask, headers).await?;
        let failed = |error: reqwest::Error| {
            let detail = format!("the stream did not begin: {}", Causes(&error));
            Problem::no_answer(detail, Arc::new(error))
        };
        let response = on.http().execute(request).await.map_err(failed)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(failed)?;
        Err(problem_of(status, &headers, &body))
    };
    timeout(SILENCE, opened).await.unwrap_or_else(|over| {
        Err(Problem::no_answer("the stream did not begin".to_owned(), Arc::new(over)))
    })
}

/// What a connection says until it ends, breaks or is silent.
fn spoken(response: Response) -> BoxStream<'static, Sse> {
    let heard = stream::unfold(response.bytes_stream().boxed(), |mut bytes| async move {
        let chunk = timeout(SILENCE, bytes.next()).await.ok().flatten()?;
        Some((chunk.map_err(io::Error::other), bytes))
    });
    SseByteStream::new(heard.boxed())
        .take_while(|said| std::future::ready(said.is_ok()))
        .filter_map(|said| std::future::ready(said.ok()))
        .boxed()
}
