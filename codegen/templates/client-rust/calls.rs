//! Calls: made by the client's methods, told more by their own, and sent when they are awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::problem::{CommandError, Problem, Rejection};
use crate::transport::{Answer, Ask, Limit, MOST_CURSORS, Transport, delay};

/// What a call comes to when it is awaited.
pub type Outcome<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// What every call is made of.
#[derive(Clone, Debug)]
struct Call {
    on: Transport,
    ask: Ask,
    timeout: Option<Duration>,
}

impl Call {
    fn new(on: &Transport, ask: Ask) -> Self {
        Self { on: on.clone(), ask, timeout: None }
    }

    fn correlated(&mut self, id: &str) {
        self.ask = self.ask.clone().header("x-correlation-id", id);
    }

    fn limit(&self) -> Limit {
        Limit::after(self.timeout.unwrap_or(self.on.settings().timeout))
    }
}

/// What may be said of every call.
macro_rules! said_of_calls {
    () => {
        /// The longest that this call may take with all its retries.
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.call.timeout = Some(timeout);
            self
        }

        /// Joins everything that the request sets in motion; found again in logs and traces.
        pub fn correlation_id(mut self, id: &str) -> Self {
            self.call.correlated(id);
            self
        }
    };
}

/// A command. Awaited, it is sent until it is decided: a `T`, or why not. `A` is what it is accepted as, `R` the refusals
/// of its context.
#[must_use = "a command is sent when it is awaited"]
pub struct Command<T, A, R, const CONDITIONAL: bool = false> {
    call: Call,
    idempotency_key: Option<String>,
    wait: Option<Duration>,
    answers: Answers<T, A, R>,
}

/// What a call may be answered with; it holds nothing of it.
type Answers<T, A, R> = PhantomData<fn() -> (T, A, R)>;

/// What became of a command that was not waited for.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken<T, A> {
    /// It is kept, and decided later.
    Accepted(A),
    /// It was decided before, under the same key.
    Decided(T),
}

/// What is read of every answer to a command.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    cursor: Option<String>,
}

/// What is read of the answer to a command that is not decided yet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pending {
    command_id: String,
}

impl<T, A, R, const CONDITIONAL: bool> Command<T, A, R, CONDITIONAL> {
    /// The command that this request is.
    pub fn new(on: &Transport, ask: Ask) -> Self {
        let call = Call::new(on, ask);
        Self { call, idempotency_key: None, wait: None, answers: PhantomData }
    }

    said_of_calls!();

    /// Names the command: sent again with the same key it is carried out once. One is made where none is given.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The longest that the server keeps the request open for the outcome, in whole seconds, 1 to 30.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Sends it and gives what it is decided as, or else its last answer. What goes wrong has the key.
    async fn sent<O>(
        self,
        is_awaited: bool,
        read: impl Fn(&Answer) -> Result<O, Problem>,
    ) -> Result<O, Problem> {
        let key = self.idempotency_key.clone();
        let key = key.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
        let answer = self.answered(is_awaited, &key).await;
        answer.and_then(|answer| read(&answer)).map_err(|problem| problem.with_key(key))
    }

    async fn answered(&self, is_awaited: bool, key: &str) -> Result<Answer, Problem> {
        let Call { on, ask, .. } = &self.call;
        let limit = self.call.limit();
        let mut ask = ask.clone().header("idempotency-key", key);
        if is_awaited {
            let wait = self.wait.unwrap_or(on.settings().wait).as_secs().clamp(1, 30);
            ask = ask.header("prefer", format!("wait={wait}"));
        }
        let (mut fate, mut again) = (Fate::Untaken, 0);
        loop {
            let answer = match on.tried(&ask, limit, |problem| fate.doubt(problem)).await {
                Ok(answer) => answer,
                Err(problem) => return Err(fate.end(problem)),
            };
            let said: Said = answer.json().unwrap_or_default();
            on.see(said.cursor);
            if answer.status != 202 || !is_awaited {
                return Ok(answer);
            }
            let Pending { command_id } = answer.json()?;
            if !limit.pause(delay(again)).await {
                return Err(Problem::undecided(command_id, None));
            }
            fate = Fate::Taken(command_id);
            again += 1;
        }
    }
}

/// What is known of a command between its tries.
enum Fate {
    /// No try can have been taken.
    Untaken,
    /// A try may have been taken: nothing said so, and nothing said that it was not.
    Unknown,
    /// It is taken, under this id.
    Taken(String),
}

impl Fate {
    /// A try was answered with this.
    fn doubt(&mut self, problem: &Problem) {
        if matches!(self, Self::Untaken) && problem.leaves_doubt() {
            *self = Self::Unknown;
        }
    }

    /// What the last answer says of the command. One about asking again, such as a limit or a token that is over, says
    /// nothing of a try before: who took it for a refusal and sent the command under another key would have it done twice.
    fn end(self, last: Problem) -> Problem {
        match self {
            _ if last.is_decision() => last,
            Self::Taken(command_id) => Problem::undecided(command_id, Some(last)),
            Self::Unknown if !last.speaks_for_all_tries() => Problem::fate_unknown(last),
            Self::Untaken | Self::Unknown => last,
        }
    }
}

impl<T, A, R> Command<T, A, R, true> {
    /// The sequence that the aggregate must stand at.
    pub fn if_match(mut self, sequence: i64) -> Self {
        self.call.ask = self.call.ask.header("if-match", format!("\"{sequence}\""));
        self
    }
}

impl<T, A, R, const CONDITIONAL: bool> Command<T, A, R, CONDITIONAL>
where
    T: DeserializeOwned,
    A: DeserializeOwned,
    R: Rejection,
{
    /// Sends it and does not wait for its outcome.
    ///
    /// # Errors
    /// Where it is not taken, or was refused before under the same key.
    pub async fn unawaited(self) -> Result<Taken<T, A>, CommandError<R>> {
        let read = |answer: &Answer| match answer.status {
            202 => answer.json().map(Taken::Accepted),
            _ => answer.json().map(Taken::Decided),
        };
        Ok(self.sent(false, read).await?)
    }
}

impl<T, A, R, const CONDITIONAL: bool> IntoFuture for Command<T, A, R, CONDITIONAL>
where
    T: DeserializeOwned + 'static,
    A: 'static,
    R: Rejection + 'static,
{
    type Output = Result<T, CommandError<R>>;
    type IntoFuture = Outcome<T, CommandError<R>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.sent(true, Answer::json).await?) })
    }
}

/// A read of a view. Awaited, it has seen what this client wrote and read before.
#[must_use = "a read is sent when it is awaited"]
pub struct Read<T> {
    call: Call,
    consistent_with: Option<Vec<String>>,
    answers: PhantomData<fn() -> T>,
}

/// Rows with the tag that names them: as long as it stays, they do.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged<T> {
    /// The rows.
    pub value: T,
    /// `ETag`, for [`Read::unless`].
    pub tag: Option<String>,
}

impl<T> Read<T> {
    /// The read that this request is.
    pub fn new(on: &Transport, ask: Ask) -> Self {
        Self { call: Call::new(on, ask), consistent_with: None, answers: PhantomData }
    }

    said_of_calls!();

    /// What the read must have seen, in place of all that this client has written and read; none: it reads what there is.
    pub fn consistent_with<C: Into<String>>(mut self, seen: impl IntoIterator<Item = C>) -> Self {
        self.consistent_with = Some(seen.into_iter().map(Into::into).collect());
        self
    }

    /// The page that a token names.
    fn page(mut self, parameter: &'static str, token: String) -> Self {
        self.call.ask = self.call.ask.query_now(parameter, token);
        self
    }

    async fn answer(self) -> Result<Answer, Problem> {
        let Call { on, ask, .. } = &self.call;
        let limit = self.call.limit();
        let asked = self.consistent_with.unwrap_or_else(|| on.seen());
        let mut rest = asked.clone();
        loop {
            let after = rest.split_off(rest.len().min(MOST_CURSORS));
            let mut now = ask.clone();
            if !rest.is_empty() {
                now = now.header("consistent-with", rest.join(", "));
            }
            let answer = on.answered(&now, limit).await?;
            let cursor = answer.header("charter-cursor").map(str::to_owned);
            let Some(cursor) = cursor else { return Ok(answer) };
            if after.is_empty() {
                on.merge(&asked, &cursor);
                return Ok(answer);
            }
            // What a read has seen is in its own cursor, so that many become one.
            rest = vec![cursor];
            rest.extend(after);
        }
    }
}

impl<T: DeserializeOwned> Read<T> {
    /// Sends it and gives the rows with their tag.
    ///
    /// # Errors
    /// Where it is refused or not answered in time.
    pub async fn tagged(self) -> Result<Tagged<T>, Problem> {
        let answer = self.answer().await?;
        let tag = answer.header("etag").map(str::to_owned);
        Ok(Tagged { value: answer.json()?, tag })
    }

    /// Sends it and gives the rows, unless they are those that `tag` names: `None`.
    ///
    /// # Errors
    /// Where it is refused or not answered in time.
    pub async fn unless(mut self, tag: &str) -> Result<Option<Tagged<T>>, Problem> {
        self.call.ask = self.call.ask.header("if-none-match", tag);
        let answer = self.answer().await?;
        if answer.status == 304 {
            return Ok(None);
        }
        let tag = answer.header("etag").map(str::to_owned);
        Ok(Some(Tagged { value: answer.json()?, tag }))
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Read<T> {
    type Output = Result<T, Problem>;
    type IntoFuture = Outcome<T, Problem>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.answer().await?.json() })
    }
}

/// A question that no view answers.
#[must_use = "it is sent when it is awaited"]
pub struct Plain<T> {
    call: Call,
    answers: PhantomData<fn() -> T>,
}

impl<T> Plain<T> {
    /// The question that this request is.
    pub fn new(on: &Transport, ask: Ask) -> Self {
        Self { call: Call::new(on, ask), answers: PhantomData }
    }

    said_of_calls!();
}

impl<T: DeserializeOwned + 'static> IntoFuture for Plain<T> {
    type Output = Result<T, Problem>;
    type IntoFuture = Outcome<T, Problem>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(
            async move { self.call.on.answered(&self.call.ask, self.call.limit()).await?.json() },
        )
    }
}

/// A page of a list.
pub trait Page: DeserializeOwned + Send + 'static {
    /// What it lists.
    type Item: Send + 'static;

    /// Its items, and the token of the page after it.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

/// Every item of a list, page by page as they are taken. It ends with the first page that is refused.
#[must_use = "pages are asked for as items are taken"]
pub struct Each<P: Page> {
    first: Read<P>,
    parameter: &'static str,
    items: Option<BoxStream<'static, Result<P::Item, Problem>>>,
}

impl<P: Page> Each<P> {
    /// All pages from this one on; `parameter` takes the token of a page.
    pub fn new(first: Read<P>, parameter: &'static str) -> Self {
        Self { first, parameter, items: None }
    }

    /// The longest that the read of one page may take with all its retries.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.first = self.first.timeout(timeout);
        self
    }

    /// Joins everything that the requests set in motion; found again in logs and traces.
    pub fn correlation_id(mut self, id: &str) -> Self {
        self.first = self.first.correlation_id(id);
        self
    }

    /// What each read must have seen, in place of all that this client has written and read.
    pub fn consistent_with<C: Into<String>>(mut self, seen: impl IntoIterator<Item = C>) -> Self {
        self.first = self.first.consistent_with(seen);
        self
    }

    fn items(&self) -> BoxStream<'static, Result<P::Item, Problem>> {
        let (first, parameter) = (self.first.clone(), self.parameter);
        let pages = stream::try_unfold(Some(first), move |next| async move {
            let Some(read) = next else { return Ok::<_, Problem>(None) };
            let (items, after) = read.clone().await?.into_parts();
            let after = after.map(|token| read.page(parameter, token));
            Ok(Some((stream::iter(items.into_iter().map(Ok)), after)))
        });
        pages.try_flatten().boxed()
    }
}

impl<P: Page> Stream for Each<P> {
    type Item = Result<P::Item, Problem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.items.is_none() {
            self.items = Some(self.items());
        }
        match &mut self.items {
            Some(items) => items.poll_next_unpin(context),
            None => Poll::Ready(None),
        }
    }
}

impl<T> Clone for Read<T> {
    fn clone(&self) -> Self {
        let consistent_with = self.consistent_with.clone();
        Self { call: self.call.clone(), consistent_with, answers: PhantomData }
    }
}

impl<T, A, R, const CONDITIONAL: bool> fmt::Debug for Command<T, A, R, CONDITIONAL> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Command").field(&self.call).field(&self.idempotency_key).finish()
    }
}

impl<T> fmt::Debug for Read<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.call).finish()
    }
}

impl<T> fmt::Debug for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plain").field(&self.call).finish()
    }
}

impl<P: Page> fmt::Debug for Each<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Each").field(&self.first).finish()
    }
}
