//! Every parser at every truncation, and with every byte damaged.

mod support;

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Probe, Side, dns, nrpc};
use support::{Conversation, conversations, datagrams, frame, nrpc_conversation, render};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// What a side's bytes say.
fn read(conversation: &Conversation, side: Side, bytes: &[u8]) -> Vec<Message> {
    let mut driver = Driver::new((conversation.protocol.stream)());
    driver.data(side, bytes);
    driver.end(side);
    driver.messages.into_iter().map(|(_, message)| message).collect()
}

#[test]
fn a_prefix_gives_the_whole_messages_in_it_and_one_cut_message_at_most() {
    for conversation in conversations() {
        for side in SIDES {
            let stream = conversation.units(side).concat();
            let whole = read(&conversation, side, &stream);
            assert_eq!(whole.len(), conversation.units(side).len());
            let ends: Vec<usize> = conversation
                .units(side)
                .iter()
                .scan(0, |end, unit| {
                    *end += unit.len();
                    Some(*end)
                })
                .collect();
            for length in 0..stream.len() {
                let messages = read(&conversation, side, &stream[..length]);
                let complete = ends.iter().filter(|&&end| end <= length).count();
                assert_eq!(messages[..complete], whole[..complete], "{side:?} {length}");
                assert!(messages.len() <= complete + 1);
                assert!(messages.iter().all(|message| !render(message).is_empty()));
            }
        }
    }
}

#[test]
fn nrpc_loses_no_byte_that_was_read() {
    let conversation = nrpc_conversation();
    for side in SIDES {
        let stream = conversation.units(side).concat();
        for length in 1..stream.len() {
            let messages = read(&conversation, side, &stream[..length]);
            let captured: usize = messages
                .iter()
                .map(|message| match message {
                    Message::Nrpc(message) => message.captured,
                    _ => 0,
                })
                .sum();
            assert_eq!(captured, length);
        }
    }
}

#[test]
fn names_are_there_as_soon_as_their_bytes_are() {
    let conversation = nrpc_conversation();
    let request = &conversation.client[0];
    let at = request.windows(3).position(|window| window == b"CN=").unwrap();
    for length in 0..request.len() {
        let messages = read(&conversation, Side::Client, &request[..length]);
        let wanted = messages.first().and_then(|message| match message {
            Message::Nrpc(nrpc::Message { body: nrpc::Body::SessionRequest(session), incomplete: true, .. }) => {
                session.wanted_server.clone()
            }
            _ => None,
        });
        assert_eq!(wanted.as_deref(), (length >= at + 16).then_some("CN=Müller/O=Acme"), "{length}");
    }
}

#[test]
fn any_byte_may_be_damaged() {
    for conversation in conversations() {
        for side in SIDES {
            let stream = conversation.units(side).concat();
            for offset in 0..stream.len() {
                for value in [0x00, 0x01, 0x7F, 0x80, 0xC0, 0xFF, stream[offset] ^ 0x10] {
                    let mut damaged = stream.clone();
                    damaged[offset] = value;
                    let messages = read(&conversation, side, &damaged);
                    if value == stream[offset] {
                        assert_eq!(messages.len(), conversation.units(side).len());
                    }
                    assert!(messages.iter().all(|message| !render(message).is_empty()));
                }
            }
        }
    }
}

#[test]
fn datagrams_at_every_truncation() {
    let question = datagrams()[1].windows(4).position(|window| window == [0, 1, 0, 1]).unwrap() + 4;
    for datagram in datagrams() {
        assert!((dns::PROTOCOL.datagram)(&datagram).is_some());
        for length in 0..datagram.len() {
            let message = (dns::PROTOCOL.datagram)(&datagram[..length]);
            assert_eq!(message.is_some(), datagram.len() > question && length >= question);
            if let Some(message) = message {
                assert!(render(&message).contains("incomplete"));
            }
        }
        assert_eq!((nrpc::PROTOCOL.datagram)(&datagram), None);
    }
}

#[test]
fn a_probe_does_not_change_its_mind() {
    let more = [
        frame(9, 2, 0x4000, &[2; 80]),
        b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 1],
    ];
    for conversation in conversations() {
        let units = [conversation.client.clone(), conversation.server.clone(), more.to_vec()].concat();
        for (unit, side, usual) in units
            .iter()
            .flat_map(|unit| SIDES.map(|side| (unit, side)))
            .flat_map(|(unit, side)| [(unit, side, false), (unit, side, true)])
        {
            let mut decided = None;
            for length in 1..=unit.len() {
                let probe = (conversation.protocol.probe)(side, &unit[..length], usual);
                match (decided, probe) {
                    (Some(before), now) => assert_eq!(before, now, "{length} of {unit:02x?}"),
                    (None, Probe::Need(total)) => assert!(total > length),
                    (None, now) => decided = Some(now),
                }
            }
            assert!(decided.is_some() || unit.len() < 15);
        }
    }
}
