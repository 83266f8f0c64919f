//! A wire between adapter and service that can be cut, and that can swallow answers.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Passes bytes on, both ways, until it is told otherwise.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    service: String,
    /// Connections that were made so far.
    met: AtomicUsize,
    open: Mutex<Vec<Wire>>,
    /// Cut the wire after so many bytes of the service; 0 is never.
    lifetime: AtomicUsize,
}

/// One connection.
struct Wire {
    client: TcpStream,
    service: TcpStream,
    /// Whether answers are swallowed.
    deaf: Arc<AtomicBool>,
}

impl Proxy {
    /// To the service at `amqp://HOST:PORT`.
    pub(crate) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            service: endpoint.trim_start_matches("amqp://").to_owned(),
            met: AtomicUsize::new(0),
            open: Mutex::default(),
            lifetime: AtomicUsize::new(0),
        });
        let ours = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                ours.connect(client);
            }
        });
        Self { address, shared }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("amqp://{}", self.address)
    }

    /// How many connections there were.
    pub(crate) fn met(&self) -> usize {
        self.shared.met.load(Ordering::SeqCst)
    }

    /// From now on the answers of open connections are swallowed. New ones work.
    pub(crate) fn swallow_answers(&self) {
        for wire in self.shared.open.lock().expect("no panic").iter() {
            wire.deaf.store(true, Ordering::SeqCst);
        }
    }

    /// Cuts each connection, those to come as well, after so many bytes of the service.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.shared.lifetime.store(bytes, Ordering::SeqCst);
    }
}

impl Shared {
    fn connect(self: &Arc<Self>, client: TcpStream) {
        let service = TcpStream::connect(&self.service).expect("the service is there");
        self.met.fetch_add(1, Ordering::SeqCst);
        let deaf = Arc::new(AtomicBool::new(false));
        let copy = |stream: &TcpStream| stream.try_clone().expect("a copy");
        self.open.lock().expect("no panic").push(Wire {
            client: copy(&client),
            service: copy(&service),
            deaf: deaf.clone(),
        });
        let (from, to) = (copy(&client), copy(&service));
        std::thread::spawn(move || pass(from, to, |_| true, &AtomicBool::new(false)));
        let ours = self.clone();
        let mut passed = 0;
        let lives = move |bytes| {
            passed += bytes;
            let lifetime = ours.lifetime.load(Ordering::SeqCst);
            lifetime == 0 || passed < lifetime
        };
        std::thread::spawn(move || pass(service, client, lives, &deaf));
    }
}

/// Passes bytes on until an end closes, or they have been enough.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    mut lives: impl FnMut(usize) -> bool,
    deaf: &AtomicBool,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !deaf.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).is_err() {
            break;
        }
        if !lives(count) {
            break;
        }
    }
    // Closed already is as good.
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for wire in self.shared.open.lock().expect("no panic").drain(..) {
            wire.client.shutdown(Shutdown::Both).ok();
            wire.service.shutdown(Shutdown::Both).ok();
        }
    }
}
