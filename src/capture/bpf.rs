//! Capture filters (pcap-filter(7)) on frames that were read, through libpcap.
//!
//! libpcap is optional at build time. Without it nothing else is lost, and every filter says what to install.

use crate::model::Frame;
use thiserror::Error;

/// Link type of Ethernet.
const ETHERNET: u16 = 1;

/// Why a filter cannot be used. The texts are whole sentences for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// libpcap does not accept the expression.
    #[error(
        "the filter '{expression}' cannot be used on frames of link type {link_type}: {reason}. See pcap-filter(7); \
         Wireshark's display filters are another language"
    )]
    Expression {
        /// The expression.
        expression: String,
        /// Link type of the frames, as in <https://www.tcpdump.org/linktypes.html>.
        link_type: u16,
        /// What libpcap says.
        reason: String,
    },
    /// Built without libpcap.
    #[error(
        "this nrpcsniff was built without libpcap and has no filters. Install it (apt install libpcap-dev; dnf install \
         libpcap-devel), then build again"
    )]
    NoLibpcap,
}

/// Can filters be compiled?
pub const fn libpcap_available() -> bool {
    cfg!(have_libpcap)
}

/// A filter for frames of one link type.
pub struct Filter {
    program: program::Program,
}

impl Filter {
    /// Compiles `expression` for frames of a link type (<https://www.tcpdump.org/linktypes.html>).
    ///
    /// # Errors
    /// An expression that libpcap does not accept, or no libpcap.
    pub fn compile(expression: &str, link_type: u16) -> Result<Self, FilterError> {
        program::Program::compile(expression, link_type).map(|program| Self { program })
    }

    /// Does a frame of that link type match? `wire_length` is what `len`, `less` and `greater` look at.
    pub fn matches(&self, data: &[u8], wire_length: u32) -> bool {
        self.program.matches(data, wire_length)
    }
}

/// A filter for frames of any link type: compiled for each when its first frame comes.
pub struct FilterSet {
    expression: String,
    filters: Vec<(u16, Filter)>,
}

impl FilterSet {
    /// Compiles `expression` for Ethernet, so that a wrong one is found before anything is read.
    ///
    /// # Errors
    /// An expression that libpcap does not accept, or no libpcap.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let filters = vec![(ETHERNET, Filter::compile(expression, ETHERNET)?)];
        Ok(Self { expression: expression.to_owned(), filters })
    }

    /// Does the frame match?
    ///
    /// # Errors
    /// The expression means nothing for the link type of this frame.
    pub fn matches(&mut self, frame: &Frame<'_>) -> Result<bool, FilterError> {
        let known = self.filters.iter().find(|(link_type, _)| *link_type == frame.link_type);
        if let Some((_, filter)) = known {
            return Ok(filter.matches(frame.data, frame.wire_length));
        }
        let filter = Filter::compile(&self.expression, frame.link_type)?;
        let matches = filter.matches(frame.data, frame.wire_length);
        self.filters.push((frame.link_type, filter));
        Ok(matches)
    }
}

#[cfg(have_libpcap)]
mod program {
    use super::FilterError;
    use crate::capture::fields::index;
    use pcap::{BpfProgram, Capture, Linktype};
    use std::borrow::Cow;

    /// `ld #len` and `ldx #len` (BPF_LD or BPF_LDX, BPF_W, BPF_LEN).
    const LOAD_LENGTH: [&str; 2] = ["128 ", "129 "];
    /// The longest packet that is made whole for a comparison of its length.
    const LONGEST: usize = 1 << 18;

    pub(super) struct Program {
        program: BpfProgram,
        uses_length: bool,
    }

    impl Program {
        pub(super) fn compile(expression: &str, link_type: u16) -> Result<Self, FilterError> {
            let dead = Capture::dead(Linktype(dlt(link_type)));
            let program = dead.and_then(|dead| dead.compile(expression, true)).map_err(|error| {
                let reason = match error {
                    pcap::Error::PcapError(reason) => reason,
                    pcap::Error::InvalidInputString => "it contains a NUL character".to_owned(),
                    other => other.to_string(),
                };
                FilterError::Expression { expression: expression.to_owned(), link_type, reason }
            })?;
            let is_length = |instruction: String| LOAD_LENGTH.iter().any(|load| instruction.starts_with(load));
            let uses_length = program.get_instructions().iter().any(|instruction| is_length(instruction.to_string()));
            Ok(Self { program, uses_length })
        }

        pub(super) fn matches(&self, data: &[u8], wire_length: u32) -> bool {
            self.program.filter(&self.with_length(data, wire_length))
        }

        /// The crate's `BpfProgram::filter` takes the length of its slice for that on the wire. For the few filters
        /// that look at it, a cut frame is made whole with zeros.
        fn with_length<'a>(&self, data: &'a [u8], wire_length: u32) -> Cow<'a, [u8]> {
            let whole = index(wire_length).min(LONGEST);
            if !self.uses_length || data.len() >= whole {
                return Cow::Borrowed(data);
            }
            let mut padded = data.to_vec();
            padded.resize(whole, 0);
            Cow::Owned(padded)
        }
    }

    /// libpcap's number of a link type. It differs from that in files for a few old ones; see `pcap-common.c`.
    fn dlt(link_type: u16) -> i32 {
        match link_type {
            100 => 11, // ATM, RFC 1483
            101 => {
                if cfg!(target_os = "openbsd") {
                    14
                } else {
                    12
                }
            } // raw IP
            106 => 19, // Linux classical IP over ATM
            other => other.into(),
        }
    }
}

#[cfg(not(have_libpcap))]
mod program {
    use super::FilterError;
    use std::convert::Infallible;

    /// There is none.
    pub(super) struct Program(Infallible);

    impl Program {
        pub(super) fn compile(_: &str, _: u16) -> Result<Self, FilterError> {
            Err(FilterError::NoLibpcap)
        }

        pub(super) fn matches(&self, _: &[u8], _: u32) -> bool {
            match self.0 {}
        }
    }
}
