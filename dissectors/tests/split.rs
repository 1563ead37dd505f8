//! Any chunking of the same bytes gives the same messages; gaps and random bytes do no harm; the work is linear.

#[path = "support/said.rs"]
mod said;
mod support;

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Protocol, Side, nrpc, sip};
use proptest::prelude::*;
use said::said;
use support::{conversations, datagrams, frame, render, sip_conversation};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Both directions, each in one piece.
fn whole(protocol: &Protocol, streams: [&[u8]; 2]) -> Driver {
    let mut driver = Driver::new((protocol.stream)());
    for (side, bytes) in SIDES.into_iter().zip(streams) {
        driver.data(side, bytes);
    }
    for side in SIDES {
        driver.end(side);
    }
    driver
}

/// Both directions in pieces of the given sizes, the directions taking turns as the sizes say.
fn chunked(protocol: &Protocol, streams: [&[u8]; 2], sizes: &[usize]) -> Driver {
    let mut driver = Driver::new((protocol.stream)());
    let mut rest = streams;
    for &size in sizes.iter().cycle() {
        let lane = usize::from(size % 2 == 1 || rest[0].is_empty()) & usize::from(!rest[1].is_empty());
        let (chunk, behind) = rest[lane].split_at(size.clamp(1, rest[lane].len().max(1)).min(rest[lane].len()));
        driver.data(SIDES[lane], chunk);
        rest[lane] = behind;
        if rest.iter().all(|rest| rest.is_empty()) {
            break;
        }
    }
    for side in SIDES {
        driver.end(side);
    }
    driver
}

fn assert_same(protocol: &Protocol, streams: [&[u8]; 2], sizes: &[usize]) {
    let (one, other) = (whole(protocol, streams), chunked(protocol, streams, sizes));
    if one.not_mine() || other.not_mine() {
        assert_eq!(one.not_mine(), other.not_mine());
        return; // how much of the other direction was read by then depends on who spoke first
    }
    for side in SIDES {
        assert_eq!(said(&one, side), said(&other, side), "{} {side:?} {sizes:?}", protocol.name);
    }
    assert!(other.messages.iter().all(|(_, message)| !render(message).is_empty()));
}

/// A frame with anything in it; sometimes one whose lengths do not fit.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let class = prop_oneof![Just(1u16), Just(0x4000), Just(0x8000), any::<u16>()];
    let function = prop_oneof![0u16..4, Just(0x13), Just(0x4F), any::<u16>()];
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    (0u16..4, function, class, payload, 0u8..5).prop_map(|(sequence, function, class, payload, damage)| {
        let mut bytes = frame(sequence, function, class, &payload);
        if damage == 0 {
            bytes[4] = bytes[4].wrapping_add(1);
        }
        bytes
    })
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let built = conversations();
    let units: Vec<Vec<u8>> = built.iter().flat_map(|one| [one.client.clone(), one.server.clone()].concat()).collect();
    let piece = prop_oneof![
        4 => any_frame(),
        3 => prop::sample::select(units),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(0u8..4, 0..40),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![prop::collection::vec(1usize..6, 1..20), prop::collection::vec(1usize..300, 1..20)]
}

/// Whole messages, parts of them, and what may stand between them.
fn sip_stream() -> impl Strategy<Value = Vec<u8>> {
    let conversation = sip_conversation();
    let units = [conversation.client, conversation.server].concat();
    let parts = [
        "\r\n",
        "\n",
        "\r\n\r\n",
        "SIP/2.0 200 OK\r\n",
        "BYE sip:a@b SIP/2.0\r\n",
        "ACK sip:a@b SIP/9.9\r\n",
        "Via: SIP/2.0/TCP h\r\n",
        "l: 3\r\n",
        "Content-Length: 70000000\r\n",
        "Content-Length: 300000\r\n",
        "Content-Length: -1\r\n",
        "To: \"a\r\n b",
        "</xml>",
        " SIP/2.0\r\n",
        "junk",
    ];
    let piece = prop_oneof![
        2 => prop::sample::select(units.clone()),
        2 => prop::sample::select(parts.to_vec()).prop_map(|part| part.as_bytes().to_vec()),
        1 => (prop::sample::select(units), any::<prop::sample::Index>())
            .prop_map(|(unit, end)| unit[..end.index(unit.len())].to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[derive(Debug, Clone)]
enum Step {
    Data(usize, Vec<u8>),
    Gap(usize, u64),
    End(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..2, stream()).prop_map(|(lane, bytes)| Step::Data(lane, bytes)),
        2 => (0usize..2, prop_oneof![0u64..300, Just(u64::MAX), any::<u64>()]).prop_map(|(lane, missing)| Step::Gap(lane, missing)),
        1 => (0usize..2).prop_map(Step::End),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_chunking_gives_the_same_messages(client in stream(), server in stream(), sizes in sizes()) {
        for conversation in conversations() {
            assert_same(conversation.protocol, [&client, &server], &sizes);
        }
    }

    #[test]
    fn any_chunking_gives_the_same_sip_messages(client in sip_stream(), server in sip_stream(), sizes in sizes()) {
        assert_same(&sip::PROTOCOL, [&client, &server], &sizes);
    }

    /// What is not whole because of a gap hides nothing that is whole behind the next first line.
    #[test]
    fn sip_messages_behind_a_gap_are_found(
        before in sip_stream(), missing in 1u64..400, which in any::<prop::sample::Index>(), sizes in sizes(),
    ) {
        let units = sip_conversation().client;
        let unit = &units[which.index(units.len())];
        let mut driver = Driver::new((sip::PROTOCOL.stream)());
        driver.data(Side::Client, &before);
        driver.gap(Side::Client, missing);
        // The gap may end inside a body that is still to be passed over, or not in sight of the next message.
        driver.gap(Side::Client, 1 << 30);
        let mut rest = &unit[..];
        for &size in sizes.iter().cycle() {
            let (chunk, more) = rest.split_at(size.min(rest.len()));
            driver.data(Side::Client, chunk);
            rest = more;
            if rest.is_empty() { break; }
        }
        driver.end(Side::Client);
        let what = |driver: &Driver| match driver.messages.last() {
            Some((_, Message::Sip(message))) => (message.start.clone(), message.cseq.clone()),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(what(&driver), what(&whole(&sip::PROTOCOL, [unit, &[]])));
    }

    #[test]
    fn real_conversations_in_any_chunking(sizes in sizes()) {
        for conversation in conversations() {
            let [client, server] = SIDES.map(|side| conversation.units(side).concat());
            assert_same(conversation.protocol, [&client, &server], &sizes);
            let driver = chunked(conversation.protocol, [&client, &server], &sizes);
            prop_assert_eq!(driver.messages.len(), conversation.client.len() + conversation.server.len());
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), sizes in sizes()) {
        for conversation in conversations() {
            let protocol = conversation.protocol;
            assert_same(protocol, [&bytes, &[]], &sizes);
            let _ = (protocol.datagram)(&bytes).map(|message| render(&message));
            for usual in [false, true] {
                let _ = (protocol.probe)(Side::Client, &bytes, usual);
            }
        }
    }

    #[test]
    fn damaged_datagrams_never_panic(which in 0usize..4, offset in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = datagrams()[which].clone();
        let offset = offset.index(bytes.len());
        bytes[offset] = value;
        for conversation in conversations() {
            let _ = (conversation.protocol.datagram)(&bytes).map(|message| render(&message));
        }
    }

    #[test]
    fn gaps_and_ends_in_any_order_never_panic(steps in prop::collection::vec(step(), 0..12)) {
        for conversation in conversations() {
            let mut driver = Driver::new((conversation.protocol.stream)());
            for step in &steps {
                match step {
                    Step::Data(lane, bytes) => driver.data(SIDES[*lane], bytes),
                    Step::Gap(lane, missing) => driver.gap(SIDES[*lane], *missing),
                    Step::End(lane) => driver.end(SIDES[*lane]),
                }
            }
            assert!(driver.messages.iter().all(|(_, message)| !render(message).is_empty()));
        }
    }

    /// Frames wholly behind a gap are found again, whether it ends inside a frame of known length or swallows any number of
    /// headers, and however the bytes behind it are cut.
    #[test]
    fn frames_behind_a_gap_are_found(
        frames in prop::collection::vec(clear_frame(), 3..12),
        at in any::<prop::sample::Index>(),
        missing in 1usize..400,
        sizes in sizes(),
    ) {
        let stream = frames.concat();
        let at = at.index(stream.len());
        let behind = (at + missing).min(stream.len());
        let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
        driver.data(Side::Server, &stream[..at]);
        driver.gap(Side::Server, u64::try_from(behind - at).unwrap());
        let mut rest = &stream[behind..];
        for &size in sizes.iter().cycle() {
            let (chunk, more) = rest.split_at(size.min(rest.len()));
            driver.data(Side::Server, chunk);
            rest = more;
            if rest.is_empty() { break; }
        }
        driver.end(Side::Server);
        let found = shapes(&driver);
        let mut begin = 0;
        let (mut before, mut after) = (vec![], vec![]);
        for frame in &frames {
            let end = begin + frame.len();
            if end <= at { before.push(shape(frame)); }
            if begin >= behind { after.push(shape(frame)); }
            begin = end;
        }
        prop_assert!(found.starts_with(&before));
        prop_assert!(found.ends_with(&after), "{:?} {:?}", found, after);
        prop_assert!(found.len() <= before.len() + after.len() + 1);
    }
}

/// A frame of a public class with right lengths.
fn clear_frame() -> impl Strategy<Value = Vec<u8>> {
    let class = prop_oneof![Just(1u16), Just(0x4000), Just(0x8000)];
    (0u16..4, 1u16..100, class, prop::collection::vec(any::<u8>(), 1..120))
        .prop_map(|(sequence, function, class, payload)| frame(sequence, function, class, &payload))
}

type Shape = (u16, u16, u16, u16);

fn shape(frame: &[u8]) -> Shape {
    let word = |at: usize| u16::from_le_bytes([frame[at], frame[at + 1]]);
    (word(0), word(2), word(8), word(10))
}

/// Length, sequence, function and class of each message.
fn shapes(driver: &Driver) -> Vec<Shape> {
    let shape = |message: &Message| match message {
        Message::Nrpc(message) => (message.length, message.sequence, message.function, message.class),
        message => panic!("{message:?}"),
    };
    driver.messages.iter().map(|(_, message)| shape(message)).collect()
}

/// A status is told of the first frame of a reply only, and not behind a loss that may have hidden where the reply began.
#[test]
fn a_status_behind_a_gap_is_not_guessed() {
    let reply = |sequence| frame(sequence, 0x21, 1, &[0xFC, 9, 0, 0, 1, 2, 3, 4]);
    let status = |driver: &Driver| -> Vec<Option<u16>> {
        let status = |message: &Message| match message {
            Message::Nrpc(nrpc::Message { body: nrpc::Body::Transaction(transaction), .. }) => transaction.status,
            other => panic!("{other:?}"),
        };
        driver.messages.iter().map(|(_, message)| status(message)).collect()
    };
    let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
    driver.data(Side::Server, &[reply(1), reply(1), reply(2)].concat());
    assert_eq!(status(&driver), [Some(0x9FC), None, Some(0x9FC)]);
    driver.gap(Side::Server, 100);
    driver.data(Side::Server, &[reply(7), reply(7), reply(8)].concat());
    assert_eq!(status(&driver)[3..], [None, None, Some(0x9FC)]);
    driver.data(Side::Server, &reply(9)[..16]);
    driver.gap(Side::Server, 4);
    driver.data(Side::Server, &[reply(9), reply(10)].concat());
    assert_eq!(status(&driver)[6..], [Some(0x9FC), None, Some(0x9FC)]);
}

#[test]
fn the_number_of_calls_is_linear() {
    for conversation in conversations() {
        let client = conversation.client.concat().repeat(40);
        let units = conversation.client.len() * 40;
        for size in [1, 7, 1460, client.len()] {
            let driver = chunked(conversation.protocol, [&client, &[]], &[size]);
            assert_eq!(driver.messages.len(), units);
            // Where a head of text ends is not known before it does: it may be asked for with every chunk.
            let is_text = matches!(conversation.protocol.name, "http" | "sip");
            let bound = 4 * units + if is_text { client.len().div_ceil(size) } else { 0 };
            assert!(driver.calls <= bound, "{} calls for {units} messages in chunks of {size}", driver.calls);
        }
    }
}

/// Junk behind a gap is looked at once, as far as a frame can reach, and then no more.
#[test]
fn a_search_for_a_header_is_bounded() {
    let junk = vec![0u8; 1 << 20];
    for size in [1, 1460, junk.len()] {
        let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
        driver.gap(Side::Client, 1);
        junk.chunks(size).for_each(|chunk| driver.data(Side::Client, chunk));
        assert!(driver.messages.is_empty());
        assert!(driver.calls <= 2 * 65_600 / size.min(65_600) + 4, "{} calls in chunks of {size}", driver.calls);
    }
}

#[test]
fn a_length_that_is_none_ends_a_direction_but_not_the_other() {
    let frames = [frame(1, 0x21, 1, b"ab"), vec![9, 0], frame(2, 0x21, 1, b"cd")].concat();
    let driver = whole(&nrpc::PROTOCOL, [&frames, &frames[..14]]);
    let lengths: Vec<_> = shapes(&driver).iter().map(|shape| shape.0).collect();
    assert_eq!(lengths, [12, 9, 12]);
}

#[test]
fn short_streams_of_any_kind_in_pieces_of_one_byte() {
    for first in [0u8, 1, 9, 10, 12, 255] {
        for length in 1..16 {
            let mut bytes = vec![0; length];
            bytes[0] = first;
            assert_same(&nrpc::PROTOCOL, [&bytes, &[]], &[1]);
        }
    }
}

/// What cannot be told by its header is found by the length of the frame that the gap cut.
#[test]
fn a_gap_inside_a_frame_keeps_the_direction_in_step() {
    let opaque = [20u8, 0].into_iter().chain(0x80..0x94).collect::<Vec<u8>>();
    let first = frame(1, 0x21, 1, &[7; 40]);
    for cut in 2..first.len() {
        for missing in 1..=first.len() - cut {
            let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
            driver.data(Side::Client, &first[..cut]);
            driver.gap(Side::Client, u64::try_from(missing).unwrap());
            driver.data(Side::Client, &[&first[cut + missing..], &opaque, &opaque].concat());
            let lengths: Vec<_> = shapes(&driver).iter().map(|shape| shape.0).collect();
            assert_eq!(lengths, [50, 20, 20], "{cut} {missing}");
        }
    }
}

/// Twelve bytes of a payload may look like a header: what follows tells.
#[test]
fn a_false_header_behind_a_gap_does_not_hide_the_true_ones() {
    let decoy = frame(9, 9, 1, &[0xAA; 8]);
    let junk = [0xEE; 50];
    let frames = [frame(1, 0x21, 1, b"one"), frame(2, 0x22, 1, b"two"), frame(3, 0x23, 1, b"three")];
    let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
    driver.gap(Side::Server, 1000);
    driver.data(Side::Server, &[&junk[..], &decoy, &junk, &frames.concat()].concat());
    driver.end(Side::Server);
    let functions: Vec<_> = shapes(&driver).iter().map(|shape| shape.2).collect();
    assert_eq!(functions, [9, 0x21, 0x22, 0x23]);
}
