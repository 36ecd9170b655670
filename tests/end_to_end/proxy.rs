//! `dispatch: proxy` over the network: a gateway that forwards to the services that have the operations.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use charter_engine::store::{Durability, SqliteStore};
use charter_http::access::AccessFlags;
use charter_http::flags::RetentionFlags;
use charter_http::gateway::{self, Elsewhere};
use charter_http::proxy::Upstream;
use charter_http::server;
use charter_http::settings::{HttpFlags, HttpSettings};
use charter_http::{Api, Endpoint};
use contract_gateway::document::JSON;
use contract_gateway::routes;
use platform_service::{Options, Platform};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What a service was asked: method and path of the contract.
type Asked = Arc<Mutex<BTreeSet<String>>>;

async fn note(State(asked): State<Asked>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    asked.lock().expect("no panic").insert(format!("{} {path}", request.method()));
    next.run(request).await
}

/// Serves `router` on a free port; gives its URL and what it is asked.
async fn serve(
    router: Router,
    shutdown: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> (String, Asked) {
    let asked = Asked::default();
    let router = router.route_layer(middleware::from_fn_with_state(Arc::clone(&asked), note));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = server::with_middleware(router, &HttpSettings::default());
    tasks.spawn(server::serve(listener, move || router.clone(), shutdown.clone()));
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_reads_go_to_the_services_that_have_them() {
    let data = tempfile::tempdir().expect("a directory");
    let shutdown = CancellationToken::new();
    let options = Options {
        data_dir: data.path().to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        registry_listen: "127.0.0.1:0".to_owned(),
        schema_registry_url: None,
        schema_registry_read_only: false,
        relaxed_durability: false,
        retention: RetentionFlags::default(),
        access: AccessFlags::default(),
        http: HttpFlags::default(),
    };
    let platform = Platform::start(platform_service::all(), options, shutdown.clone())
        .await
        .expect("the platform");
    let (api, push) = (platform.api().clone(), platform.push().clone());
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let ended = platform.run(|| {
            let _ = ready.send(());
        });
        ended.await.expect("a clean end");
    });
    is_ready.await.expect("the services work");

    let (core, core_asked) = serve(core_service::router(&api), &shutdown, &mut tasks).await;
    let (reservations, reservations_asked) =
        serve(reservations_service::router(api.clone()), &shutdown, &mut tasks).await;
    let elsewhere = Elsewhere {
        core: Some(Upstream::new("core", &core).expect("an address")),
        services: vec![(
            "reservations".to_owned(),
            Upstream::new("reservations", &reservations).expect("an address"),
        )],
    };
    let (gateway, _) =
        serve(gateway_service::router(api, &elsewhere, push), &shutdown, &mut tasks).await;

    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = async |path: &str, body: Value| {
        let request = client.post(format!("{gateway}{path}")).json(&body);
        request
            .header("Prefer", "wait=30")
            .header("X-Correlation-Id", "proxied")
            .send()
            .await
            .expect("an answer")
    };
    let show = json!({"showId": "s", "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 1}]});
    assert_eq!(post("/v1/shows", show).await.status(), 200);
    let property = json!({"propertyId": "p", "name": "An inn", "roomTypes": [{"roomTypeId": "king", "rooms": 1}]});
    let opened = post("/v1/tenants/t/properties", property.clone()).await;
    assert_eq!(opened.status(), 200);
    assert_eq!(opened.headers()["x-correlation-id"], "proxied");
    let refused = post("/v1/tenants/t/properties", property).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let cursor = opened.headers()["charter-cursor"].clone();
    let read = client
        .get(format!("{gateway}/v1/tenants/t/properties/p"))
        .header("Consistent-With", cursor)
        .send()
        .await
        .expect("an answer");
    assert_eq!(read.status(), 200);
    assert_eq!(read.json::<Value>().await.expect("JSON")["name"], "An inn");

    let asked = |asked: &Asked| asked.lock().expect("no panic").iter().cloned().collect::<Vec<_>>();
    assert_eq!(asked(&reservations_asked), ["POST /v1/tenants/{tenantId}/properties"]);
    assert_eq!(asked(&core_asked), ["GET /v1/tenants/{tenantId}/properties/{propertyId}"]);

    shutdown.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
}

/// A gateway that has one operation of the contract, `elsewhere`.
async fn gateway_of(endpoint: &Endpoint, elsewhere: &Elsewhere, directory: &Path) -> Router {
    let store = SqliteStore::open(directory, Durability::Process).await.expect("a store");
    let api = Api::builder(JSON, &[endpoint.operation], Arc::new(store)).expect("a contract");
    gateway::operations(&api.build(), [*endpoint], elsewhere)
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let core = Some(Upstream::new("core", &url).expect("an address"));
    let elsewhere = Elsewhere { core, services: Vec::new() };
    let mut queries = routes::QUERIES.iter();
    let query = queries.find(|query| query.operation.path == "/v1/shows/{showId}");
    let data = tempfile::tempdir().expect("a directory");
    let router = gateway_of(query.expect("a query"), &elsewhere, data.path()).await;
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let (gateway, _) = serve(router, &shutdown, &mut tasks).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(format!("{gateway}/v1/shows/s")).send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(problem["code"], "UNAVAILABLE");
    assert!(problem["detail"].as_str().expect("a sentence").contains("`core`"), "{problem}");
    shutdown.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
}

#[tokio::test]
async fn a_command_whose_fate_the_service_does_not_tell_has_an_id_all_the_same() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // Takes the request and hangs up.
        let (mut connection, _) = silent.accept().await.expect("a connection");
        let mut head = [0; 64];
        tokio::io::AsyncReadExt::read_exact(&mut connection, &mut head).await.expect("a request");
    });
    let reservations = Upstream::new("reservations", &url).expect("an address");
    let services = vec![("reservations".to_owned(), reservations)];
    let elsewhere = Elsewhere { core: None, services };
    let mut commands = routes::RESERVATION_COMMANDS.iter();
    let open = commands.find(|command| command.operation.id == "openProperty");
    let data = tempfile::tempdir().expect("a directory");
    let router = gateway_of(open.expect("a command"), &elsewhere, data.path()).await;
    let (gateway, _) = serve(router, &shutdown, &mut tasks).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("{gateway}/v1/tenants/t/properties")).json(&json!({}));
    let answer = request.send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 503);
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(problem["code"], "APPEND_UNKNOWN", "{problem}");
    let id = problem["commandId"].as_str().expect("an id");
    assert_eq!(uuid::Uuid::parse_str(id).expect("a UUID").get_version_num(), 7);
    shutdown.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
}
