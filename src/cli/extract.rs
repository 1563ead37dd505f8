//! `-w FILE` beside captures: the packets of conversations with findings, with remarks that Wireshark shows.
//!
//! What a finding rests on is written with it: everything that the same clients asked of DNS and said in protocols of sign-on, so
//! that the written file alone gives the same rules, servers and names. Captures are read a second time, and packets are copied as
//! they stand (see [`copy`]); what came by standard input is kept in a file for as long as the run takes.

use super::args::WriteArgs;
use super::output;
use crate::api::Diagnosis;
use crate::capture::copy::{self, Beside, Edited, Editor};
use crate::capture::{CaptureSet, Reader};
use crate::decode::{Decoder, Headers, Packet};
use crate::model::{Conversation, ConversationId, Endpoint, Finding, Frame, FrameRef, IpInfo, Transport};
use crate::report::talk::{Verbosity, say};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Which packets go where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extract {
    path: PathBuf,
    what: Wanted,
}

/// Which packets are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// Those of conversations with findings, and what these rest on.
    Findings,
    /// Those of conversations by their ids.
    Conversations(Vec<u32>),
    /// All that were read.
    All,
}

impl Extract {
    /// Checks the arguments; `report` is the file of `-o`, if there is one. A folder has a file for each finding live only.
    pub(super) fn of(args: &WriteArgs, report: Option<&Path>) -> Result<Option<Self>> {
        let Some(path) = args.write.clone() else { return Ok(None) };
        let shown = path.display();
        ensure!(!path.is_dir(), "-w {shown}: this is a folder; beside captures -w needs the name of a file");
        ensure!(report != Some(&path), "{shown}: -o and -w name the same file; give one of them another name");
        if path.as_os_str() == "-" {
            ensure!(report.is_some(), "-w -: the report goes to stdout already; send it to a file (-o FILE)");
        }
        let ids = args.conversation.iter().map(|text| id(text)).collect::<Result<Vec<_>>>()?;
        let what = match (args.write_all, ids.is_empty()) {
            (true, _) => Wanted::All,
            (false, true) => Wanted::Findings,
            (false, false) => Wanted::Conversations(ids),
        };
        Ok(Some(Self { path, what }))
    }

    /// The file may be written, and is none of the inputs.
    pub(super) fn check<'a>(&self, inputs: impl Iterator<Item = &'a Path>) -> Result<()> {
        if self.path.as_os_str() == "-" { Ok(()) } else { output::check(&self.path, "-w", inputs) }
    }

    /// Writes the packets, and says how many, or why not all of them are there: false then.
    pub(super) fn is_written(&self, sets: &[CaptureSet], diagnosis: &Diagnosis, verbosity: Verbosity) -> bool {
        match self.write(sets, diagnosis) {
            Ok(_) if verbosity.quiet || self.path.as_os_str() == "-" => true,
            Ok(packets) => {
                say(&format!("{}: {packets} packets written", self.path.display()));
                true
            }
            Err(error) => {
                say(&format!("{error:#}"));
                false
            }
        }
    }

    /// Writes the packets. Gives how many there are.
    fn write(&self, sets: &[CaptureSet], diagnosis: &Diagnosis) -> Result<u64> {
        let failed = || format!("{}: the packets cannot be written", self.path.display());
        let mut selection = Selection::new(&self.what, diagnosis)?;
        let paths: Vec<&PathBuf> = sets.iter().flat_map(|set| &set.paths).collect();
        for (input, path) in (0..).zip(&paths) {
            selection.read(input, path);
        }
        let write = |out: &mut dyn Write| -> Result<u64> {
            let mut written = 0;
            for (input, path) in (0_u32..).zip(&paths) {
                let Some(about) = diagnosis.analysis().inputs.get(input as usize).filter(|about| about.packets > 0)
                else {
                    continue;
                };
                let source = File::open(path).with_context(|| path.display().to_string())?;
                let mut editor = Extracting { selection: &selection, written: 0 };
                copy::copy(source, &mut *out, (input, about.packets), &mut editor).with_context(failed)?;
                written += editor.written;
            }
            out.flush().with_context(failed)?;
            Ok(written)
        };
        if self.path.as_os_str() == "-" {
            return write(&mut BufWriter::new(io::stdout().lock()));
        }
        write(&mut BufWriter::new(private(&self.path).with_context(failed)?))
    }
}

/// A file that its owner alone can read: packets hold what was said in clear.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there before may be open to others. Devices stay as they are.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// `17` or `c17`.
fn id(text: &str) -> Result<u32> {
    let number = text.trim().trim_start_matches('c').parse().ok();
    number
        .ok_or_else(|| anyhow!("--conversation '{text}': the id of a conversation, as --detail conversations lists it"))
}

type Flow = (Transport, Endpoint, Endpoint);

/// What is written.
struct Selection {
    all: bool,
    /// Conversations, by their ends: first and last frame of each, with their inputs.
    flows: HashMap<Flow, Vec<(FrameRef, FrameRef)>>,
    /// Machines whose datagrams are written whatever they carry: media is no protocol that is known.
    media: HashSet<IpAddr>,
    /// Frames that stand in no conversation.
    frames: HashSet<FrameRef>,
    /// What is remarked at a frame.
    remarks: HashMap<FrameRef, String>,
    /// What is remarked of the whole.
    verdict: String,
}

impl Selection {
    fn new(what: &Wanted, diagnosis: &Diagnosis) -> Result<Self> {
        let findings = diagnosis.findings();
        let mut selection = Self {
            all: *what == Wanted::All,
            flows: HashMap::new(),
            media: HashSet::new(),
            frames: HashSet::new(),
            remarks: remarks(findings),
            verdict: verdict(diagnosis),
        };
        let conversations = &diagnosis.analysis().conversations;
        match what {
            Wanted::All => {}
            Wanted::Conversations(ids) => {
                for &id in ids {
                    let Some(wanted) = conversations.by_id(ConversationId::new(id)) else {
                        bail!(
                            "--conversation {id}: there is no such conversation (--detail conversations --all lists them)"
                        )
                    };
                    selection.add(wanted);
                }
            }
            Wanted::Findings => selection.add_findings(findings, conversations.iter()),
        }
        Ok(selection)
    }

    /// Conversations of findings, and everything that their machines asked of others in a protocol that is known, DNS among them.
    fn add_findings<'c>(
        &mut self,
        findings: &[Finding],
        conversations: impl Iterator<Item = &'c Conversation> + Clone,
    ) {
        let named: HashSet<ConversationId> =
            findings.iter().flat_map(|finding| finding.conversations.iter().copied()).collect();
        self.frames.extend(findings.iter().flat_map(|finding| &finding.frames).copied());
        self.frames.extend(self.remarks.keys().copied().collect::<Vec<_>>());
        let touched = |conversation: &&Conversation| {
            let (from, to) = (conversation.first.frame, conversation.last.frame);
            named.contains(&conversation.id) || self.frames.contains(&from) || self.frames.contains(&to)
        };
        let hosts: HashSet<IpAddr> = conversations
            .clone()
            .filter(touched)
            .flat_map(|conversation| [conversation.client.ip, conversation.server.ip])
            .collect();
        // What is told of a machine may rest on its part in the sign-on: the first sign-on at each shows it.
        let mut servers = HashSet::new();
        for conversation in conversations {
            let of_host = hosts.contains(&conversation.client.ip) && conversation.protocol.is_some();
            let signs_on = conversation.protocol.is_some_and(|protocol| protocol.sign_on.is_some());
            let is_first = signs_on && !findings.is_empty() && servers.insert(conversation.server.ip);
            if of_host || is_first || named.contains(&conversation.id) {
                self.add(conversation);
            }
        }
        if findings.iter().any(|finding| finding.rule.as_str().contains("media")) {
            self.media = hosts;
        }
    }

    fn add(&mut self, conversation: &Conversation) {
        let flow = (conversation.transport, conversation.client, conversation.server);
        self.flows.entry(flow).or_default().push((conversation.first.frame, conversation.last.frame));
    }

    /// Finds the frames of one input that are wanted and can only be told by reading: errors about a conversation, and all
    /// fragments of a packet.
    fn read(&mut self, input: u32, path: &Path) {
        let Ok(mut reader) = Reader::open(path) else { return };
        let (mut decoder, mut fragments) = (Decoder::new(), HashMap::<_, Vec<FrameRef>>::new());
        while let Some(frame) = reader.next(input) {
            if self.all {
                return;
            }
            let at = frame.at.frame;
            let (packet, headers) = decoder.decode_with_headers(&frame);
            let wanted = self.frames.contains(&at) || self.is_of_flow(&packet, at);
            if wanted {
                self.frames.insert(at);
            }
            let Headers { fragment: Some(fragment), .. } = headers else { continue };
            let others = fragments.entry(fragment.key).or_default();
            others.push(at);
            if wanted {
                self.frames.extend(std::mem::take(others));
            }
        }
    }

    fn is_of_flow(&self, packet: &Packet<'_>, at: FrameRef) -> bool {
        let ends =
            |ip: IpInfo, from, to| (Endpoint { ip: ip.source, port: from }, Endpoint { ip: ip.destination, port: to });
        let (transport, (from, to), is_error) = match packet {
            Packet::Tcp(segment) => {
                (Transport::Tcp, ends(segment.ip, segment.source_port, segment.destination_port), false)
            }
            Packet::Udp(datagram) => {
                (Transport::Udp, ends(datagram.ip, datagram.source_port, datagram.destination_port), false)
            }
            Packet::IcmpError(error) => match &error.quoted {
                Some(quote) => (quote.transport, (quote.source, quote.destination), true),
                None => return false,
            },
            Packet::Other(_) => return false,
        };
        if transport == Transport::Udp && (self.media.contains(&from.ip) || self.media.contains(&to.ip)) {
            return true;
        }
        let found = [(transport, from, to), (transport, to, from)]
            .into_iter()
            .filter_map(|flow| self.flows.get(&flow))
            .flatten();
        found.into_iter().any(|(first, last)| *first <= at && (at <= *last || is_error))
    }
}

/// For each frame that is evidence what it shows, finding by finding.
fn remarks(findings: &[Finding]) -> HashMap<FrameRef, String> {
    let mut lines: BTreeMap<FrameRef, Vec<String>> = BTreeMap::new();
    for finding in findings {
        for evidence in &finding.evidence {
            let Some(frame) = evidence.frame else { continue };
            lines.entry(frame).or_default().push(format!("{}: {}", finding.rule, evidence.text));
        }
    }
    lines.into_iter().map(|(frame, lines)| (frame, lines.join("\n"))).collect()
}

/// The verdict, and what was found.
fn verdict(diagnosis: &Diagnosis) -> String {
    let findings = diagnosis
        .findings()
        .iter()
        .map(|finding| format!("{} ({}): {}", finding.rule, finding.severity.name(), finding.title));
    let verdict = std::iter::once(format!("nrpcsniff: {}", diagnosis.verdict().text));
    verdict.chain(findings).collect::<Vec<_>>().join("\n")
}

/// A capture of which some packets are copied.
struct Extracting<'s> {
    selection: &'s Selection,
    written: u64,
}

impl Editor for Extracting<'_> {
    fn packet<'a>(&mut self, frame: &Frame<'a>) -> Option<Edited<'a>> {
        let at = frame.at.frame;
        if !(self.selection.all || self.selection.frames.contains(&at)) {
            return None;
        }
        self.written += 1;
        Some(Edited { data: Cow::Borrowed(frame.data), comment: self.selection.remarks.get(&at).cloned() })
    }

    fn keeps(&mut self, _: Beside) -> bool {
        true
    }

    fn keeps_remarks(&self) -> bool {
        true
    }

    fn comment(&self) -> Option<String> {
        Some(self.selection.verdict.clone())
    }
}
