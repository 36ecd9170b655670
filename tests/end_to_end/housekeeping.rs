//! Housekeeping: a room that a guest has left is to be cleaned, once, whoever dies in between.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::world::World;
use crate::support::{Answer, until};

/// Opens a hotel with so many rooms; gives its path.
fn open(platform: &World, rooms: u32) -> String {
    let tenant = format!("/v1/tenants/{}", platform.name("inn"));
    let body = json!({
        "propertyId": "inn", "name": "The inn", "roomTypes": [{"roomTypeId": "king", "rooms": rooms}],
    });
    platform.decide(platform.post(&format!("{tenant}/properties"), &body)).expect(200);
    format!("{tenant}/properties/inn")
}

/// A guest stays and leaves; gives the reservation's id.
fn leave(platform: &World, property: &str) -> String {
    let reservation = uuid::Uuid::now_v7().to_string();
    let stay = json!({
        "reservationId": reservation, "guestId": "guest-1", "roomTypeId": "king",
        "checkInDate": "2027-05-01", "checkOutDate": "2027-05-04", "source": "WEBSITE",
        "reservationType": "TRANSIENT", "totalAmount": "420.00", "currency": "EUR",
    });
    platform.decide(platform.post(&format!("{property}/reservations"), &stay)).expect(200);
    for step in ["check-in", "check-out"] {
        let path = format!("{property}/reservations/{reservation}/{step}");
        platform.decide(platform.request(Method::POST, &path)).expect(200);
    }
    reservation
}

/// The cleanings that stand so, once there are `count`: nobody is told when a reactor has done its part.
fn cleanings(platform: &World, property: &str, status: &str, count: usize) -> Vec<String> {
    let path = format!("{property}/cleanings?status={status}&limit=100");
    let found = until(Duration::from_mins(1), || {
        let page = Answer::send(platform.get(&path)).expect(200);
        let items = page.json["items"].as_array().expect("items");
        assert!(items.len() <= count, "{items:?}");
        let id = |item: &serde_json::Value| item["reservationId"].as_str().map(ToOwned::to_owned);
        let ids: Vec<_> = items.iter().map(|item| id(item).expect("an id")).collect();
        if ids.len() == count { Ok(ids) } else { Err(ids.len()) }
    });
    found.unwrap_or_else(|found| panic!("{found} of {count}"))
}

pub(crate) fn a_room_that_a_guest_leaves_is_cleaned_and_inspected(platform: &mut World) {
    let property = &open(platform, 1);
    let reservation = leave(platform, property);
    assert_eq!(cleanings(platform, property, "DIRTY", 1), [reservation.as_str()]);
    let path = format!("{property}/cleanings/{reservation}");
    let clean = || platform.decide(platform.request(Method::POST, &format!("{path}/clean-room")));
    let inspect = |passed: bool| {
        let body = json!({ "passed": passed });
        platform.decide(platform.post(&format!("{path}/inspect-room"), &body))
    };
    let status = |answer: &Answer| {
        platform.read(&path, answer.str("cursor")).expect(200).str("status").to_owned()
    };
    assert_eq!(inspect(true).expect(409).str("code"), "ROOM_DIRTY");
    assert_eq!(status(&clean().expect(200)), "CLEAN");
    assert_eq!(status(&inspect(false).expect(200)), "DIRTY");
    clean().expect(200);
    let passed = inspect(true).expect(200);
    let row = platform.read(&path, passed.str("cursor")).expect(200);
    assert_eq!((row.str("status"), row.str("roomTypeId")), ("INSPECTED", "king"));
    assert_eq!(cleanings(platform, property, "DIRTY", 0), Vec::<String>::new());

    let nobody = format!("{property}/cleanings/{}/clean-room", uuid::Uuid::now_v7());
    let unknown = platform.decide(platform.request(Method::POST, &nobody)).expect(404);
    assert_eq!(unknown.str("code"), "CLEANING_UNKNOWN");
}

pub(crate) fn rooms_to_clean_survive_kill_9(platform: &mut World) {
    let property = &open(platform, 20);
    let mut left: Vec<String> = (0..10).map(|_| leave(platform, property)).collect();
    platform.crash();
    left.extend((0..5).map(|_| leave(platform, property)));
    let mut found = cleanings(platform, property, "DIRTY", left.len());
    found.sort_unstable();
    left.sort_unstable();
    assert_eq!(found, left);
}
