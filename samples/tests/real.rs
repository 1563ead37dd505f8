//! The encoder against a real session: given the fields of the request and the response in the nDPI sample capture
//! `hcl_notes.pcapng`, it must write the same bytes.
//!
//! The capture is not part of this repository. It is read from the corpus folder (`NRPCSNIFF_CORPUS`, or `../shared/corpus`
//! beside the repository); without it the test says so loudly and proves nothing.

use std::path::Path;

use nrpcsniff_samples::nrpc::{SessionRequest, SessionResponse};
use nrpcsniff_samples::time::DAY;

/// TCP payloads of a little-endian pcap of Ethernet frames with IPv4 headers of 20 bytes.
fn payloads() -> Option<Vec<Vec<u8>>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("NRPCSNIFF_CORPUS").map_or(beside, Into::into);
    let Ok(bytes) = std::fs::read(corpus.join("nrpc/hcl_notes_first5.pcap")) else {
        eprintln!("SKIPPED: no corpus at {}, so the encoder is not compared with a real session", corpus.display());
        return None;
    };
    let (mut rest, mut out) = (&bytes[24..], Vec::new());
    while !rest.is_empty() {
        let len = u32::from_le_bytes([rest[8], rest[9], rest[10], rest[11]]) as usize;
        let frame = &rest[16..16 + len];
        let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
        out.push(frame[34 + usize::from(frame[46] >> 4) * 4..14 + total].to_vec());
        rest = &rest[16 + len..];
    }
    Some(out)
}

fn array<const N: usize>(frame: &[u8], at: usize) -> [u8; N] {
    frame[at..at + N].try_into().expect("as many bytes")
}

/// Nanoseconds since 1970 of the TIMEDATE at this offset.
fn time(frame: &[u8], at: usize) -> u64 {
    let hundredths = u64::from(u32::from_le_bytes(array(frame, at)));
    let day = u64::from(u32::from_le_bytes(array(frame, at + 4)) & 0x00ff_ffff);
    (day - 2_440_588) * DAY + hundredths * 10_000_000
}

#[test]
fn the_encoder_writes_what_a_real_client_and_server_wrote() {
    let Some(payloads) = payloads() else { return };
    let messages: Vec<&Vec<u8>> = payloads.iter().filter(|payload| !payload.is_empty()).collect();
    let [request, response] = messages[..] else { panic!("{} messages", messages.len()) };

    let name = std::str::from_utf8(&request[0x6d..0x81]).expect("a name");
    let mut mine = SessionRequest::new(name, time(request, 0x53));
    (mine.license, mine.nonce, mine.ticket) = (array(request, 19), array(request, 43), array(request, 0x85));
    (mine.created, mine.expires) = (time(request, 0xad), time(request, 0xb9));
    let mine = mine.message().tlv(0x0f, &request[0x5f..0x63]);
    assert_eq!(&mine.encode(), request);

    let mut mine = SessionResponse::new(name, time(response, 0x67));
    (mine.license, mine.nonce) = (array(response, 19), array(response, 43));
    let mine = mine.message().tlv(0x0f, &response[0x73..0x77]);
    assert_eq!(&mine.encode(), response);
}
