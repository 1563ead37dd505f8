//! Whole connections, segment by segment: roles, set-up, teardown, and the same bytes whatever the network did.

use super::*;
use crate::model::{Close, CloseBy, Conversation, Endpoint, FrameRef, PerSide, Setup, Span, Timestamp};
use crate::model::{IpInfo, Segment, TcpOptions, flags};
use proptest::prelude::*;

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:1352";

/// Bytes as they come out, with holes as zeros, and the frame that brought each.
#[derive(Default)]
struct Heard {
    bytes: PerSide<Vec<u8>>,
    frames: PerSide<Vec<u64>>,
    gaps: PerSide<u64>,
}

impl Sink for Heard {
    fn bytes(&mut self, from: Side, offset: u64, bytes: &[u8], at: Stamp) {
        assert_eq!(offset as usize, self.bytes[from].len());
        self.bytes[from].extend_from_slice(bytes);
        self.frames[from].extend(bytes.iter().map(|_| at.frame.number));
    }
    fn gap(&mut self, from: Side, offset: u64, length: u64, _: Stamp) {
        assert_eq!(offset as usize, self.bytes[from].len());
        self.bytes[from].resize((offset + length) as usize, 0);
        self.frames[from].resize((offset + length) as usize, 0);
        self.gaps[from] += length;
    }
}

/// Holes can be half a gigabyte long: only their bounds are looked at.
#[derive(Default)]
struct Offsets(PerSide<Option<u64>>);

impl Sink for Offsets {
    fn bytes(&mut self, from: Side, offset: u64, bytes: &[u8], at: Stamp) {
        self.gap(from, offset, bytes.len() as u64, at);
    }
    fn gap(&mut self, from: Side, offset: u64, length: u64, _: Stamp) {
        assert!(self.0[from].is_none_or(|next| next == offset) && length > 0);
        self.0[from] = Some(offset + length);
    }
}

fn end(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint { ip: address.ip(), port: address.port() }
}

fn at(n: u64) -> Stamp {
    at_ms(n, n as i64)
}

fn at_ms(n: u64, ms: i64) -> Stamp {
    Stamp { frame: FrameRef { input: 0, number: n }, time: Timestamp::new(ms * 1_000_000, 6) }
}

fn segment(from: Side, flags: u8, sequence: u32, acknowledgement: u32, payload: &[u8]) -> Segment<'_> {
    let (source, destination) =
        if from == Side::Client { (end(CLIENT), end(SERVER)) } else { (end(SERVER), end(CLIENT)) };
    let ip = IpInfo { source: source.ip, destination: destination.ip, ttl: 64, id: None, dont_fragment: true };
    Segment {
        ip,
        source_port: source.port,
        destination_port: destination.port,
        sequence,
        acknowledgement,
        flags,
        window: 65535,
        urgent: 0,
        options: TcpOptions::default(),
        payload,
        payload_length: payload.len() as u32,
        raw: payload,
        other: None,
    }
}

struct Line {
    connection: Option<Connection>,
    heard: Heard,
    frame: u64,
}

impl Line {
    fn new() -> Self {
        Self { connection: None, heard: Heard::default(), frame: 0 }
    }

    fn feed(&mut self, segment: &Segment<'_>) -> &mut Self {
        self.frame += 1;
        let now = at(self.frame);
        self.feed_at(segment, now)
    }

    fn feed_at(&mut self, segment: &Segment<'_>, now: Stamp) -> &mut Self {
        let connection = self.connection.get_or_insert_with(|| {
            let mut connection = Connection::new(0, segment, now, |port| port == 1352);
            connection.watch();
            connection
        });
        connection.segment(segment, now, None, None, &Limits::default(), &mut self.heard);
        self
    }

    fn handshake(&mut self, client: u32, server: u32) -> &mut Self {
        use Side::{Client, Server};
        self.feed(&segment(Client, flags::SYN, client, 0, b""));
        self.feed(&segment(Server, flags::SYN | flags::ACK, server, client.wrapping_add(1), b""));
        self.feed(&segment(Client, flags::ACK, client.wrapping_add(1), server.wrapping_add(1), b""))
    }

    fn finish(mut self) -> (Conversation, Heard) {
        let last = at(self.frame + 1000);
        let mut connection = self.connection.take().unwrap();
        connection.flush(last, &Limits::default(), &mut self.heard);
        (*connection.conclude(last), self.heard)
    }
}

const ACK: u8 = flags::ACK;

#[test]
fn a_keep_alive_before_anything_else_is_no_hole() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.feed(&segment(Client, ACK, 99, 500, b""));
    line.feed(&segment(Server, ACK, 500, 100, b""));
    line.feed(&segment(Client, ACK, 99, 500, b"\0"));
    line.feed(&segment(Server, ACK, 500, 100, b""));
    line.feed(&segment(Client, ACK, 100, 500, b"hello"));
    line.feed(&segment(Server, ACK, 500, 105, b""));
    let (conclusion, heard) = line.finish();
    assert_eq!((heard.bytes.client.as_slice(), heard.gaps.client), (b"hello".as_slice(), 0));
    assert_eq!((conclusion.bytes.client, conclusion.quality.missing_bytes), (5, 0));
    assert_eq!((conclusion.tcp.acked_unseen, conclusion.tcp.keep_alives.client), (PerSide::default(), 2));
}

#[test]
fn without_a_handshake_the_round_trip_is_that_to_either_side() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.feed_at(&segment(Client, ACK, 100, 500, b"hello"), at_ms(1, 0));
    line.feed_at(&segment(Server, ACK, 500, 105, b"you"), at_ms(2, 40));
    line.feed_at(&segment(Client, ACK, 105, 503, b""), at_ms(3, 41));
    line.feed_at(&segment(Client, ACK, 105, 503, b"hello"), at_ms(4, 100));
    line.feed_at(&segment(Server, ACK, 503, 110, b""), at_ms(5, 130));
    assert_eq!(line.finish().0.quality.rtt, Some(Span::from_millis(31)));
}

/// RFC 9293 3.5.1, figure 10: the server still holds a connection that the client has forgotten.
#[test]
fn an_answer_from_an_earlier_connection_does_not_set_the_beginning() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.feed(&segment(Client, flags::SYN, 99, 0, b""));
    line.feed(&segment(Server, ACK, 300_000_000, 7000, b""));
    line.feed(&segment(Client, flags::RST, 7000, 0, b""));
    line.handshake(99, 499);
    line.feed(&segment(Client, ACK, 100, 500, b"hello"));
    line.feed(&segment(Server, ACK, 500, 105, b"you"));
    line.feed(&segment(Client, ACK, 105, 503, b""));
    let (conclusion, heard) = line.finish();
    assert_eq!((heard.gaps, heard.bytes.client.len()), (PerSide::default(), 5));
    assert_eq!(heard.bytes.server, b"you");
    assert_eq!((conclusion.setup, conclusion.teardown.how), (Setup::Handshake, Close::Open));
    assert_eq!((conclusion.bytes, conclusion.quality.gaps), (PerSide { client: 5, server: 3 }, 0));
}

#[test]
fn of_several_beginnings_the_acknowledged_one_counts() {
    use Side::{Client, Server};
    let (first, second) = (499, 10_499);
    let mut line = Line::new();
    line.handshake(99, first);
    line.feed(&segment(Server, flags::SYN | ACK, second, 100, b""));
    line.feed(&segment(Client, ACK, 100, second + 1, b"hello"));
    line.feed(&segment(Server, ACK, second + 1, 105, b"you"));
    let (conclusion, heard) = line.finish();
    assert_eq!(heard.bytes.server, b"you");
    assert_eq!((conclusion.bytes.server, conclusion.quality.gaps), (3, 0));
}

#[test]
fn an_ordinary_connection() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.handshake(u32::MAX - 1, 7);
    line.feed(&segment(Client, ACK, u32::MAX, 8, b"hello"));
    line.feed(&segment(Server, ACK, 8, 4, b"you"));
    line.feed(&segment(Client, ACK | flags::FIN, 4, 11, b""));
    line.feed(&segment(Server, ACK | flags::FIN, 11, 5, b""));
    assert!(!line.connection.as_ref().unwrap().is_over());
    line.feed(&segment(Client, ACK, 5, 12, b""));
    assert!(line.connection.as_ref().unwrap().is_over());
    let (conclusion, heard) = line.finish();
    assert_eq!(
        (conclusion.setup, conclusion.teardown.how, conclusion.teardown.by),
        (Setup::Handshake, Close::Fin, CloseBy::Client)
    );
    assert_eq!(conclusion.teardown.at, Some(at(6)));
    assert_eq!((heard.bytes.client.as_slice(), heard.bytes.server.as_slice()), (&b"hello"[..], &b"you"[..]));
    assert_eq!(heard.frames.client, [4; 5]);
    assert_eq!(conclusion.quality.rtt, Some(Span::from_millis(2)));
    assert_eq!(conclusion.tcp.acked_unseen, PerSide::default());
}

#[test]
fn a_refused_and_an_unanswered_syn() {
    use Side::{Client, Server};
    let mut refused = Line::new();
    refused.feed(&segment(Client, flags::SYN, 100, 0, b""));
    refused.feed(&segment(Server, flags::RST | ACK, 0, 101, b""));
    let again = segment(Client, flags::SYN, 100, 0, b"");
    assert!(!refused.connection.as_ref().unwrap().is_reopened_by(&again));
    assert!(refused.connection.as_ref().unwrap().is_reopened_by(&segment(Client, flags::SYN, 200, 0, b"")));
    refused.feed(&again).feed(&segment(Server, flags::RST | ACK, 0, 101, b""));
    let (conclusion, _) = refused.finish();
    assert_eq!((conclusion.teardown.at, conclusion.tcp.handshake.syns.len()), (Some(at(2)), 2));
    assert_eq!(
        (conclusion.setup, conclusion.teardown.how, conclusion.teardown.by),
        (Setup::Refused, Close::Rst, CloseBy::Server)
    );

    let mut silent = Line::new();
    silent.feed(&segment(Client, flags::SYN, 100, 0, b"")).feed(&segment(Client, flags::SYN, 100, 0, b""));
    let (conclusion, _) = silent.finish();
    assert_eq!((conclusion.setup, conclusion.teardown.how), (Setup::NoAnswer, Close::Timeout));
    assert_eq!(conclusion.tcp.handshake.syns.len(), 2);
}

#[test]
fn a_repeated_syn_may_find_somebody_after_all() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.feed(&segment(Client, flags::SYN, 100, 0, b""));
    line.feed(&segment(Server, flags::RST | ACK, 0, 101, b""));
    line.handshake(100, 300);
    line.feed(&segment(Client, ACK, 101, 301, b"hello"));
    let (conclusion, heard) = line.finish();
    assert_eq!((conclusion.setup, conclusion.teardown.how), (Setup::Handshake, Close::Open));
    assert_eq!(heard.bytes.client, b"hello");
}

#[test]
fn a_reset_that_is_out_of_the_window_is_ignored() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.handshake(0, 0);
    line.feed(&segment(Client, ACK, 1, 1, b"hello"));
    line.feed(&segment(Server, flags::RST, 900_000, 0, b""));
    assert!(!line.connection.as_ref().unwrap().is_over());
    line.feed(&segment(Server, flags::RST, 1, 0, b""));
    assert!(line.connection.as_ref().unwrap().is_over());
    assert_eq!(line.finish().0.teardown.by, CloseBy::Server);
}

#[test]
fn a_half_open_scan_is_reset_by_the_client() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.feed(&segment(Client, flags::SYN, 100, 0, b""));
    line.feed(&segment(Server, flags::SYN | ACK, 500, 101, b""));
    line.feed(&segment(Client, flags::RST, 101, 0, b""));
    let (conclusion, _) = line.finish();
    assert_eq!(
        (conclusion.setup, conclusion.teardown.how, conclusion.teardown.by),
        (Setup::Handshake, Close::Rst, CloseBy::Client)
    );
}

#[test]
fn keep_alives_are_no_data() {
    use Side::Client;
    let mut line = Line::new();
    line.handshake(0, 0);
    line.feed(&segment(Client, ACK, 1, 1, b"hello"));
    line.feed(&segment(Side::Server, ACK, 1, 6, b""));
    line.feed(&segment(Client, ACK, 5, 1, b"o"));
    line.feed(&segment(Client, ACK, 5, 1, b""));
    let (conclusion, heard) = line.finish();
    assert_eq!((conclusion.tcp.keep_alives.client, conclusion.quality.retransmissions), (2, 0));
    assert_eq!(heard.bytes.client, b"hello");
}

#[test]
fn what_the_peer_acknowledged_and_the_capture_lacks_is_a_gap() {
    use Side::{Client, Server};
    let mut line = Line::new();
    line.handshake(0, 0);
    line.feed(&segment(Client, ACK, 1, 1, b"abc"));
    line.feed(&segment(Client, ACK, 7, 1, b"ghi"));
    line.feed(&segment(Server, ACK, 1, 13, b""));
    assert_eq!(line.heard.bytes.client, b"abc");
    line.feed_at(&segment(Server, ACK, 1, 13, b"x"), at_ms(9, 5000));
    assert_eq!(line.heard.bytes.client, b"abc\0\0\0ghi\0\0\0");
    let (conclusion, heard) = line.finish();
    assert_eq!((conclusion.tcp.acked_unseen.client, conclusion.quality.missing_bytes), (3, 6));
    assert_eq!((conclusion.quality.gaps, heard.gaps.client), (2, 6));
}

#[test]
fn waits_before_repetitions_and_stuck_segments_are_noted() {
    use Side::{Client, Server};
    let big = [7; 1400];
    let mut line = Line::new();
    line.handshake(0, 0);
    line.feed(&segment(Client, ACK, 1, 1, b"small"));
    line.feed(&segment(Server, ACK, 1, 6, b""));
    for (i, ms) in [100, 1200, 3400, 8000].into_iter().enumerate() {
        line.feed_at(&segment(Client, ACK, 6, 1, &big), at_ms(10 + i as u64, ms));
    }
    line.frame = 20_000;
    let (conclusion, _) = line.finish();
    let stuck = conclusion.tcp.stuck.unwrap();
    assert_eq!((stuck.tries, stuck.length, stuck.smaller_got_through, stuck.sent.len()), (3, 1400, true, 4));
    assert_eq!(conclusion.tcp.stalls.len(), 3);
    assert_eq!(conclusion.tcp.unanswered.unwrap().tries, 3);
    assert_eq!(conclusion.teardown.how, Close::Timeout);
}

/// What the network may do to a segment.
#[derive(Debug, Clone)]
struct Piece {
    from: Side,
    start: usize,
    end: usize,
}

fn pieces(from: Side, length: usize) -> impl Strategy<Value = Vec<Piece>> {
    let cuts = proptest::collection::vec(0..=length, 0..10);
    let again = proptest::collection::vec((0..=length, 0..=length), 0..5);
    (cuts, again).prop_map(move |(mut cuts, again)| {
        cuts.extend([0, length]);
        cuts.sort_unstable();
        let mut pieces: Vec<_> = cuts.windows(2).map(|w| Piece { from, start: w[0], end: w[1] }).collect();
        pieces.extend(again.into_iter().map(|(a, b)| Piece { from, start: a.min(b), end: a.max(b) }));
        pieces
    })
}

proptest! {
    #[test]
    fn any_order_split_duplication_overlap_and_wrap_gives_the_same_bytes(
        (client, server, order) in (
            proptest::collection::vec(any::<u8>(), 0..300), proptest::collection::vec(any::<u8>(), 0..300)
        ).prop_flat_map(|(c, s)| {
            let order = (pieces(Side::Client, c.len()), pieces(Side::Server, s.len()))
                .prop_map(|(a, b)| a.into_iter().chain(b).collect::<Vec<_>>())
                .prop_shuffle();
            (Just(c), Just(s), order)
        }),
        client_isn in prop_oneof![any::<u32>(), u32::MAX - 300..=u32::MAX],
        server_isn in prop_oneof![any::<u32>(), u32::MAX - 300..=u32::MAX],
    ) {
        let mut line = Line::new();
        line.handshake(client_isn, server_isn);
        for piece in &order {
            let (data, isn, peer) = match piece.from {
                Side::Client => (&client, client_isn, server_isn),
                Side::Server => (&server, server_isn, client_isn),
            };
            let sequence = isn.wrapping_add(1 + piece.start as u32);
            line.feed(&segment(piece.from, ACK, sequence, peer.wrapping_add(1), &data[piece.start..piece.end]));
        }
        let (conclusion, heard) = line.finish();
        prop_assert_eq!(&heard.bytes.client, &client);
        prop_assert_eq!(&heard.bytes.server, &server);
        prop_assert_eq!(conclusion.bytes, PerSide { client: client.len() as u64, server: server.len() as u64 });
        prop_assert_eq!(conclusion.quality.conflicting_overlaps, 0);
        prop_assert_eq!(conclusion.quality.missing_bytes, 0);
    }

    #[test]
    fn nothing_that_comes_over_the_wire_panics(
        segments in proptest::collection::vec(
            (any::<bool>(), any::<u8>(), prop_oneof![0u32..64, any::<u32>()], prop_oneof![0u32..64, any::<u32>()], 0usize..40, 0u32..80),
            1..60,
        )
    ) {
        let data = [1; 40];
        let mut connection: Option<Connection> = None;
        let mut frame = 0;
        for (client, flags, sequence, acknowledgement, length, more) in segments {
            let from = if client { Side::Client } else { Side::Server };
            let mut segment = segment(from, flags, sequence, acknowledgement, &data[..length]);
            segment.payload_length += more;
            frame += 1;
            let connection = connection.get_or_insert_with(|| {
                let mut connection = Connection::new(0, &segment, at(frame), |port| port == 1352);
                connection.watch();
                connection
            });
            connection.segment(&segment, at(frame), None, None, &Limits::default(), &mut Offsets::default());
        }
        let mut connection = connection.unwrap();
        connection.flush(at(frame), &Limits::default(), &mut Offsets::default());
        connection.conclude(at(frame));
    }
}
