//! The `Prefer` header (RFC 7240): how long a client waits for an outcome.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::problem::Violation;

/// The longest `Prefer: wait`, in seconds.
pub(crate) const MAX_WAIT_S: u64 = 30;

/// The wait that the client prefers: `None` where it names none. Preferences that this API doesn't
/// know are ignored, as RFC 7240 section 2 asks.
pub(crate) fn wait(headers: &HeaderMap) -> Result<Option<Duration>, Violation> {
    for value in headers.get_all("prefer") {
        let Ok(value) = value.to_str() else { continue };
        for preference in value.split(',') {
            let token = preference.split(';').next().unwrap_or_default();
            let Some((name, wait)) = token.split_once('=') else { continue };
            if !name.trim().eq_ignore_ascii_case("wait") {
                continue;
            }
            let wait = wait.trim().trim_matches('"');
            return match wait.parse::<u64>() {
                Ok(seconds) if seconds <= MAX_WAIT_S => Ok(Some(Duration::from_secs(seconds))),
                _ => Err(Violation::of_parameter(
                    "header",
                    "Prefer",
                    format!("expected `wait` in seconds from 0 to {MAX_WAIT_S}, found `{wait}`"),
                )),
            };
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<Option<Duration>, Violation> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", value.parse().expect("a header"));
        wait(&headers)
    }

    #[test]
    fn a_wait_is_found_among_preferences() {
        assert_eq!(of("wait=10"), Ok(Some(Duration::from_secs(10))));
        assert_eq!(of("respond-async, Wait=\"5\"; foo"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(of("respond-async"), Ok(None));
        assert_eq!(wait(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_wait_too_long_or_no_number_is_refused() {
        for value in ["wait=31", "wait=-1", "wait=x", "wait="] {
            let violation = of(value).expect_err(value);
            assert_eq!(violation.pointer, "header/Prefer", "{value}");
        }
    }
}
