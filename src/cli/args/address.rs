//! `--metrics ADDR` as typed: loopback unless told otherwise.

use crate::report::escape;
use anyhow::{Result, anyhow};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// `9352` and `:9352` stand for the loopback address; with an address or a name before it, that one is listened on.
pub(super) fn address(text: &str) -> Result<SocketAddr> {
    let wrong = || {
        anyhow!(
            "--metrics '{}': write it as PORT (on 127.0.0.1) or ADDRESS:PORT, as in 9352, 192.0.2.7:9352 or [::1]:9352",
            escape::terminal(text)
        )
    };
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_meant_unless_told_otherwise() {
        for (text, means) in [
            ("9352", "127.0.0.1:9352"),
            (":9352", "127.0.0.1:9352"),
            ("0.0.0.0:9352", "0.0.0.0:9352"),
            ("[::1]:9352", "[::1]:9352"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(address(text).unwrap(), means.parse().unwrap(), "{text}");
        }
        assert!(address("localhost:9352").unwrap().ip().is_loopback());
        for text in ["", "x", "70000", "127.0.0.1", "::1", "1.2.3.4:x", "no host:9352"] {
            assert!(address(text).unwrap_err().to_string().contains("ADDRESS:PORT"), "{text}");
        }
    }
}
