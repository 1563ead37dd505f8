//! What happened, step by step, over one conversation or several: who connects, asks, answers, hangs up. The ladder in the terminal and
//! the picture of the page are drawn from it.
//!
//! Steps are said in the words of who runs servers ([`nrpcsniff_dissectors::Presentation::plainly`]); a bare acknowledgement is
//! no step.

mod steps;

use super::Report;
use crate::model::{Conversation, Finding, FrameRef, Side, Stamp};
use hashbrown::HashSet;
use nrpcsniff_dissectors::Dialogues;
use std::net::IpAddr;

/// A machine of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoryHost {
    /// Its address.
    pub ip: IpAddr,
    /// What it is: `Notes client`, `directory`.
    pub role: &'static str,
    /// Its address, with the port at which it is called if that is one alone.
    pub address: String,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// Something is said.
    Said,
    /// The same is sent again.
    Again,
    /// What is sent does not arrive, as far as anybody can tell.
    Lost,
    /// It ends the conversation.
    End,
    /// Nobody says it: what is known beside.
    Note,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoryStep {
    /// When, and in which frame.
    pub at: Stamp,
    /// The host that does it, and to whom, by their places among the hosts.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// In words. May hold text from the wire.
    pub text: String,
    /// What kind of step it is.
    pub kind: StepKind,
    /// It is evidence.
    pub marked: bool,
    /// Messages before it that were not kept.
    pub skipped: u32,
}

/// What happened in some conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Story {
    /// The hosts, in the order in which they are met.
    pub hosts: Vec<StoryHost>,
    /// The steps, in order of time.
    pub steps: Vec<StoryStep>,
}

impl Story {
    /// Of these conversations; what these frames show is marked.
    pub(crate) fn of(conversations: &[&Conversation], evidence: &HashSet<FrameRef>) -> Self {
        let mut ordered = conversations.to_vec();
        ordered.sort_by_key(|c| (c.first.time, c.first.frame));
        let mut story = Self { hosts: hosts(&ordered), steps: Vec::new() };
        for c in &ordered {
            let place = |ip| story.hosts.iter().position(|host| host.ip == ip).unwrap_or_default();
            let (client, server) = (place(c.client.ip), place(c.server.ip));
            let steps = steps::of(c);
            let spoken: HashSet<_> =
                steps.iter().filter(|step| step.text.is_some()).map(|step| step.at.frame).collect();
            for step in steps {
                let (from, to) = if step.from == Side::Client { (client, server) } else { (server, client) };
                let marked = step.kind != StepKind::Note && evidence.contains(&step.at.frame);
                let is_silent = marked && !spoken.contains(&step.at.frame);
                let machinery = || step.message.filter(|_| is_silent).map(|message| message.body.summary());
                if let Some(text) = step.text.or_else(machinery) {
                    let (at, kind, skipped) = (step.at, step.kind, step.skipped);
                    story.steps.push(StoryStep { at, from, to, text, kind, marked, skipped });
                }
            }
        }
        let is_steady = story.first().is_some_and(|first| story.steps.iter().all(|step| step.at.time >= first.time));
        story.steps.sort_by_key(|step| (is_steady.then_some(step.at.time), step.at.frame));
        story
    }

    /// Of the conversations that show a finding best: of each server and protocol the first that holds evidence.
    pub(crate) fn of_finding(report: Report<'_>, finding: &Finding) -> Self {
        let frames: HashSet<FrameRef> = finding.frames.iter().copied().collect();
        Self::of(&told_by(report, finding, &frames), &frames)
    }

    /// The first step.
    pub(crate) fn first(&self) -> Option<Stamp> {
        self.steps.iter().map(|step| step.at).min_by_key(|at| at.frame)
    }
}

/// Conversations that a story is told of.
const TOLD: usize = 4;
/// Among so many.
const CANDIDATES: usize = 64;

/// The first conversation that holds evidence of each server and protocol, as far as they hang together: those that the finding names, then
/// others. What DNS says is no picture, unless there is nothing else. The first of all, if none holds any.
fn told_by<'a>(report: Report<'a>, finding: &'a Finding, frames: &HashSet<FrameRef>) -> Vec<&'a Conversation> {
    let shows = |c: &&Conversation| steps::of(c).iter().any(|step| frames.contains(&step.at.frame));
    let named = report.conversations_of(finding).take(CANDIDATES);
    let others = report.analysis.conversations.iter().filter(|c| may_show(c, finding)).take(CANDIDATES);
    let mut told: Vec<&Conversation> = Vec::new();
    for c in named.chain(others).filter(shows) {
        let known = |other: &&Conversation| other.protocol == c.protocol && other.server == c.server;
        let linked = |other: &&Conversation| {
            let ends = [other.client.ip, other.server.ip];
            ends.contains(&c.client.ip) || ends.contains(&c.server.ip)
        };
        if told.len() < TOLD && !told.iter().any(known) && (told.is_empty() || told.iter().any(linked)) {
            told.push(c);
        }
    }
    let leads = |c: &&Conversation| c.protocol.is_some_and(|protocol| protocol.dialogues == Dialogues::Client);
    if told.iter().any(|c| !leads(c)) {
        told.retain(|c| !leads(c));
    }
    if told.is_empty() { report.conversations_of(finding).take(1).collect() } else { told }
}

/// A frame of the finding may be one of the conversation's: most conversations have none, which is told without walking through them.
fn may_show(c: &Conversation, finding: &Finding) -> bool {
    let (first, last) = (c.first.frame.min(c.last.frame), c.first.frame.max(c.last.frame));
    let next = finding.frames.partition_point(|&frame| frame < first);
    finding.frames.get(next).is_some_and(|&frame| frame <= last)
}

fn hosts(conversations: &[&Conversation]) -> Vec<StoryHost> {
    let mut hosts: Vec<StoryHost> = Vec::new();
    for c in conversations {
        let ends = c.protocol.map_or(("client", "server"), |protocol| protocol.ends);
        for (ip, role) in [(c.client.ip, ends.0), (c.server.ip, ends.1)] {
            if !hosts.iter().any(|host| host.ip == ip) {
                hosts.push(StoryHost { ip, role, address: address(ip, conversations) });
            }
        }
    }
    hosts
}

/// The address; with its port where the host is called at one alone, and calls nobody.
fn address(ip: IpAddr, conversations: &[&Conversation]) -> String {
    let mut ports: Vec<_> = conversations.iter().filter(|c| c.server.ip == ip).map(|c| c.server).collect();
    ports.dedup();
    match ports.as_slice() {
        [one] => one.to_string(),
        _ => ip.to_string(),
    }
}

/// Some of many, for a picture that has room for so many lines: what is evidence and what ends it first, then how it begins.
/// Gives the places that stay; where some are missing between two, a line that counts them takes room, too.
pub(crate) fn folded(steps: &[StoryStep], room: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..steps.len()).collect();
    let lines = |kept: &[usize]| {
        let mut expected = 0;
        let mut lines = kept.len();
        for &place in kept {
            lines += usize::from(place > expected);
            expected = place + 1;
        }
        lines + usize::from(expected < steps.len())
    };
    while kept.len() > 1 && lines(&kept) > room {
        let weakest = (0..kept.len()).min_by_key(|&at| {
            let place = kept.get(at).copied().unwrap_or_default();
            (weight(steps, place), std::cmp::Reverse(place.min(steps.len() - 1 - place)))
        });
        match weakest {
            Some(at) => kept.remove(at),
            None => break,
        };
    }
    kept
}

/// How much a step is worth where not all have room.
fn weight(steps: &[StoryStep], place: usize) -> u8 {
    let Some(step) = steps.get(place) else { return 0 };
    match step.kind {
        StepKind::End if step.marked => 4,
        StepKind::Lost => 3,
        _ if step.marked => 3,
        StepKind::End | StepKind::Again => 2,
        _ if place < 2 || place + 1 == steps.len() => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use nrpcsniff_dissectors::Reader;

    #[test]
    fn a_refused_alias_is_told_in_five_steps() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let alias = findings.iter().find(|finding| !finding.conversations.is_empty()).unwrap();
        let story = Story::of_finding(report, alias);
        let roles: Vec<_> = story.hosts.iter().map(|host| (host.role, host.address.as_str())).collect();
        assert_eq!(roles, [("Notes client", "10.0.0.5"), ("Domino server", "10.0.0.9:1352")]);
        let said: Vec<_> = story.steps.iter().map(|step| step.text.split(' ').next().unwrap()).collect();
        assert_eq!(said, ["connects", "accepted", "asks", "answers", "hangs"]);
        assert_eq!(story.steps.last().unwrap().kind, StepKind::End);
    }

    #[test]
    fn what_is_evidence_stays_where_there_is_little_room() {
        let analysis = sample::analysis();
        let conversations: Vec<_> = analysis.conversations.iter().take(1).collect();
        let last = [sample::frame(0, 6)].into_iter().collect();
        let steps = Story::of(&conversations, &last).steps;
        assert_eq!(folded(&steps, 9), [0, 1, 2, 3, 4]);
        assert_eq!(folded(&steps, 4), [0, 1, 4]);
        assert_eq!(folded(&steps, 2), [4]);
    }
}
