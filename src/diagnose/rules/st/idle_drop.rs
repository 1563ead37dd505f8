//! A silent Sametime session was forgotten by something on the path.

use crate::diagnose::evidence::each;
use crate::diagnose::words::st::idle_drop as words;
use crate::diagnose::words::{Clients, Silence, side, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::nrpc::idle::{last_long_gap, reset_after};
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::talk;
use crate::facts::statistics::{equal_within, seconds};
use crate::model::{CloseBy, ConversationId, IdleGap, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct IdleDrop;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-idle-drop");

static ABOUT: About = About {
    id: ID,
    title: "Sametime sessions die of silence",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A session with the Sametime server is silent for five minutes or more; what breaks the silence (a message or the \
           keep-alive byte 0x80) is answered by RST, or repeated and never answered.",
    matters: "A firewall, NAT or load balancer has forgotten the session. The user goes offline without noticing, and others \
              see a wrong status until the server finds out.",
    guards: &[
        "The other side spoke after the silence, or the end was a FIN: no consequence of the silence.",
        "A longer silence was survived by another session with that server: confidence is lowered.",
        "One session, and nothing points to a device on the path: medium confidence at most.",
    ],
    remedy: &[
        "Raise the idle timeout for TCP 1533 on the firewall, NAT or load balancer above the interval of the keep-alives.",
        "Or send keep-alives more often than the device forgets: client: File > Preferences > Sametime > Server Communities > \
         Connection > keep-alive. (No documented setting of the server is known to us.)",
    ],
    references: &[
        "RFC 5382 (REQ-5: NAT keeps established sessions for 2 hours and 4 minutes at least)",
        "Meanwhile, session.c (keep-alive byte 0x80)",
    ],
    explains: &[super::directory_down::ID],
};

/// A session and the silence before its end.
#[derive(Clone, Copy)]
struct Died<'c, 'a> {
    login: &'c SametimeLogin<'a>,
    gap: IdleGap,
    /// It was answered by RST; else by nobody.
    reset: bool,
}

impl Rule for IdleDrop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let died = case.sametime().logins().filter(|login| login.spoke()).filter_map(|login| died(case, login));
        group_by(died, |died| died.login.server()).iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn died<'c, 'a>(case: &Case<'a>, login: &'c SametimeLogin<'a>) -> Option<Died<'c, 'a>> {
    let gap = last_long_gap(case, &talk(login))?;
    if reset_after(case, &talk(login), gap) {
        return Some(Died { login, gap, reset: true });
    }
    let unanswered = login.conversation.tcp.unanswered.as_ref()?;
    let silent = gap.with_data
        && unanswered.from == gap.by
        && unanswered.first.time >= gap.after.time
        && unanswered.tries >= case.settings.thresholds.stuck_tries;
    silent.then_some(Died { login, gap, reset: false })
}

/// Three silences of equal length point to one timer, and two may be chance; a longer one that was survived counts
/// against it.
fn finding(case: &Case<'_>, group: &[Died<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let server = first.login.server();
    let lengths: Vec<f64> = group.iter().map(|died| seconds(died.gap.length())).collect();
    let shortest = lengths.iter().copied().min_by(f64::total_cmp)?;
    let longest = lengths.iter().copied().max_by(f64::total_cmp)?;
    let spread = case.settings.thresholds.idle_spread;
    let equal = lengths.len() >= 3 && equal_within(&lengths, spread);
    let foreign = group.iter().any(|died| died.login.conversation.teardown.by == CloseBy::Middlebox);
    let survived = longest_survived(case, group);
    let retried = group.iter().any(|died| case.sametime().after(died.login).next().is_some());
    let said = words::Forgotten {
        server,
        clients: Clients::of(group.iter().map(|died| died.login.client())),
        count: group.len(),
        silence: Silence { idle_min_s: shortest, idle_max_s: longest },
        was_reset: first.reset,
        first: first.gap.after.time,
        forged: foreign,
    };
    let mut draft = Draft::new(&ABOUT, 45)
        .points(if foreign { 20 } else { 0 })
        .points(if equal { 20 } else { 0 })
        .seen_in(group.len())
        .retry(retried)
        .guard(survived.is_some_and(|survived| survived > shortest * (1.0 + spread)))
        .says(&said)
        .remedy_first(format!(
            "Raise the idle timeout for TCP to {server} on the devices between it and {} above {}.",
            said.clients,
            span(longest),
        ));
    if let Some(survived) = survived {
        draft = draft.note(format!("other sessions with {server} lived through {} of silence", span(survived)));
    }
    let draft = group.iter().fold(draft, |draft, died| draft.conversation(died.login.conversation));
    Some(each(draft, group, "sessions", evidence))
}

/// The longest silence that other sessions with that server lived through.
fn longest_survived(case: &Case<'_>, group: &[Died<'_, '_>]) -> Option<f64> {
    let server = group.first()?.login.server();
    let ids: HashSet<ConversationId> = group.iter().map(|died| died.login.conversation.id).collect();
    let others = case.sametime().of_server(server).filter(|login| !ids.contains(&login.conversation.id));
    let gaps = others.flat_map(|login| {
        let later =
            |gap: &&IdleGap| login.conversation.last.time.since(gap.after.time) > case.settings.thresholds.reset_within;
        login.conversation.tcp.idle.iter().filter(|gap| gap.with_data).filter(later)
    });
    let long = gaps.map(IdleGap::length).filter(|&length| length >= case.settings.thresholds.idle);
    long.max().map(seconds)
}

fn evidence(draft: Draft, died: &Died<'_, '_>) -> Draft {
    let (c, gap) = (died.login.conversation, died.gap);
    let draft = draft
        .packet(gap.before, format!("{}: last frame before the silence", c.client))
        .packet(gap.after, format!("{} breaks the silence after {}", side(gap.by), span(seconds(gap.length()))));
    match (c.teardown.rst[gap.by.peer()], &c.tcp.unanswered) {
        (Some(rst), _) if died.reset => {
            let delay = span(rst.time.seconds_since(gap.after.time));
            draft.packet(rst, format!("RST with the address of {} {delay} later", side(gap.by.peer())))
        }
        (_, Some(unanswered)) => {
            draft.packet(unanswered.last, format!("repeated {} times without an answer", unanswered.tries))
        }
        _ => draft,
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::Side;
    use nrpcsniff_samples::sametime::Login;

    const RULE: &str = "st-idle-drop";

    #[test]
    fn a_reset_from_the_path_after_ten_minutes() {
        let net = Network::new();
        for n in 0..3 {
            net.at(n * 2_000_000);
            let tcp = dial(&net);
            tcp.vp_works(&Login::rc2_128(USER)).wait_secs(600);
            tcp.unanswered(Side::Client, [0x80], &[]).middlebox_rst(Side::Client, 200);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations.len(), 3);
        says(&finding, &["10.1.0.9:1533", "10.0 min", "on the path"]);
    }

    #[test]
    fn nobody_answers_any_more() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_works(&Login::rc2_128(USER)).wait_secs(900);
        tcp.unanswered(Side::Client, [0x80], &[300, 900, 2100, 4500, 9300]);
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::Medium);
        says(&finding, &["was never answered", "repeated 5 times"]);
    }

    #[test]
    fn a_silence_that_is_survived_and_a_quiet_end() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_works(&Login::rc2_128(USER)).wait_secs(900).client([0x80]).server([0x80]);
        tcp.wait_secs(900).server_fin();
        none(&net, RULE);
    }

    #[test]
    fn what_others_lived_through_lowers_the_confidence() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_works(&Login::rc2_128(USER)).wait_secs(1800).client([0x80]).server([0x80]).wait_secs(5).client_fin();
        let tcp = dial(&net);
        tcp.vp_works(&Login::rc2_128(USER)).wait_secs(600).client([0x80]).server_rst();
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::Low);
        says(&finding, &["lived through 30.0 min"]);
    }
}
