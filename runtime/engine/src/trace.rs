//! Traces: what a sampled request sets in motion, as spans that name each other (W3C Trace Context, level 1).
//!
//! A record of the log carries the context of the span that sent it in its header `traceparent`, so that one trace goes
//! from the request to the views. Spans are handed to a sink, which [`install`] puts in place once; without one, and for
//! what is not sampled, nothing is made. A sink must not wait: it is called between a commit and the next batch.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use uuid::Uuid;

/// The length of a `traceparent` of version 00, in characters.
const LENGTH: usize = 55;
/// The most links of one span; a batch has up to 500 commands.
const MOST_LINKS: usize = 128;

/// What takes finished spans.
type Sink = Box<dyn Fn(Span) + Send + Sync>;

static SINK: OnceLock<Sink> = OnceLock::new();

/// Puts the process's sink in place; a second one is not taken.
pub fn install(sink: impl Fn(Span) + Send + Sync + 'static) {
    // Who comes second is told nothing: as with the process's other telemetry, the first one stays.
    let _ = SINK.set(Box::new(sink));
}

/// Whether somebody takes spans.
#[must_use]
pub fn is_on() -> bool {
    SINK.get().is_some()
}

/// Hands a finished span over.
pub fn end(span: Span) {
    if let Some(sink) = SINK.get() {
        sink(span);
    }
}

/// A `traceparent` that can be read (section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace, never 0.
    pub trace: u128,
    /// The span that sent it, never 0.
    pub span: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl Traceparent {
    /// Reads a header's value. A later version may have more behind what is known.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let head = text.get(..LENGTH)?;
        let mut parts = head.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let (span, flags) = (parts.next()?, parts.next()?);
        let is_longer = text.len() > LENGTH;
        if version.len() != 2
            || !is_hex(version)
            || version == "ff"
            || (version == "00" && is_longer)
            || (is_longer && !text[LENGTH..].starts_with('-'))
            || parts.next().is_some()
            || (trace.len(), span.len()) != (32, 16)
            || ![trace, span, flags].into_iter().all(is_hex)
        {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        // Of the flags only `sampled` is known in version 00.
        let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace, span, is_sampled })
    }

    /// As the header has it. Every request has one: the ids' digits are written as those of UUIDs, which is faster than
    /// a format.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut trace, mut span) = (Uuid::encode_buffer(), Uuid::encode_buffer());
        let trace = Uuid::from_u128(self.trace).simple().encode_lower(&mut trace);
        let span = Uuid::from_u64_pair(self.span, 0).simple().encode_lower(&mut span);
        let flags = if self.is_sampled { "01" } else { "00" };
        ["00-", trace, "-", &span[..16], "-", flags].concat()
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A span's place in a trace that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanContext {
    /// The trace.
    pub trace: u128,
    /// The span.
    pub span: u64,
}

impl SpanContext {
    /// The context of a `traceparent` whose trace is recorded, where somebody takes spans.
    #[must_use]
    pub fn sampled(traceparent: &[u8]) -> Option<Self> {
        if !is_on() {
            return None;
        }
        let Traceparent { trace, span, is_sampled } = Traceparent::read(traceparent)?;
        is_sampled.then_some(Self { trace, span })
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        // The first half of a random UUID, of which its version alone is no chance.
        Self { trace: self.trace, span: Uuid::new_v4().as_u64_pair().0 }
    }

    /// As a record's header has it.
    #[must_use]
    pub fn traceparent(self) -> String {
        Traceparent { trace: self.trace, span: self.span, is_sampled: true }.text()
    }
}

/// What a span is about (OpenTelemetry's kinds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that is served.
    Server,
    /// A request to another, the database for one.
    Client,
    /// A message that is sent.
    Producer,
    /// A message that is handled.
    Consumer,
    /// Anything else.
    Internal,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// What is said of a span, by OpenTelemetry's names where it has some.
pub type Attributes = Vec<(&'static str, Value)>;

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Span {
    /// What was done, and to what: `append seat.commands`.
    pub name: Cow<'static, str>,
    /// What it is about.
    pub kind: Kind,
    /// Its place.
    pub context: SpanContext,
    /// The span that led to it, where there is one.
    pub parent: Option<u64>,
    /// When it began.
    pub begun: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// What is said of it.
    pub attributes: Attributes,
    /// Other spans that it is about too.
    pub links: Vec<SpanContext>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Span {
    /// A span of `context` that ends now, `begun` ago.
    pub(crate) fn now(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        context: SpanContext,
        parent: u64,
        begun: Instant,
    ) -> Self {
        let ended = SystemTime::now();
        Self {
            name: name.into(),
            kind,
            context,
            parent: Some(parent),
            begun: ended.checked_sub(begun.elapsed()).unwrap_or(ended),
            ended,
            attributes: Vec::new(),
            links: Vec::new(),
            error: None,
        }
    }
}

/// Where a sampled message stands: in the span that sent it, and in the one that is handling it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handled {
    /// The sender's span.
    pub(crate) parent: u64,
    /// This one's.
    pub(crate) own: SpanContext,
}

impl Handled {
    /// Of a message with this header.
    pub(crate) fn of(traceparent: &[u8]) -> Option<Self> {
        let sender = SpanContext::sampled(traceparent)?;
        Some(Self { parent: sender.span, own: sender.child() })
    }
}

/// One step of the work on many messages: a span for each sampled span that sent some of them.
#[derive(Debug)]
pub(crate) struct Step {
    begun: Instant,
    spans: Vec<Sent>,
}

#[derive(Debug)]
struct Sent {
    handled: Handled,
    text: String,
    messages: usize,
}

impl Step {
    /// A step that began at a moment.
    pub(crate) fn since(begun: Instant) -> Self {
        Self { begun, spans: Vec::new() }
    }

    /// A step that begins.
    pub(crate) fn begin() -> Self {
        Self::since(Instant::now())
    }

    /// Takes a message in; gives what those that follow from it carry: the step's span, or what it came with.
    pub(crate) fn of<'a>(&'a mut self, traceparent: Option<&'a [u8]>) -> Option<&'a str> {
        let text = std::str::from_utf8(traceparent?).ok()?;
        let Some(sender) = SpanContext::sampled(text.as_bytes()) else { return Some(text) };
        let known = self.spans.iter().position(|sent| {
            sent.handled.parent == sender.span && sent.handled.own.trace == sender.trace
        });
        let place = known.unwrap_or_else(|| {
            let handled = Handled { parent: sender.span, own: sender.child() };
            self.spans.push(Sent { handled, text: handled.own.traceparent(), messages: 0 });
            self.spans.len() - 1
        });
        let sent = self.spans.get_mut(place)?;
        sent.messages += 1;
        Some(&sent.text)
    }

    /// The step has ended, with an error or without. What is said of it is asked for where there is a span only.
    pub(crate) fn end(
        self,
        kind: Kind,
        error: Option<&dyn std::error::Error>,
        about: impl Fn() -> (String, Attributes),
    ) {
        for Sent { handled: Handled { parent, own }, messages, .. } in self.spans {
            let (name, mut attributes) = about();
            attributes.push(("messaging.batch.message_count", messages.into()));
            let span = Span::now(name, kind, own, parent, self.begun);
            end(Span { attributes, error: error.map(ToString::to_string), ..span });
        }
    }
}

/// The span of a batch's transaction: it belongs to the first of the sampled commands and is linked to the others, as
/// they are to it.
pub(crate) fn batch(
    name: String,
    begun: Instant,
    first: Handled,
    others: impl Iterator<Item = Handled>,
    attributes: Attributes,
) -> SpanContext {
    let context = first.own.child();
    let links = others.take(MOST_LINKS).map(|handled| handled.own).collect();
    let span = Span::now(name, Kind::Client, context, first.own.span, begun);
    end(Span { attributes, links, ..span });
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_as_it_is_written() {
        let read = Traceparent::read(SAMPLED.as_bytes()).expect("a context");
        assert_eq!(read.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((read.span, read.is_sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(read.text(), SAMPLED);
        let later = format!("cc{}-more", &SAMPLED[2..]);
        assert_eq!(Traceparent::read(later.as_bytes()), Some(read));
        let silent = Traceparent::read(SAMPLED.replace("-01", "-02").as_bytes()).expect("one");
        assert!(!silent.is_sampled, "of the flags only the first bit is `sampled`");
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        for text in [
            "",
            "x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00-ä4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01",
        ] {
            assert_eq!(Traceparent::read(text.as_bytes()), None, "{text}");
        }
    }

    /// All in one test: the process has one sink.
    #[test]
    fn spans_are_made_for_what_is_sampled_and_only_where_somebody_takes_them() {
        assert_eq!(SpanContext::sampled(SAMPLED.as_bytes()), None, "nobody takes it");
        let mut step = Step::begin();
        assert_eq!(step.of(Some(SAMPLED.as_bytes())), Some(SAMPLED), "it is carried on as it is");
        step.end(Kind::Producer, None, || unreachable!("there is no span"));

        let (sender, taken) = std::sync::mpsc::channel();
        install(move |span| sender.send(span).expect("the test listens"));
        let unsampled = SAMPLED.replace("-01", "-00");
        let mut step = Step::begin();
        assert_eq!(step.of(Some(unsampled.as_bytes())), Some(unsampled.as_str()));
        assert_eq!(step.of(None), None);
        let first = step.of(Some(SAMPLED.as_bytes())).expect("a context").to_owned();
        let again = step.of(Some(SAMPLED.as_bytes())).expect("a context").to_owned();
        assert_eq!(first, again, "one span for what one span sent");
        let own = Traceparent::read(first.as_bytes()).expect("a context");
        let refused = std::io::Error::other("full");
        step.end(Kind::Producer, Some(&refused), || ("append t".to_owned(), Vec::new()));
        let span = taken.try_recv().expect("a span");
        let sent = Traceparent::read(SAMPLED.as_bytes()).expect("a context");
        assert_eq!((span.context.trace, span.context.span), (sent.trace, own.span));
        assert_eq!(span.parent, Some(sent.span));
        assert_eq!(span.attributes, [("messaging.batch.message_count", Value::Number(2))]);
        assert_eq!((span.name.as_ref(), span.error.as_deref()), ("append t", Some("full")));
        assert!(taken.try_recv().is_err(), "and no other");
    }
}
