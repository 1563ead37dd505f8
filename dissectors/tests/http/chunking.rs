//! Any chunking, any order of the directions and any gap: conversations put together at random.

use super::said::said;
use super::websocket::{ANSWER, MASK, REGISTER, frame};
use super::{GET, OK, open, render};
use nrpcsniff_dissectors::Side;
use nrpcsniff_dissectors::drive::Driver;
use proptest::prelude::*;

/// A piece of a conversation: whole messages, parts of them, and what breaks them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let texts = [
        GET,
        OK,
        "HEAD /h HTTP/1.1\r\n\r\n",
        "POST /f HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nuser=ann&",
        "POST /c HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 No\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n",
        "GET /u HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
        "GET /bad HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "0\r\nX: y\r\n",
        "ffffffffffffffff\r\n",
        "HTTP/",
        "GET /",
        "\r\n",
        "\n",
        " HTTP/1.1\r\n",
        "Cookie: LtpaToken=x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
        "<form action=/names.nsf?Login>",
        "Content-Encoding: gzip\r\n",
    ];
    prop_oneof![
        12 => prop::sample::select(texts.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        2 => prop::sample::select(vec![frame(0x81, MASK, REGISTER.as_bytes()), frame(0x82, None, ANSWER.as_bytes()), frame(0xC1, None, b"z")]),
        2 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

/// Both directions in pieces of these sizes: an odd one is the server's.
fn interleaved(streams: [&[u8]; 2], sizes: &[usize]) -> Driver {
    let mut driver = open();
    let mut rest = streams;
    for &size in sizes.iter().cycle() {
        let lane = usize::from((size % 2 == 1 || rest[0].is_empty()) && !rest[1].is_empty());
        let (chunk, behind) = rest[lane].split_at(size.min(rest[lane].len()));
        driver.data([Side::Client, Side::Server][lane], chunk);
        rest[lane] = behind;
        if rest == [b""; 2] {
            break;
        }
    }
    driver.end(Side::Client);
    driver.end(Side::Server);
    driver
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_chunking_and_any_order_of_the_directions_give_the_same_messages(
        client in pieces(),
        server in pieces(),
        sizes in prop::collection::vec(1usize..40, 1..20),
    ) {
        let client = [GET.as_bytes(), &client].concat();
        let one = interleaved([&client, &server], &[1_000_000, 1_000_001]);
        let other = interleaved([&client, &server], &sizes);
        prop_assert!(!one.not_mine() && !other.not_mine());
        for side in [Side::Client, Side::Server] {
            prop_assert_eq!(said(&one, side), said(&other, side));
        }
        let bytes = client.len() + server.len();
        prop_assert!(other.calls <= 3 * bytes + 10, "{} calls for {} bytes", other.calls, bytes);
        prop_assert!(one.messages.iter().all(|(_, message)| !render(message).is_empty()));
    }

    #[test]
    fn any_gap_is_survived(before in pieces(), missing in 0u64..300, after in pieces(), side in prop::bool::ANY) {
        let side = if side { Side::Client } else { Side::Server };
        let mut driver = open();
        driver.data(side, &[if side == Side::Client { GET } else { OK }.as_bytes(), &before].concat());
        driver.gap(side, missing);
        driver.data(side, &after);
        driver.end(side);
        prop_assert!(driver.messages.iter().all(|(_, message)| !render(message).is_empty()));
    }
}
