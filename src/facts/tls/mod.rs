//! TLS handshakes: what was offered, what was answered, who minded, and who got through.

use super::sip::SipIndex;
use super::{Case, Dissected, Settings, Talk, Thresholds, grouping};
use crate::model::{
    Analysis, Close, CloseBy, Conversation, Endpoint, Message, PerSide, Setup, Side, Stamp, Timestamp, Transport,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::Message as Inner;
use nrpcsniff_dissectors::tls::{self, Alert, Certificate, Chain, ClientHello, ServerHello, alert};
use std::net::IpAddr;
use std::sync::Arc;

/// Conversations of one finding whose frames are shown; the rest is counted.
const SHOWN: usize = 4;

/// A client whose next handshakes are looked at for one that works.
const LOOK_AHEAD: usize = 256;

/// Different offers of one client to one server in a short time, from which on it tries out what the server can.
const OFFERS: usize = 8;

/// Fewest bytes behind its ClientHello with which a client ends its part of a handshake up to TLS 1.2: a change of the cipher and a
/// protected Finished (RFC 5246 section 7.4.9; the shortest is that of ChaCha20).
const FINISHED: u64 = 6 + 37;

/// Fewest bytes of that part in TLS 1.3, where a Finished is as long as a hash (RFC 8446 section 4.4.4).
const FINISHED_13: u64 = 5 + 4 + 32 + 1 + 16;

/// Answers of a server that refuses a client at the end of the handshake: its own part, and what it says of the client's.
const ANSWERS: u64 = 2;

/// Bytes of a segment where the maximum is not known: Ethernet, IPv6, TCP with timestamps.
const USUAL_SEGMENT: u64 = 1428;

/// The record that changes the cipher; in TLS 1.3 it means nothing.
const CHANGE_CIPHER_SPEC: u64 = 6;

/// The beginning of a TLS conversation, from its ClientHello on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TlsHandshake<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// What the client offers: its last ClientHello, if the server asked for another.
    pub hello: Dissected<'a, ClientHello>,
    /// The ServerHello: version and cipher suite that the server chose.
    pub answer: Option<Dissected<'a, ServerHello>>,
    /// The server's certificates.
    pub chain: Option<Dissected<'a, Chain>>,
    /// The server wants a certificate of the client.
    pub request: Option<&'a Message>,
    /// The client's certificates; an empty chain if it has none.
    pub client_chain: Option<Dissected<'a, Chain>>,
    /// The first fatal alert, if its sender had not sent anything inside yet.
    pub(crate) alert: Option<(&'a Message, Alert)>,
    /// Something was read of what was said inside.
    inside: bool,
}

/// Why a client does not take what the server shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nobody whom it trusts has issued it.
    Issuer,
    /// It has ended, or not begun.
    Dates,
    /// It is for another host.
    Name,
}

impl<'a> TlsHandshake<'a> {
    fn of(conversation: &'a Conversation) -> Option<Self> {
        let c = Some(conversation).filter(|c| c.transport == Transport::Tcp && c.tls.is_some())?;
        let mut found: Option<Self> = None;
        let mut inside = PerSide::<bool>::default();
        for message in &c.messages {
            let Inner::Tls(body) = &message.body else {
                // What is said before the hello is in clear: StartTLS.
                inside[message.from] |= found.is_some();
                found = found.map(|handshake| Self { inside: true, ..handshake });
                continue;
            };
            match (&body.body, &mut found) {
                (tls::Body::ClientHello(hello), None) => {
                    found = Some(Self::new(c, Dissected::new(message, hello)));
                }
                (said, Some(handshake)) if !inside[message.from] => handshake.take(message, said),
                _ => {}
            }
        }
        found
    }

    const fn new(conversation: &'a Conversation, hello: Dissected<'a, ClientHello>) -> Self {
        let (answer, chain, request, client_chain, alert) = (None, None, None, None, None);
        Self { conversation, hello, answer, chain, request, client_chain, alert, inside: false }
    }

    fn take(&mut self, message: &'a Message, said: &'a tls::Body) {
        match (said, message.from) {
            (tls::Body::ClientHello(what), Side::Client) if self.answer.is_none() => {
                self.hello = Dissected::new(message, what);
            }
            (tls::Body::ServerHello(what), Side::Server) if self.answer.is_none() && !what.retry => {
                self.answer = Some(Dissected::new(message, what));
            }
            (tls::Body::Certificate(what), Side::Server) if self.chain.is_none() => {
                self.chain = Some(Dissected::new(message, what));
            }
            (tls::Body::Certificate(what), Side::Client) if self.client_chain.is_none() => {
                self.client_chain = Some(Dissected::new(message, what));
            }
            (tls::Body::CertificateRequest { .. }, Side::Server) => self.request = self.request.or(Some(message)),
            (tls::Body::Alert(alert), _) if is_refusal(*alert) => {
                self.alert = self.alert.or(Some((message, *alert)));
            }
            _ => {}
        }
    }

    /// Offset behind the ClientHello in the client's stream.
    const fn hello_end(&self) -> u64 {
        self.hello.message.offset.saturating_add(self.hello.message.length)
    }

    /// The host that the client wants.
    pub(crate) fn host(&self) -> Option<&'a str> {
        self.hello.content.sni.as_deref()
    }

    /// The ClientHello is in the capture to its end: what it does not offer, the client does not offer.
    pub(crate) fn has_whole_hello(&self) -> bool {
        !matches!(&self.hello.message.body, Inner::Tls(hello) if hello.incomplete)
    }

    /// It is known that the client does not say which host it wants.
    pub(crate) fn names_nobody(&self) -> bool {
        self.has_whole_hello() && self.host().is_none() && !self.hello.content.encrypted_hello
    }

    /// The caller.
    pub(crate) const fn client(&self) -> IpAddr {
        self.conversation.client.ip
    }

    /// The called.
    pub(crate) const fn server(&self) -> Endpoint {
        self.conversation.server
    }

    /// The alert by which that side refused, if it did.
    pub(crate) fn refused_by(&self, side: Side) -> Option<(&'a Message, Alert)> {
        self.alert.filter(|(message, _)| message.from == side)
    }

    /// Bytes that the client sent behind its ClientHello.
    const fn client_said_after_hello(&self) -> u64 {
        self.conversation.bytes.client.saturating_sub(self.hello_end())
    }

    /// The client said something behind its ClientHello.
    pub(crate) const fn has_gone_on(&self) -> bool {
        self.client_said_after_hello() > 0
    }

    /// The client gave up with something that cannot be read, and that is too short for a Finished (TLS 1.3): an alert, as long as
    /// two bytes or, with Java, padded.
    pub(crate) fn refused_unseen(&self) -> bool {
        let said = self.client_said_after_hello();
        let unread = said > CHANGE_CIPHER_SPEC && said < FINISHED_13 && self.alert.is_none();
        unread && self.answer.is_some_and(|answer| answer.content.is_tls13()) && self.is_whole() && self.is_closed()
    }

    /// Both sides went on: something was said inside, or the client ended its part and nobody minded.
    pub(crate) fn got_through(&self) -> bool {
        let Some(answer) = self.answer else { return self.inside };
        let least = if answer.content.is_tls13() { FINISHED_13 } else { FINISHED };
        self.inside || (self.alert.is_none() && self.client_said_after_hello() >= least)
    }

    /// The message by which both sides were seen to have gone on; the end of the conversation if none of that was read.
    pub(crate) fn got_through_by(&self) -> Stamp {
        let begun = self.answer.map_or(self.hello.message.n, |answer| answer.message.n);
        let inside = |message: &&Message| !matches!(&message.body, Inner::Tls(_));
        let own_part = |message: &&Message| message.from == Side::Client && message.n > begun;
        let messages = &self.conversation.messages;
        let last_of_its_part = messages.iter().filter(own_part).nth(1).or_else(|| messages.iter().find(own_part));
        messages.iter().find(inside).or(last_of_its_part).map_or(self.conversation.last, |message| message.at)
    }

    /// The handshake is complete, and the client says farewell without a word inside: it looked at the certificate by itself.
    pub(crate) fn left_before_a_word(&self) -> bool {
        let silent = self.conversation.tls.is_some_and(|layer| layer.sealed == 0) && !self.inside;
        if !(silent && self.is_whole() && self.is_closed() && self.got_through()) {
            return false;
        }
        let mut farewells = self.conversation.messages.iter().filter(|message| match &message.body {
            Inner::Tls(body) => matches!(&body.body, tls::Body::SealedAlert { .. } | tls::Body::Alert(_)),
            _ => false,
        });
        match farewells.next() {
            Some(farewell) => farewell.from == Side::Client,
            None => self.conversation.teardown.by == CloseBy::Client,
        }
    }

    /// The client has ended its part and nothing inside was read, and the server closed before more than one answer. What it said
    /// last may have been that it does not want this client: in TLS 1.3 it looks at the client's certificate only then.
    pub(crate) fn may_be_refused_inside(&self) -> bool {
        let c = self.conversation;
        let closed = self.is_closed() && c.teardown.by != CloseBy::Client;
        closed && !self.inside && c.turns.count <= ANSWERS
    }

    /// The ClientHello fills more than one segment.
    pub(crate) fn is_large(&self) -> bool {
        let mss = self.conversation.tcp.mss;
        let announced = [mss.client, mss.server].into_iter().flatten().map(u64::from).min();
        self.hello.message.length > announced.unwrap_or(USUAL_SEGMENT)
    }

    fn is_closed(&self) -> bool {
        matches!(self.conversation.teardown.how, Close::Fin | Close::Rst)
    }

    /// The server said nothing at all after the ClientHello.
    pub(crate) fn is_unanswered(&self) -> bool {
        let c = self.conversation;
        c.bytes.server == 0 && c.tcp.acked_unseen.server == 0
    }

    /// Who closed before the handshake was complete, if somebody did.
    pub(crate) fn closed_by(&self) -> Option<CloseBy> {
        (self.is_closed() && !self.got_through()).then_some(self.conversation.teardown.by)
    }

    /// Nothing is missing of what both sides said.
    pub(crate) fn is_whole(&self) -> bool {
        let c = self.conversation;
        self.has_whole_hello()
            && c.setup == Setup::Handshake
            && c.tcp.cut_frames == 0
            && c.quality.gaps == 0
            && c.tcp.acked_unseen == PerSide::default()
            && c.given_up.is_none()
    }

    /// The server's own certificate, where it could be read.
    pub(crate) fn certificate(&self) -> Option<&'a Certificate> {
        self.chain?.content.own().filter(|own| own.readable)
    }

    /// When it was shown, or the time that the user wants to be judged by.
    pub(crate) fn judged_at(&self, case: &Case<'_>) -> Timestamp {
        case.settings.now.unwrap_or_else(|| self.hello.at().time)
    }

    /// The first certificate of the server's chain that had ended at that time. A root that ended does not count: clients look at
    /// their own copy.
    pub(crate) fn ended_at(&self, time: Timestamp) -> Option<&'a Certificate> {
        self.that_counts(|one| one.not_after < seconds(time))
    }

    /// The first certificate of the server's chain that began only after that time. By itself that says that the clock of the
    /// capture is wrong: nobody issues a certificate of tomorrow.
    pub(crate) fn begins_after(&self, time: Timestamp) -> Option<&'a Certificate> {
        self.that_counts(|one| one.not_before > seconds(time))
    }

    fn that_counts(&self, such: impl Fn(&Certificate) -> bool) -> Option<&'a Certificate> {
        let chain = self.chain?.content;
        let counts = |(place, one): &(usize, &Certificate)| one.readable && (*place == 0 || !one.self_issued);
        chain.certificates.iter().map(Arc::as_ref).enumerate().filter(counts).map(|(_, one)| one).find(|one| such(one))
    }

    /// The host that the client wants, if the server's certificate is known to be for others.
    pub(crate) fn misses_name(&self) -> Option<&'a str> {
        let (host, own) = (self.host()?, self.certificate()?);
        (!self.hello.content.encrypted_hello && own.is_for(host) == Some(false)).then_some(host)
    }

    /// The client gave up when it saw the server's certificate; why, as far as that can be told.
    pub(crate) fn blame(&self) -> Option<Blame> {
        let by_facts = || {
            if self.ended_at(self.hello.at().time).is_some() {
                Some(Blame::Dates)
            } else {
                self.misses_name().map(|_| Blame::Name)
            }
        };
        match self.refused_by(Side::Client) {
            Some((_, Alert { code: alert::UNKNOWN_CA, .. })) => Some(Blame::Issuer),
            Some((_, Alert { code: alert::CERTIFICATE_EXPIRED, .. })) => Some(Blame::Dates),
            Some((_, Alert { code: alert::BAD_CERTIFICATE | alert::CERTIFICATE_UNKNOWN, .. }))
                if self.was_shown_one() =>
            {
                by_facts().or(Some(Blame::Issuer))
            }
            None if self.refused_unseen() && self.was_shown_one() => by_facts().or(Some(Blame::Issuer)),
            None if self.left_at_certificate() || self.left_before_a_word() => by_facts(),
            _ => None,
        }
    }

    /// The server showed a certificate, as far as can be told: in TLS 1.3 it is encrypted, in a resumed session there is none.
    fn was_shown_one(&self) -> bool {
        let hidden = self.answer.is_some_and(|answer| answer.content.is_tls13() && !answer.content.pre_shared_key);
        self.chain.is_some() || hidden
    }

    /// The client saw the certificate and closed without another word.
    pub(crate) fn left_at_certificate(&self) -> bool {
        self.chain.is_some()
            && self.client_said_after_hello() == 0
            && self.is_whole()
            && self.closed_by() == Some(CloseBy::Client)
    }

    /// The server said nothing after what it had said before that message.
    pub(crate) fn server_said_no_more(&self, after: &Message) -> bool {
        let before = |m: &&Message| m.from == Side::Server && m.n < after.n;
        let messages = self.conversation.messages.iter().filter(before);
        let end = messages.map(|m| m.offset.saturating_add(m.length)).max().unwrap_or_default();
        self.conversation.bytes.server <= end
    }

    /// The conversation as rules of the network see it.
    pub(crate) fn talk(&self) -> Talk<'a> {
        Talk { conversation: self.conversation, request: None, response: None }
    }

    /// When it was over.
    pub(crate) fn ended(&self) -> Timestamp {
        self.talk().ended()
    }
}

/// Whole seconds since 1970.
const fn seconds(time: Timestamp) -> i64 {
    time.whole_seconds()
}

/// The day of a date and time: `2025-02-01`.
pub(crate) fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// Whoever sends it gives up. Not so a farewell, or a user who changed his mind, whatever the level.
const fn is_refusal(alert: Alert) -> bool {
    const USER_CANCELED: u8 = 90;
    alert.is_fatal() && !matches!(alert.code, alert::CLOSE_NOTIFY | USER_CANCELED)
}

/// What a server did for others: a few examples, so that looking at them is cheap however many there are.
#[derive(Debug, Default)]
pub(crate) struct ServedClients<'a> {
    /// What it agreed on: different versions and suites, four at most.
    pub agreed: Vec<&'a ServerHello>,
    /// Handshakes that got through, for different hosts, four at most.
    pub through: Vec<TlsHandshake<'a>>,
    /// One whose small ClientHello it answered.
    pub small: Option<TlsHandshake<'a>>,
    /// A small ClientHello was not answered.
    pub small_unanswered: bool,
}

impl<'a> ServedClients<'a> {
    fn add(&mut self, one: &TlsHandshake<'a>) {
        if let Some(answer) = one.answer {
            let known =
                |said: &&ServerHello| (said.version, said.suite) == (answer.content.version, answer.content.suite);
            if self.agreed.len() < SHOWN && !self.agreed.iter().any(known) {
                self.agreed.push(answer.content);
            }
            if !one.is_large() {
                self.small = self.small.or(Some(*one));
            }
        } else if !one.is_large() && one.is_unanswered() {
            self.small_unanswered = true;
        }
        let known = |other: &TlsHandshake<'a>| other.host() == one.host();
        if one.got_through() && self.through.len() < SHOWN && !self.through.iter().any(known) {
            self.through.push(*one);
        }
    }
}

/// All handshakes whose ClientHello was captured.
#[derive(Debug)]
pub(crate) struct TlsIndex<'a> {
    all: Vec<TlsHandshake<'a>>,
    served: HashMap<Endpoint, ServedClients<'a>>,
    by_pair: HashMap<(IpAddr, Endpoint), Vec<usize>>,
    explorers: HashSet<(IpAddr, Endpoint)>,
    /// Endpoints that telephones registered to be called at over TLS, with the user.
    contacts: HashMap<Endpoint, Option<String>>,
}

impl<'a> TlsIndex<'a> {
    pub(super) fn new(analysis: &'a Analysis, settings: &Settings, sip: &SipIndex<'a>) -> Self {
        let all: Vec<_> = analysis.conversations.iter().filter_map(TlsHandshake::of).collect();
        let mut served: HashMap<_, ServedClients<'a>> = HashMap::new();
        let mut by_pair: HashMap<_, Vec<_>> = HashMap::new();
        for (index, handshake) in all.iter().enumerate() {
            served.entry(handshake.server()).or_default().add(handshake);
            by_pair.entry((handshake.client(), handshake.server())).or_default().push(index);
        }
        let tries_out = |indices: &[usize]| explores(&settings.thresholds, &all, indices);
        let explorers = by_pair.iter().filter(|(_, indices)| tries_out(indices)).map(|(pair, _)| *pair).collect();
        Self { all, served, by_pair, explorers, contacts: sip.secure_contacts() }
    }

    /// Those that may be judged: not those of somebody who tries out what a server can, nor those with a telephone, which is
    /// no server that somebody could set up.
    pub(crate) fn all(&self) -> impl Iterator<Item = &TlsHandshake<'a>> {
        let explores = |one: &TlsHandshake<'_>| self.explorers.contains(&(one.client(), one.server()));
        self.all.iter().filter(move |one| !explores(one) && !self.contacts.contains_key(&one.server()))
    }

    /// Those with telephones that are called at the contact which they registered.
    pub(crate) fn with_contacts(&self) -> impl Iterator<Item = &TlsHandshake<'a>> {
        self.all.iter().filter(|one| self.contacts.contains_key(&one.server()))
    }

    /// Who registered that contact.
    pub(crate) fn user_of(&self, contact: Endpoint) -> Option<&str> {
        self.contacts.get(&contact)?.as_deref()
    }

    /// Handshakes with that server, whoever called.
    pub(crate) fn served(&self, server: Endpoint) -> Option<&ServedClients<'a>> {
        self.served.get(&server)
    }

    /// The same client's next handshake for the same host at the same server that got through, within the retry time.
    pub(crate) fn worked_after(&self, case: &Case<'_>, failed: &TlsHandshake<'a>) -> Option<&TlsHandshake<'a>> {
        let indices = self.by_pair.get(&(failed.client(), failed.server()))?;
        let at = |index: &usize| self.all.get(*index);
        let from = indices.partition_point(|i| at(i).is_some_and(|h| h.conversation.id <= failed.conversation.id));
        let later = indices.get(from..)?.iter().take(LOOK_AHEAD).filter_map(at);
        later.filter(|next| next.host() == failed.host()).find(|next| {
            let began = next.conversation.first.time;
            next.got_through()
                && next.blame().is_none()
                && began.since(failed.ended()) <= case.settings.thresholds.retry_within
        })
    }
}

/// Many handshakes in a short time, with many different offers: a tool that tries out what the server can.
fn explores(thresholds: &Thresholds, all: &[TlsHandshake<'_>], indices: &[usize]) -> bool {
    let many = usize::try_from(thresholds.scan_targets).unwrap_or(usize::MAX).max(OFFERS);
    let mut handshakes: Vec<_> = indices.iter().filter_map(|&index| all.get(index)).collect();
    handshakes.sort_by_key(|one| one.conversation.first.time);
    handshakes.windows(many).any(|some| {
        let time = |one: Option<&&TlsHandshake<'_>>| one.map(|one| one.conversation.first.time);
        let (Some(first), Some(last)) = (time(some.first()), time(some.last())) else { return false };
        let offers = || {
            some.iter().map(|one| (one.hello.content.offered(), one.hello.content.real_suites().collect::<Vec<_>>()))
        };
        last.since(first) <= thresholds.scan_window && offers().collect::<HashSet<_>>().len() >= OFFERS
    })
}

/// Attempts at one host of one server belong together.
pub(crate) fn by_site<'c, 'a>(
    handshakes: impl Iterator<Item = &'c TlsHandshake<'a>>,
) -> impl Iterator<Item = Vec<&'c TlsHandshake<'a>>>
where
    'a: 'c,
{
    grouping::group_by(handshakes, |one| (one.server(), one.host())).into_iter()
}

/// The server's alert in answer to the ClientHello, before it chose anything.
pub(crate) fn refusal_of_hello<'a>(handshake: &TlsHandshake<'a>) -> Option<(&'a Message, Alert)> {
    handshake.refused_by(Side::Server).filter(|_| handshake.answer.is_none())
}

/// Handshakes in which the server came to terms with others.
pub(crate) fn agreed<'c, 'a>(case: &'c Case<'a>, server: Endpoint) -> &'c [&'a ServerHello] {
    case.tls().served(server).map_or(&[], |served| &served.agreed)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{TlsIndex, day};
    use crate::facts::Settings;
    use crate::facts::sip::SipIndex;
    use crate::testing::analysis;
    use nrpcsniff_samples::tls::{Presents, Tls};
    use nrpcsniff_samples::{Network, Tcp};

    pub(crate) const MEET: &str = "meet.example.com";

    /// A connection of the client that most tests are about to the meeting server.
    pub(crate) fn call(net: &Network) -> Tcp {
        call_from(net, "10.1.0.50")
    }

    fn call_from(net: &Network, client: &str) -> Tcp {
        net.connect(&net.host(client), &net.host("10.1.0.22"), 443)
    }

    /// So many handshakes fail.
    pub(crate) fn fails(net: &Network, tls: &Tls, count: usize) {
        for _ in 0..count {
            call(net).tls_fails(tls);
            net.wait(2_000);
        }
    }

    /// A handshake succeeds, and something is said inside.
    pub(crate) fn get(net: &Network, tls: &Tls) {
        get_from(net, "10.1.0.50", tls);
    }

    /// A handshake of that client succeeds, and something is said inside.
    pub(crate) fn get_from(net: &Network, client: &str, tls: &Tls) {
        let tcp = call_from(net, client).tls(tls);
        tcp.client("GET / HTTP/1.1\r\nHost: meet.example.com\r\n\r\n")
            .server("HTTP/1.1 204 No Content\r\n\r\n")
            .client_fin();
        net.wait(500);
    }

    /// A ClientHello of TLS 1.0, without extensions.
    pub(crate) fn old_hello() -> Vec<u8> {
        let body = [&[3, 1][..], &[7; 32], &[0, 0, 4, 0, 0x2f, 0, 0x0a, 1, 0]].concat();
        let length = u8::try_from(body.len()).expect("a short hello");
        [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat()
    }

    /// Got through, by conversation.
    fn outcomes(net: &Network) -> Vec<bool> {
        let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
        TlsIndex::new(&analysis, &settings, &SipIndex::new(&analysis))
            .all()
            .map(super::TlsHandshake::got_through)
            .collect()
    }

    #[test]
    fn who_got_through_is_told_without_keys() {
        let net = Network::new();
        for tls in [Tls::v12(MEET), Tls::v13(MEET), Tls::v13(MEET).large_hello()] {
            get(&net, &tls);
        }
        get(&net, &Tls::v12(MEET).wants_certificate().has_certificate());
        assert_eq!(outcomes(&net), [true; 4]);
    }

    #[test]
    fn who_did_not_is_told_too() {
        let net = Network::new();
        let failures = [
            Tls::v12(MEET).presents(Presents::ChainCut),
            Tls::v13(MEET).presents(Presents::ChainCut),
            Tls::v12(MEET).without_common_version(),
            Tls::v12(MEET).wants_certificate(),
        ];
        for tls in &failures {
            fails(&net, tls, 1);
        }
        let tcp = call(&net);
        tcp.client(tcp.tls_hello(&Tls::v13(MEET)));
        assert_eq!(outcomes(&net), [false; 5]);
    }

    /// Sixteen connections at once of one kind are a browser; of many kinds, a scanner.
    #[test]
    fn whoever_tries_out_the_server_is_not_judged() {
        for (kinds, judged) in [(1, 16), (16, 0)] {
            let net = Network::new();
            for number in 0..16 {
                let mut hello = old_hello();
                hello[46] = number % kinds;
                call(&net).client(hello).server_fin();
            }
            assert_eq!(outcomes(&net).len(), judged, "{kinds} kinds");
        }
    }

    #[test]
    fn days_are_cut_from_times() {
        assert_eq!((day("2025-02-01T00:00:00Z"), day("")), ("2025-02-01", ""));
    }
}
