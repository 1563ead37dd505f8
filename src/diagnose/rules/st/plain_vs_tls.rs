//! One side speaks TLS, the other does not.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::sametime::show_close;
use crate::diagnose::words::st::plain_vs_tls::{self as words, Mismatch};
use crate::diagnose::words::{Clients, path, side};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Confidence, Endpoint, RuleId, Severity, Side};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct PlainVsTls;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-plain-vs-tls");

static ABOUT: About = About {
    id: ID,
    title: "TLS on a plain Sametime port, or the other way round",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A client opens with a TLS ClientHello on 1533 or 1516 and the server closes, or answers with something else; or a \
           client opens with the plain handshake and the server answers with a TLS alert, or closes while it speaks TLS \
           with others.",
    matters: "No login is possible until both sides are set alike; the user reads that the server is not available.",
    guards: &[
        "The server answers with TLS (a ServerHello, or an alert to a ClientHello): the port speaks TLS; silent.",
        "The capture ends before an answer could be expected, or lacks bytes: silent.",
        "A plain handshake that is closed without a word counts only if the same port speaks TLS with others, and then with \
         medium confidence at most.",
    ],
    remedy: &[
        "Set client and server alike. Client: File > Preferences > Sametime > Server Communities > Server > use TLS for the \
         connection (and the port). Server, up to Sametime 11: TLS for client connections in the Sametime System Console \
         (community server > Connectivity); Sametime 12 has no System Console.",
        "Behind a load balancer: one that ends TLS must speak what the server behind it expects.",
    ],
    references: &[
        "HCL Sametime: TLS for client connections to the community server",
        "RFC 8446 section 5.1 (TLS records)",
    ],
    explains: &[
        super::untrusted_peer::ID,
        crate::diagnose::rules::tls::silent_close::ID,
        crate::diagnose::rules::tls::version::ID,
    ],
};

impl Rule for PlainVsTls {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let tls = case.sametime().logins().filter(|login| speaks_tls(login)).map(SametimeLogin::server).collect();
        let found = case.sametime().logins().filter_map(|login| Some((login, mismatch(case, &tls, login)?)));
        let groups = group_by(found, |(login, mismatch)| (login.server(), *mismatch));
        groups.iter().filter_map(|group| finding(group)).collect()
    }
}

/// `tls` are the servers that speak TLS with somebody.
fn mismatch(case: &Case<'_>, tls: &HashSet<Endpoint>, login: &SametimeLogin<'_>) -> Option<Mismatch> {
    if !login.well_captured() {
        return None;
    }
    let gone = ended(case, login);
    let answer = first_bytes(login, Side::Server);
    let is_tls = |bytes: &[u8]| matches!(bytes, [0x14..=0x17, 3, ..]);
    match first_bytes(login, Side::Client)? {
        [0x16, 3, ..] => match answer {
            Some(bytes) if is_tls(bytes) => None,
            Some(_) => Some(Mismatch::TlsToPlain),
            None => gone.then_some(Mismatch::TlsToPlain),
        },
        _ if login.handshake.is_none() => None,
        _ => match answer {
            Some([0x15, 3, ..]) => Some(Mismatch::PlainToTls),
            None if gone && tls.contains(&login.server()) => Some(Mismatch::PlainToTlsOfOthers),
            _ => None,
        },
    }
}

fn first_bytes<'a>(login: &SametimeLogin<'a>, side: Side) -> Option<&'a [u8]> {
    let first = match side {
        Side::Client => &login.conversation.first_bytes.client,
        Side::Server => &login.conversation.first_bytes.server,
    };
    first.as_ref().map(|first| first.bytes.as_slice())
}

/// It was closed, or there was time enough for an answer.
fn ended(case: &Case<'_>, login: &SametimeLogin<'_>) -> bool {
    let waited = case.watched_until(login.conversation).since(login.began().time);
    login.outcome() == SametimeLoginOutcome::Closed || waited >= case.settings.thresholds.reply_timeout
}

/// The server answers with TLS.
fn speaks_tls(login: &SametimeLogin<'_>) -> bool {
    first_bytes(login, Side::Server).is_some_and(|bytes| matches!(bytes, [0x16, 3, ..]))
}

fn finding(group: &[(&SametimeLogin<'_>, Mismatch)]) -> Option<Draft> {
    let (first, mismatch) = *group.first()?;
    let said = words::NotAlike {
        server: first.server(),
        clients: Clients::of(group.iter().map(|(login, _)| login.client())),
        count: group.len(),
        mismatch,
    };
    let draft = Draft::new(&ABOUT, 75).retry(group.len() > 1).seen_in(group.len()).says(&said);
    let draft = group.iter().fold(draft, |draft, (login, _)| draft.conversation(login.conversation));
    let draft = each(draft, group, "connections", |draft, (login, _)| evidence(draft, login));
    Some(if mismatch == Mismatch::PlainToTlsOfOthers { draft.at_most(Confidence::Medium) } else { draft })
}

fn evidence(draft: Draft, login: &SametimeLogin<'_>) -> Draft {
    let firsts = [
        (Side::Client, &login.conversation.first_bytes.client),
        (Side::Server, &login.conversation.first_bytes.server),
    ];
    let said = firsts.into_iter().filter_map(|(side, first)| Some((side, first.as_ref()?)));
    let draft = said.fold(draft, |draft, (side, first)| {
        let what = match first.bytes.as_slice() {
            [0x16, 3, ..] => "TLS handshake",
            [0x15, 3, ..] => "TLS alert",
            [0, 0, ..] => "plain Sametime message",
            _ => "neither TLS nor Sametime",
        };
        draft.packet(first.at, format!("{}, first bytes of {}: {what}", path(login.conversation), self::side(side)))
    });
    show_close(draft, login)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::sametime::Login;
    use nrpcsniff_samples::{Network, SplitMix64, other};

    const RULE: &str = "st-plain-vs-tls";
    const SERVER_HELLO: [u8; 12] = [0x16, 3, 3, 0, 0x31, 2, 0, 0, 0x2D, 3, 3, 1];
    const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

    fn hello() -> Vec<u8> {
        other::client_hello("chat.acme.example", &mut SplitMix64::new(1))
    }

    #[test]
    fn tls_to_a_plain_port() {
        for reset in [true, false] {
            let net = Network::new();
            let tcp = dial(&net);
            tcp.client(hello()).wait(1);
            if reset {
                tcp.server_rst()
            } else {
                tcp.server_fin()
            };
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
            says(&finding, &["10.1.0.50 speaks TLS to 10.1.0.9:1533", "TLS handshake"]);
        }
    }

    #[test]
    fn plain_to_a_tls_port() {
        let net = Network::new();
        dial(&net).vp_handshake().server(ALERT).server_fin();
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::High);
        says(&finding, &["which expects TLS", "TLS alert"]);
    }

    #[test]
    fn plain_to_a_port_that_speaks_tls_with_others() {
        let net = Network::new();
        dial(&net).vp_handshake().wait(1).server_fin();
        none(&net, RULE);
        dial(&net).client(hello()).server(SERVER_HELLO);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn tls_that_is_answered_with_tls() {
        for answer in [&SERVER_HELLO[..], &ALERT] {
            let net = Network::new();
            dial(&net).client(hello()).server(answer).server_fin();
            none(&net, RULE);
        }
    }

    #[test]
    fn a_capture_that_ends_too_soon_and_plain_that_works() {
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        dial(&net).client(hello());
        none(&net, RULE);
        idle(&net, 10);
        assert_eq!(one(&net, RULE).conversations, [1]);
    }
}
