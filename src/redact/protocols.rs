//! What is changed in a stream or a datagram, by its protocol. All of it happens in place: lengths and what frames messages stay.

use super::Redactor;
use super::http;
use super::key::blank;
use super::secrets::{element, ticket_bytes};
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};

/// Header of an NRPC frame, and what is read behind it: a status, a size of buffers.
const NRPC_HEADER: usize = 12;
const NRPC_READ: usize = 24;
/// Class of session layer messages, and functions of it that are read to their end.
const SESSION: u16 = 0x4000;
const SESSION_READ: [u16; 2] = [0x02, 0x03];
const NRPC_AUTH: u16 = 0x13;
/// Class and function of the lookup of an ID file, whose request names view and user.
const LOOKUP: (u16, u16) = (0x0001, 0x4f);
/// Messages of Sametime (Meanwhile, `mw_message.h`).
const VP_LOGIN: u16 = 0x0001;
const VP_CHANNEL_SEND: u16 = 0x0004;
const VP_SET_STATUS: u16 = 0x0009;
const VP_LOGIN_CONTINUE: u16 = 0x0016;
const VP_ADMIN: u16 = 0x0019;
const VP_ANNOUNCE: u16 = 0x0022;
/// The kind of login that carries a token.
const VP_TOKEN: u16 = 1;
/// The message of STUN in which nothing but a method is named has this header.
const STUN_HEADER: usize = 20;
const STUN_INTEGRITY: [u16; 2] = [0x0008, 0x001c];
const STUN_FINGERPRINT: u16 = 0x8028;
const STUN_ADDRESSES: [u16; 8] = [0x0001, 0x0012, 0x0016, 0x0020, 0x8020, 0x802b, 0x802c, 0x8023];
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

impl Redactor {
    /// A run of one direction of a connection. `follows_gap`: what stands in front of it is not in the capture.
    pub(super) fn stream(&mut self, protocol: Option<&str>, run: &mut [u8], follows_gap: bool) {
        match protocol {
            _ if is_tls(run) => self.names_only(run),
            Some("http" | "sip") => {
                let run = self.after_gap(run, follows_gap);
                if protocol == Some("http") { http::run(self, run) } else { self.sip(run) }
            }
            Some("nrpc") => self.nrpc(run),
            Some("sametime") => self.sametime(run),
            Some("ldap") => self.ldap(run),
            Some("dns" | "tls") => self.names_only(run),
            Some("stun") => self.stun_stream(run),
            _ => self.unknown(run),
        }
    }

    /// The payload of a datagram.
    pub(super) fn packet(&mut self, ports: (u16, u16), payload: &mut [u8]) {
        let is_usual = |udp: &[u16]| udp.contains(&ports.0) || udp.contains(&ports.1);
        let is_of = |known: &&&Protocol| {
            let usual = is_usual(known.udp_ports);
            (known.datagram_probe)(payload, usual) || (usual && (known.datagram)(payload).is_some())
        };
        let known = PROTOCOLS.iter().find(is_of);
        match known.map(|known| known.name) {
            Some("sip") => self.sip(payload),
            Some("stun") if is_dtls(payload) => self.names_only(payload),
            Some("stun") => self.stun(payload),
            Some(_) => self.names_only(payload),
            // A header of RTP or RTCP (RFC 3550): what it carries is media.
            None if payload.first().is_some_and(|first| first >> 6 == 2) => {
                self.unknown(payload.get_mut(12..).unwrap_or_default());
            }
            None if is_dtls(payload) => self.names_only(payload),
            None if is_usual(&[53, 5060]) => {
                self.text(payload);
                self.names_only(payload);
            }
            None => self.unknown(payload),
        }
    }

    /// Nothing is known of these bytes.
    pub(super) fn unknown(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() || !self.blanks() {
            return self.names_only(bytes);
        }
        let old = bytes.to_vec();
        blank(bytes);
        self.count_changed("payload that is not understood, blanked", &old, bytes);
    }

    /// No secrets are in these bytes, or none that could be taken out.
    pub(super) fn names_only(&mut self, bytes: &mut [u8]) {
        self.names_in(bytes);
        self.addresses_in_bytes(bytes);
    }

    fn sip(&mut self, run: &mut [u8]) {
        self.text(run);
        self.names_and_addresses_in_text(run);
    }

    /// The line that a gap cut may be the rest of a secret: it goes, unless a message begins with it.
    fn after_gap<'r>(&mut self, run: &'r mut [u8], follows_gap: bool) -> &'r mut [u8] {
        let end = memchr::memchr(b'\n', run).unwrap_or(run.len());
        let line = run.get(..end).unwrap_or_default();
        let begins =
            ["HTTP/1.", "SIP/2.0"].iter().any(|version| memchr::memmem::find(line, version.as_bytes()).is_some());
        if !follows_gap || begins {
            return run;
        }
        let (cut, rest) = run.split_at_mut(end);
        let old = cut.to_vec();
        self.key.scramble(cut, &old);
        self.count_changed("rest of a line whose beginning is not in the capture", &old, cut);
        rest
    }

    /// Frames of NRPC: of what is not public only names in clear stay, and the few numbers that are read.
    fn nrpc(&mut self, mut run: &mut [u8]) {
        loop {
            let Some(&[low, high]) = run.first_chunk() else { return self.unknown(run) };
            let size = usize::from(u16::from_le_bytes([low, high])).saturating_add(2);
            if size < NRPC_HEADER {
                return self.unknown(run);
            }
            let (frame, rest) = run.split_at_mut(size.min(run.len()));
            self.nrpc_frame(frame);
            run = rest;
            if run.is_empty() {
                return;
            }
        }
    }

    fn nrpc_frame(&mut self, frame: &mut [u8]) {
        let word = |at: usize| frame.get(at..).and_then(|rest| rest.first_chunk()).map(|two| u16::from_le_bytes(*two));
        let (function, class) = (word(8).unwrap_or_default(), word(10).unwrap_or_default());
        let is_read = class == SESSION && SESSION_READ.contains(&function);
        let is_r5 = class == SESSION && function == NRPC_AUTH && word(NRPC_HEADER.saturating_add(32)) == Some(40);
        let names_a_user = (class, function) == LOOKUP && memchr::memmem::find(frame, b"($Users)").is_some();
        if !(is_read || is_r5 || names_a_user) && self.blanks() {
            let kept = if class == SESSION { NRPC_HEADER } else { NRPC_HEADER.saturating_add(NRPC_READ) };
            let old = frame.to_vec();
            let mut names = names_in_clear(&old);
            names.retain(|name| name.end > kept);
            for (at, byte) in frame.iter_mut().enumerate().skip(kept) {
                if !names.iter().any(|name| name.contains(&at)) {
                    blank(std::slice::from_mut(byte));
                }
            }
            self.count_changed("NRPC data that is not public, blanked", &old, frame);
        }
        self.names_only(frame);
    }

    /// Messages of Sametime: 4 bytes of length, type, options, channel, body; 0x80 keeps the connection alive.
    fn sametime(&mut self, mut run: &mut [u8]) {
        loop {
            if run.first() == Some(&0x80) {
                run = run.get_mut(1..).unwrap_or_default();
                continue;
            }
            let Some(length) = run.first_chunk().map(|four| u32::from_be_bytes(*four)) else {
                return self.unknown(run);
            };
            let size = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
            if !(12..1 << 21).contains(&size) {
                return self.unknown(run);
            }
            let (message, rest) = run.split_at_mut(size.min(run.len()));
            self.sametime_message(message);
            run = rest;
        }
    }

    fn sametime_message(&mut self, message: &mut [u8]) {
        let word =
            |at: usize| message.get(at..).and_then(|rest| rest.first_chunk()).map(|two| u16::from_be_bytes(*two));
        let (kind, options) = (word(4).unwrap_or_default(), word(6).unwrap_or_default());
        let attributes = message.get(12..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_be_bytes(*four));
        let skipped = attributes.filter(|_| options & 0x8000 != 0).map_or(0, |length| length.saturating_add(4));
        let from = usize::try_from(skipped).unwrap_or(usize::MAX).saturating_add(12).min(message.len());
        let old = message.to_vec();
        if let Some(body) = message.get_mut(from..) {
            match kind {
                VP_LOGIN => self.login(body),
                VP_LOGIN_CONTINUE => self.key.replace(body, "login"),
                VP_CHANNEL_SEND => body.get_mut(6..).into_iter().for_each(blank),
                VP_SET_STATUS => blank_behind(body, 8),
                VP_ADMIN => blank_behind(body, 2),
                VP_ANNOUNCE => blank_behind(body, 1),
                _ => {}
            }
        }
        if kind != VP_LOGIN {
            self.count_changed("what people say in Sametime, blanked", &old, message);
        }
        self.names_only(message);
    }

    /// Type, user, what proves it, and of which kind that is.
    fn login(&mut self, body: &mut [u8]) {
        let word = |body: &[u8], at: usize| {
            body.get(at..).and_then(|rest| rest.first_chunk()).map(|two| u16::from_be_bytes(*two))
        };
        let user = usize::from(word(body, 2).unwrap_or_default());
        let at = user.saturating_add(8);
        let length =
            body.get(at.saturating_sub(4)..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_be_bytes(*four));
        let end = usize::try_from(length.unwrap_or(u32::MAX)).unwrap_or(usize::MAX).saturating_add(at);
        let kind = word(body, end);
        let end = end.min(body.len());
        let Some(data) = body.get_mut(at..end) else { return };
        let old = data.to_vec();
        if kind == Some(VP_TOKEN) {
            self.tokens_in(data);
        } else {
            // Lengths in it are of the same size, whatever the password is.
            self.key.replace(data, "password");
            self.count_changed("password of Sametime", &old, data);
        }
    }

    /// Every run of base64 that may be a token.
    fn tokens_in(&mut self, data: &mut [u8]) {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        for run in data.split_mut(|byte| !is_base64(byte)) {
            // The last byte of a length in front of it may be a letter, too.
            let skipped = run.len() % 4;
            if run.len() >= 40 {
                let at = memchr::memmem::find(run, b"AAECA").unwrap_or(usize::from(skipped == 1));
                self.token(run.get_mut(at..).unwrap_or_default());
            } else if run.len() >= 16 {
                let old = run.to_vec();
                self.key.scramble(run, &old);
                self.count_changed("opaque value", &old, run);
            }
        }
    }

    fn ldap(&mut self, mut run: &mut [u8]) {
        while run.first() == Some(&0x30) {
            let Some((header, length)) = element(run) else { break };
            let (message, rest) = run.split_at_mut(header.saturating_add(length).min(run.len()));
            self.ldap_message(message.get_mut(header..).unwrap_or_default());
            self.names_only(message);
            run = rest;
        }
        // What follows a request for StartTLS is encrypted.
        if is_tls(run) {
            self.names_only(run);
        } else {
            self.unknown(run);
        }
    }

    /// Id, operation, controls (RFC 4511 4.1.1).
    fn ldap_message(&mut self, message: &mut [u8]) {
        let Some((header, length)) = element(message) else { return };
        let Some(operation) = message.get_mut(header.saturating_add(length)..) else { return };
        let (tag, Some((header, length))) = (operation.first().copied(), element(operation)) else { return };
        let end = header.saturating_add(length).min(operation.len());
        let content = operation.get_mut(header..end).unwrap_or_default();
        match tag {
            Some(0x60) => self.bind(content),
            // Entries, and what is added or modified: names stay, values go.
            Some(0x64 | 0x66 | 0x68 | 0x6e) => self.attributes(content),
            Some(0x77) => self.extended(content),
            _ => {}
        }
    }

    /// Version, name, and what proves it: a password, or what a SASL mechanism has (RFC 4511 4.2).
    fn bind(&mut self, content: &mut [u8]) {
        let mut rest = content;
        while let Some((header, length)) = element(rest) {
            let tag = rest.first().copied().unwrap_or_default();
            let (now, behind) = rest.split_at_mut(header.saturating_add(length).min(rest.len()));
            let value = now.get_mut(header..).unwrap_or_default();
            match tag {
                0x80 => self.hide(value, "password of an LDAP bind"),
                0x87..=0x8b => self.ticket(value),
                0xa3 => {
                    let skip = element(value).map_or(0, |(header, length)| header.saturating_add(length));
                    let proof = value.get_mut(skip..).unwrap_or_default();
                    let header = element(proof).map_or(0, |(header, _)| header);
                    self.sasl(proof.get_mut(header..).unwrap_or_default());
                }
                _ => {}
            }
            rest = behind;
        }
    }

    /// A ticket, or a mechanism that sends a password.
    fn sasl(&mut self, proof: &mut [u8]) {
        let is_ticket = proof.first() == Some(&0x60) || memchr::memmem::find(proof, b"NTLMSSP").is_some();
        if is_ticket || proof.first() == Some(&0xa1) {
            self.ticket(proof);
        } else {
            self.hide(proof, "password of an LDAP bind");
        }
    }

    fn ticket(&mut self, value: &mut [u8]) {
        let old = value.to_vec();
        ticket_bytes(&self.key, value);
        self.count_changed("ticket of Windows sign-on", &old, value);
    }

    fn hide(&mut self, value: &mut [u8], kind: &'static str) {
        let old = value.to_vec();
        self.key.scramble(value, &old);
        self.count_changed(kind, &old, value);
    }

    /// The first string is a name and stays; strings in sets are values.
    fn attributes(&mut self, content: &mut [u8]) {
        let old = content.to_vec();
        values_of_sets(content, false, 8);
        self.count_changed("values of directory entries, blanked", &old, content);
    }

    /// A new password (RFC 3062): everything behind the name of the operation.
    fn extended(&mut self, content: &mut [u8]) {
        if memchr::memmem::find(content, b"1.3.6.1.4.1.4203.1.11.1").is_some()
            && let Some((header, length)) = element(content)
            && let Some(value) = content.get_mut(header.saturating_add(length).saturating_add(2)..)
        {
            self.hide(value, "password of an LDAP bind");
        }
    }

    /// STUN in a stream: messages, and data of channels (RFC 8656 12.4), which is media.
    fn stun_stream(&mut self, mut run: &mut [u8]) {
        while let Some(&[kind, _, high, low]) = run.first_chunk() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let size = if kind >> 6 == 0 {
                length.saturating_add(STUN_HEADER)
            } else {
                length.next_multiple_of(4).saturating_add(4)
            };
            let (message, rest) = run.split_at_mut(size.min(run.len()));
            if kind >> 6 == 0 {
                self.stun(message);
            } else {
                self.unknown(message.get_mut(4..).unwrap_or_default());
            }
            run = rest;
        }
    }

    /// Attributes of STUN (RFC 8489 14): what proves something goes, addresses are mapped, and the fingerprint is made again.
    pub(super) fn stun(&mut self, message: &mut [u8]) {
        self.names_in(message.get_mut(STUN_HEADER..).unwrap_or_default());
        let id: Vec<u8> = message.get(8..STUN_HEADER).unwrap_or_default().to_vec();
        let mut at = STUN_HEADER;
        while let Some(&[a, b, c, d]) = message.get(at..).and_then(|rest| rest.first_chunk()) {
            let (kind, length) = (u16::from_be_bytes([a, b]), usize::from(u16::from_be_bytes([c, d])));
            let from = at.saturating_add(4);
            if kind == STUN_FINGERPRINT {
                let crc = crc32(message.get(..at).unwrap_or_default()) ^ 0x5354_554e;
                message
                    .get_mut(from..from.saturating_add(4))
                    .into_iter()
                    .for_each(|place| place.copy_from_slice(&crc.to_be_bytes()));
            }
            let Some(value) = message.get_mut(from..from.saturating_add(length)) else { return };
            if STUN_INTEGRITY.contains(&kind) {
                let old = value.to_vec();
                self.key.replace(value, "integrity");
                self.count_changed("proof of STUN", &old, value);
            } else if STUN_ADDRESSES.contains(&kind) {
                let is_masked = matches!(kind, 0x0012 | 0x0016 | 0x0020 | 0x8020);
                self.stun_address(value, if is_masked { &id } else { &[] });
            } else if kind == 0x0013 {
                self.unknown(value);
            }
            at = from.saturating_add(length.next_multiple_of(4));
        }
    }

    /// Family, port, address; masked with the cookie and the id of the transaction (RFC 8489 14.2).
    fn stun_address(&mut self, value: &mut [u8], id: &[u8]) {
        let Some(addresses) = &mut self.addresses else { return };
        let mask: Vec<u8> = if id.is_empty() { vec![0; 16] } else { STUN_COOKIE.iter().chain(id).copied().collect() };
        let Some(place) = value.get_mut(4..) else { return };
        let turn = |bytes: &[u8]| -> Vec<u8> { bytes.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect() };
        let plain = turn(place);
        let new = match (<[u8; 4]>::try_from(&plain[..]), <[u8; 16]>::try_from(&plain[..])) {
            (Ok(four), _) => addresses.v4(four.into()).octets().to_vec(),
            (_, Ok(sixteen)) => addresses.v6(sixteen.into()).octets().to_vec(),
            _ => return,
        };
        place.copy_from_slice(&turn(&new));
    }
}

/// Records of TLS (RFC 8446 5.1).
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 0x03, 0x00..=0x04, ..])
}

/// Records of DTLS (RFC 6347 4.1).
fn is_dtls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x1a, 0xfe, 0xfd..=0xff, ..])
}

/// Printable runs that look like a distinguished name.
fn names_in_clear(frame: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut names = Vec::new();
    let mut start = 0_usize;
    for run in frame.split(|byte| !(b' '..=b'~').contains(byte) && *byte < 0x80) {
        let is_name = [&b"CN="[..], b"/O="].iter().any(|label| memchr::memmem::find(run, label).is_some());
        if is_name && run.len() <= 256 {
            names.push(start..start.saturating_add(run.len()));
        }
        start = start.saturating_add(run.len()).saturating_add(1);
    }
    names
}

/// Blanks what stands behind a fixed part of that length.
fn blank_behind(body: &mut [u8], fixed: usize) {
    body.get_mut(fixed.saturating_add(2)..).into_iter().for_each(blank);
}

/// Blanks strings in sets of BER (0x31), however deep.
fn values_of_sets(mut bytes: &mut [u8], in_set: bool, depth: usize) {
    while let Some((header, length)) = element(bytes) {
        let tag = bytes.first().copied().unwrap_or_default();
        let (now, behind) = bytes.split_at_mut(header.saturating_add(length).min(bytes.len()));
        let content = now.get_mut(header..).unwrap_or_default();
        if tag & 0x20 != 0 && depth > 0 {
            values_of_sets(content, in_set || tag == 0x31, depth.saturating_sub(1));
        } else if in_set {
            blank(content);
        }
        bytes = behind;
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
