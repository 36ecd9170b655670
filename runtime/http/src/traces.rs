//! Traces to an OpenTelemetry collector, by OTLP over HTTP, as the variables say that OpenTelemetry has for it.
//!
//! Spans wait in a bounded queue (`OTEL_BSP_MAX_QUEUE_SIZE`, 2,048) for a thread of their own, which sends them every 5 s
//! or 512 at a time. Where the queue is full, or the collector away, spans are given up and counted; nothing waits.

mod sampler;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use charter_engine::instance;
use charter_engine::trace::{self, Kind, Span, SpanContext, Value};
use opentelemetry::trace as otel;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SpanData, SpanEvents, SpanExporter, SpanLinks, SpanProcessor,
};

use sampler::{SAMPLER, SAMPLER_ARG};
pub(crate) use sampler::{heeds_callers, samples};

const DISABLED: &str = "OTEL_SDK_DISABLED";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const SERVICE: &str = "OTEL_SERVICE_NAME";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// The variables that say where traces go and what is in them. Beside these OpenTelemetry's own library reads
/// `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT` and `OTEL_BSP_…`.
pub const VARIABLES: [&str; 10] = [
    ENDPOINTS[1],
    ENDPOINTS[0],
    PROTOCOLS[1],
    PROTOCOLS[0],
    SAMPLER,
    SAMPLER_ARG,
    SERVICE,
    RESOURCE,
    EXPORTER,
    DISABLED,
];

/// How long spans that wait may take to be sent when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A variable that can't be worked with.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` should be {expected}, found `{found}`")]
pub struct TracesError {
    name: &'static str,
    expected: String,
    found: String,
}

/// The process's traces; spans that wait are sent when it is dropped, for 2 s at most.
#[derive(Debug, Default)]
#[must_use]
pub struct Traces(Option<Arc<BatchSpanProcessor>>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(processor) = &self.0
            && let Err(error) = processor.shutdown_with_timeout(LAST_WORDS)
        {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Begins to send traces where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector: `service` is the binary's name. To be
/// called once, before the process does anything else.
///
/// # Errors
/// [`TracesError`] names the variable and what is expected.
pub fn begin(service: &'static str) -> Result<Traces, TracesError> {
    begin_with(service, |name| std::env::var(name).ok())
}

fn begin_with(
    service: &'static str,
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<Traces, TracesError> {
    let set =
        |name| variable(name).map(|value| value.trim().to_owned()).filter(|it| !it.is_empty());
    let is_off = set(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || set(EXPORTER).is_some_and(|value| value.eq_ignore_ascii_case("none"));
    let endpoint = ENDPOINTS.into_iter().find_map(|name| Some((name, set(name)?)));
    let (false, Some((name, endpoint))) = (is_off, endpoint) else { return Ok(Traces::default()) };
    let protocol = PROTOCOLS.into_iter().find_map(|name| Some((name, set(name)?)));
    if let Some((name, found)) = protocol
        && found != "http/protobuf"
    {
        let expected = "`http/protobuf`, the one that is spoken here (port 4318)".to_owned();
        return Err(TracesError { name, expected, found });
    }
    let wrong = |expected: String| TracesError { name, expected, found: endpoint.clone() };
    let is_url = reqwest::Url::parse(&endpoint)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_url {
        return Err(wrong("a URL such as `http://collector:4318`".to_owned()));
    }
    sampler::choose(set(SAMPLER).as_deref(), set(SAMPLER_ARG).as_deref())?;
    // By the specification the general variable is a base, the other one the whole address.
    let address = match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => format!("{}/v1/traces", endpoint.trim_end_matches('/')),
        _ => endpoint.clone(),
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(address);
    let exporter = exporter.build().map_err(|error| wrong(format!("usable ({error})")))?;
    let mut processor =
        BatchSpanProcessor::builder(Counted { exporter, is_away: AtomicBool::new(false) }).build();
    let is_named = set(SERVICE).is_some()
        || set(RESOURCE).is_some_and(|given| given.contains("service.name="));
    processor.set_resource(&resource(service, is_named));
    let processor = Arc::new(processor);
    let (taker, scope) = (Arc::clone(&processor), scope());
    trace::install(move |span| {
        metrics::counter!("charter_trace_spans_total", "outcome" => "recorded").increment(1);
        taker.on_end(data(span, scope.clone()));
    });
    Ok(Traces(Some(processor)))
}

/// Who sends the spans: the binary, unless the variables name it.
fn resource(service: &'static str, is_named: bool) -> Resource {
    let own = [
        KeyValue::new("service.namespace", "charter"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance::name()),
    ];
    // What is given by the variables wins.
    let resource = Resource::builder_empty().with_attributes(own);
    let resource = if is_named { resource } else { resource.with_service_name(service) };
    let detected = Resource::builder().build();
    let given = detected.iter().filter(|(key, _)| is_named || key.as_str() != "service.name");
    resource
        .with_attributes(given.map(|(key, value)| KeyValue::new(key.clone(), value.clone())))
        .build()
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("charter").with_version(env!("CARGO_PKG_VERSION")).build()
}

/// A span as OpenTelemetry has it.
fn data(span: Span, scope: InstrumentationScope) -> SpanData {
    let Span { name, kind, context, parent, begun, ended, attributes, links, error } = span;
    let mut all_links = SpanLinks::default();
    all_links.links =
        links.into_iter().map(|linked| otel::Link::new(place(linked), Vec::new(), 0)).collect();
    SpanData {
        span_context: place(context),
        parent_span_id: parent.map_or(otel::SpanId::INVALID, otel::SpanId::from),
        parent_span_is_remote: matches!(kind, Kind::Server | Kind::Consumer),
        span_kind: match kind {
            Kind::Server => otel::SpanKind::Server,
            Kind::Client => otel::SpanKind::Client,
            Kind::Producer => otel::SpanKind::Producer,
            Kind::Consumer => otel::SpanKind::Consumer,
            Kind::Internal => otel::SpanKind::Internal,
        },
        name,
        start_time: begun,
        end_time: ended,
        attributes: attributes.into_iter().map(attribute).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: all_links,
        status: error.map_or(otel::Status::Unset, otel::Status::error),
        instrumentation_scope: scope,
    }
}

fn place(context: SpanContext) -> otel::SpanContext {
    otel::SpanContext::new(
        context.trace.into(),
        context.span.into(),
        otel::TraceFlags::SAMPLED,
        false,
        otel::TraceState::NONE,
    )
}

fn attribute((name, value): (&'static str, Value)) -> KeyValue {
    match value {
        Value::Text(text) => KeyValue::new(name, text),
        Value::Number(number) => KeyValue::new(name, number),
    }
}

/// An exporter whose successes and failures are counted, and told of when they begin.
#[derive(Debug)]
struct Counted<E> {
    exporter: E,
    is_away: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        let exported = self.exporter.export(batch).await;
        let was_away = self.is_away.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Ok(()) if was_away => tracing::info!("the collector of traces takes spans again"),
            Err(error) if !was_away => {
                tracing::warn!(%error, "the collector of traces takes no spans; they are given up");
            }
            Ok(()) | Err(_) => {}
        }
        let outcome = if exported.is_ok() { "exported" } else { "failed" };
        metrics::counter!("charter_trace_spans_total", "outcome" => outcome).increment(count);
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(variables: &[(&'static str, &str)]) -> Result<Traces, String> {
        let variable = |name: &'static str| {
            let found = variables.iter().find(|(one, _)| *one == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        begin_with("test", variable).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_collector_there_are_no_traces() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_SDK_DISABLED", "true")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert!(begun(variables).expect("fine").0.is_none(), "{variables:?}");
        }
        assert!(!trace::is_on());
    }

    #[test]
    fn what_cannot_be_worked_with_is_one_line_with_the_variable() {
        const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        for (variables, name) in [
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")][..],
                "OTEL_EXPORTER_OTLP_ENDPOINT",
            ),
            (&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "OTEL_EXPORTER_OTLP_PROTOCOL"),
            (&[ENDPOINT, ("OTEL_TRACES_SAMPLER", "xray")], "OTEL_TRACES_SAMPLER"),
            (
                &[
                    ENDPOINT,
                    ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                    ("OTEL_TRACES_SAMPLER_ARG", "5%"),
                ],
                "OTEL_TRACES_SAMPLER_ARG",
            ),
        ] {
            let error = begun(variables).expect_err("it is refused");
            assert!(error.starts_with(&format!("`{name}` should be ")), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_span_is_sent_as_it_is() {
        let context = SpanContext { trace: 0xab, span: 2 };
        let ended = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(9);
        let span = Span {
            name: "decide seat.hold".into(),
            kind: Kind::Consumer,
            context,
            parent: Some(1),
            begun: ended - Duration::from_secs(1),
            ended,
            attributes: vec![("charter.events", Value::Number(3))],
            links: vec![SpanContext { trace: 0xcd, span: 4 }],
            error: Some("full".to_owned()),
        };
        let sent = data(span, scope());
        assert_eq!(sent.span_context.trace_id().to_string(), format!("{:032x}", 0xab));
        assert_eq!(sent.span_context.span_id().to_string(), format!("{:016x}", 2));
        assert_eq!(sent.parent_span_id.to_string(), format!("{:016x}", 1));
        assert!(sent.span_context.is_sampled() && sent.parent_span_is_remote);
        assert_eq!(sent.attributes, [KeyValue::new("charter.events", 3_i64)]);
        assert_eq!(sent.links[0].span_context.span_id().to_string(), format!("{:016x}", 4));
        assert_eq!(sent.status, otel::Status::error("full"));
        assert_eq!((sent.start_time, sent.end_time), (ended - Duration::from_secs(1), ended));
    }

    #[test]
    fn a_process_is_called_as_the_variables_say_or_as_its_binary() {
        let name = |resource: &Resource| {
            let name = resource.get(&"service.name".into()).expect("a name");
            name.to_string()
        };
        let own = resource("seats", false);
        assert_eq!(name(&own), "seats");
        // Nothing is said by the variables of the tests, so that it is what OpenTelemetry calls it.
        assert_ne!(name(&resource("seats", true)), "seats");
        assert!(own.get(&"service.instance.id".into()).is_some());
    }
}
