//! What cannot be opened, and the sentences about it.

use super::build::{Packet, pcap, pcapng};
use crate::capture::{CaptureError, Reader};
use std::io::{Cursor, Write};
use std::path::Path;

fn refused(bytes: &[u8]) -> String {
    refused_as("x", bytes)
}

fn refused_as(name: &str, bytes: &[u8]) -> String {
    Reader::from_reader(name, Cursor::new(bytes.to_vec())).err().unwrap().to_string()
}

#[test]
fn files_that_are_not_there() {
    let error = Reader::open(Path::new("/no/such.pcap")).err().unwrap();
    assert!(matches!(error, CaptureError::NotFound { .. }));
    assert!(error.to_string().starts_with("/no/such.pcap: there is no such file"));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::open(folder.path()).err().unwrap(), CaptureError::Folder { .. }));
    let denied = CaptureError::io("x", std::io::ErrorKind::PermissionDenied.into());
    assert!(denied.to_string().starts_with("x: permission denied."));
}

#[test]
fn files_without_a_header() {
    assert!(refused(b"").starts_with("x: empty, 0 bytes."));
    assert!(refused(&pcap(&[])[..23]).starts_with("x: cut off after 23 bytes, within the header"));
    assert!(refused(b"\xd4").starts_with("x: cut off after 1 bytes"));
    assert!(refused(b"\x0a\x0d\x0d\x0a\x1c\0\0\0").starts_with("x: cut off after 8 bytes"));
}

#[test]
fn other_files() {
    assert!(refused(b"No.     Time        Source\n").contains("looks like text"));
    assert!(refused("Заголовок: сеть\n".repeat(100).as_bytes()).contains("looks like text"));
    assert!(refused(b"\xff\xfeN\0o\0").contains("looks like text"));
    assert!(refused(b"Stra\xdfe in Latin-1\n").contains("looks like text"));
    let elf = refused(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(
        elf,
        "x: no capture (pcap or pcapng, also .gz and .zst): it begins with the bytes 7f 45 4c 46 02 01 01 00"
    );
    let wrong_magic = refused(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert!(wrong_magic.contains("it begins with the bytes 0a 0d 0d 0a"));
}

#[test]
fn captures_of_other_tools_are_named() {
    let mut erf = vec![0u8; 64];
    for at in [0, 32] {
        erf[at + 4..at + 8].copy_from_slice(&1_700_000_000u32.to_le_bytes());
        erf[at + 8..at + 16].copy_from_slice(&[2, 4, 0, 32, 0, 0, 0, 60]);
    }
    for (start, name) in [
        (&b"snoop\0\0\0\0\0\0\x02"[..], "Solaris snoop"),
        (b"GMBU\x01\x02", "Network Monitor 2"),
        (b"RTSS\x01\x02", "Network Monitor 1"),
        (b"XCP\x002.00", "Sniffer CAP"),
        (b"\x01\x10\x4c\x00\x01\x05", "Novell LANalyzer"),
        (&erf, "Endace ERF"),
    ] {
        let error = refused(start);
        assert!(error.contains(name) && error.contains("editcap -F pcapng IN OUT"), "{error}");
    }
    assert!(refused(b"\xfd7zXZ\0\0\x04").contains("compressed with xz"));
    assert!(refused(b"\x0a\x0d\x0a\x1c\0\0\0").contains("transfer in text mode"));
    assert!(refused_as("trace.ETL", b"\0\0\x01\0\xc6\x3a").contains("etl2pcapng"));
}

#[test]
fn a_file_knows_its_size_and_place() {
    let bytes = pcap(&[Packet::at(1, &[1; 60]), Packet::at(2, &[2; 60])]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let mut reader = Reader::open(file.path()).unwrap();
    assert_eq!(reader.size(), Some(bytes.len() as u64));
    while reader.next(0).is_some() {}
    assert_eq!(reader.position(), bytes.len() as u64);
    assert_eq!(reader.into_input().path, file.path().to_string_lossy());
}

#[test]
fn readers_can_go_to_other_threads() {
    fn sendable<T: Send>() {}
    sendable::<Reader>();
}

/// Gives a header and then nothing more for ever, as a capture tool on a quiet network does.
struct Quiet(Cursor<Vec<u8>>);

impl std::io::Read for Quiet {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => panic!("waits for what need not come"),
            count => Ok(count),
        }
    }
}

#[test]
fn opening_and_frames_wait_for_no_more_than_they_need() {
    let mut reader = Reader::from_reader("-", Quiet(Cursor::new(pcap(&[Packet::at(1, &[1; 60])])))).unwrap();
    assert!(reader.next(0).is_some());
    let mut reader = Reader::from_reader("-", Quiet(Cursor::new(pcapng(&[Packet::at(1, &[1; 60])])))).unwrap();
    assert!(reader.next(0).is_some());
}
