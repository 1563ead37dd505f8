//! What the user may set: thresholds, names a server may be asked for, the time to judge by.

use super::names;
use crate::model::{Span, Timestamp};
use nrpcsniff_dissectors::Reader;
use nrpcsniff_dissectors::ltpa::Keyring;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Settings of a diagnosis.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Limits at which rules begin to speak.
    pub thresholds: Thresholds,
    /// Names under which servers may be asked for.
    pub expected: Vec<ExpectedServer>,
    /// Judge certificates and tokens as of this time; packet time if absent.
    pub now: Option<Timestamp>,
    /// Keys that open and verify sign-on tokens.
    pub keys: Arc<Keyring>,
    /// Tell each fault of machines that have no part in a sign-on, though a sign-on was seen.
    pub others: bool,
}

impl Settings {
    /// How messages are read out; `show_secrets` shows values that are masked otherwise.
    pub fn reader(&self, show_secrets: bool) -> Reader<'_> {
        Reader { now: self.now.map(Timestamp::nanos), keys: &self.keys, show_secrets }
    }
}

/// A server and the further names it may be asked for (`--expect-server NAME=ALIAS[,ALIAS]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedServer {
    /// Notes name, canonical or abbreviated.
    pub name: String,
    /// Accepted aliases: host names or Notes names.
    pub aliases: Vec<String>,
}

impl Settings {
    /// True if the user said that `answered` may be asked for as `wanted`.
    pub fn expects(&self, wanted: &str, answered: &str) -> bool {
        let same = |a: &str, b: &str| names::compare(a, b) == names::NameLikeness::Same;
        self.expected.iter().any(|server| {
            same(answered, &server.name)
                && server.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(wanted) || same(wanted, alias))
        })
    }
}

/// Limits at which rules begin to speak. In files all times are seconds, whole or with a fraction. Proposals from practice, not from a standard:
/// set them in the configuration file under `[thresholds]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Thresholds {
    /// A close within this time after the last message of the opening counts as its consequence.
    pub close_after_reply: Span,
    /// A session that ends within this many messages did not get past its opening.
    pub opening_messages: u32,
    /// A new attempt of the same client within this time shows that the last one failed.
    pub retry_within: Span,
    /// A request without any reply for this long is unanswered.
    pub reply_timeout: Span,
    /// Clocks that differ by more than this are worth a word.
    pub clock_skew: Span,
    /// A certificate that ends within this many days is worth a word.
    pub certificate_days: f64,
    /// A session that was silent for this long may have been forgotten by a firewall.
    pub idle: Span,
    /// Idle times that are equal within this share of their length point to one timer.
    pub idle_spread: f64,
    /// A probe (no data at all) lives no longer than this.
    pub probe_life: Span,
    /// This many probes from one source make a health check.
    pub probe_count: u32,
    /// Streams closed by the server within this time of each other belong to one restart.
    pub restart_window: Span,
    /// This many of them make a restart.
    pub restart_streams: u32,
    /// Share of repeated data segments that is worth a word.
    pub loss_minor: f64,
    /// Share of repeated data segments that users feel.
    pub loss_major: f64,
    /// Fewest data segments of which a share is computed.
    pub loss_segments: u32,
    /// A segment repeated this often while smaller ones pass is stuck.
    pub stuck_tries: u32,
    /// Payload from which on a segment counts as full-size, where no MSS was seen.
    pub full_segment: u32,
    /// A receive window closed for this long is worth a word.
    pub zero_window: Span,
    /// Round trips above this make a conversation of many small messages slow.
    pub long_rtt: Span,
    /// Share of the elapsed time that must be explained by one cause.
    pub dominant_share: f64,
    /// A reply that takes longer than this is slow.
    pub slow_reply: Span,
    /// A session to another server within this time after a refusal is a failover.
    pub failover_within: Span,
    /// Connection attempts over IPv6 that delay the one over IPv4 by this are worth a word (Notes waits 5 seconds for
    /// an address, by its own clock).
    pub ipv6_delay: Span,
    /// Distance of TTL or hop limit from that side's other packets that tells a middlebox.
    pub ttl_distance: u8,
    /// A repeated SYN without any answer for this long is unanswered (a single one: `reply_timeout`).
    pub syn_timeout: Span,
    /// A SYN that comes again this long after its answer shows that the answer did not arrive.
    pub syn_repeat: Span,
    /// A client that calls this many servers within `scan_window` and says nothing to any of them is a scanner.
    pub scan_targets: u32,
    /// So is one that calls this many ports of one server within `scan_window` and says nothing at any of them.
    pub scan_ports: u32,
    /// See `scan_targets`.
    pub scan_window: Span,
    /// This many addresses that send one SYN each to one port within `scan_window`, and are not heard of again, flood it.
    pub flood_sources: u32,
    /// Probes whose intervals stay within this share of their median repeat at a steady period.
    pub probe_spread: f64,
    /// An ICMP error this long after the last frame of a conversation can still be about it.
    pub icmp_within: Span,
    /// A reset within this time after the segment that broke a silence answers that segment.
    pub reset_within: Span,
    /// The server's own limit for silent sessions (`Server_Session_Timeout`, 4 hours by default).
    pub session_timeout: Span,
    /// A first contact by way of another address counts this long.
    pub first_contact: Span,
    /// A full-size segment that was repeated for this long is stuck.
    pub stuck_time: Span,
    /// Fewest questions and answers of which it is said that the line's length makes them slow.
    pub chatty_turns: u32,
    /// This many slow replies are more than a bad moment.
    pub slow_replies: u32,
    /// The Sametime login that a Notes client gets its token for follows the session with the token's issuer within this
    /// time.
    pub sign_on_within: Span,
    /// A browser that logs in this many times and is turned away each time is in a login loop.
    pub login_rounds: u32,
    /// A connection to the directory that failed this long before a login (or during it) has to do with it.
    pub directory_within: Span,
    /// A denial within this time after a login was not caused by a session that ran out.
    pub login_round: Span,
    /// This many challenges without a success between them are no ordinary registration.
    pub sip_challenges: u32,
    /// A SIP request without a final response for this long has failed (RFC 3261: Timer B and Timer F, 64 times T1).
    pub sip_timeout: Span,
    /// A SIP message that was repeated this often is no single loss.
    pub sip_repeats: u32,
    /// A user may take this long to type a password for a challenge.
    pub sip_auth_wait: Span,
    /// A source that is refused for this many different users, and never accepted, guesses names.
    pub sip_scan_users: u32,
    /// A request that has fewer hops left than this has gone round in a circle.
    pub sip_hops_left: u32,
    /// Clocks of servers that exchange tokens may differ by this much.
    pub token_skew: Span,
    /// An issuer may date a token back by this much, so that a slow clock elsewhere does no harm.
    pub token_lead: Span,
    /// A token of unknown end that worked, and is refused this long after its issue, has probably ended.
    pub token_life: Span,
    /// A call must last this long before missing media is told.
    pub media_call: Span,
    /// Datagrams of one direction that show that media flows there.
    pub media_packets: u32,
    /// A call that lasts no longer than this ended because nothing was heard, if media is missing.
    pub short_call: Span,
    /// A line of a log and a frame are of the same moment within this time, once the clocks are compared.
    pub log_within: Span,
}

impl Default for Thresholds {
    /// Times that people notice and timers of the products; rules of thumb where neither exists, so that a common
    /// network stays silent.
    fn default() -> Self {
        Self {
            close_after_reply: Span::from_secs(2),
            opening_messages: 8,
            retry_within: Span::from_secs(30),
            reply_timeout: Span::from_secs(5),
            clock_skew: Span::from_secs(60),
            certificate_days: 30.0,
            idle: Span::from_secs(300),
            idle_spread: 0.05,
            probe_life: Span::from_secs(1),
            probe_count: 3,
            restart_window: Span::from_secs(5),
            restart_streams: 3,
            loss_minor: 0.01,
            loss_major: 0.03,
            loss_segments: 100,
            stuck_tries: 3,
            full_segment: 1400,
            zero_window: Span::from_secs(1),
            long_rtt: Span::from_millis(80),
            dominant_share: 0.8,
            slow_reply: Span::from_secs(1),
            failover_within: Span::from_secs(10),
            ipv6_delay: Span::from_secs(4),
            ttl_distance: 2,
            syn_timeout: Span::from_secs(3),
            syn_repeat: Span::from_millis(500),
            scan_targets: 16,
            scan_ports: 6,
            flood_sources: 64,
            scan_window: Span::from_secs(10),
            probe_spread: 0.1,
            icmp_within: Span::from_secs(5),
            reset_within: Span::from_secs(1),
            session_timeout: Span::from_secs(14_400),
            first_contact: Span::from_secs(3600),
            stuck_time: Span::from_secs(1),
            chatty_turns: 20,
            slow_replies: 3,
            sign_on_within: Span::from_secs(60),
            login_rounds: 3,
            directory_within: Span::from_secs(60),
            login_round: Span::from_secs(30),
            sip_challenges: 3,
            sip_timeout: Span::from_secs(32),
            sip_repeats: 3,
            sip_auth_wait: Span::from_secs(60),
            sip_scan_users: 8,
            sip_hops_left: 5,
            token_skew: Span::from_secs(30),
            token_lead: Span::from_secs(300),
            token_life: Span::from_secs(1800),
            media_call: Span::from_secs(5),
            media_packets: 50,
            short_call: Span::from_secs(30),
            log_within: Span::from_secs(5),
        }
    }
}
