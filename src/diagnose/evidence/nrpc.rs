//! What is shown of Notes sessions: names asked for and answered, and who closed.

use crate::diagnose::Draft;
use crate::diagnose::words::closer;
use crate::facts::Talk;

/// Conversations of one finding whose frames are shown; the rest is counted.
const SHOWN: usize = 4;

/// Shows the openings of a group in a finding: request, response and close of the first conversations, the number of
/// the others.
pub(crate) fn show(mut draft: Draft, group: &[&Talk<'_>]) -> Draft {
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    for talk in group.iter().take(SHOWN) {
        draft = show_close(show_names(draft, talk), talk);
    }
    and_more(draft, group)
}

/// Says how many conversations of the group are not shown in full.
pub(crate) fn and_more(draft: Draft, group: &[&Talk<'_>]) -> Draft {
    match group.get(SHOWN..).and_then(|rest| rest.last().map(|last| (rest.len(), last))) {
        Some((count, last)) => {
            let at = last.conversation.teardown.at.unwrap_or(last.conversation.last);
            draft.packet(at, format!("and {count} more like these, the last one ending here"))
        }
        None => draft,
    }
}

/// Shows what each side said about names.
pub(crate) fn show_names(mut draft: Draft, talk: &Talk<'_>) -> Draft {
    if let Some(request) = talk.request {
        let text = match talk.wanted() {
            Some(wanted) => format!("session request asks for \"{wanted}\""),
            None if talk.names_no_server() => "session request names no server".to_owned(),
            None => "session request, whose name is not in the capture".to_owned(),
        };
        draft = draft.packet(request.at(), text);
    }
    if let (Some(response), Some(answered)) = (talk.response, talk.answered()) {
        draft = draft.packet(response.at(), format!("session response comes from \"{answered}\""));
    }
    draft
}

/// Shows who closed, how, when and after which message.
pub(crate) fn show_close(draft: Draft, talk: &Talk<'_>) -> Draft {
    let teardown = &talk.conversation.teardown;
    let Some(at) = teardown.at else { return draft };
    let after = match (teardown.after_message, talk.close_delay()) {
        (0, _) => "before anything was said".to_owned(),
        (n, Some(delay)) => format!("{delay} after message {n}"),
        (n, None) => format!("after message {n}"),
    };
    draft.packet(at, format!("{}, {after}", closer(talk)))
}
