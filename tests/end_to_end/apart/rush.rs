//! Buyers who all want the same few seats and guests who all want the same few rooms, and never give up
//! before they know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Client, until};

/// How long one buyer asks before the test gives up.
const PATIENCE: Duration = Duration::from_mins(4);
/// How many ask at once.
const BUYERS: usize = 6;

/// The seats of a row that everybody wants.
pub(crate) const SEATS: usize = 40;
/// The rooms of the one night that everybody wants.
pub(crate) const ROOMS: usize = 20;

/// How many shows there are.
const SHOWS: usize = 3;

/// A rush, and what its shows and its tenant are called after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rush(pub(crate) &'static str);

/// What one command came to.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) command_id: String,
    pub(crate) applied: bool,
    /// The events' ids.
    pub(crate) events: Vec<String>,
    /// What was asked for: show and seat, or the inn.
    pub(crate) wanted: String,
    /// How often it was asked for.
    pub(crate) attempts: usize,
}

impl Rush {
    fn show(self, number: usize) -> String {
        format!("{}-{}", self.0, number % SHOWS)
    }

    fn hotel(self) -> String {
        format!("/v1/tenants/{}/properties/inn", self.0)
    }

    /// Opens the shows and the hotel.
    pub(crate) fn open(self, client: &Client) {
        for show in (0..SHOWS).map(|number| self.show(number)) {
            let body = json!({
                "showId": show, "title": "Rush", "holdSeconds": 3600,
                "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": SEATS}],
            });
            ask(client, "/v1/shows", &body, &format!("open-{show}"));
        }
        let hotel = json!({"propertyId": "inn", "name": "Inn", "roomTypes": [{"roomTypeId": "king", "rooms": ROOMS}]});
        let path = format!("/v1/tenants/{}/properties", self.0);
        ask(client, &path, &hotel, &format!("open-{}", self.0));
    }

    /// Sends `commands`; `at` is told how many are done after each, and may do harm.
    pub(crate) fn run(
        self,
        client: &Client,
        commands: usize,
        at: impl Fn(usize) + Sync,
    ) -> Vec<Done> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..BUYERS {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= commands {
                            return;
                        }
                        let one = self.send(client, number);
                        let count = {
                            let mut done = done.lock().expect("no panic");
                            done.push(one);
                            done.len()
                        };
                        at(count);
                    }
                });
            }
        });
        done.into_inner().expect("no panic")
    }

    fn send(self, client: &Client, number: usize) -> Done {
        let key = format!("{}-{number}", self.0);
        if number % 4 == 3 {
            let stay = json!({
                "guestId": format!("guest-{number}"), "roomTypeId": "king", "checkInDate": "2027-05-01", "checkOutDate": "2027-05-02",
                "source": "WEBSITE", "reservationType": "TRANSIENT", "totalAmount": "99.00", "currency": "EUR",
            });
            let (answer, attempts) =
                ask(client, &format!("{}/reservations", self.hotel()), &stay, &key);
            return done(&answer, "inn".to_owned(), attempts);
        }
        // Spread over all seats, each wanted by several.
        let show = self.show(number);
        let seat = format!("a-row-1-seat-{}", 1 + number * 7 % SEATS);
        let hold = json!({"seatIds": [seat], "holderId": format!("buyer-{number}")});
        let (answer, attempts) = ask(client, &format!("/v1/shows/{show}/holds"), &hold, &key);
        done(&answer, format!("{show}/{seat}"), attempts)
    }

    /// Each outcome is told again as it was, no seat and no room is given twice, and the views say the same.
    pub(crate) fn check(self, client: &Client, all: &[Done]) {
        let mut winners: BTreeMap<&str, usize> = BTreeMap::new();
        for one in all {
            *winners.entry(&one.wanted).or_default() += usize::from(one.applied);
            let status = if one.applied { "APPLIED" } else { "REJECTED" };
            let path = format!("/v1/commands/{}", one.command_id);
            let told = Answer::send(client.get(&path)).expect(200);
            assert_eq!(told.str("status"), status, "{}", told.text);
        }
        let rooms = winners.remove("inn").expect("somebody wanted a room");
        assert_eq!(rooms, ROOMS, "each room is given once");
        for (seat, winners) in &winners {
            assert_eq!(*winners, 1, "{seat}");
        }
        let ids: BTreeSet<&str> = all.iter().map(|one| one.command_id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "each command has an id of its own");

        for show in (0..SHOWS).map(|number| self.show(number)) {
            let of_show = winners.keys().filter(|seat| seat.starts_with(&format!("{show}/")));
            let held = of_show.count();
            let stats = settled(client, &format!("/v1/shows/{show}/stats"), |stats| {
                stats["held"] == json!(held)
            });
            assert_eq!(stats["available"], json!(SEATS - held), "{stats}");
            assert_eq!(stats["reserved"], json!(0), "{stats}");
        }
        let path =
            format!("{}/availability?roomTypeId=king&from=2027-05-01&to=2027-05-02", self.hotel());
        let nights = settled(client, &path, |nights| nights["items"][0]["booked"] == json!(ROOMS));
        assert_eq!(nights["items"][0]["free"], json!(0), "{nights}");
    }
}

fn done(answer: &Answer, wanted: String, attempts: usize) -> Done {
    let applied = answer.status == 200;
    let events = answer.json["events"].as_array().cloned().unwrap_or_default();
    let events =
        events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
    let command_id = answer.str("commandId").to_owned();
    Done { command_id, applied, events, wanted, attempts }
}

/// Asks until the command is decided, under one idempotency key. Nothing but a decision counts.
fn ask(client: &Client, path: &str, body: &Value, key: &str) -> (Answer, usize) {
    let begun = Instant::now();
    let mut attempts = 0;
    let mut last = String::new();
    while begun.elapsed() < PATIENCE {
        attempts += 1;
        let request = client
            .post(path, body)
            .header("Idempotency-Key", format!("rush-{key}"))
            .header("Prefer", "wait=10")
            .timeout(Duration::from_secs(20));
        match request.send().map(Answer::try_of) {
            Ok(Some(answer)) => match answer.status {
                200 | 409 => return (answer, attempts),
                // Accepted and not decided yet, or it can't be taken now.
                202 | 503 => last = answer.text,
                status => panic!("{path} is answered {status}: {}", answer.text),
            },
            Ok(None) => "the answer broke off".clone_into(&mut last),
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{path} under `{key}` was never decided: {last}");
}

/// Reads until `wanted` holds; the views follow the decisions.
fn settled(client: &Client, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let settled = until(PATIENCE, || {
        let answer = Answer::send(client.get(path));
        if answer.status == 200 && wanted(&answer.json) {
            Ok(answer.json)
        } else {
            Err(answer.text)
        }
    });
    settled.unwrap_or_else(|last| panic!("{path} is {last}"))
}
