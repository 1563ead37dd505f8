//! What is written is read back by this program's own reader, by pcap-parser and by Wireshark's tools.

use super::file::Output;
use super::*;
use crate::capture::Reader;
use crate::model::{FrameRef, Input, Stamp};
use proptest::prelude::*;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const TIME: i64 = 1_795_767_000_123_456_789;

fn ethernet() -> InterfaceDescription {
    InterfaceDescription { name: "eth0".to_owned(), link_type: 1, snap_length: 262_144, digits: 9, filter: None }
}

fn frame(nanos: i64, link_type: u16, data: &[u8], wire_length: u32) -> Frame<'_> {
    let at = Stamp { frame: FrameRef { input: 0, number: 1 }, time: Timestamp::new(nanos, 9) };
    Frame { at, link_type, data, wire_length }
}

/// Time, digits, link type, data and length on the wire of each frame.
type Read = (i64, u8, u16, Vec<u8>, u32);

fn read(mut reader: Reader) -> (Vec<Read>, Input) {
    let mut frames = Vec::new();
    while let Some(frame) = reader.next(0) {
        let time = frame.at.time;
        frames.push((time.nanos(), time.digits(), frame.link_type, frame.data.to_vec(), frame.wire_length));
    }
    (frames, reader.into_input())
}

fn read_bytes(bytes: Vec<u8>) -> (Vec<Read>, Input) {
    read(Reader::from_reader("test", Cursor::new(bytes)).unwrap())
}

fn read_file(path: &Path) -> (Vec<Read>, Input) {
    read(Reader::open(path).unwrap())
}

/// What a tool says of a file; `None`, aloud, where it is not installed.
fn tool(name: &str, arguments: &[&str], file: &Path) -> Option<String> {
    let Ok(output) = Command::new(name).args(arguments).arg(file).output() else {
        eprintln!("SKIPPED: {name} is not installed");
        return None;
    };
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_frame_comes_back_as_it_was() {
    let mut writer = Writer::new(Vec::new(), None).unwrap();
    let interfaces = [ethernet(), InterfaceDescription { link_type: 276, digits: 6, ..ethernet() }];
    let numbers = interfaces.map(|interface| writer.interface(&interface).unwrap());
    assert_eq!(numbers, [0, 1]);
    writer.frame(0, &frame(TIME, 1, b"whole", 5), None).unwrap();
    writer.frame(1, &frame(TIME, 276, b"cut", 1514), Some("see here")).unwrap();
    writer.frame(0, &frame(-1, 1, b"", 0), None).unwrap();
    let (frames, input) = read_bytes(writer.out);
    assert_eq!(
        frames,
        [(TIME, 9, 1, b"whole".to_vec(), 5), (TIME - 789, 6, 276, b"cut".to_vec(), 1514), (0, 9, 1, Vec::new(), 0),]
    );
    assert!(input.complete && input.problem.is_none(), "{:?}", input.problem);
    assert_eq!((input.link_types, input.snap_length), (vec![1, 276], Some(262_144)));
}

#[test]
fn a_frame_takes_as_many_bytes_as_is_said() {
    for length in 0..9 {
        let mut writer = Writer::new(Vec::new(), None).unwrap();
        writer.interface(&ethernet()).unwrap();
        let before = writer.out.len() as u64;
        let data = vec![7; length];
        let frame = frame(TIME, 1, &data, 60);
        writer.frame(0, &frame, None).unwrap();
        assert_eq!(writer.out.len() as u64 - before, size(&frame));
    }
}

#[test]
fn an_interface_that_nobody_described_is_an_error() {
    let mut writer = Writer::new(Vec::new(), None).unwrap();
    let error = writer.frame(0, &frame(TIME, 1, b"x", 1), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn drops_of_the_interface_and_of_the_kernel_are_both_drops() {
    let mut writer = Writer::new(Vec::new(), None).unwrap();
    writer.interface(&ethernet()).unwrap();
    let counts = Counts { received: 100, kernel_drops: 7, interface_drops: 5 };
    let (start, end) = (Timestamp::new(TIME, 9), Timestamp::new(TIME + 1, 9));
    writer.statistics(0, &Statistics { counts, start, end, comment: None }).unwrap();
    let (_, input) = read_bytes(writer.out);
    assert_eq!((input.dropped, input.problem), (Some(12), None));
}

#[test]
fn secrets_come_before_what_they_open() {
    let mut writer = Writer::new(Vec::new(), None).unwrap();
    let secret = Secret { kind: 0x544c_534b, data: b"CLIENT_RANDOM 00 11\n".to_vec() };
    writer.secret(&secret).unwrap();
    let mut reader = Reader::from_reader("test", Cursor::new(writer.out)).unwrap();
    assert!(reader.next(0).is_none());
    assert_eq!(reader.secrets(), [secret]);
}

#[test]
fn of_too_many_secrets_the_newest_stay() {
    let mut head = FilePreamble::default();
    for number in 0..40_u8 {
        head.add(Secret { kind: 1, data: vec![number; 100_000] });
    }
    let numbers: Vec<_> = head.secrets.iter().map(|secret| secret.data[0]).collect();
    assert_eq!(numbers, (30..40).collect::<Vec<_>>());
}

#[test]
fn a_comment_that_is_too_long_is_cut_between_letters() {
    let comment = "\u{e4}".repeat(40_000);
    let writer = Writer::new(Vec::new(), Some(&comment)).unwrap();
    let bytes = writer.out;
    let written = bytes.windows(2).filter(|pair| *pair == "\u{e4}".as_bytes()).count();
    assert_eq!(written, 32_767);
    assert!(read_bytes(bytes).1.complete);
}

#[test]
fn wireshark_shows_frames_interfaces_and_comments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let interfaces = vec![
        ethernet(),
        InterfaceDescription { name: "any".into(), link_type: 113, filter: Some("port 1352".into()), ..ethernet() },
    ];
    let head = FilePreamble { interfaces, secrets: Vec::new() };
    let mut file =
        CaptureFile::create_new(&path, &head, Some("rule: title\nWhat to do: \u{e4}ndern")).unwrap().unwrap();
    file.frame(0, &frame(TIME, 1, &[0xff; 60], 60), None).unwrap();
    file.frame(1, &frame(TIME + 1, 113, &[0; 40], 900), Some("12 packets before this one are lost")).unwrap();
    let counts = Counts { received: 2, kernel_drops: 3, interface_drops: 4 };
    let (start, end) = (Timestamp::new(TIME, 9), Timestamp::new(TIME + 1, 9));
    file.statistics(&Statistics { counts, start, end, comment: None }).unwrap();
    if let Some(said) = tool("capinfos", &[], &path) {
        for part in ["rule: title", "What to do: \u{e4}ndern", "nrpcsniff ", "eth0", "port 1352", "nanoseconds"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let fields = ["frame.time_epoch", "frame.interface_name", "frame.cap_len", "frame.len", "frame.comment"];
    let mut arguments = vec!["-T", "fields"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    arguments.push("-r");
    if let Some(said) = tool("tshark", &arguments, &path) {
        let expected = "1795767000.123456789\teth0\t60\t60\t\n\
                        1795767000.123456790\tany\t40\t900\t12 packets before this one are lost\n";
        assert_eq!(said, expected);
    }
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_and_never_take_the_place_of_another() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let file = CaptureFile::create_new(&path, &FilePreamble::default(), None).unwrap().unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.identity(), FileIdentity::at(&path));
    assert!(CaptureFile::create_new(&path, &FilePreamble::default(), None).unwrap().is_none());
}

#[test]
fn a_file_can_be_read_whenever_it_was_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let head = FilePreamble { interfaces: vec![ethernet()], secrets: Vec::new() };
    let mut file = CaptureFile::create_new(&path, &head, None).unwrap().unwrap();
    assert!(file.is_empty() && read_file(&path).1.complete);
    // More than is held back, so that part of it was written without being asked for.
    for number in 1..=200 {
        file.frame(0, &frame(TIME, 1, &[1; 1501], 1501), None).unwrap();
        let (frames, input) = read_file(&path);
        assert!(input.complete && frames.len() <= number, "{:?}", input.problem);
    }
    assert!(file.frames() > 0 && file.frames() < 200);
    file.flush().unwrap();
    assert_eq!((read_file(&path).0.len(), file.frames(), file.lost()), (200, 200, 0));
    assert_eq!(path.metadata().unwrap().len(), file.length());
}

#[test]
fn an_interface_that_comes_back_with_another_link_type_is_described_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let head = FilePreamble { interfaces: vec![ethernet()], secrets: Vec::new() };
    let mut file = CaptureFile::create_new(&path, &head, None).unwrap().unwrap();
    for link_type in [1, 101, 1, 101] {
        file.frame(0, &frame(TIME, link_type, &[1; 60], 60), None).unwrap();
    }
    file.frame(7, &frame(TIME, 1, &[1; 60], 60), None).unwrap();
    file.flush().unwrap();
    let (frames, input) = read_file(&path);
    let link_types: Vec<_> = frames.iter().map(|(_, _, link_type, ..)| *link_type).collect();
    assert_eq!((link_types, input.problem), (vec![1, 101, 1, 101, 1], None));
}

/// A disk of so many bytes.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

impl Disk {
    fn of(size: usize) -> Self {
        let disk = Self::default();
        disk.resize(size);
        disk
    }

    fn resize(&self, size: usize) {
        self.0.lock().unwrap().1 = size;
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().0.clone()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (there, size) = &mut *self.0.lock().unwrap();
        match bytes.len().min(*size - there.len()) {
            0 if !bytes.is_empty() => Err(ErrorKind::StorageFull.into()),
            room => {
                there.extend(&bytes[..room]);
                Ok(room)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Disk {
    fn set_back(&mut self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().0.truncate(length as usize);
        Ok(())
    }
}

#[test]
fn a_full_disk_loses_frames_and_no_file() {
    let head = FilePreamble { interfaces: vec![ethernet()], secrets: Vec::new() };
    // Whereever the disk ends, the file is whole, and goes on once there is room.
    for size in 200..700 {
        let disk = Disk::of(size);
        let mut file = CaptureFile::begin(Path::new("a.pcapng"), Box::new(disk.clone()), &head, None).unwrap();
        let write = |file: &mut CaptureFile, link_type| {
            file.frame(0, &frame(TIME, link_type, &[1; 60], 60), None).and_then(|()| file.flush())
        };
        let written = (0..4).map(|n| usize::from(write(&mut file, 1 + n % 2).is_ok())).sum::<usize>();
        assert_eq!((file.frames(), file.lost()), (written as u64, 4 - written as u64));
        disk.resize(10_000);
        write(&mut file, 2).unwrap();
        let (frames, input) = read_bytes(disk.bytes());
        assert!(input.complete && input.problem.is_none(), "{size}: {:?}", input.problem);
        assert_eq!(frames.len(), written + 1);
        assert_eq!(frames.last().unwrap().2, 2);
    }
}

#[test]
fn a_disk_without_room_for_the_head_is_told_at_once() {
    let head = FilePreamble { interfaces: vec![ethernet()], secrets: Vec::new() };
    let error = CaptureFile::begin(Path::new("a.pcapng"), Box::new(Disk::of(40)), &head, None).unwrap_err();
    assert!(matches!(&error, WriteError::Full { path, .. } if path == "a.pcapng"), "{error}");
    assert!(error.to_string().contains("Make room"), "{error}");
}

#[test]
fn errors_name_the_file_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("a.pcapng");
    let error = CaptureFile::create_new(&path, &FilePreamble::default(), None).unwrap_err().to_string();
    assert!(error.starts_with(path.to_str().unwrap()) && error.contains("no such folder"), "{error}");
    let denied = WriteError::io(&path, ErrorKind::PermissionDenied.into()).to_string();
    assert!(denied.contains("--user"), "{denied}");
    assert!(WriteError::io(&path, ErrorKind::BrokenPipe.into()).is_closed_pipe());
}

proptest! {
    #[test]
    fn an_outside_judge_reads_the_same(
        frames in proptest::collection::vec((0..i64::MAX, proptest::collection::vec(any::<u8>(), 0..70), 0_u32..90), 0..20),
        comment in proptest::option::of(".{0,40}"),
    ) {
        let mut writer = Writer::new(Vec::new(), comment.as_deref()).unwrap();
        writer.interface(&ethernet()).unwrap();
        for (nanos, data, wire) in &frames {
            writer.frame(0, &frame(*nanos, 1, data, *wire), comment.as_deref()).unwrap();
        }
        let bytes = writer.out;
        let expected: Vec<_> =
            frames.iter().map(|(_, data, wire)| (data.clone(), (*wire).max(data.len() as u32))).collect();
        prop_assert_eq!(crate::capture::tests::oracle::judged(&bytes), expected);
        let (ours, input) = read_bytes(bytes);
        prop_assert!(input.complete && input.problem.is_none());
        let times: Vec<_> = ours.iter().map(|(nanos, ..)| *nanos).collect();
        prop_assert_eq!(times, frames.iter().map(|(nanos, ..)| *nanos).collect::<Vec<_>>());
    }
}
