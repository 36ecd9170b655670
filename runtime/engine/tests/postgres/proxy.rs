//! What stands between a store and its server, and cuts the connection where it hurts most.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use charter_engine::store::PostgresSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Where the next prepared statement's connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    Nowhere,
    /// Before the server has it.
    Request,
    /// After the server has done it, before its answer is there.
    Answer,
    /// As `Answer`, of the first statement that the server reports a write for.
    AnswerOfWrite,
}

/// A proxy before a server; ends with the test.
pub(crate) struct Proxy {
    address: String,
    server: String,
    cut: Arc<AtomicU8>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// A proxy before the server of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (_, rest) = url.split_once('@').expect("a user in the URL");
        let server = rest.split('/').next().expect("a host in the URL").to_owned();
        let cut = Arc::new(AtomicU8::new(Cut::Nowhere as u8));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, server.clone(), cut.clone()));
        Self { address, server, cut, _serving: serving }
    }

    /// The settings with the proxy in the server's place.
    pub(crate) fn settings(&self, mut settings: PostgresSettings) -> PostgresSettings {
        settings.url = settings.url.replace(&self.server, &self.address);
        settings
    }

    /// Cuts the connection of the next prepared statement.
    pub(crate) fn cut(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, server: String, cut: Arc<AtomicU8>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, cut) = (server.clone(), cut.clone());
        connections.spawn(async move {
            // However it ends, both sides are closed.
            let _ = pass(client, &server, &cut).await;
        });
    }
}

async fn pass(mut client: TcpStream, server: &str, cut: &AtomicU8) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut answer = Vec::new();
    let mut withheld = None;
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let asked = &asked[..count?];
                // `Bind`, which begins a prepared statement's run.
                if asked.first() == Some(&b'B') {
                    let wanted = cut.load(Ordering::SeqCst);
                    if wanted == Cut::Request as u8 {
                        cut.store(Cut::Nowhere as u8, Ordering::SeqCst);
                        return Ok(());
                    }
                    withheld = (wanted != Cut::Nowhere as u8).then_some(wanted);
                }
                if asked.is_empty() {
                    return Ok(());
                }
                server.write_all(asked).await?;
            }
            count = server.read(&mut answered) => {
                let answered = &answered[..count?];
                if answered.is_empty() {
                    return Ok(());
                }
                let Some(wanted) = withheld else {
                    client.write_all(answered).await?;
                    continue;
                };
                answer.extend_from_slice(answered);
                // `ReadyForQuery`: all is done, and committed where it was no transaction's part.
                if !answer.ends_with(b"Z\0\0\0\x05I") {
                    continue;
                }
                // The one statement here that is checked gives a truth value, which no read does.
                let is_write = answer.windows(6).any(|bytes| bytes == b"\0\0\0\x01\x01C");
                if wanted == Cut::Answer as u8 || is_write {
                    cut.store(Cut::Nowhere as u8, Ordering::SeqCst);
                    return Ok(());
                }
                client.write_all(&answer).await?;
                answer.clear();
                withheld = None;
            }
        }
    }
}
