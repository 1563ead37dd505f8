//! A Notes-like client and server over real sockets, with the bytes of the samples.

use super::network::Namespace;
use nrpcsniff_samples::nrpc::{SessionRequest, SessionResponse};
use nrpcsniff_samples::time::DAY;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, SystemTime};

/// The port of NRPC.
pub const NRPC: u16 = 1352;

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().try_into().unwrap()
}

/// The request of a client whose certificate is good for another year.
pub fn request(wanted: &str) -> Vec<u8> {
    let request = SessionRequest::new(wanted, now());
    SessionRequest { created: now() - 365 * DAY, expires: now() + 365 * DAY, ..request }.encode()
}

/// A server that answers every session request with its name, until it is dropped.
pub struct NotesServer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NotesServer {
    /// Listens in that network; when this returns it does.
    pub fn start(network: &Namespace, name: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, wait) = std::sync::mpsc::channel();
        let stopped = Arc::clone(&stop);
        let thread = network.inside(move || {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, NRPC)).unwrap();
            listener.set_nonblocking(true).unwrap();
            ready.send(()).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((peer, _)) => drop(thread::spawn(move || answer(peer, name))),
                    Err(_) => sleep(Duration::from_millis(2)),
                }
            }
        });
        wait.recv().unwrap();
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for NotesServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
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
pub fn frame(peer: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    peer.read_exact(&mut length)?;
    let mut frame = vec![0; usize::from(u16::from_le_bytes(length))];
    peer.read_exact(&mut frame)?;
    Ok([&length[..], &frame].concat())
}

/// Asks the server for `wanted` and hears its answer.
pub fn open(server: Ipv4Addr, wanted: &str) -> io::Result<TcpStream> {
    let mut peer = TcpStream::connect_timeout(&SocketAddr::new(IpAddr::V4(server), NRPC), Duration::from_secs(10))?;
    peer.set_nodelay(true)?;
    peer.set_read_timeout(Some(Duration::from_secs(10)))?;
    peer.write_all(&request(wanted))?;
    frame(&mut peer)?;
    Ok(peer)
}
