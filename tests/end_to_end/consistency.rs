//! Reading your writes: whatever clients write, read and tell each other, a read that is given a cursor never
//! misses what the cursor has seen. And who waits for a view costs no thread.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use platform_service::{Options, Platform};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use charter_http::access::AccessFlags;
use charter_http::flags::RetentionFlags;
use charter_http::settings::HttpFlags;

use crate::support::world::World;

/// Clients that know of each other.
const CLIENTS: usize = 4;
/// Shows that they share, in partitions of their own.
const SHOWS: usize = 3;
/// Seats of each.
const SEATS: usize = 64;
/// Cursors that one header may have.
const AT_ONCE: usize = 16;
/// Cursors that a client keeps before it reads, which makes one of them: those of two are never too many.
const KEPT: usize = AT_ONCE / 2;

/// What a client does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Holds the next seat of a show, and waits for the outcome.
    Hold { client: usize, show: usize },
    /// Reads one seat that it knows to be held.
    ReadSeat { client: usize, show: usize },
    /// Reads the list of held seats.
    List { client: usize, show: usize },
    /// Reads the counts.
    Count { client: usize, show: usize },
    /// Tells another what it has seen: its cursors.
    Tell { client: usize, other: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (client, show) = (0..CLIENTS, 0..SHOWS);
    prop_oneof![
        3 => (client.clone(), show.clone()).prop_map(|(client, show)| Step::Hold { client, show }),
        1 => (client.clone(), show.clone()).prop_map(|(client, show)| Step::ReadSeat { client, show }),
        2 => (client.clone(), show.clone()).prop_map(|(client, show)| Step::List { client, show }),
        1 => (client.clone(), show).prop_map(|(client, show)| Step::Count { client, show }),
        2 => (client.clone(), client).prop_map(|(client, other)| Step::Tell { client, other }),
    ]
}

/// What a client knows: seats that are held, and the cursors that say so.
#[derive(Clone, Debug, Default)]
struct Known {
    held: BTreeSet<(usize, usize)>,
    cursors: Vec<String>,
}

impl Known {
    fn header(&self) -> String {
        self.cursors.join(", ")
    }
}

/// A platform within the test, asked without a network.
struct Running {
    router: axum::Router,
    stop: CancellationToken,
    ended: JoinSet<()>,
    _data: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let stop = CancellationToken::new();
        let options = Options {
            data_dir: data.path().to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            registry_listen: "127.0.0.1:0".to_owned(),
            schema_registry_url: None,
            schema_registry_read_only: false,
            relaxed_durability: true,
            retention: RetentionFlags::default(),
            access: AccessFlags::default(),
            http: HttpFlags::default(),
        };
        let platform = Platform::start(platform_service::all(), options, stop.clone())
            .await
            .expect("the platform");
        let elsewhere = gateway_service::Elsewhere::default();
        let router =
            gateway_service::router(platform.api().clone(), &elsewhere, platform.push().clone());
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let mut ended = JoinSet::new();
        ended.spawn(async move {
            let ran = platform.run(|| {
                let _ = ready.send(());
            });
            ran.await.expect("a clean end");
        });
        is_ready.await.expect("the services work");
        Self { router, stop, ended, _data: data }
    }

    async fn ask(&self, request: Request<Body>) -> (Response<()>, Value) {
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn write(&self, path: &str, body: Value) -> String {
        let request = Request::post(path)
            .header("Content-Type", "application/json")
            .header("Prefer", "wait=30")
            .body(Body::from(body.to_string()))
            .expect("a request");
        let (head, body) = self.ask(request).await;
        assert_eq!(head.status(), 200, "{body}");
        body["cursor"].as_str().expect("a cursor").to_owned()
    }

    async fn read(&self, path: &str, known: &mut Known) -> Value {
        let request = Request::get(path).header("Prefer", "wait=30");
        let request = request.header("Consistent-With", known.header());
        let (head, body) = self.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(head.status(), 200, "{body}");
        // The answer's cursor has seen what the others had: it is all that has to be kept.
        let cursor = head.headers()["charter-cursor"].to_str().expect("text").to_owned();
        known.cursors = vec![cursor];
        body
    }

    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.ended.join_next().await {
            ended.expect("no panic");
        }
    }
}

fn seat(number: usize) -> String {
    format!("a-row-1-seat-{}", number + 1)
}

async fn run(running: &Running, round: usize, steps: Vec<Step>) {
    let show_id = |show: usize| format!("show-{round}-{show}");
    let mut known = vec![Known::default(); CLIENTS];
    let mut next = [0; SHOWS];
    for show in 0..SHOWS {
        let cursor = running
            .write("/v1/shows", json!({"showId": show_id(show), "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": SEATS}]}))
            .await;
        for known in &mut known {
            known.cursors.push(cursor.clone());
        }
    }
    for step in steps {
        match step {
            Step::Hold { client, show } => {
                let number = next[show];
                if number == SEATS {
                    continue;
                }
                next[show] += 1;
                let path = format!("/v1/shows/{}/holds", show_id(show));
                let body =
                    json!({"seatIds": [seat(number)], "holderId": format!("client-{client}")});
                let cursor = running.write(&path, body).await;
                known[client].held.insert((show, number));
                known[client].cursors.push(cursor);
                if known[client].cursors.len() > KEPT {
                    let path = format!("/v1/shows/{}/stats", show_id(show));
                    running.read(&path, &mut known[client]).await;
                }
            }
            Step::ReadSeat { client, show } => {
                let held = known[client].held.iter().find(|(of, _)| *of == show).copied();
                let Some((_, number)) = held else { continue };
                let path = format!("/v1/shows/{}/seats/{}", show_id(show), seat(number));
                let read = running.read(&path, &mut known[client]).await;
                assert_eq!(read["status"], "HELD", "{step:?}");
            }
            Step::List { client, show } => {
                let path = format!("/v1/shows/{}/seats?status=HELD&limit=1000", show_id(show));
                let page = running.read(&path, &mut known[client]).await;
                let items = page["items"].as_array().expect("items");
                let seen: BTreeSet<_> = items.iter().map(|item| item["seatId"].as_str()).collect();
                for (_, number) in known[client].held.iter().filter(|(of, _)| *of == show) {
                    assert!(seen.contains(&Some(seat(*number).as_str())), "{step:?}: {number}");
                }
                // What it saw now must be there ever after.
                for item in items {
                    let number = item["number"].as_u64().expect("a number") - 1;
                    let number = usize::try_from(number).expect("it is small");
                    known[client].held.insert((show, number));
                }
            }
            Step::Count { client, show } => {
                let path = format!("/v1/shows/{}/stats", show_id(show));
                let counts = running.read(&path, &mut known[client]).await;
                let least = known[client].held.iter().filter(|(of, _)| *of == show).count();
                let held = counts["held"].as_u64().expect("a number");
                assert!(usize::try_from(held).expect("it is small") >= least, "{step:?}");
            }
            Step::Tell { client, other } if client != other => {
                let told = known[client].clone();
                let path = format!("/v1/shows/{}/stats", show_id(0));
                if known[other].cursors.len() + told.cursors.len() > AT_ONCE {
                    running.read(&path, &mut known[other]).await;
                }
                known[other].held.extend(told.held);
                known[other].cursors.extend(told.cursors);
                // A read makes one of all cursors; who is told must have room again when it tells others.
                if known[other].cursors.len() > KEPT {
                    running.read(&path, &mut known[other]).await;
                }
            }
            Step::Tell { .. } => {}
        }
    }
}

#[test]
fn no_read_is_stale_whatever_the_interleaving() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let running = runtime.block_on(Running::start());
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let round = std::cell::Cell::new(0);
    let outcome = runner.run(&prop::collection::vec(step(), 1..60), |steps| {
        // Clients that do other things at the same time: their events move the same partitions.
        round.set(round.get() + 2);
        let (mine, others) = (round.get(), steps.iter().rev().copied().collect());
        runtime.block_on(async {
            tokio::join!(run(&running, mine, steps), run(&running, mine + 1, others));
        });
        Ok(())
    });
    runtime.block_on(running.end());
    outcome.expect("no read is stale");
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Two thousand reads wait for one event, on as many threads as before, and all get it.
#[test]
fn who_waits_for_a_view_costs_no_thread() {
    const WAITING: usize = 2_000;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let running = Running::start().await;
        let show = |id: &str| json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 4}]});
        let first = running.write("/v1/shows", show("s")).await;
        let mut known = Known { cursors: vec![first.clone()], ..Known::default() };
        running.read("/v1/shows/s", &mut known).await;
        // The next event of the same partition.
        let mut seen: Value = serde_json::from_slice(&decoded(&first)).expect("JSON");
        let partition = seen["seat"].as_object_mut().expect("positions").iter_mut().next().expect("one");
        *partition.1 = json!(partition.1.as_i64().expect("a position") + 1);
        let next = encoded(&seen.to_string());

        let mut waiting = JoinSet::new();
        for _ in 0..WAITING {
            let (router, next) = (running.router.clone(), next.clone());
            waiting.spawn(async move {
                let request = Request::get("/v1/shows/s/stats").header("Prefer", "wait=30");
                let request = request.header("Consistent-With", next).body(Body::empty());
                let answer = router.oneshot(request.expect("a request")).await.expect("an answer");
                answer.status().as_u16()
            });
        }
        // All have begun once as many turns were taken.
        for _ in 0..WAITING {
            tokio::task::yield_now().await;
        }
        // Other tests of the process have theirs; one for each who waits would be seen.
        let threads = threads();
        assert!(threads < WAITING / 4, "{threads} threads");
        let body = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer"});
        running.write("/v1/shows/s/holds", body).await;
        while let Some(answer) = waiting.join_next().await {
            assert_eq!(answer.expect("no panic"), 200);
        }
        running.end().await;
    });
}

/// What a client has seen it sees again, whichever gateway it asks and whatever was killed since.
pub(crate) fn no_read_is_stale_after_a_kill(platform: &mut World) {
    const SEATS: u32 = 12;
    let id = platform.name("s");
    let show = json!({"showId": id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": SEATS}]});
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    let mut seen = String::new();
    for number in 1..=SEATS {
        let hold = json!({"seatIds": [format!("a-row-1-seat-{number}")], "holderId": "buyer"});
        let taken = platform.decide(platform.post(&format!("/v1/shows/{id}/holds"), &hold));
        let cursor = taken.expect(200).str("cursor").to_owned();
        // Right behind the write, while nothing of it is projected yet.
        if number % 4 == 0 {
            platform.crash();
        }
        let seat = format!("/v1/shows/{id}/seats/a-row-1-seat-{number}");
        let row = platform.read(&seat, &cursor).expect(200);
        assert_eq!(row.str("status"), "HELD", "seat {number}");
        // The sum of all that was seen, from another gateway.
        row.header("charter-cursor").expect("a cursor").clone_into(&mut seen);
        let stats = platform.read(&format!("/v1/shows/{id}/stats"), &seen).expect(200);
        assert_eq!(stats.json["held"], json!(number), "{}", stats.text);
    }
    platform.crash();
    let stats = platform.read(&format!("/v1/shows/{id}/stats"), &seen).expect(200);
    assert_eq!(stats.json["held"], json!(SEATS));
}

fn decoded(cursor: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor).expect("base64")
}

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// A view that does not come to a cursor in time is said so, and when to ask again.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_behind_is_said_so() {
    let running = Running::start().await;
    let cursor = encoded(r#"{"seat":{"0":1000000}}"#);
    let request = Request::get("/v1/shows/s").header("Consistent-With", cursor);
    let request = request.header("Prefer", "wait=0").body(Body::empty()).expect("a request");
    let (head, body) = running.ask(request).await;
    assert_eq!(
        (head.status().as_u16(), body["code"].as_str()),
        (503, Some("VIEW_BEHIND")),
        "{body}"
    );
    assert_eq!(head.headers()["retry-after"], "1");
    running.end().await;
}
