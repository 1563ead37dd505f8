//! A request whose form is waited for, in frames that may be mixed with those of other streams.

use super::super::message::{Body, Message};
use super::super::{form, url};
use super::frame::{self, HEADER, Header, flag, kind};
use crate::Problem;

/// Bytes behind the header block that are looked through.
const AHEAD: usize = 2 * form::SIZE;

/// A request whose header block stands at the front of the input.
pub(super) struct Waiting {
    pub message: Message,
    kind: form::Kind,
    stream: u32,
    /// Bytes of its header block.
    pub head: usize,
    /// Bytes of whole frames that were looked at.
    pub looked: usize,
    body: Vec<u8>,
    /// A header block of another stream was among them, and is still to be read.
    pub passed_block: bool,
}

impl Waiting {
    /// Nothing behind the header block was looked at yet.
    pub(super) const fn new(message: Message, kind: form::Kind, stream: u32, head: usize) -> Self {
        Self { message, kind, stream, head, looked: head, body: Vec::new(), passed_block: false }
    }

    /// Looks at the frames behind. `Some`: so many bytes of input are needed. `None`: the form is there, or not worth waiting for.
    pub(super) fn look(&mut self, input: &[u8]) -> Option<usize> {
        while self.looked.saturating_sub(self.head) <= AHEAD {
            let rest = input.get(self.looked..).unwrap_or_default();
            let Some(header) = Header::parse(rest) else { return Some(self.looked.saturating_add(HEADER)) };
            if !header.is_sound() || header.length > AHEAD {
                return None;
            }
            let end = self.looked.saturating_add(header.total());
            let Some(bytes) = rest.get(..header.total()) else { return Some(end) };
            self.looked = end;
            if header.stream != self.stream {
                self.passed_block |= header.is_of_block();
            } else if self.is_last(header, bytes) {
                if self.body.len() <= form::SIZE {
                    self.fill();
                }
                return None;
            }
        }
        None
    }

    /// With what there is of the form.
    pub(super) fn cut(mut self) -> Message {
        self.fill();
        self.message.problems.push(Problem::new("the body is cut: form fields may be missing", self.looked));
        self.message
    }

    /// Takes a frame of its stream; true if no other follows, or it is too much.
    fn is_last(&mut self, header: Header, bytes: &[u8]) -> bool {
        if header.kind == kind::DATA {
            self.body.extend_from_slice(frame::payload(header, bytes).unwrap_or_default());
        }
        let ends = matches!(header.kind, kind::DATA | kind::HEADERS) && header.has(flag::END_STREAM);
        ends || header.kind == kind::RST_STREAM || self.body.len() > form::SIZE
    }

    fn fill(&mut self) {
        let (fields, too_many) = form::fields(self.kind, &self.body);
        if too_many {
            let what = format!("more than {} form fields: the rest is not read", url::LIMIT);
            self.message.problems.push(Problem::new(what, self.head));
        }
        if let Body::Request(request) = &mut self.message.body {
            request.form = fields;
        }
    }
}
