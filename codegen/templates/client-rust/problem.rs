//! What is refused: problem documents (RFC 9457), and the client's own codes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A refusal: a problem document (RFC 9457), or one of the client's own codes.
///
/// | code | status | |
/// |---|---|---|
/// | `NO_ANSWER` | 0 | nothing answered within the call's time, or of a command nothing that says whether it was taken: call again with its `idempotency_key` |
/// | `NOT_DECIDED` | 202 | the command is taken and not decided yet; call again with its `idempotency_key` |
/// | `UNREADABLE` | the answer's | the answer is not what this client's contract says; of a command the same holds as of `NO_ANSWER` |
/// | `UNSENDABLE` | 0 | the request cannot be written: an id `..`, a header with a line break |
/// | `UNKNOWN` | the answer's | the answer is no problem document |
#[derive(Clone)]
pub struct Problem(Box<Said>);

#[derive(Clone)]
struct Said {
    status: u16,
    document: Document,
    retry_after: Option<Duration>,
    idempotency_key: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What is read of a problem document.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Document {
    code: Option<String>,
    detail: Option<String>,
    details: Map<String, Value>,
    errors: Vec<Violation>,
    command_id: Option<String>,
    correlation_id: Option<String>,
}

/// A value that breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// A JSON Pointer (RFC 6901) into the body, or `path/`, `query/`, `header/` and a parameter's name.
    pub pointer: String,
    /// What was expected.
    pub detail: String,
}

/// A context's refusals by business rule.
pub trait Rejection: Sized {
    /// The rejection of this code, with what it is about; `None` where the context has none like it.
    fn of(code: &str, details: Value) -> Option<Self>;

    /// The stable code.
    fn code(&self) -> &'static str;
}

/// The refusals of a context that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRejection {}

impl Rejection for NoRejection {
    fn of(_: &str, _: Value) -> Option<Self> {
        None
    }

    fn code(&self) -> &'static str {
        match *self {}
    }
}

impl Problem {
    /// The HTTP status; 0 where nothing answered.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The stable code to act on.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.document.code.as_deref().unwrap_or("UNKNOWN")
    }

    /// A sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.0.document.detail.as_deref().unwrap_or_default()
    }

    /// What the code is about, in fields that belong to the code.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.0.document.details
    }

    /// Every value that breaks the contract.
    #[must_use]
    pub fn errors(&self) -> &[Violation] {
        &self.0.document.errors
    }

    /// The command, where there is one.
    #[must_use]
    pub fn command_id(&self) -> Option<&str> {
        self.0.document.command_id.as_deref()
    }

    /// Joins everything that the request set in motion; found again in logs and traces.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.document.correlation_id.as_deref()
    }

    /// After which time to ask again, where the answer says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The key that names the command; with it the call can be made again safely.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// The refusal by a business rule of a context that it is, if it is one.
    #[must_use]
    pub fn rejection<R: Rejection>(&self) -> Option<R> {
        R::of(self.code(), Value::Object(self.details().clone()))
    }

    /// The problem that an answer is.
    pub(crate) fn of(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let document = serde_json::from_slice(body).unwrap_or_default();
        Self(Box::new(Said { status, document, retry_after, idempotency_key: None, source: None }))
    }

    pub(crate) fn no_answer(detail: String, source: Arc<dyn Error + Send + Sync>) -> Self {
        Self::own(0, "NO_ANSWER", detail, Some(source))
    }

    /// The command is taken, and its outcome not known; `last` is what was answered last.
    pub(crate) fn undecided(command_id: String, last: Option<Self>) -> Self {
        let detail = format!(
            "the command `{command_id}` is taken and was not decided in time; call again with the same key"
        );
        let mut problem = Self::own(202, "NOT_DECIDED", detail, None).after(last);
        problem.0.document.command_id = Some(command_id);
        problem
    }

    /// Whether the command was taken is not known; `last` is what was answered last.
    pub(crate) fn fate_unknown(last: Self) -> Self {
        let detail = "whether the command was taken is not known; call again with the same key";
        Self::own(0, "NO_ANSWER", detail.to_owned(), None).after(Some(last))
    }

    /// With what was answered last.
    fn after(mut self, last: Option<Self>) -> Self {
        if let Some(last) = last {
            self.0.document.detail = Some(format!("{}; the last answer was {last}", self.detail()));
            self.0.retry_after = last.retry_after();
            self.0.source = Some(Arc::new(last));
        }
        self
    }

    /// Whether it decides a command. A decision names it; so does a gateway that fails on it.
    pub(crate) fn is_decision(&self) -> bool {
        let is_failure = self.status() >= 500 && self.code() != "COMMAND_FAILED";
        self.command_id().is_some() && !self.is_momentary() && !is_failure
    }

    /// Whether every try of the request would be answered so, or it says by itself that the fate of a command is not
    /// known: no try before can make it say less.
    pub(crate) fn speaks_for_all_tries(&self) -> bool {
        matches!(self.code(), "VALIDATION_FAILED" | "NO_ANSWER")
    }

    /// Whether a command that was answered so may be taken all the same.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self.status() {
            0 => self.code() == "NO_ANSWER",
            // A gateway that refuses says why; something between does not.
            503 => matches!(self.code(), "APPEND_UNKNOWN" | "UNKNOWN"),
            status => status >= 500 && !self.is_decision(),
        }
    }

    pub(crate) fn unreadable(status: u16, error: serde_json::Error) -> Self {
        let detail = format!("expected an answer as in the contract, found another: {error}");
        Self::own(status, "UNREADABLE", detail, Some(Arc::new(error)))
    }

    pub(crate) fn unsendable(detail: String) -> Self {
        Self::own(0, "UNSENDABLE", detail, None)
    }

    pub(crate) fn with_key(mut self, idempotency_key: String) -> Self {
        self.0.idempotency_key = Some(idempotency_key);
        self
    }

    /// Whether it may help to ask again.
    pub(crate) fn is_momentary(&self) -> bool {
        match self.status() {
            0 => self.code() == "NO_ANSWER",
            status => matches!(status, 429 | 502..=504),
        }
    }

    fn own(
        status: u16,
        code: &str,
        detail: String,
        source: Option<Arc<dyn Error + Send + Sync>>,
    ) -> Self {
        let (code, detail) = (Some(code.to_owned()), Some(detail));
        let document = Document { code, detail, ..Document::default() };
        Self(Box::new(Said { status, document, retry_after: None, idempotency_key: None, source }))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.document.detail {
            Some(detail) => write!(f, "{} ({}): {detail}", self.code(), self.status()),
            None => write!(f, "{} ({})", self.code(), self.status()),
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.status())
            .field("code", &self.code())
            .field("detail", &self.detail())
            .field("details", &self.details())
            .field("errors", &self.errors())
            .field("command_id", &self.command_id())
            .field("idempotency_key", &self.idempotency_key())
            .finish_non_exhaustive()
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Why a command was not carried out, or why that is not known.
#[derive(Clone, Debug)]
pub enum CommandError<R> {
    /// A business rule refuses it: which, with what it is about, and the whole document.
    Rejected(R, Problem),
    /// Anything else; [`Problem::code`] says what.
    Failed(Problem),
}

impl<R> CommandError<R> {
    /// The whole document.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Rejected(_, problem) | Self::Failed(problem) => problem,
        }
    }

    /// The business rule that refuses it.
    #[must_use]
    pub fn rejection(&self) -> Option<&R> {
        match self {
            Self::Rejected(rejection, _) => Some(rejection),
            Self::Failed(_) => None,
        }
    }
}

impl<R: Rejection> From<Problem> for CommandError<R> {
    fn from(problem: Problem) -> Self {
        match problem.rejection() {
            Some(rejection) => Self::Rejected(rejection, problem),
            None => Self::Failed(problem),
        }
    }
}

impl<R> fmt::Display for CommandError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl<R: fmt::Debug> Error for CommandError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem().source()
    }
}
