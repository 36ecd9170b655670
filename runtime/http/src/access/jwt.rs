//! Tokens: JWTs (RFC 7519), checked with keys of a JWK set (RFC 7517) from a file or a URL.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::keys::tenants;
use super::{Principal, Roles, Tenants};

/// How old a set may be before it is asked for again.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The shortest time between two looks: a token with a key that nobody has costs one, however many come.
const MIN_PAUSE: Duration = Duration::from_secs(10);
/// How long the set may take to arrive.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest set, in bytes.
const MAX_SET_BYTES: usize = 1024 * 1024;
/// The longest token, in characters.
const MAX_TOKEN: usize = 16 * 1024;

/// How tokens are checked.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// Where the keys are.
    pub keys: KeySource,
    /// The `iss` that a token must have.
    pub issuer: String,
    /// The `aud` that a token must have among its own.
    pub audience: String,
    /// The claim that names the tenant; `*` in it is every one, its absence `default`.
    pub tenant_claim: String,
    /// The claim that lists roles of the contract. Scopes stand in `scope`, separated by spaces.
    pub roles_claim: String,
    /// By how much clocks may differ.
    pub leeway: Duration,
}

/// Where a JWK set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file. It alone may hold secrets for HS256.
    File(PathBuf),
    /// `https://…`; or `http://` on this machine.
    Url(String),
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// In words for its sender.
    Token(&'static str),
    /// There is no key to check it with yet.
    KeysAway,
}

/// Checks tokens.
pub(super) struct Jwt {
    settings: JwtSettings,
    roles: Roles,
    client: reqwest::Client,
    /// The keys as far as they are known.
    known: RwLock<Known>,
    /// Held by the one who asks for them.
    asking: Mutex<()>,
    min_pause: Duration,
}

impl std::fmt::Debug for Jwt {
    /// Without keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<[Key]>,
    /// When they came.
    fetched: Option<Instant>,
    /// When they were asked for last.
    asked: Option<Instant>,
}

/// A key, ready to check with.
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    check: DecodingKey,
}

impl Jwt {
    pub(super) fn new(settings: JwtSettings, roles: Roles) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (known, asking) = (RwLock::default(), Mutex::default());
        Ok(Self { settings, roles, client, known, asking, min_pause: MIN_PAUSE })
    }

    /// Reads the keys of a file, so that a file that can't be used is said at the start.
    pub(super) fn check_file(&self) -> Result<(), String> {
        let KeySource::File(path) = &self.settings.keys else { return Ok(()) };
        let text = std::fs::read(path).map_err(|error| error.to_string())?;
        let keys = parse(&text, true)?;
        self.learn(keys, Instant::now());
        Ok(())
    }

    /// Who a token speaks of.
    pub(super) async fn principal(&self, token: &str) -> Result<Principal, Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(Refusal::Token("the token is too long"));
        }
        let header = decode_header(token).map_err(|_| Refusal::Token("the token can't be read"))?;
        let fits = |key: &Key| {
            key.algorithm == header.alg && (header.kid.is_none() || key.id == header.kid)
        };
        let mut known = self.known();
        let now = Instant::now();
        let is_old = known.fetched.is_none_or(|at| now.duration_since(at) > MAX_AGE);
        if is_old || !known.keys.iter().any(fits) {
            known = self.ask().await;
        }
        if known.fetched.is_none() {
            return Err(Refusal::KeysAway);
        }
        let mut refused = Refusal::Token("the token is signed with a key that is not known");
        for key in known.keys.iter().filter(|key| fits(key)) {
            match decode::<Map<String, Value>>(token, &key.check, &self.validation(key.algorithm)) {
                Ok(token) => return self.of_claims(&token.claims),
                Err(error) => refused = Refusal::Token(reason(error.kind())),
            }
        }
        Err(refused)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = self.settings.leeway.as_secs();
        validation.validate_nbf = true;
        validation
    }

    fn of_claims(&self, claims: &Map<String, Value>) -> Result<Principal, Refusal> {
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        if subject.is_empty() || subject.len() > 256 {
            return Err(Refusal::Token("the token's `sub` should have 1 to 256 characters"));
        }
        let tenants = match claims.get(&self.settings.tenant_claim) {
            None => Tenants::One("default".to_owned()),
            Some(claim) => claim
                .as_str()
                .and_then(|tenant| tenants(tenant).ok())
                .ok_or(Refusal::Token("the token's tenant can't be read"))?,
        };
        let mut scopes = BTreeSet::new();
        let words = |claim: Option<&Value>| -> Vec<String> {
            match claim {
                Some(Value::String(text)) => text.split(' ').map(str::to_owned).collect(),
                Some(Value::Array(items)) => {
                    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                    Vec::new()
                }
            }
        };
        // An issuer's words of other systems grant nothing here.
        let all: HashSet<_> = self.roles.all().into_iter().collect();
        scopes.extend(words(claims.get("scope")).into_iter().filter(|scope| all.contains(scope)));
        for role in words(claims.get(&self.settings.roles_claim)) {
            scopes.extend(self.roles.0.get(&role).into_iter().flatten().cloned());
        }
        Ok(Principal::of_token(subject, tenants, scopes))
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, keys: Vec<Key>, at: Instant) {
        let known = Known { keys: keys.into(), fetched: Some(at), asked: Some(at) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Asks for the keys, unless somebody did a moment ago. What can't be had leaves the old ones: an issuer that
    /// is away for a while shuts nobody out.
    async fn ask(&self) -> Known {
        let _asking = self.asking.lock().await;
        let known = self.known();
        let now = Instant::now();
        if known.asked.is_some_and(|at| now.duration_since(at) < self.min_pause) {
            return known;
        }
        match self.fetch().await {
            Ok(keys) => self.learn(keys, now),
            Err(problem) => {
                metrics::counter!("charter_jwt_keys_failed_total").increment(1);
                tracing::warn!(problem, "the keys of tokens can't be had");
                self.known.write().unwrap_or_else(PoisonError::into_inner).asked = Some(now);
            }
        }
        self.known()
    }

    async fn fetch(&self) -> Result<Vec<Key>, String> {
        match &self.settings.keys {
            KeySource::File(path) => {
                let text = tokio::fs::read(path).await.map_err(|error| error.to_string())?;
                parse(&text, true)
            }
            KeySource::Url(url) => {
                let mut answer = self
                    .client
                    .get(url)
                    .send()
                    .await
                    .and_then(reqwest::Response::error_for_status)
                    .map_err(|error| error.without_url().to_string())?;
                let mut text = Vec::new();
                while let Some(part) =
                    answer.chunk().await.map_err(|error| error.without_url().to_string())?
                {
                    if text.len() + part.len() > MAX_SET_BYTES {
                        return Err(format!("it has more than {MAX_SET_BYTES} bytes"));
                    }
                    text.extend_from_slice(&part);
                }
                parse(&text, false)
            }
        }
    }
}

/// The keys of a set that can check a token. Others are for other things, and left out.
fn parse(text: &[u8], may_be_secret: bool) -> Result<Vec<Key>, String> {
    let set: JwkSet = serde_json::from_slice(text).map_err(|_| "it is no JWK set".to_owned())?;
    let keys: Vec<_> = set.keys.iter().filter_map(|jwk| key(jwk, may_be_secret)).collect();
    if keys.is_empty() {
        return Err("it has no key for HS256, RS256, ES256 or EdDSA".to_owned());
    }
    Ok(keys)
}

/// One key with the one algorithm that it is for: a token never chooses (RFC 8725 section 3.1).
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here is not taken")]
fn key(jwk: &Jwk, may_be_secret: bool) -> Option<Key> {
    let common = &jwk.common;
    if matches!(common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) if may_be_secret => Algorithm::HS256,
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let named = common.key_algorithm.as_ref().map(ToString::to_string);
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return None;
    }
    let check = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { id: common.key_id.clone(), algorithm, check })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here says no more")]
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token's issuer is another one",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        ErrorKind::MissingRequiredClaim(_) => {
            "the token lacks one of `exp`, `iss`, `aud` and `sub`"
        }
        _ => "the token can't be read",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::json;

    use super::*;

    #[expect(clippy::wildcard_enum_match_arm, reason = "a test")]
    fn signer(algorithm: Algorithm) -> EncodingKey {
        let key = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(include_bytes!("testkeys/rsa.pem")),
            Algorithm::ES256 => EncodingKey::from_ec_pem(include_bytes!("testkeys/ec.pem")),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(include_bytes!("testkeys/ed.pem")),
            Algorithm::HS256 => Ok(EncodingKey::from_secret(b"a secret of thirty-two bytes, ok")),
            other => panic!("{other:?} is not taken"),
        };
        key.expect("a key")
    }

    fn jwk(algorithm: Algorithm, id: &str) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&signer(algorithm), algorithm).expect("a JWK");
        jwk.common.key_id = Some(id.to_owned());
        jwk
    }

    fn set(keys: &[(Algorithm, &str)]) -> String {
        let keys: Vec<_> = keys.iter().map(|(algorithm, id)| jwk(*algorithm, id)).collect();
        json!({"keys": keys}).to_string()
    }

    fn claims() -> Value {
        json!({
            "iss": "https://issuer.example", "aud": ["charter"], "sub": "buyer-7", "tenant": "acme",
            "exp": get_current_timestamp() + 60, "roles": ["buyer", "unknown"], "scope": "shows:write other",
        })
    }

    fn token(algorithm: Algorithm, id: &str, claims: &Value) -> String {
        let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
        encode(&header, claims, &signer(algorithm)).expect("a token")
    }

    fn jwt(keys: KeySource) -> Jwt {
        let roles = Roles::of(&json!({"x-roles": {
            "buyer": ["seats:read", "seats:write"], "office": ["shows:write"]
        }}));
        let settings = JwtSettings {
            keys,
            issuer: "https://issuer.example".to_owned(),
            audience: "charter".to_owned(),
            tenant_claim: "tenant".to_owned(),
            roles_claim: "roles".to_owned(),
            leeway: Duration::from_mins(1),
        };
        Jwt::new(settings, roles).expect("a client")
    }

    fn of_file(keys: &[(Algorithm, &str)]) -> (Jwt, tempfile::TempDir) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys.json");
        std::fs::write(&path, set(keys)).expect("a file");
        let jwt = jwt(KeySource::File(path));
        jwt.check_file().expect("keys");
        (jwt, directory)
    }

    const ALL: [Algorithm; 4] =
        [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

    #[tokio::test]
    async fn a_token_of_each_algorithm_is_a_principal() {
        let (jwt, _directory) = of_file(&ALL.map(|algorithm| (algorithm, "k")));
        for algorithm in ALL {
            let who = jwt.principal(&token(algorithm, "k", &claims())).await;
            let who = who.unwrap_or_else(|refusal| panic!("{algorithm:?}: {refusal:?}"));
            assert_eq!((who.subject(), who.id()), ("buyer-7", "token/buyer-7"));
            assert_eq!(who.tenants(), &Tenants::One("acme".to_owned()));
            assert!(who.has("seats:write") && who.has("shows:write") && !who.has("other"));
        }
    }

    #[tokio::test]
    async fn a_token_that_is_not_good_is_refused_with_a_reason() {
        let (jwt, _directory) = of_file(&[(Algorithm::ES256, "k")]);
        let with = |member: &str, value: Value| {
            let mut claims = claims();
            claims[member] = value;
            token(Algorithm::ES256, "k", &claims)
        };
        let without = |member: &str| {
            let mut claims = claims();
            claims.as_object_mut().expect("an object").remove(member);
            token(Algorithm::ES256, "k", &claims)
        };
        let now = get_current_timestamp();
        let good = with("tenant", json!("acme"));
        let (head, _) = good.rsplit_once('.').expect("a signature");
        let unsigned = "eyJhbGciOiJub25lIn0.e30.";
        for (token, reason) in [
            (with("exp", json!(now - 61)), "the token has expired"),
            (with("nbf", json!(now + 120)), "the token is not valid yet"),
            (with("iss", json!("https://other.example")), "the token's issuer is another one"),
            (with("aud", json!("other")), "the token is for another audience"),
            (with("tenant", json!(7)), "the token's tenant can't be read"),
            (with("sub", json!("")), "the token's `sub` should have 1 to 256 characters"),
            (without("exp"), "the token lacks one of `exp`, `iss`, `aud` and `sub`"),
            (without("aud"), "the token lacks one of `exp`, `iss`, `aud` and `sub`"),
            (without("iss"), "the token lacks one of `exp`, `iss`, `aud` and `sub`"),
            (format!("{head}.{}", "A".repeat(86)), "the token's signature is wrong"),
            (
                token(Algorithm::ES256, "other", &claims()),
                "the token is signed with a key that is not known",
            ),
            // A token does not choose how it is checked.
            (
                token(Algorithm::HS256, "k", &claims()),
                "the token is signed with a key that is not known",
            ),
            (unsigned.to_owned(), "the token can't be read"),
            ("x".to_owned(), "the token can't be read"),
            ("x".repeat(MAX_TOKEN + 1), "the token is too long"),
        ] {
            assert_eq!(jwt.principal(&token).await.err(), Some(Refusal::Token(reason)), "{reason}");
        }
        // Within the leeway, and without a tenant.
        assert!(jwt.principal(&with("exp", json!(now - 30))).await.is_ok());
        let who = jwt.principal(&without("tenant")).await.expect("a principal");
        assert_eq!(who.tenants(), &Tenants::One("default".to_owned()));
    }

    #[test]
    fn a_set_from_elsewhere_holds_no_secret() {
        let both = set(&[(Algorithm::HS256, "s"), (Algorithm::ES256, "k")]);
        assert_eq!(parse(both.as_bytes(), true).expect("keys").len(), 2);
        assert_eq!(parse(both.as_bytes(), false).expect("keys").len(), 1);
        assert!(parse(set(&[(Algorithm::HS256, "s")]).as_bytes(), false).is_err());
        assert!(parse(b"{}", true).is_err());
    }

    /// Keys are fetched once for all, again for a key that is new, kept while their issuer is away.
    #[tokio::test]
    async fn keys_are_fetched_kept_and_rotated() {
        type Served = Arc<(RwLock<Option<String>>, AtomicUsize)>;
        let served: Served = Arc::new((RwLock::new(None), AtomicUsize::new(0)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let serving = Arc::clone(&served);
        let routes = axum::Router::new().route(
            "/keys",
            get(async move || {
                serving.1.fetch_add(1, Ordering::SeqCst);
                let set = serving.0.read().expect("no panic").clone();
                set.ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
            }),
        );
        let serving_task = tokio::spawn(async { axum::serve(listener, routes).await });
        let mut jwt = jwt(KeySource::Url(url));
        let set_to = |keys: Option<String>| *served.0.write().expect("no panic") = keys;
        let (old, new) =
            (token(Algorithm::ES256, "old", &claims()), token(Algorithm::EdDSA, "new", &claims()));

        // Away from the start: nobody can be told, and one look is enough for all who come.
        assert_eq!(jwt.principal(&old).await.err(), Some(Refusal::KeysAway));
        assert_eq!(jwt.principal(&old).await.err(), Some(Refusal::KeysAway));
        assert_eq!(served.1.load(Ordering::SeqCst), 1);
        jwt.min_pause = Duration::ZERO;
        set_to(Some(set(&[(Algorithm::ES256, "old")])));
        assert!(jwt.principal(&old).await.is_ok() && jwt.principal(&old).await.is_ok());
        assert_eq!(served.1.load(Ordering::SeqCst), 2);
        // A key that is not known is looked for, and found once it is there.
        assert!(jwt.principal(&new).await.is_err());
        set_to(Some(set(&[(Algorithm::ES256, "old"), (Algorithm::EdDSA, "new")])));
        assert!(jwt.principal(&new).await.is_ok());
        // The issuer is away: what is known goes on.
        set_to(None);
        assert!(jwt.principal(&token(Algorithm::ES256, "later", &claims())).await.is_err());
        assert!(jwt.principal(&old).await.is_ok() && jwt.principal(&new).await.is_ok());
        serving_task.abort();
    }
}
