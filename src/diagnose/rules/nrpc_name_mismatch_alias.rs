//! The client asked for a host name, and a Domino server with another name answered.

use super::super::names::{Likeness, abbreviated, looks_like_host};
use super::super::words::{closed_after_opening, closer, dns_path, group, same_attempt, span};
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct NameMismatchAlias;

static ABOUT: About = About {
    id: "nrpc-name-mismatch-alias",
    title: "Client asked for a host alias, another Domino name answered",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "TCP connects; the session request asks for a host name (a dot, no hierarchy); the session response carries \
           a server name that is not it; the client sends nothing more; either side closes within seconds.",
    matters: "The Notes client tells the server which server it wants. When the names differ, one of the two ends the \
              session, and the user reads \"the server is not responding\" although network and server are fine.",
    guards: &[
        "A second client message after the response: the mismatch was accepted (NETWORK_SPRAYER_ADDRESS is set).",
        "Capture incomplete (handshake, direction or bytes missing): confidence is lowered.",
        "The host's first label is the server's common name: medium confidence at most.",
    ],
    remedy: &[
        "One server behind the alias: Server document > Basics > Fully qualified Internet host name = the alias, then \
         restart the server.",
        "Several servers behind it (sprayer, load balancer, cluster): notes.ini NETWORK_SPRAYER_ADDRESS=* or the list \
         of alias names on every one of them, then restart. Only where all of them hold replicas of what is opened.",
        "Or ask for the real name: a Connection document on the client with the server's Notes name and the alias as \
         destination address.",
        "For Sametime single sign-on: enter the hierarchical server name as authentication server.",
    ],
    references: &[
        "HCL: Network_Sprayer_Address (dominowiki), SPR PMIA6A9MMW",
        "collaborationben.com, 2016-10-04: Sametime and NETWORK_SPRAYER_ADDRESS",
        "Notes status 0x0804, 0x0820, 0x0AE3",
    ],
    explains: &["nrpc-early-close", "nrpc-port-map"],
};

impl Rule for NameMismatchAlias {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group(case.nrpc().filter(|talk| refused_alias(case, talk)), same_attempt);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The pattern, in one conversation.
fn refused_alias(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let (Some(wanted), Some(answered)) = (talk.wanted(), talk.answered()) else { return false };
    looks_like_host(wanted)
        && matches!(case.likeness(wanted, answered), Likeness::Different | Likeness::HostLabel)
        && closed_after_opening(case, talk)
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (wanted, answered) = (first.wanted()?, first.answered()?);
    let server = first.conversation.server;
    let closer = closer(first);
    let delay = first.close_delay()?;
    let mut draft = Draft::new(&ABOUT, 35)
        .names_read()
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .title(format!("Client asked for the alias {wanted}, {} answered", abbreviated(answered)))
        .explain(format!(
            "The Notes client {} asked {server} for \"{wanted}\"; the machine that answered said it is \"{answered}\". \
             Notes does not go on when the names differ: {closer} {} after the answer. Network and server are working.",
            first.conversation.client.ip,
            span(delay),
        ));
    if case.likeness(wanted, answered) == Likeness::HostLabel {
        draft = draft.at_most(Confidence::Medium);
    }
    for talk in group {
        draft = evidence(draft.conversation(talk.conversation), talk);
    }
    if let Some((message, answer)) = case.lookup_of(server.ip, first.conversation.first.time).and_then(|l| l.response) {
        draft = draft.dns(message.at, format!("DNS: {} leads to {} ({})", answer.name, server.ip, dns_path(answer)));
    }
    Some(draft)
}

fn evidence(mut draft: Draft, talk: &Talk<'_>) -> Draft {
    if let (Some(request), Some(wanted)) = (talk.request, talk.wanted()) {
        draft = draft.packet(request.at(), format!("session request asks for \"{wanted}\""));
    }
    if let (Some(response), Some(answered)) = (talk.response, talk.answered()) {
        draft = draft.packet(response.at(), format!("session response comes from \"{answered}\""));
    }
    match talk.conversation.teardown.at {
        Some(at) => {
            draft.packet(at, format!("{} after message {}", closer(talk), talk.conversation.teardown.after_message))
        }
        None => draft,
    }
}
