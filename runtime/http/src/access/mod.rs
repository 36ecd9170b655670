//! Who may do what: credentials become a principal, and a principal may do what the contract lets its scopes do.
//!
//! Without configured credentials everybody may do everything: development mode, which is refused beyond loopback.

mod flags;
mod guard;
mod jwt;
mod keys;
mod principal;
mod share;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::limits::Limits;
use crate::operations;
use crate::problem::Problem;

pub use charter_keys::KeysError;
pub use flags::{AccessCommand, AccessError, AccessFlags};
pub use guard::AdmittedRequest;
pub(crate) use guard::{Admitted, Guard, Serve, ask, forbidden};
pub use jwt::{JwtSettings, KeySource};
pub use principal::{Principal, Tenants};

use self::jwt::{Jwt, Refusal};
use self::keys::KeyFile;

/// The header of an API key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What everybody is told of a process that takes requests from anybody.
pub const DEVELOPMENT: &str = "development";

/// Who is let in, and how that is found out.
#[derive(Debug, Default)]
pub struct AccessControl {
    /// `None`: everybody is.
    credentials: Option<Credentials>,
    /// How often each may ask.
    limits: Option<Limits>,
}

#[derive(Debug)]
struct Credentials {
    keys: Option<KeyFile>,
    jwt: Option<Jwt>,
}

/// Says in the log that everybody may do everything.
pub fn warn_of_development() {
    tracing::warn!(
        "development mode: no `API_KEYS` and no `JWT_KEYS`, so everybody on this machine may do everything"
    );
}

/// The scopes of each role of the contract: `x-roles`.
#[derive(Clone, Debug, Default)]
pub struct Roles(BTreeMap<String, BTreeSet<String>>);

impl Roles {
    /// Those of a contract's document, and `operator`, which no contract has to name: the scopes of
    /// [`crate::operations`].
    #[must_use]
    pub fn of(document: &Value) -> Self {
        let texts = |value: &Value| -> BTreeSet<String> {
            let items = value.as_array().into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let roles = document.get("x-roles").and_then(Value::as_object).into_iter().flatten();
        let operator = [operations::READ, operations::WRITE].map(str::to_owned);
        let operator = (operations::ROLE.to_owned(), BTreeSet::from(operator));
        let roles = roles.map(|(role, scopes)| (role.clone(), texts(scopes)));
        Self(std::iter::once(operator).chain(roles).collect())
    }

    /// All scopes that a role has.
    fn all(&self) -> BTreeSet<String> {
        self.0.values().flatten().cloned().collect()
    }

    /// What a word grants: a role, a scope, or `*` for every scope of the contract.
    fn grant(&self, word: &str) -> Option<BTreeSet<String>> {
        if word == "*" {
            return Some(self.all());
        }
        let role = self.0.get(word).cloned();
        role.or_else(|| self.all().contains(word).then(|| BTreeSet::from([word.to_owned()])))
    }

    fn names(&self) -> String {
        self.0.keys().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ")
    }
}

impl AccessControl {
    /// The same with limits on how often each may ask.
    #[must_use]
    pub fn limited(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    pub(crate) fn limits(&self) -> Option<&Limits> {
        self.limits.as_ref()
    }

    /// Whether everybody may do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.credentials.is_none()
    }

    /// What readiness says of it.
    #[must_use]
    pub fn mode(&self) -> Option<&'static str> {
        self.is_open().then_some(DEVELOPMENT)
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// 401 `UNAUTHENTICATED`, which says what was expected and nothing of what is known; 503 where the keys of
    /// tokens can't be had.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let Some(Credentials { keys, jwt }) = &self.credentials else {
            return Ok(Principal::anybody());
        };
        let mut given = headers.get_all(API_KEY).iter();
        let mut tokens = headers.get_all(header::AUTHORIZATION).iter();
        match (given.next(), tokens.next(), given.next().is_some() || tokens.next().is_some()) {
            (Some(key), None, false) => key
                .to_str()
                .ok()
                .and_then(|secret| keys.as_ref()?.principal(secret))
                .ok_or_else(|| unauthenticated("the API key is not known", false)),
            (None, Some(token), false) => {
                let Some(token) = bearer(token) else {
                    return Err(unauthenticated("expected `Authorization: Bearer TOKEN`", false));
                };
                let Some(jwt) = jwt else {
                    return Err(unauthenticated("tokens are not taken here, only API keys", false));
                };
                jwt.principal(token).await.map_err(|refusal| match refusal {
                    Refusal::Token(reason) => unauthenticated(reason, true),
                    Refusal::KeysAway => Problem::unavailable(
                        "the keys that tokens are checked with can't be had; try again",
                    ),
                })
            }
            (None, None, _) => {
                Err(unauthenticated("expected `X-API-Key` or `Authorization: Bearer`", false))
            }
            (Some(_), _, _) | (None, Some(_), true) => {
                Err(unauthenticated("expected one credential, found more", false))
            }
        }
    }
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthenticated(detail: &str, is_token: bool) -> Problem {
    // RFC 6750 section 3: an error is named only where a token came.
    let challenge = HeaderValue::from_static(if is_token {
        r#"Bearer realm="charter", error="invalid_token""#
    } else {
        r#"Bearer realm="charter""#
    });
    Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", detail)
        .header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn control(lines: &str) -> AccessControl {
        let roles = Roles::of(&json!({"x-roles": {"buyer": ["seats:read", "seats:write"]}}));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), lines).expect("lines");
        let keys = Some(KeyFile::open(file.path(), roles).expect("keys"));
        AccessControl { credentials: Some(Credentials { keys, jwt: None }), limits: None }
    }

    async fn ask(
        control: &AccessControl,
        headers: &[(HeaderName, &str)],
    ) -> Result<Principal, u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().expect("a header"));
        }
        control.authenticate(&map).await.map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn a_key_is_a_principal_and_all_else_is_refused() {
        let (secret, line) = charter_keys::fresh("shop", &["acme", "buyer"]);
        let control = control(&line);
        let shop = ask(&control, &[(API_KEY, &secret)]).await.expect("a principal");
        assert_eq!((shop.subject(), shop.id()), ("shop", "key/shop"));
        assert!(shop.has("seats:write") && !shop.has("shows:write"));
        for headers in [
            &[][..],
            &[(API_KEY, "wrong")],
            &[(API_KEY, "")],
            &[(API_KEY, &secret), (API_KEY, &secret)],
            &[(API_KEY, &secret), (header::AUTHORIZATION, "Bearer x")],
            &[(header::AUTHORIZATION, "Bearer x")],
            &[(header::AUTHORIZATION, "Basic x")],
        ] {
            assert_eq!(ask(&control, headers).await.err(), Some(401), "{headers:?}");
        }
        assert!(!control.is_open() && control.mode().is_none());
    }

    #[tokio::test]
    async fn without_credentials_everybody_may_do_everything() {
        let open = AccessControl::default();
        let anybody = ask(&open, &[(API_KEY, "whatever")]).await.expect("a principal");
        assert!(anybody.has("anything") && anybody.is_anybody());
        assert_eq!(open.mode(), Some("development"));
    }
}
