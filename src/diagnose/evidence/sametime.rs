//! What the rules about Sametime share: whose failure counts, how bad it is, and how it is shown.

use super::each;
use crate::diagnose::words::{listed, side, span, times};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::sametime::ends::{by_user, ended, talk};
use crate::facts::sametime::{Login, Said};
use crate::model::Severity;
use nrpcsniff_dissectors::sametime::reason;

/// Score of a reason that was read: the message itself is the proof, names come on top.
pub const READ: i32 = 45;

/// A rule about reasons that a server gives when it ends a session.
pub struct Reasons {
    /// Catalogue entry.
    pub about: &'static About,
    /// Codes that it is about.
    pub codes: &'static [u32],
    /// Sessions that were accepted and ended later count too.
    pub after_login: bool,
}

impl Reasons {
    /// Logins that ended for those reasons, of one user at one client with one server beside each other.
    pub fn groups<'c, 'a>(&self, case: &'c Case<'a>) -> Vec<Vec<&'c Login<'a>>> {
        let reason_of = |login: &Login<'a>| if self.after_login { ended(login) } else { login.refusal() };
        let mine = |login: &&Login<'a>| reason_of(login).is_some_and(|code| self.codes.contains(&code));
        by_user(case.sametime().logins().filter(mine))
    }

    /// A finding for each group: score, severity, conversations, evidence. Title and words are the rule's own.
    pub fn drafts<'c, 'a>(
        &self,
        case: &'c Case<'a>,
        tell: impl Fn(Draft, &[&'c Login<'a>], &'c Login<'a>) -> Draft,
    ) -> Vec<Draft> {
        let groups = self.groups(case);
        let told = groups.iter().filter_map(|group| {
            let first = *group.first()?;
            Some(tell(draft(case, self.about, group), group, first))
        });
        told.collect()
    }
}

/// Begins the finding about logins that a server ended with a reason: score, how bad it is, all conversations, the first
/// ones shown.
pub fn draft(case: &Case<'_>, about: &'static About, group: &[&Login<'_>]) -> Draft {
    let recovered = group.last().is_some_and(|last| case.sametime().accepted_after(last).is_some());
    let again = group.len() > 1 || group.last().is_some_and(|last| case.sametime().after(last).next().is_some());
    let severity = if recovered { about.severity.min(Severity::Minor) } else { about.severity };
    let draft = Draft::new(about, READ).names_read().retry(again).seen_in(group.len()).severity(severity);
    show_all(draft, group)
}

/// Begins the finding about logins that a server turned away, whoever they were of. It is minor if all got in later.
pub fn draft_of_server(case: &Case<'_>, about: &'static About, group: &[&Login<'_>]) -> Draft {
    let severity = if all_got_in(case, group) { about.severity.min(Severity::Minor) } else { about.severity };
    let draft = Draft::new(about, READ).names_read().retry(group.len() > 1).seen_in(group.len()).severity(severity);
    show_all(draft, group)
}

/// "10.1.0.9:1533 turned 10.1.0.50 and 2 other clients away 3 times. Reason: …".
pub fn turned_away(group: &[&Login<'_>]) -> String {
    let Some(first) = group.first() else { return String::new() };
    let clients = listed(group.iter().map(|login| login.client()), "clients");
    format!("{} turned {clients} away {}. Reason: {}.", first.server(), times(group.len()), why(first))
}

/// " All of them got in later.", if they did.
pub fn aftermath(case: &Case<'_>, group: &[&Login<'_>]) -> &'static str {
    if all_got_in(case, group) { " All of them got in later." } else { "" }
}

fn all_got_in(case: &Case<'_>, group: &[&Login<'_>]) -> bool {
    group.iter().all(|login| case.sametime().accepted_after(login).is_some())
}

/// Names all conversations and shows the first of them.
pub fn show_all(draft: Draft, group: &[&Login<'_>]) -> Draft {
    let draft = group.iter().fold(draft, |draft, login| draft.conversation(login.conversation));
    each(draft, group, "logins", |draft, login| show(draft, login))
}

/// How far a login came: handshake, login, what the server said, the close.
pub fn show(draft: Draft, login: &Login<'_>) -> Draft {
    let said = [login.handshake, login.answer].into_iter().chain(login.attempts.iter().copied().map(Some));
    let said = said.chain([login.accepted, login.redirected, login.end]).flatten();
    let draft = said.fold(draft, |draft, said| draft.packet(said.at(), line(&said)));
    show_close(draft, login)
}

/// A message in one line.
pub fn line(said: &Said<'_>) -> String {
    format!("{}: {}", side(said.message.from), said.message.body.summary())
}

/// Who closed, and how.
pub fn show_close(draft: Draft, login: &Login<'_>) -> Draft {
    let teardown = &login.conversation.teardown;
    match teardown.at {
        Some(at) => draft.packet(at, crate::diagnose::words::closer(&talk(login))),
        None => draft,
    }
}

/// "CN=Ann/O=Acme (10.1.0.50)", or the address alone.
pub fn who(login: &Login<'_>) -> String {
    let client = login.client();
    login.user().map_or_else(|| format!("a user at {client}"), |user| format!("{user} ({client})"))
}

/// "as the reason TOKEN_INVALID (0x80000015): the server could not …".
pub fn why(login: &Login<'_>) -> String {
    let Some((code, _)) = login.reason() else { return String::new() };
    let text = reason::explain(code).map_or_else(String::new, |text| format!(": {text}"));
    format!("{}{text}", reason::label(code))
}

/// "10.1.0.9:1533 ended the session of Ann (10.1.0.50) (twice in this capture). Reason: ….", then what else is known, a
/// sentence with a blank in front, and what the client did afterwards. `client` follows the user's name.
pub fn session_ended(case: &Case<'_>, group: &[&Login<'_>], client: &str, known: &str) -> String {
    let Some(first) = group.first() else { return String::new() };
    let (server, user, often) = (first.server(), who(first), how_often(group));
    format!(
        "{server} ended the session of {user}{client}{often}. Reason: {}.{known}{}",
        why(first),
        afterwards(case, group)
    )
}

/// " (3 times in this capture)", if it was more than once.
pub fn how_often(group: &[&Login<'_>]) -> String {
    if group.len() > 1 { format!(" ({} in this capture)", times(group.len())) } else { String::new() }
}

/// What the client did afterwards, as a sentence with a blank in front.
pub fn afterwards(case: &Case<'_>, group: &[&Login<'_>]) -> String {
    let Some(last) = group.last() else { return String::new() };
    if let Some(next) = case.sametime().accepted_after(last) {
        let how = if next.by_password() { " with a password" } else { "" };
        let delay = span(next.began().time.seconds_since(last.ended()));
        return format!(" {delay} later the user got in{how} at {}.", next.server());
    }
    match case.sametime().after(last).count() {
        0 => String::new(),
        n => format!(" The client tried {} more after that and did not get in.", times(n)),
    }
}

/// How the login proved who it is, for people.
pub fn proof(login: &Login<'_>) -> String {
    let tokens: Vec<String> = login.tokens().map(|(_, token)| token.label()).collect();
    match (tokens.as_slice(), login.auth()) {
        ([], Some(auth)) if auth.is_token() => format!("a token ({} bytes of no known form)", auth.length),
        ([], Some(auth)) if auth.is_password() => "a password".to_owned(),
        ([], _) => "nothing that is known".to_owned(),
        (tokens, _) => tokens.join(" and "),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::diagnose::{Case, Draft, Settings, rules};
    use crate::model::Finding;
    use nrpcsniff_samples::sametime::PORT;
    use nrpcsniff_samples::{Network, Tcp, ltpa};

    pub const USER: &str = "CN=Ann/O=Acme";

    /// A connection of the client to the community server.
    pub fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), PORT)
    }

    /// What one rule says before others explain it.
    pub fn alone(net: &Network, id: &str) -> Vec<Finding> {
        let (analysis, settings) = (crate::testing::analysis(&net.to_pcapng()), Settings::default());
        let case = Case::new(&analysis, &settings);
        rules::rule(id).into_iter().flat_map(|rule| rule.judge(&case)).map(Draft::finish).collect()
    }

    /// A token of Domino that is valid for two hours.
    pub fn token(net: &Network) -> String {
        ltpa::domino(USER, net.now(), net.now() + 120 * ltpa::MINUTE)
    }
}
