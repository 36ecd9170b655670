//! `If-Match` against an aggregate's sequence, where the contract says so (RFC 9110 section 13.1.1).

use axum::http::{HeaderMap, StatusCode, header};

use crate::document::IfMatch;
use crate::problem::{Problem, Violation};

/// The sequence that the aggregate must be at, from `If-Match: "42"`: the `sequence` of the last event that the
/// client knows of, 0 for an aggregate that is not there yet.
///
/// An operation whose contract has no such header refuses it: to heed it is not promised, and to ignore it would do
/// what the client forbade. One that requires it answers 428 without it (RFC 6585 section 3).
pub(crate) fn expected_sequence(
    headers: &HeaderMap,
    rule: IfMatch,
) -> Result<Option<i64>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let wrong = |detail: &str| {
        Err(Problem::validation(vec![Violation::of_parameter("header", "If-Match", detail)]))
    };
    match (values.next(), rule) {
        (None, IfMatch::None | IfMatch::Optional) => Ok(None),
        (None, IfMatch::Required) => Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "PRECONDITION_REQUIRED",
            "expected `If-Match` with the sequence that the request builds on",
        )),
        (Some(_), IfMatch::None) => wrong("the contract has no such header for this operation"),
        (Some(value), IfMatch::Optional | IfMatch::Required) => {
            let tag = value.to_str().ok().filter(|_| values.next().is_none());
            let digits = tag.and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
            match digits.and_then(|digits| digits.parse::<u32>().ok()) {
                Some(sequence) => Ok(Some(sequence.into())),
                None => wrong("expected a sequence in quotes, such as `\"42\"`"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: Option<&str>, rule: IfMatch) -> Result<Option<i64>, u16> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::IF_MATCH, value.parse().expect("a header"));
        }
        expected_sequence(&headers, rule).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_sequence_is_expected_where_the_contract_says_so() {
        assert_eq!(of(None, IfMatch::None), Ok(None));
        assert_eq!(of(None, IfMatch::Optional), Ok(None));
        assert_eq!(of(None, IfMatch::Required), Err(428));
        assert_eq!(of(Some("\"42\""), IfMatch::Optional), Ok(Some(42)));
        assert_eq!(of(Some("\"0\""), IfMatch::Required), Ok(Some(0)));
        assert_eq!(of(Some("\"42\""), IfMatch::None), Err(422));
        for wrong in ["42", "W/\"42\"", "*", "\"-1\"", "\"1\", \"2\"", "\"x\""] {
            assert_eq!(of(Some(wrong), IfMatch::Optional), Err(422), "{wrong}");
        }
    }
}
