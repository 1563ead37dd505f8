//! An HTTP/1.1 server (RFC 9112) that knows one page. One caller at a time, each with little time and little room, and the
//! connection closed after the answer: a caller who dawdles keeps others waiting for two seconds and nothing else.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a request may take, and its answer as long again: Prometheus asks from near by.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest head of a request that is read, in bytes.
const LONGEST: usize = 8 << 10;
/// How long to wait after an error that is not the caller's, such as too many open files.
const PAUSE: Duration = Duration::from_millis(200);
/// Media type of the text format that Prometheus reads (its exposition formats).
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers callers with `page` until the process ends.
pub(super) fn start(listener: TcpListener, page: impl Fn() -> Arc<str> + Send + 'static) {
    let serve = move || {
        for caller in listener.incoming() {
            // What went wrong is the caller's to see: nobody else waits for the answer.
            match caller {
                Ok(caller) => drop(answer(caller, &page)),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    };
    thread::spawn(serve);
}

fn answer(mut caller: TcpStream, page: &impl Fn() -> Arc<str>) -> io::Result<()> {
    let reply = match head(&mut caller)? {
        Head::Whole(head) => reply(&head, page),
        Head::TooLong => Reply::short("431 Request Header Fields Too Large", "The head of the request is too long.\n"),
        Head::Late => Reply::short("408 Request Timeout", "The request took too long.\n"),
    };
    caller.set_write_timeout(Some(PATIENCE))?;
    caller.write_all(&reply.bytes())?;
    caller.shutdown(Shutdown::Write)?;
    drain(&mut caller)
}

/// What the caller sent, up to the empty line.
enum Head {
    Whole(Vec<u8>),
    TooLong,
    Late,
}

fn head(caller: &mut TcpStream) -> io::Result<Head> {
    let began = Instant::now();
    let (mut head, mut chunk) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && !head.windows(2).any(|end| end == b"\n\n") {
        let left = PATIENCE.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(Head::Late);
        }
        caller.set_read_timeout(Some(left))?;
        match caller.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => head.extend(chunk.iter().take(count)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(Head::Late),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if head.len() > LONGEST {
            return Ok(Head::TooLong);
        }
    }
    Ok(Head::Whole(head))
}

/// Takes in what the caller still sends, so that closing does not reset the connection before the answer is read.
fn drain(caller: &mut TcpStream) -> io::Result<()> {
    let (began, mut chunk) = (Instant::now(), [0; 1024]);
    loop {
        let left = PATIENCE.saturating_sub(began.elapsed()).min(PAUSE);
        if left.is_zero() {
            return Ok(());
        }
        caller.set_read_timeout(Some(left))?;
        if caller.read(&mut chunk)? == 0 {
            return Ok(());
        }
    }
}

/// An answer.
struct Reply {
    status: &'static str,
    kind: &'static str,
    body: Arc<str>,
    /// Only its head is asked for (HEAD).
    bodiless: bool,
}

impl Reply {
    fn short(status: &'static str, body: &'static str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: body.into(), bodiless: false }
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { status, kind, body, bodiless } = self;
        let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
        let mut bytes = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        if !bodiless {
            bytes.extend(body.as_bytes());
        }
        bytes
    }
}

fn reply(head: &[u8], page: &impl Fn() -> Arc<str>) -> Reply {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let words: Vec<_> = line.trim_end_matches('\r').split(' ').collect();
    let [method, target, "HTTP/1.0" | "HTTP/1.1"] = words[..] else {
        return Reply::short("400 Bad Request", "This is no HTTP/1.1 request.\n");
    };
    let path = target.split('?').next().unwrap_or_default();
    let mut reply = match (method, path) {
        ("GET" | "HEAD", "/metrics") => Reply { status: "200 OK", kind: TYPE, body: page(), bodiless: false },
        ("GET" | "HEAD", "/") => Reply::short("200 OK", "nrpcsniff: the figures are at /metrics\n"),
        ("GET" | "HEAD", _) => Reply::short("404 Not Found", "There is nothing here: the figures are at /metrics\n"),
        _ => Reply::short("405 Method Not Allowed", "Only GET and HEAD are answered.\n"),
    };
    reply.bodiless = method == "HEAD";
    reply
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::net::SocketAddr;

    /// Sends this and gives what comes back.
    pub(in super::super) fn ask(address: SocketAddr, request: &str) -> String {
        let mut peer = TcpStream::connect(address).unwrap();
        peer.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        answer
    }

    fn serving() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        start(listener, || "a 1\n".into());
        address
    }

    #[test]
    fn the_page_is_given_with_its_length_and_type() {
        let address = serving();
        for request in ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET /metrics?x=1 HTTP/1.0\n\n"] {
            let answer = ask(address, request);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\na 1\n"), "{answer}");
            assert!(answer.contains("Content-Length: 4\r\n") && answer.contains("version=0.0.4"), "{answer}");
        }
        let head = ask(address, "HEAD /metrics HTTP/1.1\r\n\r\n");
        assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }

    #[test]
    fn anything_else_is_refused_as_http_says() {
        let address = serving();
        for (request, status) in [
            ("GET /other HTTP/1.1\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
            ("GET /metrics HTTP/2.0\r\n\r\n", "400"),
            ("\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1}hello\r\n\r\n", "400"),
        ] {
            assert!(ask(address, request).starts_with(&format!("HTTP/1.1 {status} ")), "{request}");
        }
        let long = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(LONGEST));
        assert!(ask(address, &long).starts_with("HTTP/1.1 431 "));
    }

    #[test]
    fn who_dawdles_or_goes_away_does_not_stop_the_rest() {
        let address = serving();
        let _silent = TcpStream::connect(address).unwrap();
        drop(TcpStream::connect(address).unwrap());
        let mut half = TcpStream::connect(address).unwrap();
        half.write_all(b"GET /met").unwrap();
        assert!(ask(address, "GET /metrics HTTP/1.1\r\n\r\n").ends_with("a 1\n"));
        let mut answer = String::new();
        half.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}
