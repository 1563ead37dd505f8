//! The ladder that was asked for, whole: of a finding, or of conversations.

use super::{Screen, answer};
use crate::model::{Conclusion, Conversation, ConversationId, FrameRef};
use crate::report::ladder::{self, LadderStyle};
use crate::report::story::Story;
use crate::report::text::Paint;
use crate::report::{LadderOf, Report, ReportOptions};
use hashbrown::HashSet;
use std::io::{self, Write};

/// What was read, the ladder, and the answer that belongs to it.
pub(in crate::report) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    ladder: &LadderOf,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (zone, paint, width) = (&options.zone, Paint(options.color), options.width.max(super::NARROWEST));
    let screen = Screen { report, conclusion, zone, paint, width, all: options.all };
    let story = match ladder {
        LadderOf::Finding => {
            let finding = conclusion.verdict.finding.and_then(|place| report.findings.get(place));
            finding.map(|finding| Story::of_finding(report, finding)).unwrap_or_default()
        }
        LadderOf::Conversations(ids) => of_conversations(report, ids),
    };
    let several_inputs = report.analysis.inputs.len() > 1;
    let style = LadderStyle { paint, width, room: usize::MAX, several_inputs };
    let mut lines = screen.read();
    lines.push(String::new());
    let drawn = ladder::lines(&story, style);
    if drawn.is_empty() {
        lines.push("No packet shows it: there is nothing to draw.".to_owned());
    }
    lines.extend(drawn);
    if *ladder == LadderOf::Finding {
        lines.push(String::new());
        lines.extend(answer::lines(screen, &answer::text(screen), &answer::to_do(screen)));
    }
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// What is evidence of any finding is marked.
fn of_conversations(report: Report<'_>, ids: &[u32]) -> Story {
    let evidence: HashSet<FrameRef> =
        report.findings.iter().flat_map(|finding| finding.frames.iter().copied()).collect();
    let found = ids.iter().filter_map(|id| report.conversation(ConversationId::new(*id)));
    Story::of(&found.collect::<Vec<&Conversation>>(), &evidence)
}
