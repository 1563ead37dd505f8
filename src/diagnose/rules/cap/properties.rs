//! What rules of this family count of conversations that are judged and let go.

use super::{drops, encrypted, midstream, offload, wrong_place};
use crate::facts::network::attempts::one_way;
use crate::facts::{Talk, nrpc};
use crate::model::{Conversation, Property, Side};
use nrpcsniff_dissectors::{Message as Body, nrpc as protocol};

/// What rules of this family count of a conversation, with what each of them sums: so much is kept of it when it is let go.
pub(crate) fn properties(c: &Conversation) -> Vec<(Property, u64)> {
    let mut found = Vec::new();
    if let Some(own) = c.protocol {
        found.push((Property::Protocol(own.name), 0));
        let spoken = c.spoken().filter(|spoken| own.hands_on_by.is_some() && own != *spoken);
        found.extend(spoken.map(|spoken| (Property::HandedOn(own.name, spoken.name), 0)));
    }
    if !c.disputes.is_empty() {
        found.push((Property::Disputed, 0));
    }
    if nrpc::concerns_nrpc(c) {
        of_talk(&Talk::new(c), &mut found);
    }
    if let Some(layer) = c.tls {
        found.push((Property::Tls, 0));
        found.extend(layer.why_opaque.map(|why| (Property::Sealed(why), 0)));
        if c.tcp.cut_frames > 0 {
            found.push((Property::CutTls, c.tcp.cut_frames));
            found.extend((!has_hellos(c)).then_some((Property::CutTlsUnread, 0)));
        }
    }
    found
}

/// The hellos of both sides were read to their end.
fn has_hellos(c: &Conversation) -> bool {
    [Side::Client, Side::Server].into_iter().all(|side| {
        let mut said = c.messages.iter().filter(|message| message.from == side);
        said.any(|message| matches!(&message.body, Body::Tls(body) if !body.incomplete))
    })
}

fn of_talk(talk: &Talk<'_>, found: &mut Vec<(Property, u64)>) {
    let (c, side) = (talk.conversation, one_way(talk));
    let mut add = |is_so: bool, property, amount| found.extend(is_so.then_some((property, amount)));
    let unseen = drops::unseen(talk);
    let nameless = talk.wanted().is_none() || talk.answered().is_none();
    let is_nrpc = c.is(&protocol::PROTOCOL);
    add(true, Property::Talk, 0);
    add(is_nrpc, Property::Nrpc, 0);
    add(unseen > 0 && side.is_none(), Property::Holed, unseen);
    add(side.is_some(), Property::OneWay, 0);
    add(is_nrpc && midstream::is_begun(talk), Property::Begun, 0);
    add(c.tcp.cut_frames > 0, Property::Cut, c.tcp.cut_frames);
    add(c.tcp.cut_frames > 0 && nameless, Property::CutNameless, 0);
    add(wrong_place::is_nameless(talk), Property::Nameless, 0);
    add(c.tcp.duplicate_frames > 0, Property::Twice, c.tcp.duplicate_frames);
    add(offload::offloading(talk).is_some(), Property::Offloaded, 0);
    add(is_nrpc && encrypted::first_opaque(talk).is_some(), Property::Opaque, 0);
}
