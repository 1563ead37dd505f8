//! What a line shares with packets: addresses with ports, Call-IDs, tokens.

use super::mask::tokens;
use crate::model::AnchorKey;
use nrpcsniff_dissectors::ltpa::Token;
use std::net::{IpAddr, SocketAddr};

/// Keys of one line; what goes beyond is not looked at.
const MOST: usize = 4;
/// Ports below are those of servers: they say nothing of one connection.
const FIRST_PORT: u16 = 1024;
const LONGEST: usize = 256;

/// What a line, as it was written, shares with packets.
pub(super) fn anchors(line: &str) -> Vec<AnchorKey> {
    let mut found: Vec<AnchorKey> = call_id(line).into_iter().collect();
    // Cheap, for every line is asked.
    if line.contains("AAECA") || line.contains("oken") {
        let genuine = tokens(line).map(|(_, text)| Token::read(None, text)).filter(|token| token.class.is_genuine());
        found.extend(genuine.map(|token| AnchorKey::Token(token.fingerprint)));
    }
    if may_have_endpoint(line) {
        found.extend(endpoints(line));
    }
    found.truncate(MOST);
    found
}

/// A number of four digits or more stands behind what may be the end of an address: cheap, for most lines have none. Numbers of lines
/// in the trace of an exception and of processes in a frame have a colon before them, too.
pub(super) fn may_have_endpoint(line: &str) -> bool {
    let bytes = line.as_bytes();
    let is_number =
        |at: usize| bytes.get(at..at.saturating_add(4)).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let ends_address = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        let digits = before.iter().rev().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let left =
            before.len().checked_sub(digits).and_then(|length| length.checked_sub(1)).and_then(|at| before.get(at));
        let is_v6 = |byte: &u8| byte.is_ascii_hexdigit() && bytes.get(at) == Some(&b'(');
        before.last().is_some_and(|byte| *byte == b']' || is_v6(byte))
            || ((1..=3).contains(&digits) && left == Some(&b'.'))
    };
    memchr::memchr2_iter(b':', b'(', bytes).any(|at| is_number(at.saturating_add(1)) && ends_address(at))
}

/// The header, at the beginning of a line.
fn call_id(line: &str) -> Option<AnchorKey> {
    let line = line.trim_start();
    let name = line.get(..8).filter(|name| name.eq_ignore_ascii_case("call-id:"))?;
    let id = line.get(name.len()..)?.trim();
    (8..=LONGEST).contains(&id.len()).then(|| AnchorKey::CallId(id.to_owned()))
}

/// `10.1.0.50:54303`, `[2001:db8::50]:54303`, `10.1.0.50(54303)` of Domino, with a high port.
fn endpoints(line: &str) -> impl Iterator<Item = AnchorKey> {
    let parts = line.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']' | '(' | ')')));
    parts.filter(|part| (11..=64).contains(&part.len())).filter_map(|part| {
        let part = part.trim_end_matches(['.', ':']);
        let of_domino = |text: &str| {
            let (ip, number) = text.strip_suffix(')')?.split_once('(')?;
            Some(SocketAddr::new(ip.parse().ok()?, number.parse().ok()?))
        };
        let address: SocketAddr = part.parse().ok().or_else(|| of_domino(part))?;
        let local = address.ip().is_loopback() || address.ip().is_unspecified();
        (address.port() >= FIRST_PORT && !local).then(|| AnchorKey::Endpoint(mapped(address.ip()), address.port()))
    })
}

fn mapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::anchors;
    use crate::model::AnchorKey;

    #[test]
    fn what_packets_know_too() {
        let endpoint = |ip: &str, port| AnchorKey::Endpoint(ip.parse().unwrap(), port);
        assert_eq!(anchors("Contact: <sip:ann@10.1.0.50:54303;transport=tls>"), [endpoint("10.1.0.50", 54303)]);
        assert_eq!(anchors("connection 10.1.0.50(50332) -> 10.1.0.9(443) failed"), [endpoint("10.1.0.50", 50332)]);
        assert_eq!(anchors("from /[2001:db8::50]:54303 to 10.1.0.9:443."), [endpoint("2001:db8::50", 54303)]);
        assert_eq!(anchors(" Call-ID: abc123@10.1.0.50"), [AnchorKey::CallId("abc123@10.1.0.50".to_owned())]);
        let token = "AAECAzUwOUI2RjRCNTA5Qjc2NTNDTj1Bbm5lIExhdm91ZS9PVT1VSy9PPVJVS4wOqEv/nGS4v6gHqcPyfDiuMRcR";
        assert!(matches!(anchors(&format!("token {token}"))[..], [AnchorKey::Token(_)]));
        for line in [
            "",
            "[2/11/14 18:08:43:660 GMT] x",
            "10.1.0.9:80",
            "1.2.3:4000",
            "127.0.0.1:50000",
            "Call-ID: x",
            "a:b:c:d",
        ] {
            assert_eq!(anchors(line), [], "{line}");
        }
    }
}
