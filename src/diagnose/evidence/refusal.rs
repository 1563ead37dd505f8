//! What is shown of ports that refuse connections.

use crate::diagnose::Draft;
use crate::facts::network::refusals::Refusal;

/// What says that the server is not simply down.
pub(crate) fn not_simply_down(draft: Draft, refusal: &Refusal) -> Draft {
    match refusal {
        Refusal::Filter(reason) => draft.note(format!("the RST is not the server's: {reason}")),
        Refusal::Selective(serving) | Refusal::Intermittent(serving) => {
            draft.packet(serving.first, format!("{} is let in", serving.client))
        }
        Refusal::NothingListens | Refusal::Away { .. } => draft,
    }
}
