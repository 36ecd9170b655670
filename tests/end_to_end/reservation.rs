//! The hotel: the last room is given once, and a reservation goes its way.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::World;
use crate::support::{Answer, Client};

/// Opens a hotel with one room; gives the paths of its tenant and of itself.
fn open(platform: &World) -> (String, String) {
    let tenant = format!("/v1/tenants/{}", platform.name("acme"));
    let body = json!({
        "propertyId": "harbour-hotel", "name": "Harbour hotel", "roomTypes": [{"roomTypeId": "king", "rooms": 1}],
    });
    platform.decide(platform.post(&format!("{tenant}/properties"), &body)).expect(200);
    let property = format!("{tenant}/properties/harbour-hotel");
    (tenant, property)
}

fn stay(check_in: &str, check_out: &str) -> Value {
    json!({
        "guestId": "guest-1", "roomTypeId": "king", "checkInDate": check_in, "checkOutDate": check_out,
        "source": "WEBSITE", "reservationType": "TRANSIENT", "totalAmount": "420.00", "currency": "EUR",
    })
}

fn create(platform: &Client, property: &str, body: &Value) -> Answer {
    platform.decide(platform.post(&format!("{property}/reservations"), body))
}

pub(crate) fn the_last_room_is_given_once(platform: &mut World) {
    let (_, property) = &open(platform);
    create(platform, property, &stay("2027-05-01", "2027-05-04")).expect(200);
    let refused = create(platform, property, &stay("2027-05-03", "2027-05-05")).expect(409);
    assert_eq!(refused.str("code"), "NO_AVAILABILITY");
    let next_door = create(platform, property, &stay("2027-05-04", "2027-05-05")).expect(200);

    let nights = platform
        .read(
            &format!("{property}/availability?roomTypeId=king&from=2027-05-01&to=2027-05-07"),
            next_door.str("cursor"),
        )
        .expect(200);
    let free: Vec<_> = nights.json["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|night| {
            (night["night"].as_str().expect("a day"), night["free"].as_i64().expect("a count"))
        })
        .collect();
    assert_eq!(
        free,
        [
            ("2027-05-01", 0),
            ("2027-05-02", 0),
            ("2027-05-03", 0),
            ("2027-05-04", 0),
            ("2027-05-05", 1),
            ("2027-05-06", 1),
        ]
    );
}

pub(crate) fn a_reservation_goes_its_way(platform: &mut World) {
    let (_, property) = &open(platform);
    let mut body = stay("2027-05-01", "2027-05-04");
    body["reservationId"] = json!("7b1f3c52-9a4e-5d0a-8f2e-0a4b6c1d2e3f");
    body["guaranteed"] = json!(false);
    body["notes"] = json!("Late arrival");
    create(platform, property, &body).expect(200);
    let path = format!("{property}/reservations/7b1f3c52-9a4e-5d0a-8f2e-0a4b6c1d2e3f");
    let step =
        |name: &str| platform.decide(platform.request(Method::POST, &format!("{path}/{name}")));

    assert_eq!(step("check-in").expect(409).str("code"), "INVALID_STATUS");
    step("confirm").expect(200);
    let patched = platform
        .request(Method::PATCH, &path)
        .header("content-type", "application/merge-patch+json")
        .body(r#"{"notes": null, "totalAmount": "400.50"}"#);
    let patched = platform.decide(patched).expect(200);
    let read = platform.read(&path, patched.str("cursor")).expect(200);
    assert_eq!(read.str("status"), "CONFIRMED");
    assert_eq!(read.str("totalAmount"), "400.50");
    assert_eq!(read.json["notes"], Value::Null);
    assert_eq!(read.str("checkInDate"), "2027-05-01");

    step("check-in").expect(200);
    let left = step("check-out").expect(200);
    assert_eq!(platform.read(&path, left.str("cursor")).expect(200).str("status"), "CHECKED_OUT");
    let cancelled =
        platform.decide(platform.request(Method::DELETE, &format!("{path}?reason=changed")));
    assert_eq!(cancelled.expect(409).str("code"), "INVALID_STATUS");
}

pub(crate) fn tenants_do_not_see_each_other(platform: &mut World) {
    let (tenant, property) = &open(platform);
    let created = create(platform, property, &stay("2027-05-01", "2027-05-04")).expect(200);
    let own = platform.read(&format!("{tenant}/reservations"), created.str("cursor")).expect(200);
    assert_eq!(own.json["items"].as_array().expect("items").len(), 1);
    let other = format!("/v1/tenants/{}", platform.name("other"));
    let others = platform.read(&format!("{other}/reservations"), created.str("cursor")).expect(200);
    assert_eq!(others.json["items"], json!([]));
    platform.read(&format!("{other}/properties/harbour-hotel"), created.str("cursor")).expect(404);
}

pub(crate) fn a_reservation_without_id_gets_one_that_a_repeat_gets_too(platform: &mut World) {
    let (tenant, property) = &open(platform);
    let send = || {
        let request = platform
            .post(&format!("{property}/reservations"), &stay("2027-05-01", "2027-05-04"))
            .header("Idempotency-Key", "order-0001");
        platform.decide(request).expect(200)
    };
    let (first, second) = (send(), send());
    assert_eq!(first.text, second.text, "the first outcome, byte for byte");
    let list = platform.read(&format!("{tenant}/reservations"), first.str("cursor")).expect(200);
    assert_eq!(list.json["items"].as_array().expect("items").len(), 1);

    let other = platform
        .post(&format!("{property}/reservations"), &stay("2027-06-01", "2027-06-04"))
        .header("Idempotency-Key", "order-0001");
    assert_eq!(platform.decide(other).expect(422).str("code"), "IDEMPOTENCY_KEY_REUSED");
}
