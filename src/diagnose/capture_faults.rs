//! What is not said, or said less surely, where the capture itself is at fault: its clock ran backwards, it lost frames, or it holds
//! the same bytes in two versions.

use super::rules::cap::ambiguous::{self, readings};
use super::rules::{BY_ABSENCE, BY_DATE, BY_LENGTH};
use super::words::cap::ambiguous::{Cause, as_other};
use super::{Case, Draft, Layer};
use crate::model::{Confidence, Conversation, ConversationId, Dispute, FrameRef, Source};
use hashbrown::HashSet;

/// Takes out what does not hold in such a capture, and makes less sure what may not hold.
pub(super) fn keep_what_holds(case: &Case<'_>, drafts: &mut Vec<Draft>) {
    silence_clocks(case, drafts);
    doubt_disputed(case, drafts);
    let dropped = case.analysis.inputs.iter().filter_map(|input| input.dropped).fold(0, u64::saturating_add);
    if dropped > 0 {
        let told = std::mem::take(drafts).into_iter();
        drafts.extend(
            told.map(|draft| if BY_ABSENCE.contains(&draft.about().id) { doubted(draft, dropped) } else { draft }),
        );
    }
}

/// What was not seen may be among the frames that the capturing machine dropped.
fn doubted(draft: Draft, dropped: u64) -> Draft {
    let frames = if dropped == 1 { "frame" } else { "frames" };
    let note =
        format!("the capturing machine dropped {dropped} {frames}: what is missing may be missing in the capture only");
    draft.guard(true).note(note)
}

/// What rests on bytes of which there are two versions is not sure.
fn doubt_disputed(case: &Case<'_>, drafts: &mut Vec<Draft>) {
    let disputed: Vec<(Vec<FrameRef>, ConversationId, &Dispute)> = case
        .analysis
        .conversations
        .iter()
        .flat_map(|c| c.disputes.iter().map(move |d| (frames(c, d), c.id, d)))
        .collect();
    if disputed.is_empty() {
        return;
    }
    let rests_on = |draft: &Draft, (frames, id, _): &(Vec<FrameRef>, ConversationId, &Dispute)| {
        draft.conversations().contains(id) && draft.shown_by().iter().any(|frame| frames.contains(frame))
    };
    let judged = std::mem::take(drafts).into_iter();
    drafts.extend(judged.map(|draft| {
        let found = disputed.iter().find(|disputed| rests_on(&draft, disputed));
        match found.filter(|_| draft.layer() != Layer::Capture || draft.about().id != ambiguous::ID) {
            Some((_, _, dispute)) => in_two_versions(draft, dispute),
            None => draft,
        }
    }));
}

/// Frames that show what is disputed: those of the messages that hold the bytes, or what brought them.
fn frames(c: &Conversation, dispute: &Dispute) -> Vec<FrameRef> {
    let sealed = c.tls.is_some();
    let messages = c.messages.iter().filter(|message| dispute.concerns(message, sealed));
    messages.flat_map(|message| message.frames.iter().copied()).chain(dispute.read_in).collect()
}

fn in_two_versions(draft: Draft, dispute: &Dispute) -> Draft {
    let (read, other) = readings(dispute);
    let (frame, cause) = (dispute.other_in.frame, Cause::of(dispute.cause));
    let draft = draft.at_most(Confidence::Low);
    let draft = match (dispute.read_in, read) {
        (Some(read_in), Some(read)) if read_in != frame => {
            draft.fact(Source::Packet, Some(read_in), format!("one of two versions of the same bytes: {read}"))
        }
        _ => draft,
    };
    draft.fact(Source::Packet, Some(frame), as_other(cause, dispute.length, other))
}

/// Takes out what would be judged over a time that ran backwards.
fn silence_clocks(case: &Case<'_>, drafts: &mut Vec<Draft>) {
    if case.clock_steps().is_empty() && !case.is_out_of_order() {
        return;
    }
    let tolerance = case.settings.thresholds.clock_skew;
    let (keeps_time, shaken) = (case.keeps_time(tolerance), shaken(case));
    drafts.retain(|draft| {
        let rule = draft.about().id;
        let is_shaken = || draft.conversations().iter().any(|id| shaken.contains(id));
        (keeps_time || !BY_DATE.contains(&rule)) && !(BY_LENGTH.contains(&rule) && is_shaken())
    });
}

/// Conversations during which the clock was set back.
fn shaken(case: &Case<'_>) -> HashSet<ConversationId> {
    case.analysis.conversations.iter().filter(|c| !case.runs_steadily(c)).map(|c| c.id).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::Confidence;
    use crate::testing::{findings, idle, says};
    use nrpcsniff_samples::{Format, Network};

    #[test]
    fn a_capture_that_lost_frames_is_less_sure_of_what_it_did_not_see() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        for _ in 0..2 {
            net.dial(&client, &server, 1352).silent(&[1_000, 2_000]);
            idle(&net, 10);
        }
        let told = |format: Format| {
            let all = findings(&net.write(&format));
            all.into_iter().find(|finding| finding.rule == "nrpc-syn-silent").expect("silence")
        };
        let (whole, lossy) = (told(Format::pcapng()), told(Format::pcapng().dropped(9)));
        assert!(whole.score > lossy.score && lossy.confidence < Confidence::High, "{whole:#?} {lossy:#?}");
        says(&lossy, &["dropped 9 frames"]);
    }
}
