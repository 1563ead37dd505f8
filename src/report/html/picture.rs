//! The story as a picture: a lane for each host, an arrow for each step. Geometry is made here, the template draws it.

use super::super::story::{StepKind, Story, StoryStep, folded};
use super::super::text::{clip, frame, lapse};
use serde::Serialize;

/// Steps of a picture, at most.
const STEPS: usize = 40;
/// Heights in units of the picture.
const HEAD: usize = 64;
const ROW: usize = 44;
/// Width of the column of times, of a lane to the next, and beside the last.
const TIMES: usize = 150;
const MARGIN: usize = 90;
/// Characters of a text in so many units.
const UNITS_A_CHARACTER: usize = 8;

/// What the template draws.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    width: usize,
    height: usize,
    lanes: Vec<Lane>,
    steps: Vec<PictureStep>,
}

#[derive(Debug, Serialize)]
struct Lane {
    x: usize,
    role: &'static str,
    address: String,
}

#[derive(Debug, Serialize)]
struct PictureStep {
    y: usize,
    /// Where the arrow begins and where its tip is; the same if nobody says it.
    from: usize,
    to: usize,
    /// Where its text is centred.
    middle: usize,
    /// The point of the tip, as points of a polygon.
    tip: String,
    packet: String,
    after: String,
    text: String,
    full: String,
    who: String,
    kind: &'static str,
    marked: bool,
    /// Steps left out before it.
    skipped: usize,
}

/// The picture; nothing where there is no step.
pub(super) fn of(story: &Story, several_inputs: bool) -> Option<Picture> {
    let first = story.first()?;
    let hosts = story.hosts.len().max(2);
    let gap = if hosts == 2 { 640 } else { 320 };
    let lane = |host: usize| TIMES + MARGIN + host * gap;
    let kept = folded(&story.steps, STEPS);
    let mut expected = 0;
    let mut steps = Vec::new();
    for (row, place) in kept.into_iter().enumerate() {
        let Some(step) = story.steps.get(place) else { continue };
        let (from, to) = (lane(step.from), lane(step.to));
        let length = from.abs_diff(to).max(gap);
        let name = |host: usize| story.hosts.get(host).map_or("?", |host| host.role);
        let is_note = step.kind == StepKind::Note || from == to;
        steps.push(PictureStep {
            y: HEAD + 40 + row * ROW,
            from,
            to: if is_note { from } else { to },
            middle: if is_note { from + gap / 2 } else { usize::midpoint(from, to) },
            tip: tip(to, HEAD + 40 + row * ROW, to > from),
            packet: frame(step.at.frame, several_inputs),
            after: step
                .at
                .lasted_since(first)
                .map_or_else(|| "clock back".to_owned(), |span| lapse(span.as_secs_f64())),
            text: clip(&step.text, length.saturating_sub(30) / UNITS_A_CHARACTER),
            full: clip(&step.text, 400),
            who: format!("{} to {}", name(step.from), name(step.to)),
            kind: kind(step),
            marked: step.marked,
            skipped: place - expected + step.skipped as usize,
        });
        expected = place + 1;
    }
    let lanes = story.hosts.iter().enumerate().map(|(place, host)| Lane {
        x: lane(place),
        role: host.role,
        address: host.address.clone(),
    });
    let height = HEAD + 40 + steps.len() * ROW;
    Some(Picture { width: lane(hosts - 1) + MARGIN, height, lanes: lanes.collect(), steps })
}

/// A triangle whose point is at the lane.
fn tip(x: usize, y: usize, to_the_right: bool) -> String {
    let back = if to_the_right { x.saturating_sub(11) } else { x + 11 };
    format!("{x},{y} {back},{} {back},{}", y - 5, y + 5)
}

const fn kind(step: &StoryStep) -> &'static str {
    match step.kind {
        StepKind::Said => "said",
        StepKind::Again => "again",
        StepKind::Lost => "lost",
        StepKind::End => "end",
        StepKind::Note => "note",
    }
}
