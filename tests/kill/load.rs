//! Clients that send commands until each is accepted, and someone who kills the platform meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Platform};

/// How many clients send at once.
const CLIENTS: usize = 8;
/// How often a client sends the same command before the test gives up.
const MAX_ATTEMPTS: usize = 2_000;

/// A command that was accepted.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its id, as the gateway gave it.
    pub(crate) command_id: String,
    /// Where its status is: the `Location` of a 202, else its plain address.
    pub(crate) location: String,
    /// The answer's status.
    pub(crate) status: u16,
    /// How often it was sent.
    pub(crate) attempts: usize,
}

/// Runs the load; gives the platform as it runs at the end, and what was accepted.
pub(crate) fn run(
    data: &Path,
    commands: usize,
    kills: &[usize],
    seed: u64,
) -> (Platform, Vec<Sent>) {
    let platform = Platform::start(data);
    open(&platform);
    let platform = RwLock::new(Some(platform));
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let history = Mutex::new(Vec::with_capacity(commands));

    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= commands {
                        return;
                    }
                    let sent = send(&platform, number, seed);
                    answered.fetch_add(1, Ordering::Relaxed);
                    history.lock().expect("no panic").push(sent);
                }
            });
        }
        for kill_after in kills {
            // Polled, because what is waited for is progress of the clients, not a time.
            while answered.load(Ordering::Relaxed) < *kill_after {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            let mut running = platform.write().expect("no panic");
            running.take().expect("it runs").kill();
            *running = Some(Platform::start(data));
        }
    });
    let platform = platform.into_inner().expect("no panic").expect("it runs");
    (platform, history.into_inner().expect("no panic"))
}

fn open(platform: &Platform) {
    let show = json!({
        "showId": "final", "title": "Final", "holdSeconds": 2,
        "sections": [{"sectionId": "a", "rows": 20, "seatsPerRow": 10}],
    });
    platform.decide(platform.post("/v1/shows", &show)).expect(200);
    let property = json!({
        "propertyId": "inn", "name": "Inn", "roomTypes": [{"roomTypeId": "king", "rooms": 3}],
    });
    platform.decide(platform.post("/v1/tenants/acme/properties", &property)).expect(200);
}

/// One request of a client: the same for the same number.
struct Request {
    method: Method,
    path: String,
    body: Value,
    wait: bool,
}

fn request(number: usize, seed: u64) -> Request {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_add(number as u64));
    let wait = random.bool();
    let post =
        |path: &str, body| Request { method: Method::POST, path: path.to_owned(), body, wait };
    if random.u8(..4) == 0 {
        let (month, from) = (random.u8(3..9), random.u8(1..25));
        let body = json!({
            "guestId": "guest", "roomTypeId": "king", "source": "OTA", "reservationType": "GROUP",
            "checkInDate": format!("2027-{month:02}-{from:02}"),
            "checkOutDate": format!("2027-{month:02}-{:02}", from + random.u8(1..4)),
            "totalAmount": "99.90", "currency": "EUR",
        });
        return post("/v1/tenants/acme/properties/inn/reservations", body);
    }
    let seats: Vec<_> = (0..random.u8(1..4))
        .map(|_| format!("a-row-{}-seat-{}", random.u8(1..21), random.u8(1..11)))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let body = json!({"seatIds": seats, "holderId": format!("buyer-{}", random.u8(..3))});
    match random.u8(..5) {
        0..=2 => post("/v1/shows/final/holds", body),
        3 => post("/v1/shows/final/confirmations", body),
        _ => post("/v1/shows/final/releases", body),
    }
}

/// Sends until the command is accepted: under its own key, so that a repeat is no second command.
fn send(platform: &RwLock<Option<Platform>>, number: usize, seed: u64) -> Sent {
    let request = request(number, seed);
    for attempts in 1..=MAX_ATTEMPTS {
        let client = {
            let running = platform.read().expect("no panic");
            let client = running.as_ref().expect("it runs");
            client
                .request(request.method.clone(), &request.path)
                .json(&request.body)
                .header("Idempotency-Key", format!("load-{number:06}"))
                .header("Prefer", if request.wait { "wait=10" } else { "wait=0" })
        };
        let answer = match client.send() {
            // Cut off by a kill: whether it was taken is not known.
            Err(_) => None,
            Ok(answer) => Answer::try_of(answer).filter(|answer| answer.status != 503),
        };
        let Some(answer) = answer else {
            std::thread::park_timeout(Duration::from_millis(20));
            continue;
        };
        assert!(
            [200, 202, 403, 404, 409, 410].contains(&answer.status),
            "{}: {}",
            answer.status,
            answer.text
        );
        let command_id = answer.str("commandId").to_owned();
        let location = answer.header("location").map(str::to_owned);
        return Sent {
            location: location.unwrap_or_else(|| format!("/v1/commands/{command_id}")),
            command_id,
            status: answer.status,
            attempts,
        };
    }
    panic!("command {number} was not accepted in {MAX_ATTEMPTS} attempts");
}
