//! The server ends a silent session by FIN: its session timeout at work.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::idle_close as words;
use crate::diagnose::words::{Occurrences, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::nrpc::idle::{IdleEnd, last_long_gap};
use crate::facts::nrpc::restarts::restarted;
use crate::facts::statistics::equal_within;
use crate::model::{Close, CloseBy, IdleGap, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct IdleClose;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-idle-close");

static ABOUT: About = About {
    id: ID,
    title: "The server ends silent sessions",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "A session that had worked is silent for the server's session timeout (4 hours by default), or several are \
           silent for the same time, and the server's FIN is what breaks the silence.",
    matters: "Nothing: Domino tidies up (Server_Session_Timeout), and Notes connects again when it needs to.",
    guards: &[
        "The client closed, or a RST ended it, or data went before the FIN: another matter.",
        "The silence is neither near the default nor equal to those of two other sessions: a normal end.",
        "Data was left unacknowledged.",
    ],
    remedy: &["None needed. notes.ini Server_Session_Timeout (minutes) sets the time."],
    references: &["notes.ini Server_Session_Timeout"],
    explains: &[super::auth_rejected::ID],
};

impl Rule for IdleClose {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let ended = case.talks().filter(|talk| !restarted.contains(&talk.conversation.id));
        let ended = ended.filter_map(|talk| Some(IdleEnd { talk, gap: closing_gap(case, talk)? }));
        group_by(ended, |d| d.talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The long silence that the server's FIN broke.
fn closing_gap(case: &Case<'_>, talk: &Talk<'_>) -> Option<IdleGap> {
    let (c, progress) = (talk.conversation, talk.progress());
    let gap = last_long_gap(case, talk)?;
    let by_fin = c.teardown.how == Close::Fin
        && c.teardown.by == CloseBy::Server
        && c.teardown.at.is_some_and(|fin| fin.frame == gap.after.frame);
    (by_fin && progress.client >= 2 && progress.server >= 2 && c.tcp.unanswered.is_none()).then_some(gap)
}

fn finding(case: &Case<'_>, group: &[IdleEnd<'_, '_>]) -> Option<Draft> {
    let (timeout, spread) =
        (case.settings.thresholds.session_timeout.as_secs_f64(), case.settings.thresholds.idle_spread);
    let lengths: Vec<f64> = group.iter().map(IdleEnd::length).collect();
    let by_default = |length: f64| (length - timeout).abs() <= spread * timeout;
    let equal = lengths.len() >= 3 && equal_within(&lengths, spread);
    let mine: Vec<IdleEnd<'_, '_>> = group.iter().filter(|d| equal || by_default(d.length())).copied().collect();
    let first = mine.first()?;
    let talks: Vec<&Talk<'_>> = mine.iter().map(|died| died.talk).collect();
    let draft = Draft::new(&ABOUT, 60)
        .seen_in(mine.len())
        .points(if mine.iter().all(|d| by_default(d.length())) { 15 } else { 0 })
        .conversations_of(talks.iter().copied())
        .says(&words::TimedOut {
            seen: Occurrences::of(first.talk.conversation.server, &talks, first.gap.after.time),
            idle_s: first.length(),
        });
    Some(each(draft, &mine, "sessions", |draft, died| {
        draft
            .packet(died.gap.before, format!("{}: last frame before the silence", died.talk.conversation.client))
            .packet(died.gap.after, format!("FIN of the server after {}", span(died.length())))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, none, one, says};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "nrpc-idle-close";

    fn closes(net: &Network, client: u8, seconds: u64, by: Side) {
        net.at(u64::from(client) * 1000);
        let tcp = net.connect(&net.host(&format!("10.1.0.{client}")), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 2).wait_secs(seconds).fin(by);
    }

    #[test]
    fn the_default_session_timeout() {
        let net = Network::new();
        closes(&net, 50, 14_400, Side::Server);
        let last = net.frame_count() as u64;
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Info, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding)), (vec![0], vec![last - 4, last - 3]));
        says(&finding, &["10.2.0.9:1352 ended 1 session", "4.0 h", "10.1.0.50"]);
    }

    #[test]
    fn equal_silences_show_another_timeout() {
        let net = Network::new();
        for client in 50..53 {
            closes(&net, client, 2700, Side::Server);
        }
        says(&one(&net, RULE), &["3 sessions", "45.0 min"]);
    }

    #[test]
    fn normal_ends_say_nothing() {
        let net = Network::new();
        closes(&net, 50, 2700, Side::Server);
        closes(&net, 51, 1500, Side::Server);
        closes(&net, 52, 14_400, Side::Client);
        closes(&net, 53, 20, Side::Server);
        none(&net, RULE);
        none(&net, "nrpc-idle-rst");
    }
}
