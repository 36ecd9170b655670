//! W3C Trace Context (level 1): a request goes on with its caller's trace, or begins one.

use uuid::Uuid;

/// The header's name.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// What other systems say of the trace; worthless without a `traceparent` that can be read.
pub(crate) const TRACESTATE: &str = "tracestate";

/// The length of a `traceparent` of version 00, in characters.
const LENGTH: usize = 55;

/// One request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// `00-` trace id `-` this request's id `-` flags.
    text: String,
    /// Whether the caller's trace goes on.
    pub(crate) is_continued: bool,
}

impl TraceContext {
    /// Goes on with the caller's trace under an id of this request's own. What can't be read begins a new trace
    /// (section 4.3), which is not sampled: nobody asked for it.
    pub(crate) fn of(caller: Option<&str>) -> Self {
        let parent = Uuid::new_v4().as_simple().to_string();
        let parent = &parent[..16];
        if let Some((trace, flags)) = caller.and_then(read) {
            let text = format!("00-{trace}-{parent}-{flags:02x}");
            return Self { text, is_continued: true };
        }
        let text = format!("00-{}-{parent}-00", Uuid::new_v4().as_simple());
        Self { text, is_continued: false }
    }

    /// As the header has it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The trace's id, 32 hexadecimal digits.
    pub(crate) fn trace_id(&self) -> &str {
        &self.text[3..35]
    }
}

/// Trace id and flags of a `traceparent` (section 3.2). A later version may have more behind what is known.
fn read(text: &str) -> Option<(&str, u8)> {
    let is_hex = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let head = text.get(..LENGTH)?;
    let mut parts = head.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let (parent, flags) = (parts.next()?, parts.next()?);
    let is_longer = text.len() > LENGTH;
    let is_version = version.len() == 2 && is_hex(version) && version != "ff";
    if !is_version
        || (version == "00" && is_longer)
        || (is_longer && !text[LENGTH..].starts_with('-'))
    {
        return None;
    }
    let is_id = |id: &str, length| {
        id.len() == length && is_hex(id) && id.bytes().any(|digit| digit != b'0')
    };
    if parts.next().is_some() || !is_id(trace, 32) || !is_id(parent, 16) || !is_hex(flags) {
        return None;
    }
    // Of the flags only `sampled` is known in version 00.
    Some((trace, u8::from_str_radix(flags, 16).ok()? & 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_callers_trace_goes_on_under_an_id_of_its_own() {
        let context = TraceContext::of(Some(CALLER));
        assert!(context.is_continued);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.as_str().ends_with("-01") && context.as_str() != CALLER);
        assert!(read(context.as_str()).is_some(), "{}", context.as_str());
        let later = format!("cc{}-more", &CALLER[2..]);
        assert!(TraceContext::of(Some(&later)).is_continued);
    }

    #[test]
    fn what_is_none_begins_a_new_trace() {
        for caller in [
            "",
            "x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00-ä4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
        ] {
            let context = TraceContext::of(Some(caller));
            assert!(!context.is_continued, "{caller}");
            assert!(read(context.as_str()).is_some(), "{}", context.as_str());
        }
        assert_ne!(TraceContext::of(None), TraceContext::of(None));
    }
}
