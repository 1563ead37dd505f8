//! Softphones: registrations and calls.

mod calls;
mod registrations;

pub(super) use registrations::undefined_in;

use super::{Sample, client, registrar};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::sip::{Message, Phone};
use crate::tcp::Tcp;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "sip-digest",
        story: "A telephone registers by password: one 401 with a challenge, then 200; it keeps its connection alive, refreshes the \
                registration and at last takes it back.",
        see: "Nothing to report: a single 401 is how digest authentication begins.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: registrations::digest,
    },
    Sample {
        name: "sip-token",
        story: "A user logs in at the meeting server, and the softphone in her browser registers over WebSocket with the token that was \
                set there.",
        see: "Nothing to report: the same token in Set-Cookie, in Cookie and in the REGISTER.",
        rules: &[],
        format: || Format::pcap().nanoseconds().link(Link::Vlan(40)),
        tell: registrations::token,
    },
    Sample {
        name: "sip-call",
        story: "A call over UDP: ringing, answered, voice both ways, hung up.",
        see: "Nothing to report: INVITE, 100, 180, 200, ACK, RTP, BYE.",
        rules: &[],
        format: || Format::pcap().link(Link::Sll),
        tell: calls::call,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "sip-undefined",
        story: "A user logs in at the meeting server, which marks its tokens HttpOnly. The script of the page cannot read them, so the \
                softphone registers with `LtpaToken=\"undefined\"`; the registrar falls back to a digest challenge that nothing \
                answers. It tries again and ends the same way.",
        see: "Set-Cookie with HttpOnly, then a REGISTER whose token is the word undefined, then 401.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcapng().interface("eth0").comment("constructed: a script that may not read the token"),
        tell: registrations::undefined,
    },
    Sample {
        name: "sip-null-websocket",
        story: "A softphone in a browser that never logged in registers over WebSocket with the token `null` and is refused with 403.",
        see: "The junk literal null inside a masked frame; no login before it.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcap(),
        tell: registrations::null_websocket,
    },
    Sample {
        name: "sip-token-copied",
        story: "A user logs in at the meeting server, which sets an LtpaToken2 alone. A plug-in of the softphone copies it into a cookie \
                LtpaToken, which the registrar opens as a token of version 1; it asks for a password instead, twice.",
        see: "The same value in Set-Cookie as LtpaToken2 and in the REGISTER as LtpaToken, then 401.",
        rules: &["ltpa-foreign-format"],
        format: || Format::pcapng().interface("eth0"),
        tell: registrations::copied,
    },
    Sample {
        name: "sip-401-loop",
        story: "A telephone answers five challenges with a wrong password; every nonce is new, none of them stale.",
        see: "Five pairs of REGISTER and 401 under one Call-ID, no 200.",
        rules: &["sip-401-loop"],
        format: || Format::pcap().big_endian(),
        tell: registrations::loop_401,
    },
    Sample {
        name: "sip-stale-nonce",
        story: "Two registrars behind one address do not share their nonces: each challenge is answered with a fresh nonce of the one \
                and checked by the other, which calls it stale.",
        see: "stale=true again and again.",
        rules: &["sip-stale-nonce"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: registrations::stale_nonce,
    },
    Sample {
        name: "sip-wrong-realm",
        story: "The registrar challenges in the realm example.com, the telephone answers for sip.example.org.",
        see: "Two realms.",
        rules: &["sip-wrong-realm"],
        format: Format::pcap,
        tell: registrations::wrong_realm,
    },
    Sample {
        name: "sip-407",
        story: "A proxy asks for credentials before it passes on a call; the telephone has none and gives up, twice.",
        see: "INVITE, 407, ACK, and no INVITE with credentials.",
        rules: &["sip-407"],
        format: Format::pcap,
        tell: calls::refused_407,
    },
    Sample {
        name: "sip-403",
        story: "The token is good, the address in From is not the user's: 403.",
        see: "A REGISTER with a token, answered by 403.",
        rules: &["sip-403"],
        format: || Format::pcapng().link(Link::Sll2).interface("any"),
        tell: registrations::refused_403,
    },
    Sample {
        name: "sip-register-failed",
        story: "A registrar answers a telephone's credentials with 400, twice, and does not say what it could not read.",
        see: "A REGISTER without a flaw that a capture could show, answered by 400.",
        rules: &["sip-register-failed"],
        format: || Format::pcap().microseconds(),
        tell: |net| registrations::unreadable(net, false),
    },
    Sample {
        name: "sip-credentials-malformed",
        story: "A telephone puts two sets of credentials into one Authorization header, which the registrar cannot read: 400, twice.",
        see: "An Authorization header with two times Digest, answered by 400.",
        rules: &["sip-credentials-malformed"],
        format: || Format::pcap().microseconds(),
        tell: |net| registrations::unreadable(net, true),
    },
    Sample {
        name: "sip-answer-lost",
        story: "A telephone behind a NAT sends from another port than it writes into its Via, and asks for no rport: the registrar answers \
                to the port in the Via, where the NAT lets nothing through. The telephone repeats its REGISTER.",
        see: "The same REGISTER with the same branch seven times, each answered by 401 to another port.",
        rules: &["sip-answer-lost"],
        format: || Format::pcapng().interface("eth0"),
        tell: registrations::unheard,
    },
    Sample {
        name: "sip-contact-loopback",
        story: "A telephone takes 127.0.0.1 for its own address, as its hosts file says, and registers that. It is accepted; a call to its \
                user will be sent nowhere.",
        see: "A Contact with 127.0.0.1 in a REGISTER that comes from elsewhere, accepted.",
        rules: &["sip-contact-unreachable"],
        format: || Format::pcapng().interface("eth0"),
        tell: registrations::loopback,
    },
    Sample {
        name: "sip-nonce-refused",
        story: "A telephone registers for half an hour and renews with the nonce of the beginning, which the registrar made too long ago. It \
                answers 401 with a new one, and does not call the old one stale; the telephone gives up. A call to its user fails later.",
        see: "A REGISTER with an old nonce, 401 without stale=true, nothing more; an INVITE of somebody else, answered by 480.",
        rules: &["sip-nonce-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| registrations::lapsed(net, true),
    },
    Sample {
        name: "sip-lapsed",
        story: "A telephone registers for half an hour; its renewal is answered by 400, and it gives up. A call to its user fails later.",
        see: "A REGISTER that renews, 400, nothing more; an INVITE of somebody else, answered by 480.",
        rules: &["sip-lapsed"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| registrations::lapsed(net, false),
    },
    Sample {
        name: "sip-call-failed",
        story: "The telephone that is called has no codec in common with the caller: 488.",
        see: "INVITE, 100, 488, ACK.",
        rules: &["sip-call-failed"],
        format: Format::pcapng,
        tell: calls::nothing_in_common,
    },
    Sample {
        name: "sip-404",
        story: "The telephone registers in a domain the registrar does not serve.",
        see: "404, twice.",
        rules: &["sip-404"],
        format: || Format::pcap().link(Link::RawIp),
        tell: registrations::refused_404,
    },
    Sample {
        name: "sip-unanswered",
        story: "The registrar does not answer: the telephone repeats its REGISTER for 32 s over UDP, and begins anew after half a \
                minute.",
        see: "Eleven copies of one request at growing distance (timer E), no response.",
        rules: &["sip-408"],
        format: Format::pcap,
        tell: registrations::unanswered,
    },
    Sample {
        name: "sip-408",
        story: "A proxy takes the REGISTER over TCP and answers 408 after 32 s: the registrar behind it is down.",
        see: "100, and half a minute later 408.",
        rules: &["sip-408"],
        format: || Format::pcapng().big_endian().interface("eth0"),
        tell: registrations::refused_408,
    },
    Sample {
        name: "sip-423",
        story: "The registrar wants registrations of an hour at least; the telephone asks for half an hour again and again.",
        see: "423 with Min-Expires: 3600, and the same Expires: 1800 after it.",
        rules: &["sip-423"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: registrations::refused_423,
    },
    Sample {
        name: "sip-482",
        story: "A proxy sends the request to its own alias and finds itself in the Via.",
        see: "The same host twice in Via; 482.",
        rules: &["sip-482"],
        format: || Format::pcap().link(Link::Vlan(12)),
        tell: registrations::refused_482,
    },
    Sample {
        name: "sip-483",
        story: "Captured at the telephone: its request with 70 hops to go comes back with 483, three times.",
        see: "Max-Forwards: 70 and 483 without a way to see the circle.",
        rules: &["sip-483"],
        format: Format::pcap,
        tell: registrations::refused_483,
    },
    Sample {
        name: "sip-circle",
        story: "Captured at two proxies which send a request to each other until its ten hops are used up.",
        see: "The same two hosts again and again in Via; Max-Forwards falls to 0; 483.",
        rules: &["sip-482", "sip-483"],
        format: || Format::pcapng().interface("span0"),
        tell: registrations::circle,
    },
    Sample {
        name: "sip-503",
        story: "The registrar's container has not started its security: 503 with Retry-After, three times, over IPv6.",
        see: "503 to every REGISTER.",
        rules: &["sip-5xx"],
        format: || Format::pcapng().interface("eth0"),
        tell: registrations::refused_503,
    },
    Sample {
        name: "sip-nat-contact",
        story: "Captured at the registrar, beyond a NAT: the telephone registers 192.168.1.20, its packets come from 203.0.113.9. It \
                gets 200; a call to it half a minute later is answered by nobody.",
        see: "A private Contact from a public address, and an INVITE to it without an answer.",
        rules: &["sip-nat-contact"],
        format: || Format::pcap().link(Link::Sll),
        tell: calls::nat_contact,
    },
    Sample {
        name: "sip-contact-tls",
        story: "A softphone registers with a Contact that is to be called over TLS. The registrar opens TLS to it, twice; the softphone \
                shows a certificate of its own making, which ended long ago, and the registrar refuses.",
        see: "A Contact with transport=tls, then connections of the registrar to it that end with certificate_expired.",
        rules: &["sip-contact-tls"],
        format: || Format::pcapng().interface("eth0"),
        tell: calls::contact_tls,
    },
    Sample {
        name: "sip-flow-lost",
        story: "A load balancer resets a registered connection after five idle minutes, long before the registration ends; calls to the \
                user fail until the telephone registers again.",
        see: "200 with Expires 1800, a reset after 300 s, INVITE answered by 480, then a new REGISTER.",
        rules: &["sip-flow-lost"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: calls::flow_lost,
    },
    Sample {
        name: "sip-transport-mismatch",
        story: "A telephone that is told transport=tls speaks plain SIP to the port of TLS; the registrar closes.",
        see: "REGISTER in clear on 5061 with SIP/2.0/TLS in its Via.",
        rules: &["sip-transport-mismatch"],
        format: Format::pcap,
        tell: registrations::transport_mismatch,
    },
    Sample {
        name: "sip-media-blocked",
        story: "A call is answered and nothing is heard: the voice of the caller arrives, that of the callee is filtered. After 7 s the \
                caller hangs up.",
        see: "RTP in one direction only.",
        rules: &["sip-media-blocked"],
        format: || Format::pcapng().interface("eth0"),
        tell: calls::media_blocked,
    },
    Sample {
        name: "sip-ack-lost",
        story: "The 200 to an INVITE names a Record-Route that the caller cannot resolve: its ACK never arrives, the 200 is repeated for \
                32 s, then the callee hangs up.",
        see: "The same 200 eleven times, no ACK, BYE by the callee.",
        rules: &["sip-ack-lost"],
        format: || Format::pcap().nanoseconds(),
        tell: calls::ack_lost,
    },
];

/// Ann's address of record.
pub(super) const ADDRESS: &str = "ann@example.com";

fn nonce(net: &Network) -> String {
    crate::text::hex(&net.nonce::<8>())
}

/// The softphone's connection to the registrar, and its telephone.
fn softphone(net: &Network) -> (Tcp, Phone) {
    let tcp = net.connect(&client(net), &registrar(net), 5060);
    let phone = Phone::over(&tcp, ADDRESS).outbound();
    (tcp, phone)
}

/// A desk telephone of the same user, over UDP.
fn desk_phone(net: &Network) -> Phone {
    Phone::new(&client(net), 5060, &registrar(net), 5060, ADDRESS).agent("Example Phone/4.2")
}

/// The telephone of somebody else, as a Contact names it.
fn bob_at(net: &Network, ip: &str) -> String {
    format!("sip:bob@{}", net.place(ip, 5060))
}

/// The answer that grants a registration.
fn granted(request: &Message) -> Message {
    request.response(200).contact_of(request).expires(1800)
}
