//! A Notes-like client and server over real sockets, with the bytes of the samples.

use super::network::Namespace;
use nrpcsniff_samples::nrpc::{SessionRequest, SessionResponse};
use nrpcsniff_samples::time::DAY;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, SystemTime};

/// The port of NRPC.
pub(crate) const NRPC: u16 = 1352;

/// How long a server sleeps when nobody calls.
const TURN: Duration = Duration::from_millis(5);

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().try_into().unwrap()
}

/// The request of a client whose certificate is good for another year.
pub(crate) fn request(wanted: &str) -> Vec<u8> {
    let request = SessionRequest::new(wanted, now());
    SessionRequest { created: now() - 365 * DAY, expires: now() + 365 * DAY, ..request }.encode()
}

/// A thread that serves until it is dropped.
struct Serving {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Opens what it needs in that network, and then takes a turn again and again.
    fn start<T>(
        network: &Namespace,
        open: impl FnOnce() -> T + Send + 'static,
        mut turn: impl FnMut(&T) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (ready, wait) = channel();
        let thread = network.inside(move || {
            let opened = open();
            ready.send(()).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                turn(&opened);
            }
        });
        wait.recv().unwrap();
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A server that answers every session request with its name.
pub(crate) struct NotesServer {
    _serving: Serving,
}

impl NotesServer {
    /// Listens in that network; when this returns it does.
    pub(crate) fn start(network: &Namespace, name: &'static str) -> Self {
        let listen = || {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, NRPC)).unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        };
        let accept = move |listener: &TcpListener| match listener.accept() {
            Ok((peer, _)) => drop(thread::spawn(move || answer(peer, name))),
            Err(_) => sleep(TURN),
        };
        Self { _serving: Serving::start(network, listen, accept) }
    }
}

/// A SIP server on UDP that gives every request the same answer.
pub(crate) struct Registrar {
    _serving: Serving,
}

impl Registrar {
    /// Answers in that network with this status and reason.
    pub(crate) fn start(network: &Namespace, status: &'static str) -> Self {
        let listen = || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5060)).unwrap();
            socket.set_read_timeout(Some(TURN)).unwrap();
            socket
        };
        let answer = move |socket: &UdpSocket| {
            let mut request = [0; 4096];
            if let Ok((length, peer)) = socket.recv_from(&mut request) {
                let answer = response(&String::from_utf8_lossy(&request[..length]), status);
                socket.send_to(answer.as_bytes(), peer).unwrap();
            }
        };
        Self { _serving: Serving::start(network, listen, answer) }
    }
}

/// The response to a request (RFC 3261 section 8.2.6): Via, From, To, Call-ID and CSeq are the request's.
fn response(request: &str, status: &str) -> String {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().skip(1) {
        let tag = if line.starts_with("To:") && !line.contains(";tag=") { ";tag=answer" } else { "" };
        if ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)) {
            response.extend([line, tag, "\r\n"]);
        }
    }
    response + "Content-Length: 0\r\n\r\n"
}

/// Answers what comes, frame by frame, until the client goes.
fn answer(mut peer: TcpStream, name: &str) -> io::Result<()> {
    peer.set_nonblocking(false)?;
    peer.set_nodelay(true)?;
    loop {
        let frame = frame(&mut peer)?;
        // Type 2 is a session request; all else is echoed.
        let is_request = frame.get(8) == Some(&2);
        peer.write_all(&if is_request { SessionResponse::new(name, now()).encode() } else { frame })?;
    }
}

/// The next frame: its length, in the first two bytes, does not count these.
pub(crate) fn frame(peer: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    peer.read_exact(&mut length)?;
    let mut frame = vec![0; usize::from(u16::from_le_bytes(length))];
    peer.read_exact(&mut frame)?;
    Ok([&length[..], &frame].concat())
}

/// Asks the server for `wanted` and hears its answer.
pub(crate) fn open(server: Ipv4Addr, wanted: &str) -> io::Result<TcpStream> {
    let mut peer = TcpStream::connect_timeout(&SocketAddr::new(IpAddr::V4(server), NRPC), Duration::from_secs(10))?;
    peer.set_nodelay(true)?;
    peer.set_read_timeout(Some(Duration::from_secs(10)))?;
    peer.write_all(&request(wanted))?;
    frame(&mut peer)?;
    Ok(peer)
}
