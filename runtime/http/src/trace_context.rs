//! W3C Trace Context (level 1): a request goes on with its caller's trace, or begins one.

use axum::http::{HeaderName, HeaderValue};
use charter_engine::trace::{SpanContext, Traceparent};
use rand::distr::{Distribution, StandardUniform};

use crate::traces;

/// The header's name.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What other systems say of the trace; worthless without a `traceparent` that can be read.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// One request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// `00-` trace id `-` this request's id `-` flags.
    header: HeaderValue,
    /// The caller's span, where its trace goes on.
    caller: Option<u64>,
}

impl TraceContext {
    /// Goes on with the caller's trace under an id of this request's own. What can't be read begins a new trace
    /// (section 4.3), which is recorded where the sampler takes it.
    pub(crate) fn of(caller: Option<&str>) -> Self {
        let caller = caller.and_then(|text| Traceparent::read(text.as_bytes()));
        let (trace, is_sampled) = match caller {
            Some(caller) if traces::heeds_callers() => (caller.trace, caller.is_sampled),
            Some(caller) => (caller.trace, traces::samples(caller.trace)),
            None => {
                let trace = other_than_zero();
                (trace, traces::samples(trace))
            }
        };
        let own = Traceparent { trace, span: other_than_zero(), is_sampled };
        let header = HeaderValue::try_from(own.text()).expect("digits and hyphens");
        Self { header, caller: caller.map(|caller| caller.span) }
    }

    /// As requests and answers have it.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The same as text.
    pub(crate) fn as_str(&self) -> &str {
        self.header.to_str().unwrap_or_default()
    }

    /// The trace's id, 32 hexadecimal digits.
    pub(crate) fn trace_id(&self) -> &str {
        &self.as_str()[3..35]
    }

    /// Whether the caller's trace goes on.
    pub(crate) fn is_continued(&self) -> bool {
        self.caller.is_some()
    }

    /// The span that the caller waits in.
    pub(crate) fn caller(&self) -> Option<u64> {
        self.caller
    }

    /// The request's span, where it is recorded.
    pub(crate) fn span(&self) -> Option<SpanContext> {
        SpanContext::sampled(self.header.as_bytes())
    }
}

/// A random id; only zeros are none (sections 3.2.2.3 and 3.2.2.4).
fn other_than_zero<T: Default + PartialEq>() -> T
where
    StandardUniform: Distribution<T>,
{
    loop {
        let id = rand::random();
        if id != T::default() {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_callers_trace_goes_on_under_an_id_of_its_own() {
        let context = TraceContext::of(Some(CALLER));
        assert!(context.is_continued());
        assert_eq!(context.caller(), Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.as_str().ends_with("-01") && context.as_str() != CALLER);
    }

    #[test]
    fn what_is_none_begins_a_new_trace() {
        for caller in ["", "x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            let context = TraceContext::of(Some(caller));
            assert!(!context.is_continued(), "{caller}");
            let read = Traceparent::read(context.as_str().as_bytes()).expect("one of its own");
            assert!(!read.is_sampled, "nobody asked for it");
        }
        assert_ne!(TraceContext::of(None), TraceContext::of(None));
    }
}
