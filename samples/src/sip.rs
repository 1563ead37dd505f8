//! SIP requests and responses (RFC 3261), and a telephone that numbers them.
//!
//! A [`Phone`] keeps Call-ID, CSeq and tags; a response takes what it must from its request:
//!
//! ```
//! use nrpcsniff_samples::{Network, sip};
//!
//! let net = Network::new();
//! let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9").linux());
//! let tcp = net.connect(&client, &server, 5060);
//! let phone = sip::Phone::over(&tcp, "ann@example.com").agent("Sametime-ST9.0-Softphone");
//! let first = phone.register().cookie("LtpaToken", "undefined");
//! let refusal = first.response(401).challenge("example.com", "8f3c");
//! tcp.client(&first).server(&refusal);
//! let second = phone.register().credentials(&refusal, "ann", "a password");
//! tcp.client(&second).server(second.response(200).contact_of(&second).expires(1800));
//! ```
//!
//! Over UDP, messages go by [`Phone::sends`] and [`Phone::hears`]:
//!
//! ```
//! # use nrpcsniff_samples::{Network, sip};
//! # let net = Network::new();
//! # let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9").linux());
//! let phone = sip::Phone::new(&client, 5060, &server, 5060, "ann@example.com");
//! let call = phone.call("bob@example.com");
//! let invite = call.invite(20_000);
//! phone.sends(&invite);
//! let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
//! phone.hears(invite.response(100)).hears(invite.response(180)).hears(&ok).sends(call.ack(&ok)).sends(call.bye(&ok));
//! ```

use std::cell::Cell;
use std::net::IpAddr;

use md5::{Digest, Md5};

use crate::net::{Host, Network};
use crate::tcp::{Side, Tcp};
use crate::text::{Text, hex};

/// A request or a response. Each setting returns the message, so that settings chain; send it with [`Tcp::client`],
/// [`Tcp::server`], [`Phone::sends`] or [`Phone::hears`].
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before a connection sends it"]
pub struct Message(Text);

/// A request with nothing but its first line, for what no [`Phone`] would say.
pub fn request(method: &str, uri: &str) -> Message {
    Message(Text::new(format!("{method} {uri} SIP/2.0")))
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        _ => "Status",
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.0.bytes().to_vec()
    }
}

impl Message {
    fn with(self, change: impl FnOnce(&mut Text)) -> Self {
        Self(self.0.with(change))
    }

    /// One more header line at the end.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|text| text.add(name, value))
    }

    /// This header line instead of the first of its name.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.with(|text| text.set(name, value))
    }

    /// No header line of this name.
    pub fn without(self, name: &str) -> Self {
        self.with(|text| text.remove(name))
    }

    /// The first value of a header, or nothing.
    pub fn value(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_default()
    }

    /// The response to this request: Via, From, To (with a tag above 100), Call-ID and CSeq are the request's (RFC 3261 section 8.2.6).
    pub fn response(&self, status: u16) -> Self {
        let mut text = Text::new(format!("SIP/2.0 {status} {}", reason(status)));
        for (name, value) in &self.0.headers {
            let value = match name.as_str() {
                "To" if status > 100 && !value.contains(";tag=") => format!("{value};tag={}", self.far_tag()),
                "Via" | "From" | "To" | "Call-ID" | "CSeq" => value.clone(),
                _ => continue,
            };
            text.add(name, value);
        }
        text.add("Content-Length", "0");
        Self(text.with(|_| ()))
    }

    /// The tag that whoever answers this Call-ID uses.
    fn far_tag(&self) -> String {
        md5(&format!("{} {}", self.value("Call-ID"), self.value("To")))[..8].to_owned()
    }

    /// The top Via as the receiver completes it (RFC 3581): the address and port the request came from.
    pub fn seen_from(self, ip: &str, port: u16) -> Self {
        let via = self.value("Via").replace(";rport", &format!(";rport={port}")) + &format!(";received={ip}");
        self.set("Via", &via)
    }

    /// Another request URI, as a proxy puts the registered Contact in its place; To stays.
    pub fn target(self, uri: &str) -> Self {
        self.with(|text| {
            let method = text.start.split(' ').next().unwrap_or_default();
            text.start = format!("{method} {uri} SIP/2.0");
        })
    }

    /// One more Via above those there are, as a proxy adds it.
    pub fn via(self, transport: &str, sent_by: &str, branch: &str) -> Self {
        let via = format!("SIP/2.0/{transport} {sent_by};branch=z9hG4bK{branch}");
        self.with(|text| text.headers.insert(0, ("Via".to_owned(), via)))
    }

    /// `Cookie`, the value in double quotes as the Sametime softphone writes it.
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("Cookie", &format!("{name}=\"{value}\""))
    }

    /// `Contact`, a URI.
    pub fn contact(self, uri: &str) -> Self {
        self.set("Contact", &format!("<{uri}>"))
    }

    /// The Contact of the request, as a registrar repeats it.
    pub fn contact_of(self, request: &Self) -> Self {
        self.set("Contact", request.value("Contact"))
    }

    /// `Expires` in seconds.
    pub fn expires(self, seconds: u32) -> Self {
        self.set("Expires", &seconds.to_string())
    }

    /// A digest challenge: `WWW-Authenticate`, or `Proxy-Authenticate` in a 407.
    pub fn challenge(self, realm: &str, nonce: &str) -> Self {
        let name = if self.0.start.contains(" 407 ") { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        self.set(name, &format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5"))
    }

    /// The challenge says that only the nonce was too old.
    pub fn stale(self) -> Self {
        self.with(|text| {
            for (name, value) in &mut text.headers {
                if name.ends_with("-Authenticate") {
                    value.push_str(", stale=true");
                }
            }
        })
    }

    /// The answer to the digest challenge in `refusal` (RFC 2617), in the realm it asks for.
    pub fn credentials(self, refusal: &Self, user: &str, password: &str) -> Self {
        let realm = parameter(refusal.challenge_line().1, "realm");
        self.credentials_in(&realm, refusal, user, password)
    }

    /// Credentials in a realm of the client's own choice.
    pub fn credentials_in(self, realm: &str, refusal: &Self, user: &str, password: &str) -> Self {
        const CNONCE: &str = "0a4f113b";
        let (name, challenge) = refusal.challenge_line();
        let nonce = parameter(challenge, "nonce");
        let mut first_line = self.0.start.split(' ');
        let (method, uri) = (first_line.next().unwrap_or_default(), first_line.next().unwrap_or_default());
        let secret = md5(&format!("{user}:{realm}:{password}"));
        let asked = md5(&format!("{method}:{uri}"));
        let response = md5(&format!("{secret}:{nonce}:00000001:{CNONCE}:auth:{asked}"));
        let line = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm=MD5, cnonce=\"{CNONCE}\", qop=auth, nc=00000001"
        );
        let name = if name == "Proxy-Authenticate" { "Proxy-Authorization" } else { "Authorization" };
        self.set(name, &line)
    }

    fn challenge_line(&self) -> (&str, &str) {
        let line = self.0.headers.iter().find(|(name, _)| name.ends_with("-Authenticate"));
        line.map_or_else(|| panic!("no challenge to answer"), |(name, value)| (name.as_str(), value.as_str()))
    }

    /// A session description that offers audio at this address and port (RFC 4566).
    pub fn sdp(self, ip: &str, port: u16) -> Self {
        let family = if ip.contains(':') { 6 } else { 4 };
        let body = format!(
            "v=0\r\no=- 3950000000 1 IN IP{family} {ip}\r\ns=call\r\nc=IN IP{family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 18 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:60\r\na=sendrecv\r\n"
        );
        self.with(|text| text.carry("application/sdp", body.as_bytes()))
    }
}

/// A parameter of a challenge, without its quotes.
fn parameter(line: &str, name: &str) -> String {
    let value = line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// A telephone of one user (`ann@example.com`), with one registration.
#[derive(Debug, Clone)]
pub struct Phone {
    host: Host,
    port: u16,
    far: Host,
    far_port: u16,
    user: String,
    transport: String,
    agent: String,
    shown: Option<String>,
    call_id: String,
    tag: String,
    instance: Option<String>,
    sequence: Cell<u32>,
}

impl Phone {
    /// A telephone that speaks UDP from this host and port to a server's.
    pub fn new(host: &Host, port: u16, server: &Host, server_port: u16, user: &str) -> Self {
        let net = host.network();
        Self {
            call_id: hex(&net.nonce::<8>()) + "@" + &bracketed(host.ip()),
            tag: hex(&net.nonce::<4>()),
            host: host.clone(),
            port,
            far: server.clone(),
            far_port: server_port,
            user: user.to_owned(),
            transport: "UDP".to_owned(),
            agent: "Sametime-ST9.0-Softphone".to_owned(),
            shown: None,
            instance: None,
            sequence: Cell::new(0),
        }
    }

    /// A telephone that speaks over this TCP connection, as its client.
    pub fn over(tcp: &Tcp, user: &str) -> Self {
        let [client, server] = [Side::Client, Side::Server].map(|side| (tcp.host(side), tcp.port(side)));
        Self { transport: "TCP".to_owned(), ..Self::new(&client.0, client.1, &server.0, server.1, user) }
    }

    /// What its Via says instead of UDP or TCP: `TLS`, `WS`, `WSS`.
    #[must_use]
    pub fn transport(self, name: &str) -> Self {
        Self { transport: name.to_owned(), ..self }
    }

    /// `User-Agent`.
    #[must_use]
    pub fn agent(self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// The address and port in its Via and Contact, if not those it sends from: the address before a NAT, a name.
    #[must_use]
    pub fn shown_as(self, place: &str) -> Self {
        Self { shown: Some(place.to_owned()), ..self }
    }

    /// It registers a flow (RFC 5626): `Supported: path, outbound`, `reg-id` and `+sip.instance`.
    #[must_use]
    pub fn outbound(self) -> Self {
        let id = hex(&self.host.network().nonce::<16>());
        let urn = format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]);
        Self { instance: Some(urn), ..self }
    }

    /// Its part after the `@`.
    fn domain(&self) -> &str {
        self.user.split_once('@').map_or("", |(_, domain)| domain)
    }

    fn place(&self) -> String {
        self.shown.clone().unwrap_or_else(|| format!("{}:{}", bracketed(self.host.ip()), self.port))
    }

    fn transport_parameter(&self) -> String {
        if self.transport == "UDP" { String::new() } else { format!(";transport={}", self.transport.to_lowercase()) }
    }

    /// `sip:ann@10.1.0.50:5060`, with the transport if it is not UDP.
    pub fn contact_uri(&self) -> String {
        let name = self.user.split_once('@').map_or("", |(name, _)| name);
        format!("sip:{name}@{}{}", self.place(), self.transport_parameter())
    }

    /// Its Via, with a branch of its own each time.
    fn next_via(&self) -> String {
        let branch = hex(&self.host.network().nonce::<8>());
        format!("SIP/2.0/{} {};branch=z9hG4bK{branch};rport", self.transport, self.place())
    }

    fn new_request(&self, method: &str, uri: &str, to: &str, call_id: &str, tag: &str, sequence: u32) -> Message {
        request(method, uri).with(|text| {
            text.add("Via", self.next_via());
            text.add("Max-Forwards", "70");
            text.add("From", format!("<sip:{}>;tag={tag}", self.user));
            text.add("To", to);
            text.add("Call-ID", call_id);
            text.add("CSeq", format!("{sequence} {method}"));
            text.add("User-Agent", &self.agent);
            text.add("Content-Length", "0");
        })
    }

    /// The next REGISTER of its registration, for half an hour.
    pub fn register(&self) -> Message {
        self.sequence.set(self.sequence.get() + 1);
        let uri = format!("sip:{}{}", self.domain(), self.transport_parameter());
        let to = format!("<sip:{}>", self.user);
        let message =
            self.new_request("REGISTER", &uri, &to, &self.call_id, &self.tag, self.sequence.get()).expires(1800);
        match &self.instance {
            None => message.contact(&self.contact_uri()),
            Some(urn) => message
                .header("Supported", "path, outbound")
                .set("Contact", &format!("<{}>;reg-id=1;+sip.instance=\"<urn:uuid:{urn}>\"", self.contact_uri())),
        }
    }

    /// An OPTIONS outside any call.
    pub fn options(&self, to: &str) -> Message {
        self.call(to).request("OPTIONS")
    }

    /// A call to somebody (`bob@example.com`): nothing is sent yet.
    pub fn call(&self, to: &str) -> Call {
        let net = self.host.network();
        Call {
            phone: self.clone(),
            to: to.to_owned(),
            id: hex(&net.nonce::<8>()) + "@" + &bracketed(self.host.ip()),
            tag: hex(&net.nonce::<4>()),
            sequence: Cell::new(0),
        }
    }

    /// Over UDP: it sends this.
    pub fn sends(&self, message: impl AsRef<[u8]>) -> &Self {
        self.network().udp(&self.host, self.port, &self.far, self.far_port, message.as_ref());
        self
    }

    /// Over UDP: its server sends it this.
    pub fn hears(&self, message: impl AsRef<[u8]>) -> &Self {
        self.network().udp(&self.far, self.far_port, &self.host, self.port, message.as_ref());
        self
    }

    /// The next packet goes out `ms` milliseconds after the last.
    pub fn wait(&self, ms: u64) -> &Self {
        self.network().wait(ms);
        self
    }

    fn network(&self) -> Network {
        self.host.network()
    }
}

/// A call of a [`Phone`]: its Call-ID, tag and CSeq.
#[derive(Debug, Clone)]
pub struct Call {
    phone: Phone,
    to: String,
    id: String,
    tag: String,
    sequence: Cell<u32>,
}

impl Call {
    /// A new request of any method in this call.
    pub fn request(&self, method: &str) -> Message {
        self.sequence.set(self.sequence.get() + 1);
        let (uri, to) = (format!("sip:{}", self.to), format!("<sip:{}>", self.to));
        let message = self.phone.new_request(method, &uri, &to, &self.id, &self.tag, self.sequence.get());
        message.contact(&self.phone.contact_uri())
    }

    /// An INVITE that offers audio at this port of the telephone's host.
    pub fn invite(&self, media_port: u16) -> Message {
        self.request("INVITE").sdp(&self.phone.host.ip().to_string(), media_port)
    }

    /// The ACK of a final answer: for 2xx in a transaction of its own, else in the INVITE's (RFC 3261 sections 13.2.2.4 and 17.1.1.3).
    pub fn ack(&self, answer: &Message) -> Message {
        let message = self.within(answer, "ACK", self.sequence.get());
        if answer.0.start.starts_with("SIP/2.0 2") { message } else { message.set("Via", answer.value("Via")) }
    }

    /// The caller hangs up.
    pub fn bye(&self, answer: &Message) -> Message {
        self.sequence.set(self.sequence.get() + 1);
        self.within(answer, "BYE", self.sequence.get())
    }

    /// The callee hangs up: a BYE towards the caller.
    pub fn bye_by_callee(&self, answer: &Message) -> Message {
        let message = self.phone.new_request("BYE", &self.phone.contact_uri(), answer.value("From"), &self.id, "", 1);
        let branch = hex(&self.phone.network().nonce::<8>());
        let callee = answer.value("Contact").trim_matches(['<', '>']);
        let place = callee.split(['@', ';']).nth(1).unwrap_or(&self.to);
        message
            .set("Via", &format!("SIP/2.0/{} {place};branch=z9hG4bK{branch}", self.phone.transport))
            .set("From", answer.value("To"))
            .without("User-Agent")
    }

    /// A request within the dialog that `answer` made: to its Contact, with its To.
    fn within(&self, answer: &Message, method: &str, sequence: u32) -> Message {
        let contact = answer.value("Contact").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
        let uri = if contact.is_empty() { format!("sip:{}", self.to) } else { contact };
        self.phone.new_request(method, &uri, answer.value("To"), &self.id, &self.tag, sequence)
    }
}

/// An address as URIs write it.
fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone() -> Phone {
        let net = Network::new();
        Phone::new(&net.host("10.1.0.50"), 5060, &net.host("10.1.0.9"), 5060, "ann@example.com")
    }

    #[test]
    fn a_registration_keeps_its_call_id_and_counts() {
        let phone = phone();
        let (first, second) = (phone.register(), phone.register());
        assert_eq!(first.value("Call-ID"), second.value("Call-ID"));
        assert_eq!([first.value("CSeq"), second.value("CSeq")], ["1 REGISTER", "2 REGISTER"]);
        assert_ne!(first.value("Via"), second.value("Via"));
    }

    #[test]
    fn a_response_belongs_to_its_request() {
        let request = phone().register();
        let response = request.response(401);
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            assert_eq!(response.value(name), request.value(name));
        }
        assert!(response.value("To").starts_with("<sip:ann@example.com>;tag="));
        assert!(!request.response(100).value("To").contains("tag"));
    }

    /// RFC 2617 section 3.5, with SIP in place of HTTP: the formula is the same.
    #[test]
    fn a_digest_is_that_of_the_rfc() {
        let secret = md5("Mufasa:testrealm@host.com:Circle Of Life");
        let asked = md5("GET:/dir/index.html");
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let response = md5(&format!("{secret}:{nonce}:00000001:0a4f113b:auth:{asked}"));
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
        let refusal = request("GET", "/dir/index.html").response(401).challenge("testrealm@host.com", nonce);
        let answer = request("GET", "/dir/index.html").credentials(&refusal, "Mufasa", "Circle Of Life");
        assert!(answer.value("Authorization").contains("response=\"6629fae49393a05397450978507c4ef1\""));
    }

    #[test]
    fn requests_in_a_call_go_to_the_contact_with_both_tags() {
        let phone = phone();
        let call = phone.call("bob@example.com");
        let invite = call.invite(20_000);
        let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
        let (ack, bye) = (call.ack(&ok), call.bye(&ok));
        assert!(ack.0.start.starts_with("ACK sip:bob@10.1.0.51:5060 "));
        assert_eq!([ack.value("CSeq"), bye.value("CSeq")], ["1 ACK", "2 BYE"]);
        assert_eq!(bye.value("To"), ok.value("To"));
        assert_eq!(call.bye_by_callee(&ok).value("From"), ok.value("To"));
    }
}
