//! Traces: what one request sets in motion, in every service, is one trace at the collector.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::collector::{Collector, Received};
use crate::support::until;
use crate::support::world::World;

/// The span that the request comes from.
const CALLER: u64 = 0x00f0_67aa_0ba9_02b7;

/// The way from the request to a span, by names. A gateway that forwards the request has the same span as who
/// takes it: twice the same is said once. Without a span between, the name of who misses it: each process sends
/// its own, when it comes to it.
fn way(spans: &HashMap<Vec<u8>, &Received>, of: &Received) -> Result<String, String> {
    let mut way = vec![of.span.name.clone()];
    let mut parent = &of.span.parent_span_id;
    while let Some(found) = spans.get(parent) {
        way.push(found.span.name.clone());
        parent = &found.span.parent_span_id;
    }
    if *parent != CALLER.to_be_bytes() {
        return Err(format!("`{}` begins with another", of.span.name));
    }
    way.dedup();
    way.reverse();
    Ok(way.join(" > "))
}

pub(crate) fn one_trace_goes_from_a_request_to_the_views_it_changes(platform: &mut World) {
    let tenant = format!("/v1/tenants/{}", platform.name("traced"));
    let hotel = json!({
        "propertyId": "inn", "name": "The inn", "roomTypes": [{"roomTypeId": "king", "rooms": 1}],
    });
    platform.decide(platform.post(&format!("{tenant}/properties"), &hotel)).expect(200);
    let id = uuid::Uuid::now_v7().to_string();
    let stay = json!({
        "reservationId": id, "guestId": "guest-1", "roomTypeId": "king",
        "checkInDate": "2027-05-01", "checkOutDate": "2027-05-04", "source": "WEBSITE",
        "reservationType": "TRANSIENT", "totalAmount": "420.00", "currency": "EUR",
    });
    let reservations = format!("{tenant}/properties/inn/reservations");
    platform.decide(platform.post(&reservations, &stay)).expect(200);
    let step = |step: &str| platform.request(Method::POST, &format!("{reservations}/{id}/{step}"));
    platform.decide(step("check-in")).expect(200);
    let trace = uuid::Uuid::new_v4().as_u128();
    let traced =
        step("check-out").header("traceparent", format!("00-{trace:032x}-{CALLER:016x}-01"));
    let left = platform.decide(traced).expect(200);

    let request = "POST /v1/tenants/{tenantId}/properties/{propertyId}/reservations/{reservationId}/check-out";
    let reservation =
        format!("{request} > append reservation.commands > decide reservation.checkOut");
    let published = format!("{reservation} > publish reservation.events");
    let housekeeping = format!(
        "{published} > react housekeeping > append housekeeping.commands > decide housekeeping.requestCleaning"
    );
    let expected: BTreeSet<String> = [
        request.to_owned(),
        format!("{request} > await outcome"),
        format!("{request} > append reservation.commands"),
        reservation.clone(),
        format!("{reservation} > commit reservation"),
        published.clone(),
        format!("{published} > project reservation"),
        format!("{published} > react housekeeping"),
        format!("{published} > react housekeeping > append housekeeping.commands"),
        housekeeping.clone(),
        format!("{housekeeping} > commit housekeeping"),
        format!("{housekeeping} > publish housekeeping.events"),
        format!("{housekeeping} > publish housekeeping.events > project housekeeping"),
    ]
    .into();
    let mut spans = Vec::new();
    let ways = until(Duration::from_mins(1), || {
        // They come from several processes, in any order.
        spans = Collector::shared().trace(trace);
        let by_id = spans.iter().map(|span| (span.span.span_id.clone(), span)).collect();
        let ways: BTreeSet<_> = spans.iter().map(|span| way(&by_id, span)).collect();
        let come = |way: &String| ways.contains(&Ok(way.clone()));
        let whole = expected.iter().all(come) && ways.iter().all(Result::is_ok);
        if whole { Ok(ways) } else { Err(ways) }
    });
    let ways = ways.unwrap_or_else(|ways| panic!("no more came than {ways:#?}"));
    let ways: BTreeSet<String> = ways.into_iter().flatten().collect();
    assert_eq!(ways, expected);

    let decided = spans.iter().find(|span| span.span.name.starts_with("decide reservation"));
    let decided = decided.expect("a decision");
    assert_eq!(decided.text("charter.command.id"), Some(left.str("commandId")));
    assert_eq!(decided.text("charter.outcome"), Some("APPLIED"));
    for span in &spans {
        assert!(span.span.start_time_unix_nano <= span.span.end_time_unix_nano, "{span:?}");
        assert!(!span.service.is_empty(), "{span:?}");
    }
}

/// Without the caller's word nothing is recorded, and the answer says so.
pub(crate) fn what_is_not_sampled_leaves_no_span(platform: &mut World) {
    let show = platform.name("silent");
    let opened = crate::seat::open_show(platform, &show);
    let traceparent = opened.header("traceparent").expect("a trace");
    assert!(traceparent.ends_with("-00"), "{traceparent}");
    // A trace that is recorded, and whose spans come: those before it would have come too.
    let trace = uuid::Uuid::new_v4().as_u128();
    let traced = platform
        .get(&format!("/v1/shows/{show}"))
        .header("traceparent", format!("00-{trace:032x}-{CALLER:016x}-01"));
    crate::support::Answer::send(traced);
    let came = until(Duration::from_mins(1), || {
        let count = Collector::shared().trace(trace).len();
        if count > 0 { Ok(count) } else { Err(()) }
    });
    assert!(came.is_ok(), "the span of a request that is recorded");
    let silent = u128::from_str_radix(&traceparent[3..35], 16).expect("a trace's id");
    assert_eq!(Collector::shared().trace(silent).len(), 0);
}
