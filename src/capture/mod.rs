//! Sources of frames: capture files in every shape that users have. Timestamps are made here and nowhere else.
//!
//! A [`Reader`] reads one file or stream (pcap and pcapng in all their variants, plain or compressed) and lends its
//! frames one by one; what stands before damage is always delivered. [`discover()`] turns the paths of a command line
//! into [`CaptureSet`]s: folders are searched, the files of a rotated capture are put together. [`FilterSet`] is the
//! capture filter language of libpcap, where the build has libpcap. [`mod@write`] is the way back: frames into pcapng; [`mod@copy`] writes a
//! capture anew, block by block.
//!
//! Files are read with plain `read()` calls into one buffer that holds at least the largest record; a frame is lent
//! from that buffer and never copied. (Mapping files into memory is slower for one pass, needs `unsafe`, and breaks
//! on a file that is cut while it is read.)

mod bpf;
mod classic;
mod clock;
pub(crate) mod copy;
mod discover;
mod error;
mod fields;
mod foreign;
pub(crate) mod live;
mod pcapng;
mod reader;
mod record;
mod rotation;
mod source;
mod span;
mod stop;
mod window;
pub(crate) mod write;

#[cfg(test)]
mod tests;

pub(crate) use bpf::{FilterError, FilterSet};
pub(crate) use discover::{begins_broken_capture, discover, files_below, is_broken_capture, is_capture};
pub(crate) use error::CaptureError;
pub(crate) use foreign::BEGINNINGS;
pub(crate) use pcapng::Secret;
pub use reader::Reader;
pub(crate) use rotation::CaptureSet;
pub(crate) use source::decompressed;
