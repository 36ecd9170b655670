//! The `Prefer` header (RFC 7240): how long a client waits for an outcome.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};

/// The header that says how long a client waits.
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The longest `Prefer: wait`, in seconds.
pub(crate) const MAX_WAIT_S: u64 = 30;

/// The wait that the client prefers: `None` where it names none. One beyond the longest is the longest, and
/// what is no number is ignored like every preference that this API doesn't know (RFC 7240 section 2).
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(PREFER).into_iter().filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split(','));
    let mut waits = preferences.filter_map(|preference| {
        let token = preference.split(';').next()?;
        let (name, wait) = token.split_once('=')?;
        let seconds: u64 = wait.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then_some(seconds)
    });
    waits.next().map(|seconds| Duration::from_secs(seconds.min(MAX_WAIT_S)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", value.parse().expect("a header"));
        wait(&headers)
    }

    #[test]
    fn a_wait_is_found_among_preferences() {
        assert_eq!(of("wait=10"), Some(Duration::from_secs(10)));
        assert_eq!(of("respond-async, Wait=\"5\"; foo"), Some(Duration::from_secs(5)));
        assert_eq!(of("respond-async"), None);
        assert_eq!(wait(&HeaderMap::new()), None);
    }

    #[test]
    fn a_wait_too_long_is_the_longest_and_no_number_is_none() {
        assert_eq!(of("wait=31"), Some(Duration::from_secs(30)));
        for value in ["wait=-1", "wait=x", "wait="] {
            assert_eq!(of(value), None, "{value}");
        }
    }
}
