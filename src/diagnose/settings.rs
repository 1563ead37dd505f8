//! What the user may set: thresholds, names a server may be asked for, the time to judge by.

use super::names;
use crate::model::Timestamp;
use serde::{Deserialize, Serialize};

/// Settings of a diagnosis.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Limits at which rules begin to speak.
    pub thresholds: Thresholds,
    /// Names under which servers may be asked for.
    pub expected: Vec<ExpectedServer>,
    /// Judge certificates as of this time; packet time if absent.
    pub now: Option<Timestamp>,
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
        let same = |a: &str, b: &str| names::compare(a, b) == names::Likeness::Same;
        self.expected.iter().any(|server| {
            same(answered, &server.name)
                && server.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(wanted) || same(wanted, alias))
        })
    }
}

/// Limits at which rules begin to speak. All times are seconds. Proposals from practice, not from a standard:
/// set them in the configuration file under `[thresholds]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Thresholds {
    /// A close within this time after the last message of the opening counts as its consequence.
    pub close_after_reply: f64,
    /// A session that ends within this many messages did not get past its opening.
    pub opening_messages: u32,
    /// A new attempt of the same client within this time shows that the last one failed.
    pub retry_within: f64,
    /// A request without any reply for this long is unanswered.
    pub reply_timeout: f64,
    /// Clocks that differ by more than this are worth a word.
    pub clock_skew: f64,
    /// A certificate that ends within this many days is worth a word.
    pub certificate_days: f64,
    /// A session that was silent for this long may have been forgotten by a firewall.
    pub idle: f64,
    /// Idle times that are equal within this share of their length point to one timer.
    pub idle_spread: f64,
    /// A probe (no data at all) lives no longer than this.
    pub probe_life: f64,
    /// This many probes from one source make a health check.
    pub probe_count: u32,
    /// Streams closed by the server within this time of each other belong to one restart.
    pub restart_window: f64,
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
    pub zero_window: f64,
    /// Round trips above this make a conversation of many small messages slow.
    pub long_rtt: f64,
    /// Share of the elapsed time that must be explained by one cause.
    pub dominant_share: f64,
    /// A reply that takes longer than this is slow.
    pub slow_reply: f64,
    /// A session to another server within this time after a refusal is a failover.
    pub failover_within: f64,
    /// Connection attempts over IPv6 that delay the one over IPv4 by this are worth a word.
    pub ipv6_delay: f64,
    /// Distance of TTL or hop limit from that side's other packets that tells a middlebox.
    pub ttl_distance: u8,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            close_after_reply: 2.0,
            opening_messages: 8,
            retry_within: 30.0,
            reply_timeout: 5.0,
            clock_skew: 60.0,
            certificate_days: 30.0,
            idle: 300.0,
            idle_spread: 0.05,
            probe_life: 1.0,
            probe_count: 3,
            restart_window: 5.0,
            restart_streams: 3,
            loss_minor: 0.01,
            loss_major: 0.03,
            loss_segments: 100,
            stuck_tries: 3,
            full_segment: 1400,
            zero_window: 1.0,
            long_rtt: 0.080,
            dominant_share: 0.8,
            slow_reply: 1.0,
            failover_within: 10.0,
            ipv6_delay: 5.0,
            ttl_distance: 2,
        }
    }
}
