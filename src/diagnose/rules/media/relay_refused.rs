//! A relay (TURN) refuses what is asked of it.

use crate::diagnose::evidence::each;
use crate::diagnose::words::media::relay_refused as words;
use crate::diagnose::words::{Clients, Users};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::media::{MediaWay, MediaWays, StunRequest};
use crate::model::{RuleId, Severity, Side};
use nrpcsniff_dissectors::Decision;
use nrpcsniff_dissectors::stun::Method;

/// See [`ABOUT`].
pub(crate) struct RelayRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("media-relay-refused");

static ABOUT: About = About {
    id: ID,
    title: "A relay for the sound of meetings (TURN) refuses its clients",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A client asks a TURN server for a relay, with name and proof, and is answered by an error: 401 (secret, password, or a name whose \
           time has run out), 441, 486 (quota), 508 (no capacity), 442 or 400 (transport), 403 (peer not allowed), 437.",
    matters: "Who reaches the video bridge by the relay alone, from home or through a firewall, hears and sees nothing in meetings.",
    guards: &[
        "The first 401, to a request without a name, and 438 (a nonce that has grown old): steps, silent.",
        "The same client gets a relay there within half a minute: silent.",
        "Another way of the same call works: minor.",
        "Neither a port of Sametime's video bridge nor a sign-on to Sametime in the capture; or somebody signs on to Sametime, and the server \
         has a name of another site, or a public address that has no part in a sign-on (relays of other products): silent.",
        "Only address or port speak for Sametime (no part in a sign-on, no name of its site): medium confidence at most.",
    ],
    remedy: &[
        "401: TURN_SECRET (Sametime) and static-auth-secret (coturn) must be the same; clocks of both, since such names end at a time; realm.",
        "486, 508: user-quota and total-quota of coturn; a call needs one relay for each stream.",
        "400, 442: TURN_TRANSPORT, and UDP or TCP at the TURN server. 403: denied-peer-ip; the bridge's address must be allowed.",
    ],
    references: &[
        "RFC 8656 sections 6 to 9 (TURN)",
        "RFC 8489 section 9.2 (credentials)",
        "HCL Sametime 12: TURN server",
    ],
    explains: &[],
};

impl Rule for RelayRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let ways = MediaWays::new(case);
        let refused = ways.concern_sametime().flat_map(|way| {
            let refused = way.requests.iter().filter(|request| is_refused(request));
            refused.filter(|request| !got_it(case, &ways, way, request)).map(move |request| (way, request))
        });
        let groups = group_by(refused, |(way, request)| (way.conversation.server, code(request)));
        groups.iter().filter_map(|group| finding(&ways, group)).collect()
    }
}

fn is_refused(request: &StunRequest<'_>) -> bool {
    let wanted = request.asked.content;
    // A relay that is given up needs no leave.
    let given_up = wanted.method == Method::Refresh && wanted.lifetime == Some(0);
    wanted.method.is_of_relay() && !given_up && request.from == Side::Client && request.decision() == Decision::Refused
}

fn code(request: &StunRequest<'_>) -> u16 {
    request.answer.and_then(|answer| answer.content.error.as_ref().map(|(code, _)| *code)).unwrap_or_default()
}

/// The same client is granted the same at that server soon after.
fn got_it(case: &Case<'_>, ways: &MediaWays<'_>, way: &MediaWay<'_>, refused: &StunRequest<'_>) -> bool {
    let soon = case.settings.thresholds.login_round;
    let there =
        ways.of(way.conversation.client.ip).filter(|other| other.conversation.server == way.conversation.server);
    let mut later = there.flat_map(|other| &other.requests).filter(|request| {
        let waited = request.asked.at().time.since(refused.asked.at().time);
        request.asked.at().frame > refused.asked.at().frame && waited <= soon
    });
    later.any(|request| {
        let same = [refused.asked.content.method, Method::Allocate].contains(&request.asked.content.method);
        same && request.decision() == Decision::Granted
    })
}

/// 85 points: the server says it.
fn finding(ways: &MediaWays<'_>, group: &[(&MediaWay<'_>, &StunRequest<'_>)]) -> Option<Draft> {
    let (way, first) = *group.first()?;
    let (code, reason) = first.answer?.content.error.clone()?;
    let at = first.asked.at().time;
    let user = first.asked.content.username.clone();
    let ended = user.as_deref().and_then(end_of).map(|end| at.whole_seconds().saturating_sub(end));
    let works =
        group.iter().all(|(way, request)| ways.another_works(way.conversation.client.ip, request.asked.at().time));
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::RefusedRelay {
        server: way.conversation.server,
        clients: Clients::of(group.iter().map(|(way, _)| way.conversation.client.ip)),
        users: Users::of(group.iter().map(|(_, request)| request.asked.content.username.clone())),
        count: group.len(),
        wanted: first.asked.content.method.name(),
        code,
        reason,
        name_ended_s: ended.filter(|seconds| *seconds > 0),
    });
    let draft = draft.at_most(ways.at_most(way.conversation.server));
    let draft = if works { draft.severity(Severity::Minor) } else { draft };
    let draft = group.iter().fold(draft, |draft, (way, _)| draft.conversation(way.conversation));
    Some(each(draft, group, "requests", |draft, (way, request)| {
        let who = way.conversation.client;
        let draft = draft.packet(request.asked.at(), format!("{who}: {}", request.asked.message.body.summary()));
        match request.answer {
            Some(answer) => draft.packet(answer.at(), answer.message.body.summary()),
            None => draft,
        }
    }))
}

/// Until when a name of limited time is good: it begins with that time in seconds since 1970 (draft-uberti-behave-turn-rest).
fn end_of(user: &str) -> Option<i64> {
    user.split_once(':')?.0.parse().ok().filter(|end| (1_000_000_000..10_000_000_000).contains(end))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, Record};
    use nrpcsniff_samples::stun::{self, Call};

    const RULE: &str = "media-relay-refused";

    fn refused(net: &Network, user: &str, code: u16) {
        let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.30", 3478);
        call.meeting();
        call.allocate(None, Some(401));
        call.allocate(Some(user), Some(code));
    }

    #[test]
    fn errors_of_a_relay() {
        for (code, words) in [(401, "secret"), (486, "quota"), (441, "another"), (508, "capacity"), (403, "allowed")] {
            let found = told(RULE, |net| refused(net, "ann", code));
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium), "{code}");
            says(finding, &["10.1.0.30:3478", &code.to_string(), words]);
        }
    }

    #[test]
    fn a_relay_by_its_name_is_sure() {
        let found = told(RULE, |net| {
            let (name, address) = ("turn.example.com", net.address("198.51.100.30"));
            net.resolve(&net.host("10.1.0.50"), &net.host("10.1.0.2"), name, A, &[Record::address(name, &address)]);
            let call = Call::new(net, "10.1.0.50", 50_100, "198.51.100.30", 3478);
            call.meeting();
            call.allocate(Some("ann"), Some(401));
        });
        assert_eq!(the_one(&found).confidence, Confidence::High);
    }

    #[test]
    fn a_name_whose_time_has_run_out() {
        let found = told(RULE, |net| refused(net, "1600000000:ann", 401));
        says(the_one(&found), &["ended", "before"]);
    }

    #[test]
    fn another_way_works() {
        let found = told(RULE, |net| {
            refused(net, "ann", 401);
            Call::new(net, "10.1.0.50", 50_101, "10.1.0.31", 10_000).check(true);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("somewhere in the world, without a name", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "198.51.100.30", 3478);
                call.meeting();
                call.allocate(Some("ann"), Some(401));
            }),
            ("the first demand, and a relay", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.30", 3478);
                call.meeting();
                call.allocate(None, Some(401));
                call.allocate(Some("ann"), None);
            }),
            ("a nonce that has grown old", |net| {
                refused(net, "ann", 438);
            }),
            ("granted at once, the second time", |net| {
                refused(net, "ann", 437);
                Call::new(net, "10.1.0.50", 50_102, "10.1.0.30", 3478).allocate(Some("ann"), None);
            }),
            ("no Sametime", |net| {
                Call::new(net, "10.1.0.50", 50_100, "10.1.0.30", 3478).allocate(Some("ann"), Some(401));
                stun::noise(net);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
