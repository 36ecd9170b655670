//! How often a client may ask.

use crate::support::{Answer, Platform, command};

#[test]
fn the_two_hundred_and_first_request_of_a_minute_is_refused_and_told_why() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    // The default, which tests otherwise turn off.
    start.env_remove("RATE_LIMIT_PER_MINUTE");
    let platform = Platform::start_with(start);
    let mut last = None;
    for left in (0..200).rev() {
        let answer = Answer::send(platform.get("/v1/shows/none")).expect(404);
        let told = answer.header("ratelimit").expect("what is left").to_owned();
        assert!(told.starts_with(&format!("\"default\";r={left};t=")), "{told}");
        last = Some(answer);
    }
    assert_eq!(last.expect("an answer").header("ratelimit-policy"), Some("\"default\";q=200;w=60"));
    let refused = Answer::send(platform.get("/v1/shows/none")).expect(429);
    assert_eq!(refused.str("code"), "RATE_LIMITED");
    assert!(refused.str("detail").contains("`RATE_LIMIT_PER_MINUTE`"), "{}", refused.text);
    let wait: u32 = refused.header("retry-after").expect("when").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    // Whoever says to come from elsewhere is not believed.
    let spoofed = platform.get("/v1/shows/none").header("X-Forwarded-For", "198.51.100.7");
    Answer::send(spoofed).expect(429);
    // Pages and health are exempt.
    for path in ["/health/ready", "/health/live", "/metrics", "/openapi.json"] {
        Answer::send(platform.get(path)).expect(200);
    }
}

#[test]
fn behind_a_trusted_proxy_each_address_has_its_own() {
    let data = tempfile::tempdir().expect("a directory");
    let mut start = command(data.path());
    start.env("RATE_LIMIT_PER_MINUTE", "2").env("TRUSTED_PROXIES", "127.0.0.1");
    let platform = Platform::start_with(start);
    let ask = |from: &str| {
        let request = platform.get("/v1/shows/none").header("X-Forwarded-For", from.to_owned());
        Answer::send(request).status
    };
    assert_eq!([ask("198.51.100.7"), ask("198.51.100.7"), ask("198.51.100.7")], [404, 404, 429]);
    // What the client put before is its own invention.
    assert_eq!(ask("203.0.113.1, 198.51.100.7"), 429);
    assert_eq!(ask("198.51.100.8"), 404);
}
