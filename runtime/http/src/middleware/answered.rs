//! The metrics of requests answered.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};

/// Methods that a contract may have, and what comes with them.
const KNOWN_METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// The metrics of requests answered, by route. Each is found once: to put its labels together for every request would
/// cost more than to count it. There are as many as the contract has routes, methods and answers.
#[derive(Debug, Default)]
pub(super) struct Answered(RwLock<HashMap<String, Vec<Counted>>>);

/// One route's requests of one method that were answered with one status.
#[derive(Debug)]
struct Counted {
    method: Method,
    status: StatusCode,
    requests: metrics::Counter,
    seconds: metrics::Histogram,
}

impl Counted {
    fn of(method: &Method, route: &str, status: StatusCode) -> Self {
        let (name, route) = (method.to_string(), route.to_owned());
        Self {
            method: method.clone(),
            status,
            requests: metrics::counter!("charter_http_requests_total", "method" => name.clone(), "route" => route.clone(), "status" => status.as_u16().to_string()),
            seconds: metrics::histogram!("charter_http_request_duration_seconds", "method" => name, "route" => route),
        }
    }

    fn count(&self, took: Duration) {
        self.requests.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

impl Answered {
    /// One more, which took so long.
    pub(super) fn count(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let is_it = |one: &&Counted| one.method == *method && one.status == status;
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(one) = known.get(route).and_then(|known| known.iter().find(is_it)) {
                return one.count(took);
            }
        }
        let one = Counted::of(method, route, status);
        one.count(took);
        // Whoever makes up methods gets no place here.
        if KNOWN_METHODS.contains(method) {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let of_route = known.entry(route.to_owned()).or_default();
            if !of_route.iter().any(|other| is_it(&other)) {
                of_route.push(one);
            }
        }
    }
}
