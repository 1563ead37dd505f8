//! TLS: stories that are told inside, and handshakes that fail. The bytes are those of rustls, see [`crate::tls`].

use super::http::{page, token_not_returned_in};
use super::sip::{ADDRESS, undefined_in};
use super::{MAIL, Sample, browser, client, community, meet, portal, registrar, server};
use crate::file::Format;
use crate::http;
use crate::link::Link;
use crate::net::{Host, Network};
use crate::sametime::PORT;
use crate::sip::Phone;
use crate::tcp::{Side, Tcp};
use crate::tls::{Presents, StringType, Tls, flight_of};

pub(super) const INSIDE: &[Sample] = &[
    Sample {
        name: "tls-working",
        story: "Five handshakes that succeed: a chain with its issuing authority, a client certificate that is wanted and given, a \
                ClientHello larger than a segment that the server answers with a HelloRetryRequest, a client that offers TLS 1.3 in \
                vain and then TLS 1.2, and a user who closes the window during the handshake.",
        see: "Nothing to report.",
        rules: &[],
        format: || Format::pcapng().keys().interface("eth0"),
        tell: working,
    },
    Sample {
        name: "sip-undefined-tls12",
        story: "The story of sip-undefined inside TLS 1.2: web login and registrations are encrypted.",
        see: "The same finding as in clear; the capture holds the keys.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcapng().keys().interface("eth0"),
        tell: |net| undefined(net, Tls::v12),
    },
    Sample {
        name: "sip-undefined-tls13",
        story: "The story of sip-undefined inside TLS 1.3.",
        see: "The same finding as in clear; the capture holds the keys.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcapng().keys().microseconds().interface("eth0"),
        tell: |net| undefined(net, Tls::v13),
    },
    Sample {
        name: "sip-undefined-tls13-no-key",
        story: "The same capture without the keys.",
        see: "Nothing that can be judged: only what is missing, and how to get it.",
        rules: &["cap-encrypted"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| undefined(net, Tls::v13),
    },
    Sample {
        name: "http-token-not-returned-tls12",
        story: "The story of http-token-not-returned inside TLS 1.2.",
        see: "The same finding as in clear; the capture holds the keys.",
        rules: &["ltpa-not-returned"],
        format: || Format::pcapng().keys().big_endian().link(Link::Sll2).interface("any"),
        tell: |net| token_not_returned(net, Tls::v12),
    },
    Sample {
        name: "http-token-not-returned-tls13",
        story: "The story of http-token-not-returned inside TLS 1.3.",
        see: "The same finding as in clear; the capture holds the keys.",
        rules: &["ltpa-not-returned"],
        format: || Format::pcapng().keys().link(Link::Vlan(30)).interface("eth0"),
        tell: |net| token_not_returned(net, Tls::v13),
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "tls-unknown-ca",
        story: "The meeting server shows its certificate without that of the authority which issued it; the client does not know that \
                authority and refuses, twice.",
        see: "A chain of one certificate, then the client's alert unknown_ca.",
        rules: &["tls-unknown-ca"],
        format: Format::pcap,
        tell: |net| refused(net, &Tls::v12(MEET).presents(Presents::ChainCut)),
    },
    Sample {
        name: "tls-cert-expired",
        story: "The certificate of the meeting server ended on 2025-02-01, five weeks before; the client refuses it, twice.",
        see: "A certificate whose time is over, then the client's alert certificate_expired.",
        rules: &["tls-cert-expired"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| refused(net, &Tls::v12(MEET).presents(Presents::Expired)),
    },
    Sample {
        name: "tls-others",
        story: "The certificate of a host that nobody signs on at ended five weeks ago, and twice a browser refuses it. The user works \
                with Mail01 meanwhile, over NRPC.",
        see: "A sign-on that works, and one line about a host that has no part in it; --others tells what fails there.",
        rules: &["cap-others"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| {
            net.connect(&client(net), &server(net), 1352).works(MAIL, 3);
            refused(net, &Tls::v12(MEET).presents(Presents::Expired));
        },
    },
    Sample {
        name: "tls-name-mismatch",
        story: "The client asks for meet.example.com and is shown the certificate of stcomm7.example.net; it refuses, twice.",
        see: "A certificate without the name that the ClientHello asked for, then the client's alert.",
        rules: &["tls-name-mismatch"],
        format: || Format::pcap().nanoseconds().link(Link::Sll),
        tell: |net| refused(net, &Tls::v12(MEET).presents(Presents::OtherName)),
    },
    Sample {
        name: "tls-version",
        story: "The client knows TLS 1.3 only, the server TLS 1.2 only: it refuses, twice.",
        see: "The server's alert protocol_version right after the ClientHello.",
        rules: &["tls-version"],
        format: || Format::pcap().big_endian(),
        tell: |net| refused(net, &Tls::v12(MEET).without_common_version()),
    },
    Sample {
        name: "tls-version-old",
        story: "A client of long ago offers TLS 1.0 to a server that begins with TLS 1.2, and is refused; three tries. The ClientHello is \
                written by hand, since no library of today makes one; the answer is the library's.",
        see: "A ClientHello with TLS 1.0 at most, then an alert that does not say why.",
        rules: &["tls-version"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: old_version,
    },
    Sample {
        name: "tls-cipher",
        story: "The client offers one cipher suite, and the server has only another: handshake_failure, twice.",
        see: "The server's alert right after the ClientHello.",
        rules: &["tls-cipher"],
        format: || Format::pcap().link(Link::RawIp),
        tell: |net| refused(net, &Tls::v12(MEET).without_common_suite()),
    },
    Sample {
        name: "tls-sni-missing",
        story: "A telephone of long ago calls the meeting server by its address and names no host in the ClientHello; the load balancer serves \
                by name only and refuses, twice. A browser that names the host gets in.",
        see: "A ClientHello without a server name and an alert that does not say why; beside it a handshake with a name that works.",
        rules: &["tls-sni-missing"],
        format: || Format::pcapng().interface("eth0"),
        tell: sni_missing,
    },
    Sample {
        name: "tls-handshake-failed",
        story: "A server of long ago answers with TLS 1.0, whatever the client offers. The client's library gives up with \
                internal_error, three times.",
        see: "A ServerHello with TLS 1.0, then a fatal alert of the client that does not say why.",
        rules: &["tls-handshake-failed"],
        format: || Format::pcap().nanoseconds(),
        tell: handshake_failed,
    },
    Sample {
        name: "tls-client-cert",
        story: "The meeting server wants a certificate of its client, which has none; it refuses, twice.",
        see: "CertificateRequest, an empty Certificate of the client, then the server's alert.",
        rules: &["tls-client-cert"],
        format: || Format::pcapng().microseconds().link(Link::Sll2).interface("any"),
        tell: |net| refused(net, &Tls::v12(MEET).wants_certificate()),
    },
    Sample {
        name: "tls-silent-close",
        story: "A load balancer in front of the meeting server closes each connection at the ClientHello, without a word.",
        see: "A ClientHello, then the server's FIN; three times.",
        rules: &["tls-silent-close"],
        format: Format::pcap,
        tell: silent_close,
    },
    Sample {
        name: "tls-hello-blackhole",
        story: "Behind a VPN, the client's ClientHello is larger than a segment since its last update. A device on the path drops it: the client \
                repeats it in vain and gives up. Another client with a small ClientHello gets in.",
        see: "A ClientHello in two segments that is repeated and never answered, twice.",
        rules: &["tls-hello-blackhole"],
        format: || Format::pcapng().interface("eth0"),
        tell: hello_blackhole,
    },
    Sample {
        name: "sip-tls-on-5060",
        story: "A telephone that is set to TLS calls the registrar's port for SIP in clear, which closes; twice.",
        see: "A ClientHello on 5060, then a FIN.",
        rules: &["sip-transport-mismatch"],
        format: Format::pcap,
        tell: tls_on_5060,
    },
    Sample {
        name: "sip-clear-on-5061",
        story: "A telephone speaks SIP in clear to the registrar's port for TLS, which answers with an alert and closes; twice.",
        see: "REGISTER in clear on 5061, then the alert of a TLS server.",
        rules: &["sip-transport-mismatch"],
        format: || Format::pcap().nanoseconds(),
        tell: clear_on_5061,
    },
    Sample {
        name: "st-plain-vs-tls",
        story: "A chat client begins in clear with a community server whose port is set to TLS: the server answers with an alert and \
                closes; twice.",
        see: "A Sametime handshake, then the alert of a TLS server.",
        rules: &["st-plain-vs-tls"],
        format: || Format::pcapng().interface("eth0"),
        tell: plain_vs_tls,
    },
];

const MEET: &str = "meet.example.com";
const CHAT: &str = "chat.example.com";
const SIP: &str = "sip.example.com";

/// A connection of the usual client.
fn call(net: &Network, server: &Host, port: u16) -> Tcp {
    net.connect(&client(net), server, port)
}

fn undefined(net: &Network, tls: fn(&'static str) -> Tls) {
    let web = browser(net).over(call(net, &meet(net), 443).tls(&tls(MEET)), true, MEET);
    undefined_in(net, &web, || {
        let tcp = call(net, &registrar(net), 5061).tls(&tls(SIP));
        let phone = Phone::over(&tcp, ADDRESS).outbound().transport("TLS");
        (tcp, phone)
    });
}

fn token_not_returned(net: &Network, tls: fn(&'static str) -> Tls) {
    let browser = browser(net);
    token_not_returned_in(net, |server, name| browser.over(call(net, server, 443).tls(&tls(name)), true, name));
}

fn working(net: &Network) {
    let get = |tcp: &Tcp, name: &str| {
        tcp.wait(3).client(http::get("/").host(name)).wait(8).server(page()).wait(400).client_fin();
        net.wait(900);
    };
    get(&call(net, &meet(net), 443).tls(&Tls::v12(MEET).presents(Presents::Chain)), MEET);
    get(
        &call(net, &portal(net), 443).tls(&Tls::v12("portal.example.com").wants_certificate().has_certificate()),
        "portal.example.com",
    );
    get(&call(net, &meet(net), 443).tls(&Tls::v13(MEET).large_hello()), MEET);
    call(net, &super::chat(net), 443).tls_fails(&Tls::v12(CHAT).without_common_version());
    get(&call(net, &super::chat(net), 443).tls(&Tls::v12(CHAT)), CHAT);
    let leaves = call(net, &meet(net), 443);
    leaves.client(leaves.tls_hello(&Tls::v13(MEET))).wait_us(90).client_fin();
}

/// A client that is set up so tries twice and fails.
fn refused(net: &Network, settings: &Tls) {
    for _ in 0..2 {
        call(net, &meet(net), 443).tls_fails(settings);
        net.wait(4_000);
    }
}

fn old_version(net: &Network) {
    for _ in 0..3 {
        let tcp = call(net, &meet(net), 443);
        tcp.tls_refuses(old_hello(&net.random(32)), &Tls::v12(MEET));
        net.wait(2_000);
    }
}

/// A ClientHello of TLS 1.0 without extensions (RFC 2246 section 7.4.1.2), as Java 6 sends it: AES-128 and 3DES with RSA.
fn old_hello(random: &[u8]) -> Vec<u8> {
    let body = [&[3, 1], random, &[0, 0, 6, 0, 0x2f, 0, 0x0a, 0, 0xff, 1, 0]].concat();
    [&[22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8], &body[..]].concat()
}

fn sni_missing(net: &Network) {
    for _ in 0..2 {
        let tcp = call(net, &meet(net), 443);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET).names_nobody())).wait(1).server([21, 3, 3, 0, 2, 2, 40]).server_fin();
        net.wait(3_000);
    }
    let browser = net.connect(&net.host("10.1.0.51"), &meet(net), 443).tls(&Tls::v12(MEET));
    browser.client(http::get("/").host(MEET)).wait(8).server(page()).wait(400).client_fin();
}

fn handshake_failed(net: &Network) {
    const SERVER_HELLO_MINOR: usize = 10;
    for _ in 0..3 {
        let tcp = call(net, &meet(net), 443);
        let mut flight = flight_of(MEET, StringType::Printable);
        flight[SERVER_HELLO_MINOR] = 1;
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(4).server(flight).wait(9);
        tcp.client([21, 3, 1, 0, 2, 2, 80]).client_rst();
        net.wait(2_000);
    }
}

fn silent_close(net: &Network) {
    for _ in 0..3 {
        let tcp = call(net, &meet(net), 443);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(1).server_fin();
        net.wait(3_000);
    }
}

fn hello_blackhole(net: &Network) {
    for _ in 0..2 {
        let tcp = net.dial(&client(net), &meet(net), 443).mss(1_360).open();
        let hello = tcp.tls_hello(&Tls::v13(MEET).large_hello().protocols(&["h2", "http/1.1"]));
        assert!(hello.len() > tcp.mss(Side::Client), "{} bytes", hello.len());
        tcp.swallowed(Side::Client, &hello, &[300, 600, 1_200, 2_400, 4_800]);
        tcp.wait(6_000).client_rst();
        net.wait(2_000);
    }
    let other = net.connect(&net.host("10.1.0.51"), &meet(net), 443).tls(&Tls::v13(MEET));
    other.wait(2).client(http::get("/").host(MEET)).wait(9).server(page()).wait(300).client_fin();
}

fn tls_on_5060(net: &Network) {
    for _ in 0..2 {
        let tcp = call(net, &registrar(net), 5060);
        tcp.client(tcp.tls_hello(&Tls::v12(SIP))).wait(1).server_fin();
        net.wait(20_000);
    }
}

fn clear_on_5061(net: &Network) {
    for _ in 0..2 {
        let tcp = call(net, &registrar(net), 5061);
        tcp.tls_refuses(Phone::over(&tcp, ADDRESS).transport("TCP").outbound().register(), &Tls::v12(SIP));
        net.wait(20_000);
    }
}

fn plain_vs_tls(net: &Network) {
    for _ in 0..2 {
        let tcp = call(net, &community(net), PORT);
        tcp.tls_refuses(tcp.next_vp_handshake(), &Tls::v12("stcomm7.example.net"));
        net.wait(10_000);
    }
}
