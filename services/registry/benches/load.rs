//! Registrations and look-ups a second of any registry with Confluent's API, this one or a peer.
//!
//! ```text
//! cargo bench -p registry-service --bench load -- URL [--pid PID] [--schemas N] [--seconds S] [--connections C]
//! ```
//!
//! N schemas (10,000) of some 600 bytes are registered, each under a subject of its own; then each of C connections (32)
//! asks for S seconds (10) for the schema of a random id, one request after the other, as consumers do that start; then
//! half as long for the latest version of a random subject. Each connection measures from the first byte sent to the last
//! one read. With a PID the resident memory of that process is shown after each part. One thread, so that a machine of
//! two cores has one for the registry.
#![allow(missing_docs, clippy::unwrap_used, reason = "a tool for measuring")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

const USAGE: &str = "load URL [--pid PID] [--schemas N] [--seconds S] [--connections C]";

struct Settings {
    address: SocketAddr,
    pid: Option<u32>,
    schemas: usize,
    seconds: u64,
    connections: usize,
}

impl Settings {
    /// From the command line, without what cargo adds to it.
    fn read() -> Self {
        let mut settings = Self {
            address: ([127, 0, 0, 1], 8081).into(),
            pid: None,
            schemas: 10_000,
            seconds: 10,
            connections: 32,
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            let mut number = || -> u64 { arguments.next().expect(USAGE).parse().expect(USAGE) };
            match argument.as_str() {
                "--pid" => settings.pid = Some(u32::try_from(number()).unwrap()),
                "--schemas" => settings.schemas = usize::try_from(number()).unwrap(),
                "--seconds" => settings.seconds = number(),
                "--connections" => settings.connections = usize::try_from(number()).unwrap(),
                url => {
                    let address = url.strip_prefix("http://").unwrap_or(url);
                    settings.address = address.trim_end_matches('/').parse().expect(USAGE);
                }
            }
        }
        settings
    }
}

/// One connection, kept open.
struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a registry at the URL");
        stream.set_nodelay(true).unwrap();
        Self { stream, address, read: Vec::with_capacity(16 * 1024) }
    }

    /// Sends a request and reads its answer: status and body.
    async fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, &[u8]) {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n",
            self.address
        );
        if !body.is_empty() {
            let length = body.len();
            write!(request, "content-type: application/vnd.schemaregistry.v1+json\r\ncontent-length: {length}\r\n").unwrap();
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.read.clear();
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await;
        };
        let text = std::str::from_utf8(&self.read[..head]).unwrap().to_ascii_lowercase();
        let status = text[9..12].parse().unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.expect("a length").trim().parse().unwrap();
        while self.read.len() < head + length {
            self.more().await;
        }
        (status, &self.read[head..])
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await.unwrap();
        assert!(read > 0, "the registry closed the connection");
    }
}

/// Some 600 bytes, as a usual event has them.
fn schema(number: usize) -> String {
    let fields: Vec<Value> = (0..8)
        .map(|field| json!({ "name": format!("field{field}"), "type": ["null", "string"], "default": null }))
        .collect();
    json!({ "type": "record", "name": format!("Event{number}"), "namespace": "load", "doc": "One of many.", "fields": fields })
        .to_string()
}

/// Numbers that look random (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// What the connections do, each until it has nothing more to do.
async fn together<W>(
    settings: &Settings,
    what: &str,
    work: impl Fn(usize, Connection, Histogram<u64>) -> W,
) where
    W: Future<Output = Histogram<u64>> + 'static,
{
    let begun = Instant::now();
    let local = LocalSet::new();
    let mut total = Histogram::<u64>::new(3).unwrap();
    local
        .run_until(async {
            let mut tasks = Vec::new();
            for number in 0..settings.connections {
                let connection = Connection::open(settings.address).await;
                let histogram = Histogram::new(3).unwrap();
                tasks.push(tokio::task::spawn_local(work(number, connection, histogram)));
            }
            for task in tasks {
                total.add(task.await.unwrap()).unwrap();
            }
        })
        .await;
    let seconds = begun.elapsed().as_secs_f64();
    let milliseconds =
        |quantile| Duration::from_micros(total.value_at_quantile(quantile)).as_secs_f64() * 1e3;
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    let rate = total.len() as f64 / seconds;
    println!(
        "{what:24} {rate:9.0}/s   p50 {:8.3} ms   p99 {:8.3} ms   {} requests{}",
        milliseconds(0.5),
        milliseconds(0.99),
        total.len(),
        settings.pid.map_or_else(String::new, |pid| format!("   resident {:.1} MB", resident(pid))),
    );
}

/// MB of memory that a process and those it started have resident.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    kilobytes.map_or(0.0, |kilobytes: f64| kilobytes / 1e3) + children.map(resident).sum::<f64>()
}

/// Asks for what `path` makes of random numbers below the number of schemas.
async fn look_up(settings: &Settings, what: &str, seconds: u64, path: fn(usize) -> String) {
    let until = Instant::now() + Duration::from_secs(seconds);
    let schemas = settings.schemas;
    together(settings, what, |number, mut connection, mut histogram| async move {
        let mut numbers = Numbers(u64::try_from(number).unwrap());
        while Instant::now() < until {
            let path = path(numbers.below(schemas));
            let begun = Instant::now();
            let (status, body) = connection.ask("GET", &path, "").await;
            assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(body));
            histogram.record(u64::try_from(begun.elapsed().as_micros()).unwrap()).unwrap();
        }
        histogram
    })
    .await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let settings = Settings::read();
    let (schemas, connections) = (settings.schemas, settings.connections);
    together(&settings, "registrations", |number, mut connection, mut histogram| async move {
        for schema_number in (number..schemas).step_by(connections) {
            let body = json!({ "schema": schema(schema_number) }).to_string();
            let begun = Instant::now();
            let path = format!("/subjects/subject{schema_number}/versions");
            let (status, body) = connection.ask("POST", &path, &body).await;
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
            histogram.record(u64::try_from(begun.elapsed().as_micros()).unwrap()).unwrap();
        }
        histogram
    })
    .await;
    look_up(&settings, "look-ups by id, warm-up", 2, |number| {
        format!("/schemas/ids/{}", number + 1)
    })
    .await;
    look_up(&settings, "look-ups by id", settings.seconds, |number| {
        format!("/schemas/ids/{}", number + 1)
    })
    .await;
    let latest = |number| format!("/subjects/subject{number}/versions/latest");
    look_up(&settings, "latest of a subject", settings.seconds.div_ceil(2), latest).await;
}
