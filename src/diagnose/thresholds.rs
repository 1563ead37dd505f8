//! The thresholds as the catalogue shows them: what each means, its unit, which rules ask for it by themselves, and which facts do on
//! which further rules rest. Tests hold the table against the settings and against the text of the rules.

use super::Thresholds;
use serde_json::Value;

/// A limit at which rules begin to speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threshold {
    /// Name in the configuration file.
    pub name: &'static str,
    /// What its number counts; `s` is seconds, `share` a part of one.
    pub unit: &'static str,
    /// What it means.
    pub means: &'static str,
    /// Ids of the rules that ask for it.
    pub rules: &'static [&'static str],
    /// Facts that it decides, for whatever rule asks for them.
    pub facts: &'static [&'static str],
}

impl Threshold {
    /// What holds unless the configuration file says otherwise.
    pub(crate) fn default(&self) -> f64 {
        let all = serde_json::to_value(Thresholds::default()).unwrap_or_default();
        all.get(self.name).and_then(Value::as_f64).unwrap_or_default()
    }
}

/// All of them, in the order of the settings.
#[rustfmt::skip] // A row a line.
pub(crate) const THRESHOLDS: &[Threshold] = &[
    Threshold { name: "close-after-reply", unit: "s", means: "A close within this time after the last message of the opening counts as its consequence.", rules: &["nrpc-accept-then-close", "st-untrusted-peer"], facts: &["attempts", "openings of Notes sessions"] },
    Threshold { name: "opening-messages", unit: "messages", means: "A session that ends within this many messages did not get past its opening.", rules: &[], facts: &["attempts", "openings of Notes sessions"] },
    Threshold { name: "retry-within", unit: "s", means: "A new attempt of the same client within this time shows that the last one failed.", rules: &["ltpa-undefined-sip", "net-connect-failed", "nrpc-ipv6-first", "nrpc-syn-silent", "sip-flow-lost", "st-auth-server-nrpc", "st-port-blocked", "st-redirect-fail"], facts: &["attempts", "retries", "names that are looked up", "connections", "openings of Notes sessions", "TLS handshakes"] },
    Threshold { name: "reply-timeout", unit: "s", means: "A request without any reply for this long is unanswered.", rules: &["ltpa-undefined-sip", "nrpc-hello-unanswered", "sip-contact-tls", "sip-transport-mismatch", "st-auth-server-nrpc", "st-directory-down", "st-plain-vs-tls", "tcp-mtu-blackhole", "tls-hello-blackhole"], facts: &["compare", "attempts", "names that are looked up", "connections"] },
    Threshold { name: "clock-skew", unit: "s", means: "Clocks that differ by more than this are worth a word.", rules: &["nrpc-clock-skew"], facts: &["the capture itself"] },
    Threshold { name: "certificate-days", unit: "days", means: "A certificate that ends within this many days is worth a word.", rules: &["nrpc-id-expired"], facts: &[] },
    Threshold { name: "idle", unit: "s", means: "A session that was silent for this long may have been forgotten by a firewall.", rules: &["st-idle-drop", "tcp-never-acknowledged", "tcp-reset-together"], facts: &["silent sessions"] },
    Threshold { name: "idle-spread", unit: "share", means: "Idle times that are equal within this share of their length point to one timer.", rules: &["nrpc-idle-close", "st-idle-drop"], facts: &["silent sessions"] },
    Threshold { name: "probe-life", unit: "s", means: "A probe (no data at all) lives no longer than this.", rules: &[], facts: &["probes"] },
    Threshold { name: "probe-count", unit: "probes", means: "This many probes from one source make a health check.", rules: &["tls-name-mismatch"], facts: &["probes"] },
    Threshold { name: "restart-window", unit: "s", means: "Streams closed by the server within this time of each other belong to one restart.", rules: &["st-early-close"], facts: &["restarts of servers"] },
    Threshold { name: "restart-streams", unit: "connections", means: "This many of them make a restart.", rules: &["st-early-close"], facts: &["restarts of servers"] },
    Threshold { name: "loss-minor", unit: "share", means: "Share of repeated data segments that is worth a word.", rules: &["nrpc-chatty-rtt", "tcp-loss"], facts: &["compare"] },
    Threshold { name: "loss-major", unit: "share", means: "Share of repeated data segments that users feel.", rules: &["tcp-loss"], facts: &[] },
    Threshold { name: "loss-segments", unit: "segments", means: "Fewest data segments of which a share is computed.", rules: &["tcp-loss"], facts: &[] },
    Threshold { name: "stuck-tries", unit: "repetitions", means: "A segment repeated this often while smaller ones pass is stuck.", rules: &["nrpc-asymmetric", "nrpc-idle-silent", "sip-answer-lost", "st-idle-drop", "tcp-mtu-blackhole", "tcp-never-acknowledged", "tls-hello-blackhole"], facts: &[] },
    Threshold { name: "full-segment", unit: "bytes", means: "Payload from which on a segment counts as full-size, where no MSS was seen.", rules: &["nrpc-asymmetric", "tcp-mtu-blackhole"], facts: &[] },
    Threshold { name: "zero-window", unit: "s", means: "A receive window closed for this long is worth a word.", rules: &["tcp-zero-window"], facts: &[] },
    Threshold { name: "long-rtt", unit: "s", means: "Round trips above this make a conversation of many small messages slow.", rules: &["nrpc-chatty-rtt"], facts: &["compare"] },
    Threshold { name: "dominant-share", unit: "share", means: "Share of the elapsed time that must be explained by one cause.", rules: &["nrpc-chatty-rtt", "nrpc-slow-server"], facts: &[] },
    Threshold { name: "slow-reply", unit: "s", means: "A reply that takes longer than this is slow.", rules: &["nrpc-slow-server"], facts: &[] },
    Threshold { name: "failover-within", unit: "s", means: "A session to another server within this time after a refusal is a failover.", rules: &["nrpc-cluster-failover", "nrpc-refused-status"], facts: &["attempts", "connections"] },
    Threshold { name: "ipv6-delay", unit: "s", means: "Connection attempts over IPv6 that delay the one over IPv4 by this are worth a word (Notes waits 5 seconds for an address, by its own clock).", rules: &["nrpc-ipv6-first"], facts: &[] },
    Threshold { name: "ttl-distance", unit: "hops", means: "Distance of TTL or hop limit from that side's other packets that tells a middlebox.", rules: &[], facts: &["whose reset it is"] },
    Threshold { name: "syn-timeout", unit: "s", means: "A repeated SYN without any answer for this long is unanswered (a single one: reply-timeout).", rules: &["st-directory-down"], facts: &["connections"] },
    Threshold { name: "syn-repeat", unit: "s", means: "A SYN that comes again this long after its answer shows that the answer did not arrive.", rules: &["nrpc-asymmetric"], facts: &[] },
    Threshold { name: "scan-targets", unit: "servers", means: "A client that calls this many servers within scan-window and says nothing to any of them is a scanner.", rules: &[], facts: &["scans", "TLS handshakes"] },
    Threshold { name: "scan-ports", unit: "ports", means: "So is one that calls this many ports of one server within scan-window and says nothing at any of them.", rules: &[], facts: &["scans"] },
    Threshold { name: "scan-window", unit: "s", means: "See scan-targets.", rules: &[], facts: &["scans", "TLS handshakes"] },
    Threshold { name: "flood-sources", unit: "addresses", means: "This many addresses that send one SYN each to one port within scan-window, and are not heard of again, flood it.", rules: &[], facts: &["scans"] },
    Threshold { name: "probe-spread", unit: "share", means: "Probes whose intervals stay within this share of their median repeat at a steady period.", rules: &["tls-name-mismatch"], facts: &["probes"] },
    Threshold { name: "icmp-within", unit: "s", means: "An ICMP error this long after the last frame of a conversation can still be about it.", rules: &[], facts: &["connections", "SIP requests without an answer"] },
    Threshold { name: "reset-within", unit: "s", means: "A reset within this time after the segment that broke a silence answers that segment.", rules: &["nrpc-idle-silent", "st-idle-drop"], facts: &["silent sessions"] },
    Threshold { name: "session-timeout", unit: "s", means: "The server's own limit for silent sessions (Server_Session_Timeout, 4 hours by default).", rules: &["nrpc-idle-close"], facts: &[] },
    Threshold { name: "first-contact", unit: "s", means: "A first contact by way of another address counts this long.", rules: &["nrpc-private-address"], facts: &[] },
    Threshold { name: "stuck-time", unit: "s", means: "A full-size segment that was repeated for this long is stuck.", rules: &["tcp-mtu-blackhole", "tcp-never-acknowledged"], facts: &[] },
    Threshold { name: "chatty-turns", unit: "turns", means: "Fewest questions and answers of which it is said that the line's length makes them slow.", rules: &["nrpc-chatty-rtt"], facts: &[] },
    Threshold { name: "slow-replies", unit: "replies", means: "This many slow replies are more than a bad moment.", rules: &["nrpc-slow-server"], facts: &[] },
    Threshold { name: "sign-on-within", unit: "s", means: "The Sametime login that a Notes client gets its token for follows the session with the token's issuer within this time.", rules: &["st-auth-server-nrpc"], facts: &[] },
    Threshold { name: "login-rounds", unit: "logins", means: "A browser that logs in this many times and is turned away each time is in a login loop.", rules: &[], facts: &["login loops"] },
    Threshold { name: "directory-within", unit: "s", means: "A connection to the directory that failed this long before a login (or during it) has to do with it.", rules: &["st-directory-down"], facts: &[] },
    Threshold { name: "login-round", unit: "s", means: "A denial within this time after a login was not caused by a session that ran out.", rules: &["http-header-too-large", "http-websocket-refused", "media-relay-refused", "spnego-ntlm", "spnego-ticket-refused"], facts: &["evidence of findings", "attempts", "denials of web servers", "login loops"] },
    Threshold { name: "sip-challenges", unit: "challenges", means: "This many challenges without a success between them are no ordinary registration.", rules: &["sip-401-loop"], facts: &["registrations and calls"] },
    Threshold { name: "sip-timeout", unit: "s", means: "A SIP request without a final response for this long has failed (RFC 3261: Timer B and Timer F, 64 times T1).", rules: &["sip-408"], facts: &["attempts", "SIP requests without an answer"] },
    Threshold { name: "sip-repeats", unit: "repetitions", means: "A SIP message that was repeated this often is no single loss.", rules: &[], facts: &["SIP requests without an answer"] },
    Threshold { name: "sip-auth-wait", unit: "s", means: "A user may take this long to type a password for a challenge.", rules: &["sip-407", "sip-nonce-refused"], facts: &["attempts"] },
    Threshold { name: "sip-scan-users", unit: "users", means: "A source that is refused for this many different users, and never accepted, guesses names.", rules: &[], facts: &["registrations and calls"] },
    Threshold { name: "sip-hops-left", unit: "hops", means: "A request that has fewer hops left than this has gone round in a circle.", rules: &["sip-483"], facts: &[] },
    Threshold { name: "token-skew", unit: "s", means: "Clocks of servers that exchange tokens may differ by this much.", rules: &["ltpa-clock-skew"], facts: &["tokens that are refused"] },
    Threshold { name: "token-lead", unit: "s", means: "An issuer may date a token back by this much, so that a slow clock elsewhere does no harm.", rules: &["ltpa-clock-skew"], facts: &[] },
    Threshold { name: "token-life", unit: "s", means: "A token of unknown end that worked, and is refused this long after its issue, has probably ended.", rules: &["ltpa-expired"], facts: &[] },
    Threshold { name: "media-call", unit: "s", means: "A call must last this long before missing media is told.", rules: &["sip-media-blocked"], facts: &[] },
    Threshold { name: "media-packets", unit: "datagrams", means: "Datagrams of one direction that show that media flows there.", rules: &["sip-media-blocked"], facts: &[] },
    Threshold { name: "short-call", unit: "s", means: "A call that lasts no longer than this ended because nothing was heard, if media is missing.", rules: &["sip-media-blocked"], facts: &[] },
    Threshold { name: "log-within", unit: "s", means: "A line of a log and a frame are of the same moment within this time, once the clocks are compared.", rules: &["st-missing-token-relogin"], facts: &["evidence of findings", "lines of logs"] },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn every_setting_is_listed_with_its_default() {
        let all = serde_json::to_value(Thresholds::default()).unwrap();
        let listed: BTreeSet<_> = THRESHOLDS.iter().map(|threshold| threshold.name).collect();
        let settings: BTreeSet<_> = all.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(listed, settings);
        for threshold in THRESHOLDS {
            assert!(threshold.default() > 0.0, "{}", threshold.name);
            assert!(!threshold.rules.is_empty() || !threshold.facts.is_empty(), "{} decides nothing", threshold.name);
        }
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }

    /// The id of the rule in this text, and the thresholds that it asks for.
    fn asked_for(text: &str) -> Option<(String, BTreeSet<&'static str>)> {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let id = code.split_once("RuleId::new(\"")?.1.split_once('"')?.0.to_owned();
        let bare: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let is_asked_for = |threshold: &&Threshold| {
            let field = threshold.name.replace('-', "_");
            // As the rules call them.
            let places = [format!("thresholds.{field}"), format!("limits.{field}")];
            places.iter().flat_map(|field| bare.match_indices(field.as_str())).any(|(at, found)| {
                !bare[at + found.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
            })
        };
        Some((id, THRESHOLDS.iter().filter(is_asked_for).map(|threshold| threshold.name).collect()))
    }

    #[test]
    fn rules_are_listed_with_what_they_ask_for() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnose/rules"), &mut files);
        let mut rules = 0;
        for path in files {
            let Some((id, asked)) = asked_for(&fs::read_to_string(&path).unwrap()) else { continue };
            let rows = THRESHOLDS.iter().filter(|threshold| threshold.rules.contains(&id.as_str()));
            assert_eq!(rows.map(|threshold| threshold.name).collect::<BTreeSet<_>>(), asked, "{id}");
            rules += usize::from(!asked.is_empty());
        }
        assert!(rules > 30, "{rules}");
        assert_eq!(
            asked_for("RuleId::new(\"a\") thresholds\n.idle; thresholds.idle_x").unwrap().1,
            BTreeSet::from(["idle"])
        );
    }
}
