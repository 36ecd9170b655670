//! How a client asks: where, who, how long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::problem::Problem;

/// Who asks.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nobody in particular: a platform in development mode asks for nothing.
    #[default]
    None,
    /// An API key, sent as `X-API-Key`.
    ApiKey(String),
    /// A token, sent as `Authorization: Bearer`.
    Token(String),
}

/// Secrets are in no log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

type Promised<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Who = Arc<dyn Fn() -> Promised<Credentials> + Send + Sync>;
type Unauthenticated = Arc<dyn Fn(Problem) -> Promised<bool> + Send + Sync>;

/// How a client asks.
#[derive(Clone)]
pub struct Settings {
    pub(crate) base_url: String,
    pub(crate) timeout: Duration,
    pub(crate) wait: Duration,
    pub(crate) http: Option<reqwest::Client>,
    who: Who,
    unauthenticated: Option<Unauthenticated>,
}

impl Settings {
    /// Of the API at `base_url`: `https://api.example.com`.
    #[must_use]
    pub fn at(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            timeout: Duration::from_mins(1),
            wait: Duration::from_secs(10),
            http: None,
            who: Arc::new(|| Box::pin(async { Credentials::None })),
            unauthenticated: None,
        }
    }

    /// With an API key.
    #[must_use]
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.credentials(Credentials::ApiKey(key.into()))
    }

    /// With a token that stays the same.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        self.credentials(Credentials::Token(token.into()))
    }

    /// With these credentials.
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.credentials_from(move || std::future::ready(credentials.clone()))
    }

    /// Asks `who` before every request.
    #[must_use]
    pub fn credentials_from<F>(mut self, who: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Credentials> + Send + 'static,
    {
        self.who = Arc::new(move || Box::pin(who()));
        self
    }

    /// Called when a request was answered with 401. True: ask again, once, with what the credentials are then.
    #[must_use]
    pub fn unauthenticated<F>(mut self, ask: impl Fn(Problem) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.unauthenticated = Some(Arc::new(move |problem| Box::pin(ask(problem))));
        self
    }

    /// The longest that a call may take with all its retries. Default: 60 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The longest that the server keeps a command's request open for its outcome, in whole seconds, 1 to 30. Default: 10 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Asks by this client, whose time-outs and redirects are its maker's; a time-out of its own ends streams too.
    #[must_use]
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    pub(crate) async fn who(&self) -> Credentials {
        (self.who)().await
    }

    /// Whether to ask again after a 401.
    pub(crate) async fn may_ask_again(&self, problem: &Problem) -> bool {
        match &self.unauthenticated {
            Some(ask) => ask(problem.clone()).await,
            None => false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("timeout", &self.timeout)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
