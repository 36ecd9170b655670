//! How often a client may ask.

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Answer, Platform, Redis, command, until};

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

/// Two gateways that count together, in directories of their own.
fn two_gateways(redis: &Redis, limit: u32) -> Vec<(Platform, TempDir)> {
    let start = |_| {
        let data = tempfile::tempdir().expect("a directory");
        let mut start = command(data.path());
        start.env("RATE_LIMIT_PER_MINUTE", limit.to_string()).env("REDIS_URL", &redis.url);
        (Platform::start_with(start), data)
    };
    (0..2).map(start).collect()
}

/// The metrics of a gateway, those without labels.
fn metrics(gateway: &Platform) -> BTreeMap<String, f64> {
    let text = Answer::send(gateway.get("/metrics")).expect(200).text;
    let plain = text.lines().filter_map(|line| line.split_once(' '));
    plain.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

/// How many requests are left by what a gateway says.
fn left(gateway: &Platform) -> u32 {
    let answer = Answer::send(gateway.get("/v1/shows/none")).expect(404);
    let told = answer.header("ratelimit").expect("what is left").to_owned();
    let left = told.split(';').find_map(|part| part.strip_prefix("r=")).expect("a number");
    left.parse().expect("a number")
}

/// Asks until the gateway counts as it should, alone (0) or together (1).
fn until_shared(gateway: &Platform, expected: u8) {
    let looked = until(Duration::from_mins(1), || {
        Answer::send(gateway.get("/v1/shows/none")).expect(404);
        let shared = metrics(gateway)["charter_rate_limits_shared"];
        if shared.to_bits() == f64::from(expected).to_bits() { Ok(()) } else { Err(shared) }
    });
    assert_eq!(looked, Ok(()), "expected {expected}");
}

#[test]
fn gateways_with_one_redis_let_the_limit_through_together_and_no_more() {
    let Some(redis) = Redis::start("gateways with one Redis") else { return };
    let gateways = two_gateways(&redis, 40);
    // All at once, so that looking and counting must be one.
    let let_through: usize = std::thread::scope(|scope| {
        let ask = |(gateway, _): &(Platform, TempDir)| {
            let answers = (0..25).map(|_| Answer::send(gateway.get("/v1/shows/none")).status);
            answers
                .inspect(|status| assert!([404, 429].contains(status)))
                .filter(|s| *s == 404)
                .count()
        };
        let asking: Vec<_> = gateways
            .iter()
            .flat_map(|gateway| [gateway, gateway])
            .map(|gateway| scope.spawn(move || ask(gateway)))
            .collect();
        asking.into_iter().map(|asked| asked.join().expect("no panic")).sum()
    });
    assert_eq!(let_through, 40);
    for (gateway, _) in &gateways {
        let refused = Answer::send(gateway.get("/v1/shows/none")).expect(429);
        assert!(refused.header("retry-after").is_some() && refused.header("ratelimit").is_some());
        assert_eq!(
            metrics(gateway)["charter_rate_limits_local_total"].to_bits(),
            0.0_f64.to_bits()
        );
    }
}

#[test]
fn without_redis_each_gateway_counts_for_itself_until_it_is_back() {
    let Some(redis) = Redis::start("a Redis that goes away") else { return };
    redis.stop();
    let gateways = two_gateways(&redis, 100_000);
    let (one, other) = (&gateways[0].0, &gateways[1].0);
    // Away from the start: each has its own.
    until_shared(one, 0);
    until_shared(other, 0);
    assert!(metrics(one)["charter_rate_limits_local_total"] >= 1.0);
    // There: the same for both, without a restart.
    redis.start_again();
    until_shared(one, 1);
    until_shared(other, 1);
    let before = left(one);
    assert_eq!((left(other), left(one), left(other)), (before - 1, before - 2, before - 3));
    // There and dumb: nobody waits for it for long, and requests are answered.
    redis.signal("STOP");
    until_shared(one, 0);
    redis.signal("CONT");
    until_shared(one, 1);
    // Gone with all that it knew: what a gateway has let through it still knows itself.
    redis.stop();
    until_shared(one, 0);
    redis.start_again();
    until_shared(one, 1);
}

#[test]
fn an_operation_limited_by_nobody_asks_no_redis() {
    let Some(redis) = Redis::start("no limit") else { return };
    redis.stop();
    let gateways = two_gateways(&redis, 0);
    Answer::send(gateways[0].0.get("/v1/shows/none")).expect(404);
    assert_eq!(
        metrics(&gateways[0].0)["charter_rate_limits_local_total"].to_bits(),
        0.0_f64.to_bits()
    );
}
