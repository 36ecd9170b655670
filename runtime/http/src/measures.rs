//! What serving HTTP measures; see [`charter_engine::measures`].

use charter_connections::SLOW_READERS_CUT;
use charter_engine::measures::{Kind, Measure, Shown};

/// Metrics of this crate.
pub const MEASURES: &[Measure] = &[
    Measure {
        name: "charter_build_info",
        kind: Kind::Gauge,
        labels: &["service", "version", "revision"],
        help: "Always 1; its labels say what runs: the binary, its version, and the revision that it was built from where `CHARTER_REVISION` named it",
        shown: Shown::Working,
    },
    Measure {
        name: "charter_http_requests_total",
        kind: Kind::Counter,
        labels: &["method", "route", "status"],
        help: "Requests answered, by the route's template",
        shown: Shown::Working,
    },
    Measure {
        name: "charter_http_request_duration_seconds",
        kind: Kind::Seconds,
        labels: &["method", "route"],
        help: "From a request's head read to its answer's head written, in seconds; a request that waits for its outcome includes that",
        shown: Shown::Working,
    },
    Measure {
        name: "charter_http_requests_in_hand",
        kind: Kind::Gauge,
        labels: &[],
        help: "Requests that are being served now",
        shown: Shown::Working,
    },
    Measure {
        name: "charter_http_limited_total",
        kind: Kind::Counter,
        labels: &["policy"],
        help: "Requests refused with 429, by the limit that they met",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_commands_refused_by_lag_total",
        kind: Kind::Counter,
        labels: &["context"],
        help: "Commands refused with 503 since their partition had more than its share of `MAX_LAG` to decide",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_trace_spans_total",
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "Spans of traces: `recorded` by this process, `exported` to the collector, `failed` to be; what is recorded and neither was given up since too many waited",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_rate_limits_shared",
        kind: Kind::Gauge,
        labels: &[],
        help: "1 where requests are counted together with other gateways in the Redis of `REDIS_URL`, 0 where it is away or there is none",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_rate_limits_local_total",
        kind: Kind::Counter,
        labels: &[],
        help: "Requests counted by this process alone since the Redis of `REDIS_URL` did not answer",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_http_refused_by_share_total",
        kind: Kind::Counter,
        labels: &[],
        help: "Requests refused with 503 since their tenant had its share of the places for requests in hand",
        shown: Shown::Seldom,
    },
    Measure {
        name: SLOW_READERS_CUT.0,
        kind: Kind::Counter,
        labels: &[],
        help: SLOW_READERS_CUT.1,
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_api_keys_failed_total",
        kind: Kind::Counter,
        labels: &[],
        help: "Times that the file of `API_KEYS` had changed and could not be read, so that the keys stayed as they were",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_jwt_keys_failed_total",
        kind: Kind::Counter,
        labels: &[],
        help: "Times that the keys of the tokens' issuer could not be fetched",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_connections",
        kind: Kind::Gauge,
        labels: &["transport"],
        help: "Streams (`sse`) and sockets (`socket`) that are open",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_subscriptions",
        kind: Kind::Gauge,
        labels: &[],
        help: "Members of rooms: each stream is one, a socket one a room",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_dropped_total",
        kind: Kind::Counter,
        labels: &["code"],
        help: "Members of rooms, and sockets, that were sent away, by the reason that they were told",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_commands_total",
        kind: Kind::Counter,
        labels: &["command", "status"],
        help: "Commands that came on sockets, by what they were acknowledged with",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_load_seconds",
        kind: Kind::Seconds,
        labels: &["context"],
        help: "Reading all rows of a room for those who join it, in seconds",
        shown: Shown::Seldom,
    },
    Measure {
        name: "charter_push_update_failures_total",
        kind: Kind::Counter,
        labels: &["context"],
        help: "Times that changed rows could not be read for a room",
        shown: Shown::Seldom,
    },
];

/// Metrics of the process, with the names that Prometheus' own client libraries give them (crate
/// `metrics-process`): name, kind.
pub const PROCESS: &[(&str, Kind, &str)] = &[
    (
        "process_start_time_seconds",
        Kind::Gauge,
        "When the process started, in seconds since 1970, UTC: `time() - process_start_time_seconds` is its uptime",
    ),
    (
        "process_cpu_seconds_total",
        Kind::Counter,
        "CPU time of the process, user and system, in whole seconds",
    ),
    (
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Memory that the process has resident, in bytes",
    ),
    ("process_virtual_memory_bytes", Kind::Gauge, "Address space of the process, in bytes"),
    (
        "process_virtual_memory_max_bytes",
        Kind::Gauge,
        "The most address space that the process may have, in bytes",
    ),
    ("process_open_fds", Kind::Gauge, "Files and sockets that the process has open"),
    ("process_max_fds", Kind::Gauge, "The most files and sockets that the process may have open"),
    ("process_threads", Kind::Gauge, "Threads of the process"),
];
