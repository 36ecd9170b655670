//! Responses: of success, of errors, and what they hold.

use super::model::{Api, Operation, members};
use crate::lint::finding::Findings;
use crate::lint::rules::api as rules;

pub(super) fn lint(api: &Api<'_>, operation: &Operation<'_>, found: &mut Findings) {
    let statuses: Vec<&str> =
        operation.responses.iter().map(|(status, ..)| status.key.as_str()).collect();
    let any = |first: &[char]| statuses.iter().any(|status| status.starts_with(first));
    let here = api.place_at(operation.node, operation.key);
    if !any(&['2', '3']) && !statuses.contains(&"101") {
        let text = "expected a response with a status 2xx or 3xx, found none";
        found.push(&rules::SUCCESS_RESPONSE, here, &operation.subject, text);
    }
    if !any(&['4']) && !statuses.contains(&"default") {
        let text = "expected a response with a status 4xx, found none";
        found.push(&rules::ERROR_RESPONSE, here, &operation.subject, text);
    }
    for (status, node, response) in &operation.responses {
        let place = api.place_at(*node, status.key_span);
        let kinds: Vec<&str> =
            members(*response, "content").map(|media| media.key.as_str()).collect();
        if matches!(status.key.as_str(), "204" | "205" | "304") && !kinds.is_empty() {
            let text = format!("expected no content of {}, found `{}`", status.key, kinds[0]);
            found.push(&rules::NO_CONTENT, place, &operation.subject, text);
        }
        if status.key.starts_with(['4', '5'])
            && operation.method != "head"
            && !kinds.contains(&"application/problem+json")
        {
            let what = kinds.first().map_or("no body".to_owned(), |kind| format!("`{kind}`"));
            let text =
                format!("expected `application/problem+json` of {}, found {what}", status.key);
            found.push(&rules::PROBLEM_JSON, place, &operation.subject, text);
        }
    }
}
