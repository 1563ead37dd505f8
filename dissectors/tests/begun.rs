//! Conversations that were open before the capture: read from any byte on, in any chunks, with gaps. What begins behind the first
//! byte that was seen is found; what stands in front of it is no message and no fault.

mod support;

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Side};
use support::{Conversation, conversations, render};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// The protocols whose conversations stay open for hours. Of DNS and NRPC the tests of gaps say what is found behind one. Left out
/// are a body that quotes a request, and the answer to HEAD that announces a body: without the beginning either is what it looks
/// like.
fn lasting() -> Vec<Conversation> {
    let wanted = ["http", "sip", "sametime"];
    let misleads = |unit: &Vec<u8>| {
        [&b"\nGET /no"[..], b": 5000"].iter().any(|text| unit.windows(text.len()).any(|bytes| bytes == *text))
    };
    let mut found: Vec<_> = conversations().into_iter().filter(|one| wanted.contains(&one.protocol.name)).collect();
    for one in &mut found {
        one.client.retain(|unit| !misleads(unit));
        one.server.retain(|unit| !misleads(unit));
    }
    found
}

/// Reads the end of a side's bytes, as the engine does where the beginning is missing.
fn read(conversation: &Conversation, side: Side, bytes: &[u8], chunk: usize) -> Driver {
    let mut dissector = (conversation.protocol.stream)();
    dissector.midstream();
    let mut driver = Driver::new(dissector);
    bytes.chunks(chunk.max(1)).for_each(|bytes| driver.data(side, bytes));
    driver.end(side);
    driver
}

/// What is said. The byte that keeps a conversation alive is like any other behind the rest of a message.
fn said(messages: &[(Side, Message)]) -> Vec<(&'static str, String)> {
    let said = messages.iter().map(|(_, message)| (message.kind(), message.summary()));
    said.filter(|(kind, _)| *kind != "sametime.keep_alive").collect()
}

#[test]
fn from_any_byte_on_what_begins_behind_it_is_found() {
    for conversation in lasting() {
        for side in SIDES {
            let units = conversation.units(side);
            let stream = units.concat();
            for begin in 0..stream.len() {
                let mut end = 0;
                let behind: Vec<Vec<u8>> = units
                    .iter()
                    .filter(|unit| {
                        end += unit.len();
                        end - unit.len() >= begin
                    })
                    .cloned()
                    .collect();
                let whole = said(&read(&conversation, side, &behind.concat(), usize::MAX >> 1).messages);
                for chunk in [1, 7, 1460] {
                    let driver = read(&conversation, side, &stream[begin..], chunk);
                    let found = said(&driver.messages);
                    let what = format!("{} {side:?} from {begin} in chunks of {chunk}", conversation.protocol.name);
                    assert!(
                        !driver.not_mine() && driver.messages.iter().all(|(_, one)| !render(one).is_empty()),
                        "{what}"
                    );
                    assert!(found.ends_with(&whole), "{what}: {found:?} and not {whole:?}");
                    let malformed = |(kind, _): &&(&str, String)| kind.ends_with(".malformed");
                    let faults = found.iter().filter(malformed).count();
                    assert!(faults <= whole.iter().filter(malformed).count(), "{what}: {found:?}");
                }
            }
        }
    }
}

/// Where a part of what follows is missing, what begins behind the gap is found.
#[test]
fn with_a_gap_what_begins_behind_it_is_found() {
    for conversation in lasting() {
        for side in SIDES {
            let units = conversation.units(side);
            let stream = units.concat();
            let last = units.last().unwrap();
            let behind = stream.len() - last.len();
            let whole = said(&read(&conversation, side, last, usize::MAX >> 1).messages);
            for begin in (0..behind).step_by(3) {
                for cut in (begin..behind).step_by(29) {
                    let mut dissector = (conversation.protocol.stream)();
                    dissector.midstream();
                    let mut driver = Driver::new(dissector);
                    driver.data(side, &stream[begin..cut]);
                    driver.gap(side, u64::try_from(behind - cut).unwrap());
                    driver.data(side, last);
                    driver.end(side);
                    let found = said(&driver.messages);
                    let what = format!("{} {side:?} from {begin}, gap at {cut}", conversation.protocol.name);
                    assert!(found.ends_with(&whole), "{what}: {found:?} and not {whole:?}");
                }
            }
        }
    }
}
