//! Log lines say which request they are about.
//!
//! A span of `tracing` would say it too, at the price of being made, written out and taken down for every request, while
//! hardly any writes a line. What a line says of its request is put together where one is written.

use std::fmt::{self, Write as _};
use std::future::Future;
use std::sync::{Arc, OnceLock};

use axum::extract::MatchedPath;
use axum::http::{HeaderValue, Method};
use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use crate::telemetry::LogFormat;
use crate::trace_context::TraceContext;

tokio::task_local! {
    static CURRENT: Arc<Request>;
}

/// What is said of a request: its route, never its path, its query or a header that may hold a secret.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Option<MatchedPath>,
    pub(crate) correlation: HeaderValue,
    pub(crate) trace: TraceContext,
    pub(crate) command: OnceLock<Uuid>,
}

impl Request {
    /// The route as the contract has it.
    pub(crate) fn route(&self) -> &str {
        self.path.as_ref().map_or("(none)", MatchedPath::as_str)
    }

    pub(crate) fn correlation_id(&self) -> &str {
        self.correlation.to_str().unwrap_or_default()
    }
}

/// Serves `request`: what is logged meanwhile is about it.
pub(crate) fn about<F: Future>(
    request: Arc<Request>,
    serving: F,
) -> impl Future<Output = F::Output> {
    CURRENT.scope(request, serving)
}

/// The request in hand sends this command.
pub(crate) fn sends(command: Uuid) {
    // Outside of a request nobody asks.
    let _ = CURRENT.try_with(|request| request.command.set(command));
}

/// Lines as `lines` has them, with the request that they are about: in text behind the rest, in JSON as the member
/// `span`.
pub(crate) struct OfRequest<F> {
    pub(crate) format: LogFormat,
    pub(crate) lines: F,
}

impl<S, N, F> FormatEvent<S, N> for OfRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Ok(request) = CURRENT.try_with(Arc::clone) else {
            return self.lines.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        with_request(self.format, &mut line, &request)?;
        writer.write_str(&line)
    }
}

/// Adds the request to a line.
fn with_request(format: LogFormat, line: &mut String, request: &Request) -> fmt::Result {
    let (method, route) = (request.method.as_str(), request.route());
    let (correlation, trace) = (request.correlation_id(), request.trace.trace_id());
    let command = request.command.get();
    line.truncate(line.trim_end().len());
    match format {
        LogFormat::Text => {
            write!(
                line,
                " method={method} route={route} correlation_id={correlation} trace_id={trace}"
            )?;
            if let Some(command) = command {
                write!(line, " command_id={command}")?;
            }
        }
        LogFormat::Json => {
            let mut span = json!({
                "name": "request",
                "method": method,
                "route": route,
                "correlation_id": correlation,
                "trace_id": trace,
            });
            if let Some(command) = command {
                span["command_id"] = command.to_string().into();
            }
            // The line is an object that has members.
            line.pop();
            write!(line, ",\"span\":{span}}}")?;
        }
    }
    line.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_line_says_which_request_it_is_about() {
        let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let request = Request {
            method: Method::POST,
            path: None,
            correlation: HeaderValue::from_static("order-7"),
            trace: TraceContext::of(Some(caller)),
            command: OnceLock::new(),
        };
        let mut text = " WARN charter_http: it broke error=none\n".to_owned();
        with_request(LogFormat::Text, &mut text, &request).expect("a line");
        let fields = "method=POST route=(none) correlation_id=order-7 trace_id=4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(text, format!(" WARN charter_http: it broke error=none {fields}\n"));

        request.command.set(Uuid::from_u128(7)).expect("none yet");
        let mut line = "{\"level\":\"WARN\",\"fields\":{\"message\":\"it broke\"}}\n".to_owned();
        with_request(LogFormat::Json, &mut line, &request).expect("a line");
        let expected = json!({
            "level": "WARN",
            "fields": {"message": "it broke"},
            "span": {
                "name": "request",
                "method": "POST",
                "route": "(none)",
                "correlation_id": "order-7",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "command_id": "00000000-0000-0000-0000-000000000007",
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), expected);
        assert!(line.ends_with("}\n"), "one line: {line}");
    }
}
