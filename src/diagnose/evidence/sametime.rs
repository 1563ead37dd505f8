//! What the rules about Sametime share: whose failure counts, how bad it is, and how it is shown.

use super::each;
use crate::diagnose::words::st::{Aftermath, EndedSession, Person, Proof, ProofKind, Reason, TurnedAway};
use crate::diagnose::words::{Clients, side};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::sametime::ends::{by_user, ended, talk};
use crate::facts::sametime::{SametimeLogin, SametimeMessage};
use crate::model::{Severity, Span};
use nrpcsniff_dissectors::sametime::Auth;

/// Score of a reason that was read: the message itself is the proof, names come on top.
pub(crate) const READ: i32 = 45;

/// A rule about reasons that a server gives when it ends a session.
pub(crate) struct Reasons {
    /// Catalogue entry.
    pub about: &'static About,
    /// Codes that it is about.
    pub codes: &'static [u32],
    /// Sessions that were accepted and ended later count too.
    pub after_login: bool,
}

impl Reasons {
    /// Logins that ended for those reasons, of one user at one client with one server beside each other.
    pub(crate) fn groups<'c, 'a>(&self, case: &'c Case<'a>) -> Vec<Vec<&'c SametimeLogin<'a>>> {
        let reason_of = |login: &SametimeLogin<'a>| if self.after_login { ended(login) } else { login.refusal() };
        let mine = |login: &&SametimeLogin<'a>| reason_of(login).is_some_and(|code| self.codes.contains(&code));
        by_user(case.sametime().logins().filter(mine))
    }

    /// A finding for each group: score, severity, conversations, evidence. What is said of the sessions is the rule's own.
    pub(crate) fn drafts<'c, 'a>(
        &self,
        case: &'c Case<'a>,
        tell: impl Fn(Draft, EndedSession, &'c SametimeLogin<'a>) -> Draft,
    ) -> Vec<Draft> {
        let groups = self.groups(case);
        let told = groups.iter().filter_map(|group| {
            let first = *group.first()?;
            Some(tell(draft(case, self.about, group), ended_session(case, group)?, first))
        });
        told.collect()
    }
}

/// Begins the finding about logins that a server ended with a reason: score, how bad it is, all conversations, the first
/// ones shown.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, group: &[&SametimeLogin<'_>]) -> Draft {
    let recovered = group.last().is_some_and(|last| case.sametime().accepted_after(last).is_some());
    let again = group.len() > 1 || group.last().is_some_and(|last| case.sametime().after(last).next().is_some());
    let severity = if recovered { about.severity.min(Severity::Minor) } else { about.severity };
    let draft = Draft::new(about, READ).names_read().retry(again).seen_in(group.len()).severity(severity);
    show_all(draft, group)
}

/// Begins the finding about logins that a server turned away, whoever they were of. It is minor if all got in later.
pub(crate) fn draft_of_server(case: &Case<'_>, about: &'static About, group: &[&SametimeLogin<'_>]) -> Draft {
    let severity = if all_got_in(case, group) { about.severity.min(Severity::Minor) } else { about.severity };
    let draft = Draft::new(about, READ).names_read().retry(group.len() > 1).seen_in(group.len()).severity(severity);
    show_all(draft, group)
}

/// Whom a server turned away, whoever they were, and why; nothing without a reason.
pub(crate) fn turned_away(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<TurnedAway> {
    let first = group.first()?;
    Some(TurnedAway {
        server: first.server(),
        clients: Clients::of(group.iter().map(|login| login.client())),
        count: group.len(),
        reason: Reason::of(first.reason()?.0),
        recovered: all_got_in(case, group),
    })
}

fn all_got_in(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> bool {
    group.iter().all(|login| case.sametime().accepted_after(login).is_some())
}

/// Names all conversations and shows the first of them.
pub(crate) fn show_all(draft: Draft, group: &[&SametimeLogin<'_>]) -> Draft {
    let draft = group.iter().fold(draft, |draft, login| draft.conversation(login.conversation));
    each(draft, group, "logins", |draft, login| show(draft, login))
}

/// How far a login came: handshake, login, what the server said, the close.
pub(crate) fn show(draft: Draft, login: &SametimeLogin<'_>) -> Draft {
    let said = [login.handshake, login.answer].into_iter().chain(login.attempts.iter().copied().map(Some));
    let said = said.chain([login.accepted, login.redirected, login.end]).flatten();
    let draft = said.fold(draft, |draft, said| draft.packet(said.at(), line(&said)));
    show_close(draft, login)
}

/// A message in one line.
pub(crate) fn line(said: &SametimeMessage<'_>) -> String {
    format!("{}: {}", side(said.message.from), said.message.body.summary())
}

/// Shows which side closed, and how.
pub(crate) fn show_close(draft: Draft, login: &SametimeLogin<'_>) -> Draft {
    let teardown = &login.conversation.teardown;
    match teardown.at {
        Some(at) => draft.packet(at, crate::diagnose::words::closer(&talk(login))),
        None => draft,
    }
}

/// The person whose login it is.
pub(crate) fn who(login: &SametimeLogin<'_>) -> Person {
    Person { user: login.user().map(str::to_owned), client: login.client() }
}

/// Sessions of one user that a server ended for the same reason; nothing without a reason.
pub(crate) fn ended_session(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<EndedSession> {
    let first = group.first()?;
    Some(EndedSession {
        server: first.server(),
        who: who(first),
        count: group.len(),
        reason: Reason::of(first.reason()?.0),
        aftermath: afterwards(case, group),
    })
}

/// The client's next step, after its last login of the group.
pub(crate) fn afterwards(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Aftermath {
    let Some(last) = group.last() else { return Aftermath::InVain { retries: 0 } };
    match case.sametime().accepted_after(last) {
        Some(next) => Aftermath::GotIn {
            recovered_after_s: next.began().time.lasted_since(last.ended()).map(Span::as_secs_f64),
            recovered_at: next.server(),
            recovered_by_password: next.by_password(),
        },
        None => Aftermath::InVain { retries: case.sametime().after(last).count() },
    }
}

/// The proof of identity in the login.
pub(crate) fn proof(login: &SametimeLogin<'_>) -> Proof {
    let kind = |auth: &Auth| match auth {
        auth if auth.is_token() => Some(ProofKind::Token),
        auth if auth.is_password() => Some(ProofKind::Password),
        _ => None,
    };
    Proof {
        proof: login.auth().and_then(kind),
        tokens: login.tokens().map(|(_, token)| token.label()).collect(),
        proof_bytes: login.auth().map(|auth| auth.length),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::diagnose::{Case, Draft, Settings, rules};
    use crate::model::Finding;
    use nrpcsniff_samples::sametime::PORT;
    use nrpcsniff_samples::{Network, Tcp, ltpa};

    pub(crate) const USER: &str = "CN=Ann/O=Acme";

    /// A connection of the client to the community server.
    pub(crate) fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), PORT)
    }

    /// What one rule says before others explain it.
    pub(crate) fn alone(net: &Network, id: &str) -> Vec<Finding> {
        let (analysis, settings) = (crate::testing::analysis(&net.to_pcapng()), Settings::default());
        let case = Case::new(&analysis, &settings);
        rules::rule(id).into_iter().flat_map(|rule| rule.judge(&case)).map(Draft::finish).collect()
    }

    /// A token of Domino that is valid for two hours.
    pub(crate) fn token(net: &Network) -> String {
        ltpa::domino(USER, net.now(), net.now() + 120 * ltpa::MINUTE)
    }
}
