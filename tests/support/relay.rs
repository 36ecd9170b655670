//! A way to a server that can be closed and opened, as a network can.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Passes connections on while it is open. While it is closed they are taken and ended at once.
#[derive(Debug)]
pub struct Relay {
    address: String,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    open: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl Relay {
    /// A way to `server`, `host:port`, closed at first.
    pub fn closed(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (state, server) = (Arc::new(State::default()), server.to_owned());
        let relayed = Arc::clone(&state);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if relayed.open.load(Ordering::SeqCst) {
                    relayed.pass(client, &server);
                }
            }
        });
        Self { address, state }
    }

    /// Where clients connect.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    pub fn open(&self) {
        self.state.open.store(true, Ordering::SeqCst);
    }

    /// Ends all connections, and takes no more.
    pub fn close(&self) {
        self.state.open.store(false, Ordering::SeqCst);
        for stream in self.state.streams.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn pass(&self, client: TcpStream, server: &str) {
        let Ok(server) = TcpStream::connect(server) else { return };
        let both = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        for backwards in [false, true] {
            let Some((one, other)) = both() else { return };
            let (mut from, mut to) = if backwards { (other, one) } else { (one, other) };
            std::thread::spawn(move || {
                let _ = copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
            });
        }
        self.streams.lock().expect("no panic").extend([client, server]);
    }
}
