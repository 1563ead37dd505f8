//! Both readings of bytes that the capture holds in two versions.

use crate::model::{Conversation, Message, PerSide};
use nrpcsniff_dissectors::{Protocol, Verdict};

/// Notes of each dispute how the message reads that the bytes belong to, and how it would read in the other version. `versions`: of
/// each side that is disputed the other version, from the offset of its first byte on. What TLS carries has no other reading: no key
/// opens it.
pub(super) fn tell(conversation: &mut Conversation, versions: &PerSide<Option<(u64, Vec<u8>)>>) {
    let sealed = conversation.tls.is_some();
    let protocol = conversation.protocol.filter(|_| !sealed);
    for dispute in &mut conversation.disputes {
        let Some(message) = conversation.messages.iter().find(|message| dispute.concerns(message, sealed)) else {
            continue;
        };
        let other = versions[dispute.from].as_ref().and_then(|(start, bytes)| other(protocol?, message, *start, bytes));
        let read = message.body.summary();
        // Both may read alike in a line: the difference is elsewhere then.
        let other = other.filter(|other| *other != read);
        dispute.readings = Some((read, other));
    }
}

/// The message as the other version has it, read for itself.
fn other(protocol: &'static Protocol, message: &Message, start: u64, bytes: &[u8]) -> Option<String> {
    let begin = usize::try_from(message.offset.checked_sub(start)?).ok()?;
    match (protocol.stream)().next(message.from, bytes.get(begin..).filter(|bytes| !bytes.is_empty())?) {
        Verdict::Message { message, .. } => Some(message.summary()),
        _ => None,
    }
}
