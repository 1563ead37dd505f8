//! Display filters that show in Wireshark what the report speaks of. Syntax of Wireshark 4.0 and later.

use super::Report;
use crate::model::{Conversation, Endpoint, Finding, FrameRef, Transport};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// More ranges of frame numbers than this are not put into a filter.
const MOST_RANGES: usize = 60;
/// More conversations than this are not put into a filter one by one.
const MOST_CONVERSATIONS: usize = 30;

/// Shows every packet of a conversation, and no other conversation's: where addresses and ports were used again, a
/// range of frames (of times, if it spans several files) is added.
pub(crate) fn conversation(conversation: &Conversation) -> String {
    let limits = if conversation.ports_reused { limits(conversation) } else { String::new() };
    format!("{}{limits}", talk(conversation))
}

/// Shows the conversations that a finding is about in whatever capture of them: no numbers of frames.
pub(crate) fn talks(report: Report<'_>, finding: &Finding) -> String {
    let conversations: Vec<_> = report.conversations_of(finding).collect();
    match conversations.as_slice() {
        [] => String::new(),
        several if several.len() <= MOST_CONVERSATIONS => any(several.iter().map(|&c| talk(c))),
        many => servers(many),
    }
}

/// Shows what goes between these addresses and ports.
fn talk(conversation: &Conversation) -> String {
    let (client, server) = (conversation.client, conversation.server);
    let transport = transport(conversation);
    let ip = ip_field(client.ip);
    let addresses = if client.ip == server.ip {
        format!("{ip}.src == {0} && {ip}.dst == {0}", client.ip)
    } else {
        format!("{ip}.addr == {} && {}.addr == {}", client.ip, ip_field(server.ip), server.ip)
    };
    let ports = if client.port == server.port {
        format!("{transport}.srcport == {0} && {transport}.dstport == {0}", client.port)
    } else {
        format!("{transport}.port == {} && {transport}.port == {}", client.port, server.port)
    };
    format!("{addresses} && {ports}")
}

/// Shows what a finding rests on: its frames, if they are of one input and not scattered; else its conversations,
/// else their servers. A finding that names neither is about the capture as a whole: every frame; or about a log: none.
pub(crate) fn finding(report: Report<'_>, finding: &Finding) -> String {
    if let Some(filter) = frames(&finding.frames) {
        return filter;
    }
    let conversations: Vec<_> = report.conversations_of(finding).collect();
    match conversations.as_slice() {
        [] if finding.evidence.iter().any(|e| e.line.is_some()) => String::new(),
        [] => "frame".to_owned(),
        [one] => conversation(one),
        several if several.len() <= MOST_CONVERSATIONS => any(several.iter().map(|&c| conversation(c))),
        many => servers(many),
    }
}

/// `frame.number in {4, 5, 9..12}`; nothing if there are none, too many ranges, or frames of several inputs.
pub(crate) fn frames(frames: &[FrameRef]) -> Option<String> {
    let input = frames.first()?.input;
    if frames.iter().any(|frame| frame.input != input) {
        return None;
    }
    let numbers: BTreeSet<u64> = frames.iter().map(|frame| frame.number).collect();
    let ranges = ranges(numbers);
    match ranges.as_slice() {
        [(first, last)] if first == last => Some(format!("frame.number == {first}")),
        several if several.len() <= MOST_RANGES => Some(format!("frame.number in {{{}}}", set(several))),
        _ => None,
    }
}

/// Every packet to and from the servers of these conversations; their ports alone if there are too many.
fn servers(conversations: &[&Conversation]) -> String {
    let servers: BTreeSet<(&str, Endpoint)> = conversations.iter().map(|c| (transport(c), c.server)).collect();
    if servers.len() <= MOST_CONVERSATIONS {
        return any(servers.iter().map(|(transport, server)| {
            format!("{}.addr == {} && {transport}.port == {}", ip_field(server.ip), server.ip, server.port)
        }));
    }
    let transports: BTreeSet<&str> = servers.iter().map(|(transport, _)| *transport).collect();
    any(transports.iter().map(|&wanted| {
        let ports = servers.iter().filter(|(transport, _)| *transport == wanted).map(|(_, s)| u64::from(s.port));
        format!("{wanted}.port in {{{}}}", set(&ranges(ports.collect())))
    }))
}

fn limits(conversation: &Conversation) -> String {
    let (first, last) = (conversation.first, conversation.last);
    if first.frame.input == last.frame.input {
        format!(" && frame.number >= {} && frame.number <= {}", first.frame.number, last.frame.number)
    } else {
        let seconds =
            |nanos: i64| format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        let (first, last) = (seconds(first.time.nanos()), seconds(last.time.nanos()));
        format!(" && frame.time_epoch >= {first} && frame.time_epoch <= {last}")
    }
}

fn any(filters: impl Iterator<Item = String>) -> String {
    let filters: Vec<_> = filters.collect();
    match filters.as_slice() {
        [one] => one.clone(),
        several => several.iter().map(|filter| format!("({filter})")).collect::<Vec<_>>().join(" || "),
    }
}

/// Numbers in ascending order as ranges, both ends included.
fn ranges(numbers: BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

fn set(ranges: &[(u64, u64)]) -> String {
    let mut set = String::new();
    for (first, last) in ranges {
        let comma = if set.is_empty() { "" } else { ", " };
        let _ = match last - first {
            0 => write!(set, "{comma}{first}"),
            1 => write!(set, "{comma}{first}, {last}"),
            _ => write!(set, "{comma}{first}..{last}"),
        };
    }
    set
}

const fn transport(conversation: &Conversation) -> &'static str {
    match conversation.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

const fn ip_field(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "ip",
        IpAddr::V6(_) => "ipv6",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::ConversationId;
    use nrpcsniff_dissectors::Reader;
    use std::process::Command;

    fn frame(input: u32, number: u64) -> FrameRef {
        FrameRef { input, number }
    }

    fn between(client: &str, server: &str) -> Conversation {
        sample::conversation(0, client.parse::<std::net::SocketAddr>().unwrap(), server.parse().unwrap())
    }

    fn reused(last_input: u32) -> Conversation {
        let mut c = between("10.0.0.5:50123", "10.0.0.9:1352");
        c.ports_reused = true;
        c.last.frame.input = last_input;
        c
    }

    fn of_many(servers: u8) -> String {
        let conversations: Vec<_> = (0..200_u16)
            .map(|n| {
                let server = format!("10.0.1.{}:{}", n % u16::from(servers), 1352 + n % u16::from(servers));
                let mut c = between("10.0.0.5:50123", &server);
                c.id = ConversationId::new(n.into());
                c
            })
            .collect();
        let mut about = sample::finding("x", crate::model::Severity::Info);
        about.conversations = (0..200).map(ConversationId::new).collect();
        about.frames = (0..200).map(|n| frame(0, n * 2 + 1)).collect();
        let analysis = crate::model::Analysis { conversations: conversations.into(), ..Default::default() };
        finding(Report { analysis: &analysis, findings: &[], reader: Reader::MASKED }, &about)
    }

    /// One of every form.
    fn forms() -> Vec<(String, &'static str)> {
        let v4 = "ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9";
        let analysis = sample::analysis();
        let report = Report { analysis: &analysis, findings: &[], reader: Reader::MASKED };
        let mut about = sample::finding("x", crate::model::Severity::Info);
        let mut forms = vec![(conversation(&between("10.0.0.5:50123", "10.0.0.9:1352")), {
            "ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9 && tcp.port == 50123 && tcp.port == 1352"
        })];
        forms.push((
            conversation(&between("[2001:db8::5]:50123", "[2001:db8::9]:1352")),
            "ipv6.addr == 2001:db8::5 && ipv6.addr == 2001:db8::9 && tcp.port == 50123 && tcp.port == 1352",
        ));
        forms.push((
            conversation(&between("[::1]:1352", "[::1]:1352")),
            "ipv6.src == ::1 && ipv6.dst == ::1 && tcp.srcport == 1352 && tcp.dstport == 1352",
        ));
        assert!(conversation(&reused(0)).starts_with(v4));
        forms.push((conversation(&reused(0)), "ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9 && tcp.port == 50123 && tcp.port == 1352 && frame.number >= 1 && frame.number <= 7"));
        forms.push((conversation(&reused(1)), "ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9 && tcp.port == 50123 && tcp.port == 1352 && frame.time_epoch >= 1745344099.178040000 && frame.time_epoch <= 1745344099.195640000"));
        about.frames = [9, 4, 5, 10, 11, 12].map(|n| frame(0, n)).to_vec();
        forms.push((finding(report, &about), "frame.number in {4, 5, 9..12}"));
        about.frames = vec![frame(0, 7)];
        forms.push((finding(report, &about), "frame.number == 7"));
        about.frames = vec![frame(0, 7), frame(1, 7)];
        about.conversations = vec![ConversationId::new(0)];
        forms.push((
            finding(report, &about),
            "ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9 && tcp.port == 50123 && tcp.port == 1352",
        ));
        about.conversations = vec![ConversationId::new(0), ConversationId::new(1)];
        forms.push((finding(report, &about), "(ip.addr == 10.0.0.5 && ip.addr == 10.0.0.9 && tcp.port == 50123 && tcp.port == 1352) || (ip.addr == 10.0.0.5 && ip.addr == 10.0.0.2 && udp.port == 40000 && udp.port == 53)"));
        about.conversations.clear();
        forms.push((finding(report, &about), "frame"));
        forms.push((
            of_many(2),
            "(ip.addr == 10.0.1.0 && tcp.port == 1352) || (ip.addr == 10.0.1.1 && tcp.port == 1353)",
        ));
        forms.push((of_many(100), "tcp.port in {1352..1451}"));
        forms
    }

    #[test]
    fn every_form_reads_as_intended() {
        for (filter, wanted) in forms() {
            assert_eq!(filter, wanted);
        }
    }

    /// An empty classic pcap of Ethernet is enough for tshark to compile a filter.
    #[test]
    fn tshark_accepts_every_form() {
        if Command::new("tshark").arg("--version").output().is_err() {
            eprintln!("SKIPPED: tshark is not installed; display filters were not tried");
            return;
        }
        let capture = tempfile::NamedTempFile::new().unwrap();
        let header = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        std::fs::write(capture.path(), header).unwrap();
        let filters = forms().into_iter().map(|(filter, _)| format!("({filter})")).collect::<Vec<_>>().join(" || ");
        let tried = Command::new("tshark").arg("-r").arg(capture.path()).arg("-Y").arg(&filters).output().unwrap();
        assert!(tried.status.success(), "{}", String::from_utf8_lossy(&tried.stderr));
    }
}
