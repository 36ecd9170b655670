//! A host on loopback that answers as a test says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What a host does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers with JSON.
    Json(u16, Value, Vec<(&'static str, String)>),
    /// Takes the request and breaks the connection.
    Lost,
    /// Never answers.
    Silent,
    /// Begins to answer and never ends.
    Endless,
    /// Begins a stream with these, and ends it unless it is to stay open.
    Stream(Vec<String>, bool),
}

pub(crate) fn json(status: u16, body: Value) -> Answer {
    Answer::Json(status, body, Vec::new())
}

pub(crate) fn with(status: u16, body: Value, header: &'static str, value: &str) -> Answer {
    Answer::Json(status, body, vec![(header, value.to_owned())])
}

/// The host; it ends with the test.
pub(crate) struct Host {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Host {
    /// Answers the first request with the first of these, and so on; the last answers all that come after it.
    pub(crate) async fn answering(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            // What is served ends with the host.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, answers.clone(), Arc::clone(&known)));
            }
        });
        Self { url, asked, serving }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("what was asked").clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request, and the connection is over: the order of connections is that of requests.
async fn serve(connection: TcpStream, answers: Vec<Answer>, known: Arc<Mutex<Vec<Asked>>>) {
    let mut connection = BufReader::new(connection);
    let Some(asked) = read(&mut connection).await else { return };
    let answer = {
        let mut known = known.lock().expect("what was asked");
        known.push(asked);
        answers[(known.len() - 1).min(answers.len() - 1)].clone()
    };
    let head =
        |status: u16, more: &str| format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{more}\r\n");
    match answer {
        Answer::Lost => {}
        Answer::Silent => std::future::pending().await,
        Answer::Json(status, body, headers) => {
            let body = body.to_string();
            let mut more =
                format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                let _ = write!(more, "{name}: {value}\r\n");
            }
            let _ = connection.write_all((head(status, &more) + &body).as_bytes()).await;
        }
        Answer::Endless => {
            let begun = head(200, "content-length: 1000\r\n") + "{";
            let _ = connection.write_all(begun.as_bytes()).await;
            std::future::pending::<()>().await;
        }
        Answer::Stream(frames, stays) => {
            let begun = head(200, "content-type: text/event-stream\r\n");
            let _ = connection.write_all((begun + &frames.concat()).as_bytes()).await;
            if stays {
                // Until the client leaves.
                let _ = connection.read(&mut [0; 1]).await;
            }
        }
    }
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut line = String::new();
    connection.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace();
    asked.method = words.next()?.to_owned();
    asked.url = words.next()?.to_owned();
    loop {
        line.clear();
        connection.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        asked.headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}
