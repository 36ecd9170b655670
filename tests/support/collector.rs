//! A collector of traces, as OpenTelemetry's is one: it takes OTLP over HTTP. One for all tests of the process.

use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// A span that came, and the service that sent it.
#[derive(Clone, Debug)]
pub struct Received {
    pub service: String,
    pub span: Span,
}

impl Received {
    /// The text of an attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        text(&self.span.attributes, name)
    }
}

/// The collector.
#[derive(Clone, Debug)]
pub struct Collector {
    address: String,
    spans: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    /// The process's, which runs as long as it does.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Collector> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let collector = Self { address, spans: Arc::default() };
        let router =
            Router::new().route("/v1/traces", post(take)).with_state(collector.spans.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                listener.set_nonblocking(true).expect("a listener");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("it serves");
            });
        });
        collector
    }

    /// Lets a service send its spans here at once, of the traces that a caller says are recorded.
    pub fn follow(&self, command: &mut Command) {
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address))
            .env("OTEL_TRACES_SAMPLER", "parentbased_always_off")
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .env("NO_PROXY", "127.0.0.1");
    }

    /// What has come of a trace so far.
    pub fn trace(&self, trace: u128) -> Vec<Received> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |received: &&Received| received.span.trace_id == trace.to_be_bytes();
        spans.iter().filter(of).cloned().collect()
    }
}

type Answer = Result<([(header::HeaderName, &'static str); 1], Vec<u8>), StatusCode>;

async fn take(State(spans): State<Arc<Mutex<Vec<Received>>>>, body: Bytes) -> Answer {
    let request = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut taken = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|it| it.attributes).unwrap_or_default();
        let service = text(&attributes, "service.name").unwrap_or_default().to_owned();
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        taken.extend(spans.map(|span| Received { service: service.clone(), span }));
    }
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    Ok(([(header::CONTENT_TYPE, "application/x-protobuf")], answer))
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref() {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => Some(text),
        _ => None,
    }
}
