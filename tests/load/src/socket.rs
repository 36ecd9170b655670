//! A Socket.IO client: version 4, by websocket, namespace `/`.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(45);

/// A connected socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// What came while something else was waited for.
    waiting: VecDeque<(String, Value)>,
    answers: HashMap<u64, Value>,
    asked: u64,
}

/// What a socket was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet {
    /// An event: its name and what it tells.
    Event(String, Value),
    /// The answer to what was asked with this number.
    Acknowledged(u64, Value),
    /// The end of the socket.
    Ended,
    /// Anything else.
    Other(String),
}

impl Packet {
    fn of(text: &str) -> anyhow::Result<Self> {
        let Some(rest) = text.strip_prefix('4') else { return Ok(Self::Other(text.to_owned())) };
        let kind = rest.chars().next().context("an empty packet")?;
        let rest = &rest[1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match kind {
            '1' => Ok(Self::Ended),
            '2' => {
                let (name, body): (String, Value) = serde_json::from_str(&rest[digits..])?;
                Ok(Self::Event(name, body))
            }
            '3' => {
                let (answer,): (Value,) = serde_json::from_str(&rest[digits..])?;
                Ok(Self::Acknowledged(rest[..digits].parse()?, answer))
            }
            _ => Ok(Self::Other(text.to_owned())),
        }
    }
}

impl Socket {
    /// Opens a connection to `host:port` with headers of its own; nobody has said yet who it is.
    ///
    /// # Errors
    /// Where it is refused.
    pub async fn open(address: &str, headers: &[(&'static str, &str)]) -> anyhow::Result<Self> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value)?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let opened = tokio_tungstenite::client_async(request, stream);
        let (stream, _) = tokio::time::timeout(PATIENCE, opened).await??;
        let mut socket =
            Self { stream, waiting: VecDeque::new(), answers: HashMap::new(), asked: 0 };
        let first = socket.text().await?.context("the connection ended")?;
        anyhow::ensure!(first.starts_with('0'), "expected the opening packet, found `{first}`");
        Ok(socket)
    }

    /// Says who it is.
    ///
    /// # Errors
    /// Where it is refused: the problem's JSON is the error's text.
    pub async fn connect(&mut self, auth: &Value) -> anyhow::Result<()> {
        self.send(&format!("40{auth}")).await?;
        loop {
            let text = self.text().await?.context("the connection ended")?;
            if let Some(refused) = text.strip_prefix("44") {
                let refused: Value = serde_json::from_str(refused)?;
                anyhow::bail!("{}", refused["message"].as_str().unwrap_or_default());
            }
            if text.starts_with("40") {
                return Ok(());
            }
        }
    }

    /// Sends what is not acknowledged yet; gives its number.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub async fn emit(&mut self, name: &str, body: &Value) -> anyhow::Result<u64> {
        let number = self.asked;
        self.asked += 1;
        self.send(&format!("42{number}{}", json!([name, body]))).await?;
        Ok(number)
    }

    /// Sends something and waits for what it is acknowledged with.
    ///
    /// # Errors
    /// Where the connection is gone, or the time is up.
    pub async fn ask(&mut self, name: &str, body: &Value) -> anyhow::Result<Value> {
        let number = self.emit(name, body).await?;
        self.answer(number).await
    }

    /// What was acknowledged of this number.
    ///
    /// # Errors
    /// Where the connection is gone, or the time is up.
    pub async fn answer(&mut self, number: u64) -> anyhow::Result<Value> {
        // Pings come all the time, and are no answer.
        let answered = tokio::time::timeout(PATIENCE, self.answered(number));
        answered.await.context("no acknowledgement came in time")?
    }

    async fn answered(&mut self, number: u64) -> anyhow::Result<Value> {
        loop {
            if let Some(answer) = self.answers.remove(&number) {
                return Ok(answer);
            }
            match self.packet().await?.context("the connection ended")? {
                Packet::Acknowledged(of, answer) => drop(self.answers.insert(of, answer)),
                Packet::Event(name, body) => self.waiting.push_back((name, body)),
                Packet::Ended => anyhow::bail!("the socket was closed"),
                Packet::Other(_) => {}
            }
        }
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// Where none came in time.
    pub async fn event(&mut self) -> anyhow::Result<Option<(String, Value)>> {
        if let Some(event) = self.waiting.pop_front() {
            return Ok(Some(event));
        }
        let came = tokio::time::timeout(PATIENCE, self.next_event());
        came.await.context("no event came in time")?
    }

    async fn next_event(&mut self) -> anyhow::Result<Option<(String, Value)>> {
        loop {
            match self.packet().await? {
                None | Some(Packet::Ended) => return Ok(None),
                Some(Packet::Event(name, body)) => return Ok(Some((name, body))),
                Some(Packet::Acknowledged(of, answer)) => drop(self.answers.insert(of, answer)),
                Some(Packet::Other(_)) => {}
            }
        }
    }

    async fn packet(&mut self) -> anyhow::Result<Option<Packet>> {
        match self.text().await? {
            Some(text) => Packet::of(&text).map(Some),
            None => Ok(None),
        }
    }

    /// The next packet as it came, pings answered; `None` at the end.
    pub(crate) async fn text(&mut self) -> anyhow::Result<Option<Utf8Bytes>> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next());
            match next.await.context("nothing came in time")? {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await?,
                Some(Ok(Message::Text(text))) if text.as_str() == "1" => return Ok(None),
                Some(Ok(Message::Text(text))) => return Ok(Some(text)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(
                    Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
                )) => {}
            }
        }
    }

    /// Sends a packet as it stands.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub async fn send(&mut self, packet: &str) -> anyhow::Result<()> {
        Ok(self.stream.send(Message::text(packet)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_as_the_protocol_writes_them() {
        let of = |text| Packet::of(text).expect("a packet");
        assert_eq!(of(r#"42["a",{"b":1}]"#), Packet::Event("a".to_owned(), json!({"b": 1})));
        assert_eq!(of("4312[true]"), Packet::Acknowledged(12, json!(true)));
        assert_eq!(of("41"), Packet::Ended);
        assert!(matches!(of("6"), Packet::Other(_)));
    }
}
