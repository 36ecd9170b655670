//! The contract is what runs: the document is served as written, and answers keep it. That the code's own
//! annotations say the same is a test of the gateway's.

use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::world::World;

fn contract() -> Value {
    serde_json::from_str(contract_gateway::document::JSON).expect("JSON")
}

pub(crate) fn the_served_documents_are_the_contract(platform: &mut World) {
    let yaml = Answer::send(platform.get("/openapi.yaml")).expect(200);
    let source =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/gateway.yaml"))
            .expect("the contract");
    assert_eq!(yaml.text, source);
    assert_eq!(yaml.header("content-type"), Some("application/yaml"));
    let served = Answer::send(platform.get("/openapi.json")).expect(200);
    assert_eq!(served.json, contract());
}

/// Holds an answer's body against what the contract says of its operation and status.
#[track_caller]
fn keeps_contract(document: &Value, method: &str, path: &str, answer: &Answer) {
    let escaped = path.replace('~', "~0").replace('/', "~1");
    let status = answer.status.to_string();
    let mut response = document
        .pointer(&format!("/paths/{escaped}/{method}/responses/{status}"))
        .unwrap_or_else(|| panic!("{method} {path} has no response {status}: {}", answer.text));
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.trim_start_matches('#')).expect("a target");
    }
    let media_type = answer.header("content-type").expect("a media type");
    let schema = &response["content"][media_type]["schema"];
    assert!(schema.is_object(), "{method} {path} {status} gives no `{media_type}`");
    let schema = json!({"allOf": [schema], "components": document["components"]});
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    let errors: Vec<_> = validator
        .iter_errors(&answer.json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{method} {path} {status}: {}", answer.text);
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        // `Retry-After` comes where there is something to wait for.
        if name != "Retry-After" && header.is_object() {
            assert!(answer.header(name).is_some(), "{method} {path} {status} lacks `{name}`");
        }
    }
}

pub(crate) fn answers_keep_the_contract(platform: &mut World) {
    let document = contract();
    let (show_id, tenant) = (platform.name("s"), platform.name("t"));
    let check = |method: &str, path: &str, answer: Answer| -> Answer {
        keeps_contract(&document, method, path, &answer);
        answer
    };
    let show = json!({"showId": show_id, "title": "A show", "sections": [{"sectionId": "a", "rows": 1, "seatsPerRow": 3}]});
    check("post", "/v1/shows", platform.decide(platform.post("/v1/shows", &show)).expect(200));
    check("post", "/v1/shows", platform.decide(platform.post("/v1/shows", &show)).expect(409));
    check("post", "/v1/shows", Answer::send(platform.post("/v1/shows", &json!({}))).expect(422));
    let hold = json!({"seatIds": ["a-row-1-seat-1"], "holderId": "buyer"});
    let accepted =
        Answer::send(platform.post(&format!("/v1/shows/{show_id}/holds"), &hold)).expect(202);
    let accepted = check("post", "/v1/shows/{showId}/holds", accepted);
    let refused =
        platform.decide(platform.post(&format!("/v1/shows/{show_id}/holds"), &hold)).expect(409);
    check("post", "/v1/shows/{showId}/holds", refused);
    let confirmed = platform
        .decide(platform.post(&format!("/v1/shows/{show_id}/confirmations"), &hold))
        .expect(200);
    let confirmed = check("post", "/v1/shows/{showId}/confirmations", confirmed);
    let status =
        Answer::send(platform.get(accepted.header("location").expect("where"))).expect(200);
    check("get", "/v1/commands/{commandId}", status);

    let cursor = confirmed.str("cursor").to_owned();
    for (path, at) in [
        ("/v1/shows", &"/v1/shows?limit=2".to_owned()),
        ("/v1/shows/{showId}", &format!("/v1/shows/{show_id}")),
        ("/v1/shows/{showId}/seats", &format!("/v1/shows/{show_id}/seats?limit=2")),
        ("/v1/shows/{showId}/seats/{seatId}", &format!("/v1/shows/{show_id}/seats/a-row-1-seat-1")),
        ("/v1/shows/{showId}/stats", &format!("/v1/shows/{show_id}/stats")),
        (
            "/v1/shows/{showId}/sections/{sectionId}/stats",
            &format!("/v1/shows/{show_id}/sections/a/stats"),
        ),
        ("/v1/shows/{showId}/history", &format!("/v1/shows/{show_id}/history")),
    ] {
        check("get", path, platform.read(at, &cursor).expect(200));
    }
    check("get", "/v1/shows/{showId}", platform.read("/v1/shows/none", &cursor).expect(404));

    let property = json!({"propertyId": "p", "name": "An inn", "roomTypes": [{"roomTypeId": "king", "rooms": 1}]});
    let opened = platform
        .decide(platform.post(&format!("/v1/tenants/{tenant}/properties"), &property))
        .expect(200);
    check("post", "/v1/tenants/{tenantId}/properties", opened);
    let stay = json!({
        "guestId": "guest", "roomTypeId": "king", "checkInDate": "2027-05-01", "checkOutDate": "2027-05-02",
        "source": "DIRECT", "reservationType": "COMPLIMENTARY", "totalAmount": "0.00", "currency": "EUR",
    });
    let reservations = "/v1/tenants/{tenantId}/properties/{propertyId}/reservations";
    let created = platform
        .decide(platform.post(&format!("/v1/tenants/{tenant}/properties/p/reservations"), &stay))
        .expect(200);
    let created = check("post", reservations, created);
    let full = platform
        .decide(platform.post(&format!("/v1/tenants/{tenant}/properties/p/reservations"), &stay))
        .expect(409);
    check("post", reservations, full);
    let cursor = created.str("cursor").to_owned();
    let list = platform.read(&format!("/v1/tenants/{tenant}/reservations"), &cursor).expect(200);
    let list = check("get", "/v1/tenants/{tenantId}/reservations", list);
    let id = list.json["items"][0]["reservationId"].as_str().expect("an id").to_owned();
    let one = format!("/v1/tenants/{tenant}/properties/p/reservations/{id}");
    check(
        "get",
        "/v1/tenants/{tenantId}/properties/{propertyId}/reservations/{reservationId}",
        platform.read(&one, &cursor).expect(200),
    );
    let nights = &format!(
        "/v1/tenants/{tenant}/properties/p/availability?roomTypeId=king&from=2027-05-01&to=2027-05-03"
    );
    check(
        "get",
        "/v1/tenants/{tenantId}/properties/{propertyId}/availability",
        platform.read(nights, &cursor).expect(200),
    );
    check(
        "get",
        "/v1/tenants/{tenantId}/properties/{propertyId}",
        platform.read(&format!("/v1/tenants/{tenant}/properties/p"), &cursor).expect(200),
    );
}
