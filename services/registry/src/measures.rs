//! What the registry measures.

use charter_connections::SLOW_READERS_CUT;

/// A metric's name, kind, labels and meaning.
pub type Measure = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Metrics of the registry.
pub const MEASURES: &[Measure] = &[
    (
        "charter_registry_requests_total",
        "counter",
        &["method", "route", "status"],
        "Requests that the schema registry answered, by the route's template",
    ),
    (
        "charter_registry_request_duration_seconds",
        "histogram",
        &["method", "route"],
        "Requests to the schema registry, in seconds",
    ),
    (
        "charter_registry_schema_cache_hits_total",
        "counter",
        &[],
        "Schemas that the registry had parsed in memory",
    ),
    (
        "charter_registry_schema_cache_misses_total",
        "counter",
        &[],
        "Schemas that the registry had to read and parse",
    ),
    (SLOW_READERS_CUT.0, "counter", &[], SLOW_READERS_CUT.1),
];

/// Gives the process's recorder the meaning of [`MEASURES`].
pub fn describe_metrics() {
    for (name, kind, labels, help) in MEASURES.iter().copied() {
        if kind == "counter" {
            metrics::describe_counter!(name, help);
            if labels.is_empty() {
                // There from the start, so that a rate begins at 0.
                metrics::counter!(name).increment(0);
            }
        } else {
            metrics::describe_histogram!(name, help);
        }
    }
}
