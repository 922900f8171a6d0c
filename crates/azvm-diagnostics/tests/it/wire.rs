//! A server on 127.0.0.1 that answers byte for byte what a test says. It shares no code with what it tests.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// What the doctor asks, told apart as the real services would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// The token path without the `Metadata` header.
    ImdsProbe,
    Instance,
    IdentityInfo,
    Token,
    /// Any path of ARM without `Authorization`.
    ArmProbe,
    Target,
    RoleAssignments,
    /// The machine or its scale set.
    Model,
    /// All machines of the subscription.
    Machines,
    /// A user-assigned identity.
    Identity,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Write these bytes and close.
    Write(Vec<u8>),
    /// Close without a word.
    Close,
    /// Close with unread data, which resets the connection.
    Reset,
    /// Say nothing for this long, by the doctor's clock.
    Hang(Duration),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) route: Option<Route>,
    pub(crate) head: String,
}

impl Seen {
    fn read(head: &[u8]) -> Self {
        let mut seen = Self {
            route: None,
            head: String::from_utf8_lossy(head).into_owned(),
        };
        seen.route = seen.find_route();
        seen
    }

    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn find_route(&self) -> Option<Route> {
        let path = self.target().split('?').next().unwrap_or_default();
        let is_metadata = self.header("Metadata") == Some("true");
        match path {
            "/metadata/identity/oauth2/token" if is_metadata => Some(Route::Token),
            "/metadata/identity/oauth2/token" => Some(Route::ImdsProbe),
            "/metadata/instance" if is_metadata => Some(Route::Instance),
            "/metadata/identity/info" if is_metadata => Some(Route::IdentityInfo),
            _ if !path.starts_with("/subscriptions/") => None,
            _ if self.header("Authorization").is_none() => Some(Route::ArmProbe),
            _ if path.ends_with("/providers/Microsoft.Authorization/roleAssignments") => {
                Some(Route::RoleAssignments)
            }
            _ if path.ends_with("/providers/Microsoft.Compute/virtualMachines") => {
                Some(Route::Machines)
            }
            _ if path.contains("/providers/Microsoft.Compute/") => Some(Route::Model),
            _ if path.contains("/providers/Microsoft.ManagedIdentity/") => Some(Route::Identity),
            _ => Some(Route::Target),
        }
    }
}

/// What to answer, request by request, and what was asked.
#[derive(Debug)]
pub(crate) struct Script {
    /// The last deed of a route is repeated for ever.
    pub(crate) deeds: Mutex<HashMap<Route, VecDeque<Deed>>>,
    pub(crate) seen: Mutex<Vec<Seen>>,
    /// Moves the doctor's clock on.
    pub(crate) skips: UnboundedSender<Duration>,
}

impl Script {
    fn next(&self, seen: Seen) -> Deed {
        let route = seen.route;
        self.seen.lock().unwrap().push(seen);
        let mut deeds = self.deeds.lock().unwrap();
        let queue = route.and_then(|route| deeds.get_mut(&route));
        let Some(queue) = queue else {
            return Deed::Close;
        };
        match queue.len() {
            0 | 1 => queue.front().cloned().unwrap_or(Deed::Close),
            _ => queue.pop_front().unwrap(),
        }
    }
}

/// A listening server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(script: &Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, script) = (Arc::clone(&is_over), Arc::clone(script));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let script = Arc::clone(&script);
                // A client that went away early is part of some tests.
                std::thread::spawn(move || answer(stream, &script).is_ok());
            }
        });
        Self {
            address,
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let is_woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| is_woken) {
            thread.join().unwrap();
        }
    }
}

fn answer(mut stream: TcpStream, script: &Script) -> std::io::Result<()> {
    let Some(head) = peek_head(&stream)? else {
        return Ok(());
    };
    if head.first() == Some(&0x16) {
        // A TLS client, and this is no TLS server.
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    }
    let deed = script.next(Seen::read(&head));
    if matches!(deed, Deed::Reset) {
        return Ok(());
    }
    let mut rest = vec![0; head.len()];
    stream.read_exact(&mut rest)?;
    match deed {
        Deed::Write(bytes) => stream.write_all(&bytes),
        Deed::Close | Deed::Reset => Ok(()),
        Deed::Hang(duration) => {
            let _ = script.skips.send(duration);
            // Until the client gives up.
            stream.read(&mut [0]).map(drop)
        }
    }
}

/// The head of the request, or the start of a TLS handshake, left unread; `None` when the peer said nothing.
fn peek_head(stream: &TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let bytes = stream.peek(&mut buffer)?;
        let end = buffer[..bytes]
            .windows(4)
            .position(|window| window == b"\r\n\r\n");
        match (bytes, end) {
            (0, _) => return Ok(None),
            (_, Some(end)) => return Ok(Some(buffer[..end + 4].to_vec())),
            _ if buffer[0] == 0x16 => return Ok(Some(buffer[..bytes].to_vec())),
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
