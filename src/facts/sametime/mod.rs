//! Sametime as rules want to see it: every conversation with a community server, how far its login came, and what became
//! of it.
//!
//! Real clients answer a DESTROY of channel 0 with one of their own, also after the server's FIN, and destroy the old session
//! with reason 0 after a redirect. So the first DESTROY and its sender are the fact, and none that comes after the close.

pub(crate) mod ends;

use crate::facts::Dissected;
use crate::model::{Analysis, Close, Conversation, Endpoint, Message, Setup, Side, Stamp, Timestamp, Transport};
use hashbrown::HashMap;
use nrpcsniff_dissectors::Message as Any;
use nrpcsniff_dissectors::ltpa::Token;
use nrpcsniff_dissectors::sametime::{self, Auth, Body};
use std::net::{IpAddr, Ipv4Addr};

/// Sametime logins of a capture.
pub(crate) struct SametimeIndex<'a> {
    logins: Vec<SametimeLogin<'a>>,
    by_client: HashMap<IpAddr, Vec<usize>>,
    by_server: HashMap<Endpoint, Vec<usize>>,
    by_user: HashMap<&'a str, Vec<usize>>,
}

/// A message of the protocol.
pub(crate) type SametimeMessage<'a> = Dissected<'a, sametime::Message>;

/// One conversation with a community server: of that protocol, or on its ports.
#[derive(Debug, Clone)]
pub(crate) struct SametimeLogin<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// The client's first message.
    pub handshake: Option<SametimeMessage<'a>>,
    /// The server's answer to it.
    pub answer: Option<SametimeMessage<'a>>,
    /// Logins that the client tried in it, in order; more than one if a token was refused and a password followed.
    pub attempts: Vec<SametimeMessage<'a>>,
    /// The server accepted.
    pub accepted: Option<SametimeMessage<'a>>,
    /// The server sent the client elsewhere.
    pub redirected: Option<SametimeMessage<'a>>,
    /// The client stayed in spite of that.
    pub stayed: bool,
    /// The first DESTROY of channel 0 before the close: who ended the session, and why.
    pub end: Option<SametimeMessage<'a>>,
}

/// The end of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SametimeLoginOutcome<'a> {
    /// The server accepted it.
    Accepted,
    /// The server sent the client to this host.
    Redirected(&'a str),
    /// Somebody ended the session before the login was accepted.
    Destroyed {
        /// Reason code of the end.
        reason: u32,
        /// The side that ended it.
        by: Side,
    },
    /// The connection was closed before the login was accepted, without a word of the protocol.
    Closed,
    /// Nothing had come of it when the capture, or the conversation in it, ended.
    Silent,
    /// No connection came about.
    NotConnected,
    /// The capture lacks what would tell.
    Unknown,
}

/// Logins kept of one conversation.
const ATTEMPTS: usize = 8;
/// Conversations of a client that are looked at in search of a next one.
const LOOK_AHEAD: usize = 256;

impl<'a> SametimeIndex<'a> {
    /// Builds the index.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let logins: Vec<_> =
            analysis.conversations.iter().filter(|c| concerns_sametime(c)).map(SametimeLogin::new).collect();
        let mut by_client: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_server: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
        for (index, login) in logins.iter().enumerate() {
            by_client.entry(login.client()).or_default().push(index);
            by_server.entry(login.server()).or_default().push(index);
            if let Some(user) = login.user() {
                by_user.entry(user).or_default().push(index);
            }
        }
        Self { logins, by_client, by_server, by_user }
    }

    /// Every conversation with a community server, in order.
    pub(crate) fn logins(&self) -> impl DoubleEndedIterator<Item = &SametimeLogin<'a>> {
        self.logins.iter()
    }

    /// Those of one client, in order.
    pub(crate) fn of_client(&self, client: IpAddr) -> impl DoubleEndedIterator<Item = &SametimeLogin<'a>> {
        self.by_client.get(&client).into_iter().flatten().filter_map(|&index| self.logins.get(index))
    }

    /// Those with one server, in order.
    pub(crate) fn of_server(&self, server: Endpoint) -> impl DoubleEndedIterator<Item = &SametimeLogin<'a>> {
        self.by_server.get(&server).into_iter().flatten().filter_map(|&index| self.logins.get(index))
    }

    /// Those whose last login was under that name, in order (at most 256).
    pub(crate) fn of_user(&self, user: &str) -> impl Iterator<Item = &SametimeLogin<'a>> {
        let all = self.by_user.get(user).into_iter().flatten();
        all.take(LOOK_AHEAD).filter_map(|&index| self.logins.get(index))
    }

    /// The same client's conversations that come after `login` in the capture, in order (at most 256).
    pub(crate) fn after(&self, login: &SametimeLogin<'a>) -> impl Iterator<Item = &SametimeLogin<'a>> {
        let (all, place) = self.place_of(login);
        let rest = all.get(place.saturating_add(1)..).unwrap_or_default();
        rest.iter().take(LOOK_AHEAD).filter_map(|&index| self.logins.get(index))
    }

    /// The same client's conversations that come before `login` in the capture, the nearest first (at most 256).
    pub(crate) fn before(&self, login: &SametimeLogin<'a>) -> impl Iterator<Item = &SametimeLogin<'a>> {
        let (all, place) = self.place_of(login);
        let rest = all.get(..place).unwrap_or_default();
        rest.iter().rev().take(LOOK_AHEAD).filter_map(|&index| self.logins.get(index))
    }

    /// A later login of the same client and user that the server accepted.
    pub(crate) fn accepted_after(&self, login: &SametimeLogin<'a>) -> Option<&SametimeLogin<'a>> {
        let same = |next: &&SametimeLogin<'a>| login.user().is_none() || next.user() == login.user();
        self.after(login).filter(same).find(|next| next.accepted.is_some())
    }

    /// The client's conversations, and the place of `login` among them.
    fn place_of(&self, login: &SametimeLogin<'a>) -> (&[usize], usize) {
        let all = self.by_client.get(&login.client()).map_or(&[][..], Vec::as_slice);
        let id_of = |&index: &usize| self.logins.get(index).map(|l| l.conversation.id).unwrap_or_default();
        (all, all.partition_point(|index| id_of(index) < login.conversation.id))
    }
}

impl<'a> SametimeLogin<'a> {
    fn new(conversation: &'a Conversation) -> Self {
        let mut login = Self {
            conversation,
            handshake: None,
            answer: None,
            attempts: Vec::new(),
            accepted: None,
            redirected: None,
            stayed: false,
            end: None,
        };
        let closed = conversation.teardown.at.map(|at| at.time);
        for message in &conversation.messages {
            if let Any::Sametime(vp) = &message.body {
                login.take(Dissected::new(message, vp.as_ref()), closed);
            }
        }
        login
    }

    fn take(&mut self, said: SametimeMessage<'a>, closed: Option<Timestamp>) {
        let in_time = closed.is_none_or(|closed| said.message.at.time <= closed);
        match (&said.content.body, said.message.from) {
            (Body::Handshake { .. }, Side::Client) => self.handshake = self.handshake.or(Some(said)),
            (Body::HandshakeAck { .. }, Side::Server) => self.answer = self.answer.or(Some(said)),
            (Body::Login { .. }, Side::Client) if self.attempts.len() < ATTEMPTS => self.attempts.push(said),
            (Body::LoginAck { .. }, Side::Server) => self.accepted = self.accepted.or(Some(said)),
            (Body::LoginRedirect { .. }, Side::Server) => self.redirected = self.redirected.or(Some(said)),
            (Body::LoginContinue, Side::Client) => self.stayed = true,
            (Body::ChannelDestroy { .. }, _) if said.content.channel == 0 && in_time => {
                self.end = self.end.or(Some(said));
            }
            _ => {}
        }
    }

    /// The end of the login.
    pub(crate) fn outcome(&self) -> SametimeLoginOutcome<'a> {
        let c = self.conversation;
        if self.accepted.is_some() {
            return SametimeLoginOutcome::Accepted;
        }
        if let Some(host) = self.redirect_host().filter(|_| !self.stayed) {
            return SametimeLoginOutcome::Redirected(host);
        }
        if let Some((reason, said)) = self.reason() {
            return SametimeLoginOutcome::Destroyed { reason, by: said.message.from };
        }
        if matches!(c.setup, Setup::Refused | Setup::NoAnswer) {
            return SametimeLoginOutcome::NotConnected;
        }
        if c.setup == Setup::Midstream || c.quality.gaps > 0 || c.tcp.cut_frames > 0 || c.given_up.is_some() {
            return SametimeLoginOutcome::Unknown;
        }
        if matches!(c.teardown.how, Close::Fin | Close::Rst) {
            SametimeLoginOutcome::Closed
        } else {
            SametimeLoginOutcome::Silent
        }
    }

    /// Why the session was ended, and the message that said so first.
    pub(crate) fn reason(&self) -> Option<(u32, SametimeMessage<'a>)> {
        self.end.and_then(|said| Some((said.content.session_end()?, said)))
    }

    /// The server ended the session before it accepted a login: why.
    pub(crate) fn refusal(&self) -> Option<u32> {
        match self.outcome() {
            SametimeLoginOutcome::Destroyed { reason, by: Side::Server } => Some(reason),
            _ => None,
        }
    }

    /// Host that the server sent the client to.
    pub(crate) fn redirect_host(&self) -> Option<&'a str> {
        match &self.redirected?.content.body {
            Body::LoginRedirect { host, .. } => Some(host),
            _ => None,
        }
    }

    /// Address of the client, as the packets carry it.
    pub(crate) const fn client(&self) -> IpAddr {
        self.conversation.client.ip
    }

    /// The server.
    pub(crate) const fn server(&self) -> Endpoint {
        self.conversation.server
    }

    /// The first frame.
    pub(crate) const fn began(&self) -> Stamp {
        self.conversation.first
    }

    /// When it ended: at the close, else with its last frame.
    pub(crate) fn ended(&self) -> Timestamp {
        self.conversation.teardown.at.map_or(self.conversation.last.time, |at| at.time)
    }

    /// The last login that the client tried.
    pub(crate) fn attempt(&self) -> Option<SametimeMessage<'a>> {
        self.attempts.last().copied()
    }

    /// User of the last login, as the client names it; `None` for a guest without a name.
    pub(crate) fn user(&self) -> Option<&'a str> {
        match &self.attempt()?.content.body {
            Body::Login { user, .. } => Some(user.as_str()).filter(|user| !user.is_empty()),
            _ => None,
        }
    }

    /// The proof of identity in the last login.
    pub(crate) fn auth(&self) -> Option<&'a Auth> {
        auth(&self.attempt()?)
    }

    /// The last login carried a sign-on token (or was meant to).
    pub(crate) fn by_token(&self) -> bool {
        self.auth().is_some_and(Auth::is_token)
    }

    /// The last login carried a password.
    pub(crate) fn by_password(&self) -> bool {
        self.auth().is_some_and(Auth::is_password)
    }

    /// Every token that the client showed, with the message that carried it, in order.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = (&'a Message, &'a Token)> {
        let attempts = self.attempts.iter().filter_map(|said| Some((said.message, auth(said)?)));
        attempts.flat_map(|(message, auth)| auth.tokens.iter().map(move |token| (message, token)))
    }

    /// What the client takes for its own address; `None` if it does not say.
    pub(crate) fn own_address(&self) -> Option<Ipv4Addr> {
        match &self.handshake?.content.body {
            Body::Handshake { own_address, .. } => Some(*own_address).filter(|address| !address.is_unspecified()),
            _ => None,
        }
    }

    /// The client's address as the server saw it; `None` if it does not say.
    pub(crate) fn seen_address(&self) -> Option<Ipv4Addr> {
        match &self.answer?.content.body {
            Body::HandshakeAck { seen_address, .. } => Some(*seen_address).filter(|address| !address.is_unspecified()),
            _ => None,
        }
    }

    /// The server saw the client under another address than the client's own, or than the packets at the place of
    /// the capture carry: something on the way translates addresses.
    pub(crate) fn is_translated(&self) -> bool {
        let Some(seen) = self.seen_address() else { return false };
        let own = self.own_address().is_some_and(|own| own != seen && !own.is_loopback());
        own || matches!(self.client(), IpAddr::V4(client) if client != seen)
    }

    /// Client type, of the login or else of the handshake.
    pub(crate) fn login_type(&self) -> Option<u16> {
        match &self.attempt().or(self.handshake)?.content.body {
            Body::Login { login_type, .. } | Body::Handshake { login_type, .. } => Some(*login_type),
            _ => None,
        }
    }

    /// Both sides' bytes were captured from the first one on, and nothing is missing.
    pub(crate) fn well_captured(&self) -> bool {
        let c = self.conversation;
        c.setup == Setup::Handshake && c.tcp.cut_frames == 0 && c.quality.gaps == 0 && c.given_up.is_none()
    }

    /// It carries messages of the protocol.
    pub(crate) fn spoke(&self) -> bool {
        self.conversation.messages_seen.client > 0 && self.conversation.is(&sametime::PROTOCOL)
    }
}

/// The proof of identity in a login.
fn auth<'a>(said: &SametimeMessage<'a>) -> Option<&'a Auth> {
    match &said.content.body {
        Body::Login { auth, .. } => Some(auth),
        _ => None,
    }
}

fn concerns_sametime(conversation: &Conversation) -> bool {
    let by_port = || sametime::PROTOCOL.tcp_ports.contains(&conversation.server.port);
    conversation.is(&sametime::PROTOCOL) || (conversation.transport == Transport::Tcp && by_port())
}

#[cfg(test)]
mod tests {
    use super::{SametimeIndex, SametimeLoginOutcome};
    use crate::model::Side;
    use crate::testing::analysis;
    use nrpcsniff_samples::sametime::{self, Login, reason};
    use nrpcsniff_samples::{Network, Tcp};

    const USER: &str = "CN=Ann/O=Acme";

    fn outcomes(story: impl Fn(&Network)) -> Vec<String> {
        let net = Network::new();
        story(&net);
        let analysis = analysis(&net.to_pcapng());
        SametimeIndex::new(&analysis).logins().map(|login| format!("{:?}", login.outcome())).collect()
    }

    fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), sametime::PORT)
    }

    fn outcome(story: impl Fn(&Tcp)) -> String {
        outcomes(|net| story(&dial(net))).remove(0)
    }

    #[test]
    fn what_becomes_of_a_login() {
        let login = Login::rc2_128(USER);
        let refused = SametimeLoginOutcome::Destroyed { reason: reason::TOKEN_INVALID, by: Side::Server };
        let given_up = SametimeLoginOutcome::Destroyed { reason: 0, by: Side::Client };
        let open = |tcp: &Tcp| {
            tcp.vp_open().vp_login(&login);
        };
        for (story, expected) in [
            (&(|tcp: &Tcp| drop(tcp.vp_works(&login).clone())) as &dyn Fn(&Tcp), SametimeLoginOutcome::Accepted),
            (
                &|tcp| {
                    open(tcp);
                    tcp.vp_refuse(reason::TOKEN_INVALID);
                },
                refused,
            ),
            (
                &|tcp| {
                    open(tcp);
                    tcp.client(sametime::destroy(0, 0)).client_fin();
                },
                given_up,
            ),
            (
                &|tcp| {
                    open(tcp);
                    tcp.server_fin().client(sametime::destroy(0, 0x8000_0221));
                },
                SametimeLoginOutcome::Closed,
            ),
            (&|tcp| open(tcp), SametimeLoginOutcome::Silent),
            (
                &|tcp| {
                    open(tcp);
                    tcp.server(sametime::redirect("st2")).client(sametime::destroy(0, 0)).client_fin();
                },
                SametimeLoginOutcome::Redirected("st2"),
            ),
            (
                &|tcp| {
                    open(tcp);
                    tcp.server(sametime::redirect("st2")).client(sametime::login_continue());
                    tcp.vp_accept(USER, "Ann");
                },
                SametimeLoginOutcome::Accepted,
            ),
        ] {
            assert_eq!(outcome(story), format!("{expected:?}"));
        }
    }

    #[test]
    fn a_connection_that_does_not_come_about_and_one_whose_beginning_is_missing() {
        let refused = outcomes(|net| net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1533).refused(1));
        assert_eq!(refused, ["NotConnected"]);
        let midstream = outcomes(|net| {
            let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1533).midstream();
            tcp.client(sametime::channel_send(3, 1, b"x")).client_fin();
        });
        assert_eq!(midstream, ["Unknown"]);
    }

    #[test]
    fn keep_alives_do_not_crowd_out_the_login() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_works(&Login::rc2_40(USER));
        for _ in 0..25 {
            tcp.client([0x80; 1000]).server([0x80; 1000]);
        }
        tcp.client([0x80; 15_000]).vp_refuse(reason::MULTI_LOGIN);
        let analysis = analysis(&net.to_pcapng());
        let chat = SametimeIndex::new(&analysis);
        let login = chat.logins().next().unwrap();
        assert_eq!((login.user(), login.outcome()), (Some(USER), SametimeLoginOutcome::Accepted));
        assert_eq!(
            login.reason().map(|(code, said)| (code, said.message.from)),
            Some((reason::MULTI_LOGIN, Side::Server))
        );
        let kept = login.conversation.messages.len();
        assert!(kept < 12_000 && login.conversation.messages_seen.client > 35_000, "{kept}");
    }

    #[test]
    fn a_length_of_four_gigabytes_does_not_hide_the_rest() {
        let huge = |length: u32| [&length.to_be_bytes()[..], &Login::rc2_40(USER).encode()[4..]].concat();
        for length in [0x7FFF_FFFF, 0xFFFF_FFFF] {
            for at_once in [true, false] {
                let found = outcomes(|net| {
                    let tcp = dial(net);
                    if !at_once {
                        tcp.vp_open();
                    }
                    tcp.client(huge(length)).server(sametime::destroy(0, 0x8000_0001)).server_fin();
                    dial(net).vp_works(&Login::rc2_40(USER));
                });
                let ended = SametimeLoginOutcome::Destroyed { reason: 0x8000_0001, by: Side::Server };
                assert_eq!(
                    found,
                    [format!("{ended:?}"), format!("{:?}", SametimeLoginOutcome::Accepted)],
                    "{length:x} {at_once}"
                );
            }
        }
    }

    #[test]
    fn users_addresses_and_what_comes_next() {
        let net = Network::new();
        dial(&net).vp_open_seen_as([192, 0, 2, 1].into()).vp_login(&Login::rc2_40(USER)).vp_refuse(reason::SERVER_FULL);
        dial(&net).vp_works(&Login::rc2_40(USER));
        let analysis = analysis(&net.to_pcapng());
        let chat = SametimeIndex::new(&analysis);
        let [first, second] = &chat.logins().collect::<Vec<_>>()[..] else { panic!("two logins expected") };
        assert_eq!((first.user(), first.refusal(), first.by_password()), (Some(USER), Some(reason::SERVER_FULL), true));
        assert!(first.is_translated() && !second.is_translated());
        assert_eq!(chat.accepted_after(first).map(|login| login.conversation.id.number()), Some(1));
        assert_eq!((chat.before(second).count(), chat.after(first).count()), (1, 1));
        assert_eq!(chat.of_server(second.server()).count(), 2);
    }
}
