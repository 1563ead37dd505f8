//! Capture filters (pcap-filter(7)) on frames that were read, through libpcap.
//!
//! libpcap is optional at build time. Without it nothing else is lost, and every filter says what to install.

use crate::model::Frame;
use thiserror::Error;

/// Link type of Ethernet.
const ETHERNET: u16 = 1;

/// What to do where there are no filters.
const WITHOUT_LIBPCAP: &str = if cfg!(windows) {
    "on Windows nrpcsniff has no filters. Filter while it is captured (dumpcap -f EXPR), or take a part of the capture with Wireshark: \
     tshark -r FILE -Y 'tcp.port == 1352' -w PART.pcapng"
} else {
    "this nrpcsniff was built without libpcap and has no filters. Install it (apt install libpcap-dev; dnf install \
     libpcap-devel), then build again"
};

/// Why a filter cannot be used. The texts are whole sentences for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FilterError {
    /// libpcap does not accept the expression.
    #[cfg_attr(not(have_libpcap), expect(dead_code, reason = "libpcap alone compiles"))]
    #[error(
        "the filter '{expression}' cannot be used on frames of link type {link_type}: {reason}. See pcap-filter(7); \
         Wireshark's display filters are another language"
    )]
    Expression {
        /// The expression.
        expression: String,
        /// Link type of the frames, as in <https://www.tcpdump.org/linktypes.html>.
        link_type: u16,
        /// Reason as libpcap states it.
        reason: String,
    },
    /// Built without libpcap.
    #[error("{}", WITHOUT_LIBPCAP)]
    #[cfg_attr(have_libpcap, expect(dead_code, reason = "of builds without libpcap"))]
    NoLibpcap,
}

/// A filter for frames of one link type.
pub(super) struct Filter {
    program: program::Program,
}

impl Filter {
    /// Compiles `expression` for frames of a link type (<https://www.tcpdump.org/linktypes.html>).
    ///
    /// # Errors
    /// An expression that libpcap does not accept, or no libpcap.
    pub(super) fn compile(expression: &str, link_type: u16) -> Result<Self, FilterError> {
        program::Program::compile(expression, link_type).map(|program| Self { program })
    }

    /// Does a frame of that link type match? `wire_length` is what `len`, `less` and `greater` look at.
    pub(super) fn matches(&self, data: &[u8], wire_length: u32) -> bool {
        self.program.matches(data, wire_length)
    }
}

/// A filter for frames of any link type: compiled for each when its first frame comes.
pub(crate) struct FilterSet {
    expression: String,
    filters: Vec<(u16, Filter)>,
}

impl FilterSet {
    /// Compiles `expression` for Ethernet, so that a wrong one is found before anything is read.
    ///
    /// # Errors
    /// An expression that libpcap does not accept, or no libpcap.
    pub(crate) fn new(expression: &str) -> Result<Self, FilterError> {
        let filters = vec![(ETHERNET, Filter::compile(expression, ETHERNET)?)];
        Ok(Self { expression: expression.to_owned(), filters })
    }

    /// Does the frame match?
    ///
    /// # Errors
    /// The expression means nothing for the link type of this frame.
    pub(crate) fn matches(&mut self, frame: &Frame<'_>) -> Result<bool, FilterError> {
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

/// The link type in files that libpcap's number stands for.
#[cfg(all(have_libpcap, unix))]
pub(super) fn link_type(dlt: i32) -> u16 {
    match dlt {
        11 => 100,      // ATM, RFC 1483
        12 | 14 => 101, // raw IP
        19 => 106,      // Linux classical IP over ATM
        other => u16::try_from(other).unwrap_or(u16::MAX),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet, IPv4 and TCP headers of a segment to port 1352, and 20 bytes.
    #[cfg(have_libpcap)]
    fn segment() -> Vec<u8> {
        let mut ip = vec![0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        ip.extend([0xc0, 0, 0x05, 0x48, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
        ip.resize(60, 0x55);
        [&[2; 12][..], &[8, 0], &ip].concat()
    }

    #[cfg(have_libpcap)]
    fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
        Frame { at: crate::model::Stamp::default(), link_type, data, wire_length: data.len() as u32 }
    }

    #[cfg(have_libpcap)]
    #[test]
    fn matches_what_the_expression_says() {
        let segment = segment();
        for (expression, expected) in [
            ("tcp port 1352", true),
            ("host 10.0.0.2 and dst port 1352", true),
            ("", true),
            ("udp", false),
            ("src port 1352", false),
            ("vlan", false),
        ] {
            let filter = Filter::compile(expression, ETHERNET).unwrap();
            assert_eq!(filter.matches(&segment, 74), expected, "{expression}");
        }
    }

    #[cfg(have_libpcap)]
    #[test]
    fn lengths_are_those_on_the_wire() {
        let segment = segment();
        for (expression, wire_length, expected) in [
            ("greater 1000", 74, false),
            ("greater 1000", 1514, true),
            ("less 100", 74, true),
            ("less 100", 1514, false),
            ("len > 1500 and tcp port 1352", 1514, true),
            ("len = 262144", u32::MAX, true),
        ] {
            let filter = Filter::compile(expression, ETHERNET).unwrap();
            assert_eq!(filter.matches(&segment, wire_length), expected, "{expression} {wire_length}");
        }
    }

    #[cfg(have_libpcap)]
    #[test]
    fn short_frames_do_not_match_what_they_do_not_hold() {
        let segment = segment();
        let filter = Filter::compile("tcp port 1352", ETHERNET).unwrap();
        for length in 0..segment.len() {
            assert_eq!(filter.matches(&segment[..length], 74), length >= 38, "{length}");
        }
    }

    #[cfg(have_libpcap)]
    #[test]
    fn a_set_serves_every_link_type() {
        let ethernet = segment();
        let ip = &ethernet[14..];
        let mut set = FilterSet::new("tcp port 1352").unwrap();
        let cooked = [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0][..], ip].concat();
        let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 4, 6, 2, 2, 2, 2, 2, 2, 0, 0][..], ip].concat();
        let loopback = [&2u32.to_ne_bytes()[..], ip].concat();
        for (link_type, data) in
            [(1, &ethernet[..]), (101, ip), (228, ip), (113, &cooked), (276, &cooked2), (0, &loopback)]
        {
            assert_eq!(set.matches(&frame(link_type, data)), Ok(true), "{link_type}");
            assert_eq!(set.matches(&frame(link_type, &data[..data.len() - 50])), Ok(false), "{link_type}");
        }
        assert_eq!(set.filters.len(), 6);
        // IEEE 802.15.4 has no IP at a known place; no link type has number 65535.
        for link_type in [195, u16::MAX] {
            let error = set.matches(&frame(link_type, ip)).unwrap_err();
            assert!(error.to_string().contains(&format!("link type {link_type}: ")), "{error}");
        }
    }

    #[cfg(have_libpcap)]
    #[test]
    fn a_wrong_expression_is_quoted_with_the_reason() {
        let error = FilterSet::new("tcp prt 1352").err().unwrap();
        let FilterError::Expression { expression, link_type, reason } = &error else { panic!("{error}") };
        assert_eq!((&**expression, *link_type), ("tcp prt 1352", 1));
        assert!(!reason.is_empty());
        assert!(
            error.to_string().contains(&format!("'tcp prt 1352' cannot be used on frames of link type 1: {reason}."))
        );
        assert!(FilterSet::new("tcp.port == 1352").is_err());
        assert!(FilterSet::new("port 1352\0").err().unwrap().to_string().contains("NUL"));
    }

    #[cfg(not(have_libpcap))]
    #[test]
    fn without_libpcap_it_says_what_to_install() {
        let error = FilterSet::new("tcp port 1352").err().unwrap();
        assert_eq!(error, FilterError::NoLibpcap);
        assert!(error.to_string().contains("apt install libpcap-dev"));
    }
}
