//! Who may: every operation of the contract with every kind of credential, and what a principal sees.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter_http::Operation;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use crate::push::Stream;
use crate::socket::Guest;
use crate::support::{Answer, Platform, command};

/// What signs tokens here.
const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

/// A platform that knows keys and tokens.
struct Guarded {
    platform: Platform,
    secrets: Vec<(String, String)>,
    _data: tempfile::TempDir,
}

/// Name, tenant and grants of the keys.
const KEYS: [(&str, &str, &str); 7] = [
    ("buyer-1", "acme", "buyer"),
    ("buyer-2", "acme", "buyer"),
    ("office", "acme", "box-office"),
    ("desk", "acme", "hotel-manager"),
    ("stranger", "other", "*"),
    ("nothing", "acme", "seats:any-holder"),
    ("root", "*", "*"),
];

impl Guarded {
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more settings.
    fn start_with(more: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let (mut lines, mut secrets) = (String::from("# NAME TENANT GRANTS HASH\n"), Vec::new());
        for (name, tenant, grants) in KEYS {
            let (line, secret) = made(&["key", name, grants, "--tenant", tenant]);
            lines.push_str(&line);
            secrets.push((name.to_owned(), secret));
        }
        let keys = data.path().join("keys");
        std::fs::write(&keys, lines).expect("a file");
        let set = json!({"keys": [{"kty": "oct", "kid": "k", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(SECRET)}]});
        let tokens = data.path().join("tokens.json");
        std::fs::write(&tokens, set.to_string()).expect("a file");
        let mut start = command(&data.path().join("data"));
        start.env("API_KEYS", &keys).env("JWT_KEYS", &tokens);
        start.env("JWT_ISSUER", "https://issuer.example").env("JWT_AUDIENCE", "charter");
        start.envs(more.iter().copied());
        let platform = Platform::start_with(start);
        Self { platform, secrets, _data: data }
    }

    fn secret(&self, name: &str) -> &str {
        &self.secrets.iter().find(|(of, _)| of == name).expect("a key").1
    }

    /// Asks as the owner of a key.
    fn as_key(&self, name: &str, request: RequestBuilder) -> Answer {
        Answer::send(request.header("X-API-Key", self.secret(name)))
    }

    /// Asks as the owner of a key, and waits for the outcome.
    fn decide(&self, name: &str, path: &str, body: &Value) -> Answer {
        let request = self.platform.post(path, body).header("Prefer", "wait=30");
        self.as_key(name, request)
    }

    /// Reads as the owner of a key what a cursor has seen.
    fn read(&self, name: &str, path: &str, cursor: &str) -> Answer {
        let request = self.platform.get(path).header("Prefer", "wait=30");
        self.as_key(name, request.header("Consistent-With", cursor))
    }
}

/// The line and the secret that the subcommand makes.
pub(crate) fn made(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_platform")).args(arguments).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stderr).expect("text");
    let secret = said.strip_prefix("X-API-Key: ").and_then(|rest| rest.split(' ').next());
    let line = String::from_utf8(output.stdout).expect("text");
    (line, secret.expect("a secret").to_owned())
}

fn token(claims: &Value) -> String {
    let mut all = json!({
        "iss": "https://issuer.example", "aud": "charter", "sub": "buyer-1", "tenant": "acme",
        "exp": get_current_timestamp() + 300, "roles": ["buyer", "hotel-manager", "box-office", "cleanings-desk"],
    });
    for (name, value) in claims.as_object().expect("an object") {
        all[name] = value.clone();
    }
    let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, &all, &EncodingKey::from_secret(SECRET)).expect("a token")
}

/// A request of an operation that is well formed as far as its path goes.
fn request_of(platform: &Platform, operation: &Operation) -> RequestBuilder {
    let mut path = operation.path.replace("{tenantId}", "acme");
    for id in ["{commandId}", "{reservationId}"] {
        path = path.replace(id, "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20");
    }
    for id in ["{showId}", "{seatId}", "{sectionId}", "{propertyId}"] {
        path = path.replace(id, "none");
    }
    assert!(!path.contains('{'), "{path}");
    let method: Method = operation.method.parse().expect("a method");
    platform.request(method, &path)
}

#[test]
fn every_operation_asks_who_it_is_and_whether_they_may() {
    let guarded = Guarded::start();
    let platform = &guarded.platform;
    let operations = gateway_service::operations();
    assert!(operations.len() >= 20);
    let bearer = |token: String| format!("Bearer {token}");
    let expired = bearer(token(&json!({"exp": get_current_timestamp() - 120})));
    let foreign = bearer(token(&json!({"aud": "other"})));
    let forged = format!("{}x", bearer(token(&json!({}))));
    for operation in operations {
        let id = operation.id;
        let ask = || request_of(platform, operation);
        let refused = |what: &str, request: RequestBuilder, status: u16, code: &str| {
            let answer = Answer::send(request);
            assert_eq!(
                (answer.status, answer.str("code")),
                (status, code),
                "{id}, {what}: {}",
                answer.text
            );
            if status == 401 {
                let challenge = answer.header("www-authenticate").expect("a challenge");
                assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            }
        };
        refused("no credentials", ask(), 401, "UNAUTHENTICATED");
        refused("a wrong key", ask().header("X-API-Key", "0".repeat(64)), 401, "UNAUTHENTICATED");
        refused(
            "an expired token",
            ask().header("Authorization", &expired),
            401,
            "UNAUTHENTICATED",
        );
        refused("another's token", ask().header("Authorization", &foreign), 401, "UNAUTHENTICATED");
        refused("a forged token", ask().header("Authorization", &forged), 401, "UNAUTHENTICATED");
        refused("the name of a key", ask().header("X-API-Key", "root"), 401, "UNAUTHENTICATED");
        if !operation.access.scopes.is_empty() {
            let insufficient = ask().header("X-API-Key", guarded.secret("nothing"));
            refused("insufficient", insufficient, 403, "FORBIDDEN");
            let none = bearer(token(&json!({"roles": []})));
            refused("a token without roles", ask().header("Authorization", none), 403, "FORBIDDEN");
        }
        if operation.tenant.is_some() {
            let other = ask().header("X-API-Key", guarded.secret("stranger"));
            refused("another tenant's key", other, 403, "FORBIDDEN");
            let other = bearer(token(&json!({"tenant": "other"})));
            refused(
                "another tenant's token",
                ask().header("Authorization", other),
                403,
                "FORBIDDEN",
            );
        }
        if operation.method == "GET" {
            let path =
                request_of(platform, operation).build().expect("a request").url().path().to_owned();
            let head = Answer::send(platform.request(Method::HEAD, &path));
            assert_eq!(head.status, 401, "HEAD of {id}");
        }
        // Whoever may gets as far as the operation itself.
        for request in [
            ask().header("X-API-Key", guarded.secret("root")),
            ask().header("Authorization", bearer(token(&json!({})))),
        ] {
            let answer = Answer::send(request);
            assert!(![401, 403, 500].contains(&answer.status), "{id}: {}", answer.text);
        }
    }
    // What says how the process is, and what it offers, is for everybody.
    for path in [
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/openapi.yaml",
        "/",
        "/live",
    ] {
        Answer::send(platform.get(path)).expect(200);
    }
    let ready = Answer::send(platform.get("/health/ready")).expect(200);
    assert_eq!(ready.json["mode"], Value::Null);
}

/// Rooms ask as operations do, on both ways to them.
#[test]
fn every_way_to_a_room_asks_who_it_is_and_whether_they_may() {
    let guarded = Guarded::start();
    let platform = &guarded.platform;
    let opened = guarded.decide("office", "/v1/shows", &show("s")).expect(200);
    guarded.read("office", "/v1/shows/s", opened.str("cursor")).expect(200);
    let key = |secret: &str| json!({"key": secret});
    let given = |claims: Value| json!({"token": token(&claims)});
    let unknown = [
        ("no credentials", json!({})),
        ("a wrong key", key(&"0".repeat(64))),
        ("the name of a key", key("root")),
        ("an expired token", given(json!({"exp": get_current_timestamp() - 120}))),
        ("another's token", given(json!({"aud": "other"}))),
        ("two credentials", json!({"key": guarded.secret("root"), "token": token(&json!({}))})),
    ];
    let hold = json!({"showId": "s", "seatIds": ["a-row-1-seat-1"], "holderId": "buyer-1"});
    for (what, auth) in &unknown {
        let answer = Answer::send(credentials(platform.get("/v1/streams/show:s"), auth));
        assert_eq!((answer.status, answer.str("code")), (401, "UNAUTHENTICATED"), "{what}");
        let mut guest = Guest::open(platform, &[]).expect("a connection");
        let refused = guest.connect(auth).expect_err(what);
        assert_eq!(
            (&refused["status"], &refused["code"]),
            (&json!(401), &json!("UNAUTHENTICATED"))
        );
        // Whoever is nobody sends nothing: the connection ends.
        guest.emit("seat.holdRequest", &hold);
        assert_eq!(guest.next(), None, "{what}");
    }
    let wrong = "0".repeat(64);
    let early = Guest::open(platform, &[("x-api-key", &wrong)]).err().expect("a wrong header");
    assert!(early.to_string().contains("401"), "{early}");

    for (what, auth) in [
        ("insufficient", key(guarded.secret("nothing"))),
        ("a token without roles", given(json!({"roles": []}))),
    ] {
        let answer = Answer::send(credentials(platform.get("/v1/streams/show:s"), &auth));
        assert_eq!((answer.status, answer.str("code")), (403, "FORBIDDEN"), "{what}");
        let mut guest = Guest::open(platform, &[]).expect("a connection");
        guest.connect(&auth).expect("known");
        for (name, asked) in
            [("event.join", &json!({"room": "show:s"})), ("seat.holdRequest", &hold)]
        {
            let refused = guest.ask(name, asked);
            assert_eq!(refused["problem"]["code"], "FORBIDDEN", "{what}, {name}: {refused}");
        }
    }
    // Another tenant's room is refused where it is named, and its own of that name is another one.
    let stranger = key(guarded.secret("stranger"));
    let named = credentials(platform.get("/v1/streams/show:s?tenant=acme"), &stranger);
    assert_eq!(Answer::send(named).expect(403).str("code"), "FORBIDDEN");
    let mut guest = Guest::open(platform, &[]).expect("a connection");
    guest.connect(&stranger).expect("known");
    let refused = guest.ask("event.join", &json!({"room": "show:s", "tenant": "acme"}));
    assert_eq!(refused["problem"]["code"], "FORBIDDEN", "{refused}");
    assert_eq!(guest.ask("event.join", &json!({"room": "show:s"}))["ok"], true);
    assert_eq!(guest.expect("initial-load")["seats"], json!([]));
    let elsewhere = guest.ask("seat.holdRequest", &hold);
    assert_ne!(elsewhere["status"], "APPLIED", "{elsewhere}");

    // Whoever may is let in, by key or token, and acts for nobody else.
    for auth in [key(guarded.secret("buyer-1")), given(json!({})), key(guarded.secret("root"))] {
        let mut guest = Guest::open(platform, &[]).expect("a connection");
        guest.connect(&auth).expect("known");
        assert_eq!(
            guest.ask("event.join", &json!({"room": "show:s", "tenant": "acme"}))["ok"],
            true
        );
        assert_eq!(guest.expect("initial-load")["seats"].as_array().map(Vec::len), Some(4));
    }
    let mut buyer = Guest::open(platform, &[]).expect("a connection");
    buyer.connect(&key(guarded.secret("buyer-2"))).expect("known");
    assert_eq!(buyer.ask("seat.holdRequest", &hold)["problem"]["code"], "FORBIDDEN");
    let own = json!({"showId": "s", "seatIds": ["a-row-1-seat-1"], "holderId": "buyer-2"});
    assert_eq!(buyer.ask("seat.holdRequest", &own)["status"], "APPLIED");
    guest.ask("event.leave", &json!({"room": "show:s"}));
}

/// A request with what a socket says of itself.
fn credentials(request: RequestBuilder, auth: &Value) -> RequestBuilder {
    let request = match auth["key"].as_str() {
        Some(key) => request.header("X-API-Key", key),
        None => request,
    };
    match auth["token"].as_str() {
        Some(token) => request.header("Authorization", format!("Bearer {token}")),
        None => request,
    }
}

fn show(id: &str) -> Value {
    json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 4}]})
}

#[test]
fn a_principal_acts_for_itself_and_sees_its_own_tenant() {
    let guarded = Guarded::start();
    let opened = guarded.decide("office", "/v1/shows", &show("s")).expect(200);
    let hold = |seat: u32, holder: &str| json!({"seatIds": [format!("a-row-1-seat-{seat}")], "holderId": holder});
    let path = "/v1/shows/s/holds";
    guarded.decide("buyer-1", path, &hold(1, "buyer-1")).expect(200);
    let other = guarded.decide("buyer-1", path, &hold(2, "buyer-2")).expect(403);
    assert_eq!(other.str("code"), "FORBIDDEN");
    assert!(other.str("detail").contains("`seats:any-holder`"), "{}", other.text);
    guarded.decide("office", path, &hold(2, "buyer-2")).expect(200);
    let confirm = "/v1/shows/s/confirmations";
    guarded.decide("buyer-2", confirm, &hold(2, "buyer-2")).expect(200);
    let taken = guarded.decide("buyer-2", confirm, &hold(1, "buyer-2")).expect(403);
    assert_eq!(taken.str("code"), "NOT_HOLDER");

    // Another tenant has shows of its own, of the same names.
    let cursor = opened.str("cursor").to_owned();
    guarded.read("buyer-1", "/v1/shows/s", &cursor).expect(200);
    guarded.read("stranger", "/v1/shows/s", &cursor).expect(404);
    let seats = guarded.read("stranger", "/v1/shows/s/seats", &cursor).expect(200);
    assert_eq!(seats.json["items"], json!([]));
    let theirs = guarded.decide("stranger", "/v1/shows", &show("s")).expect(200);
    guarded.read("stranger", "/v1/shows/s", theirs.str("cursor")).expect(200);

    // A command's status is its tenant's, with and without the place that the 202 gave.
    let request = guarded.platform.post(path, &hold(3, "buyer-1"));
    let accepted = guarded.as_key("buyer-1", request).expect(202);
    let location = accepted.header("location").expect("where to ask").to_owned();
    let bare = format!("/v1/commands/{}", opened.str("commandId"));
    for path in [&location, &bare] {
        let theirs = guarded.as_key("stranger", guarded.platform.get(path)).expect(404);
        assert_eq!(theirs.str("code"), "COMMAND_UNKNOWN");
        guarded.as_key("root", guarded.platform.get(path)).expect(200);
        guarded.as_key("buyer-2", guarded.platform.get(path)).expect(200);
    }

    // One key of idempotency is two commands for two principals, and one for one.
    let keyed = |name: &str, seat: u32| {
        let request = guarded.platform.post(path, &hold(seat, name)).header("Prefer", "wait=30");
        guarded.as_key(name, request.header("Idempotency-Key", "the-same-key"))
    };
    let first = keyed("buyer-1", 4).expect(200);
    assert_eq!(keyed("buyer-1", 4).expect(200).text, first.text);
    assert_eq!(keyed("buyer-2", 4).expect(409).str("code"), "SEAT_TAKEN");
    assert_eq!(keyed("buyer-1", 3).expect(422).str("code"), "IDEMPOTENCY_KEY_REUSED");
}

fn refused(start: &mut Command) -> String {
    let output = start.output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

#[test]
fn development_mode_is_said_and_stays_on_this_machine() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = Command::new(env!("CARGO_BIN_EXE_platform"));
    start.args(["--listen", "0.0.0.0:0", "--registry-listen", "127.0.0.1:0", "--data-dir"]);
    let said = refused(start.arg(data.path()));
    assert!(said.contains("`API_KEYS`") && said.contains("--listen"), "{said}");

    let log = data.path().join("log.txt");
    let mut start = command(&data.path().join("data"));
    start.stderr(std::fs::File::create(&log).expect("a file"));
    let platform = Platform::start_with(start);
    let ready = Answer::send(platform.get("/health/ready")).expect(200);
    assert_eq!(ready.str("mode"), "development");
    platform.terminate();
    let said = std::fs::read_to_string(&log).expect("a log");
    assert!(said.contains("development mode"), "{said}");
}

#[test]
fn a_first_key_is_made_where_there_is_none() {
    let data = tempfile::tempdir().expect("a directory");
    let keys = data.path().join("keys");
    let start = |listen: &str| {
        let mut start = Command::new(env!("CARGO_BIN_EXE_platform"));
        start.args(["--listen", listen, "--registry-listen", "127.0.0.1:0", "--data-dir"]);
        start.arg(data.path().join("data")).env("API_KEYS", &keys).env("API_KEYS_INIT", "true");
        start
    };
    // With credentials it may listen everywhere.
    let platform = Platform::start_with(start("0.0.0.0:0"));
    let secret = std::fs::read_to_string(data.path().join("keys.admin")).expect("a secret");
    Answer::send(platform.get("/v1/shows/none")).expect(401);
    let known = platform.get("/v1/shows/none").header("X-API-Key", secret.trim());
    Answer::send(known).expect(404);
}

#[test]
fn a_file_of_keys_that_can_not_be_used_is_named() {
    let data = tempfile::tempdir().expect("a directory");
    let keys = data.path().join("keys");
    let start = |keys: &Path| refused(command(&data.path().join("data")).env("API_KEYS", keys));
    let said = start(&keys);
    assert!(said.contains(keys.to_str().expect("text")), "{said}");
    std::fs::write(&keys, "shop acme owner sha256:00\n").expect("a file");
    let said = start(&keys);
    assert!(said.contains("line 1") && said.contains("`key`"), "{said}");
    let wrong =
        Command::new(env!("CARGO_BIN_EXE_platform")).args(["key", "shop", "owner"]).output();
    let wrong = wrong.expect("it runs");
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).expect("text");
    assert!(said.contains("`box-office`") && said.contains("`owner`"), "{said}");
}

/// A token that has run out shows its owner nothing more, however long the connection was open before.
#[test]
fn streams_and_sockets_end_when_their_token_runs_out() {
    let guarded = Guarded::start_with(&[("JWT_LEEWAY", "0"), ("PUSH_RECHECK", "1")]);
    let platform = &guarded.platform;
    guarded.decide("office", "/v1/shows", &show("s")).expect(200);
    let ends = get_current_timestamp() + 15;
    let auth = json!({"token": token(&json!({"exp": ends}))});
    let request = platform.get("/v1/streams/show:s").timeout(Duration::from_mins(1));
    let mut stream = Stream::of(credentials(request, &auth));
    let mut guest = Guest::open(platform, &[]).expect("a connection");
    guest.connect(&auth).expect("known");
    assert_eq!(guest.ask("event.join", &json!({"room": "show:s"}))["ok"], true);

    let last = loop {
        let event = stream.next().expect("a last message");
        if event.name == "dropped" {
            break event.data;
        }
    };
    assert!(get_current_timestamp() >= ends, "not before its time");
    assert_eq!((&last["code"], &last["room"]), (&json!("UNAUTHENTICATED"), &json!("show:s")));
    assert!(stream.next().is_none(), "nothing comes after");
    let told = loop {
        let (name, body) = guest.next().expect("a last message");
        if name == "dropped" {
            break body;
        }
    };
    assert_eq!((&told["code"], &told["room"]), (&json!("UNAUTHENTICATED"), &json!("show:s")));
    assert_eq!(guest.next(), None);
    let mut again = Guest::open(platform, &[]).expect("a connection");
    assert_eq!(again.connect(&auth).expect_err("it ran out")["code"], "UNAUTHENTICATED");
}
