//! Live capture through the `pcap` crate.

use super::{CaptureSettings, Counts, Interface, LiveError, LiveFrame, WrappingCounts};
use crate::capture::{FilterError, bpf};
use crate::model::Timestamp;
use pcap::{Active, Capture, Device, Error, Packet, Precision};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// Milliseconds after which the kernel hands over a block that is not full.
const BLOCK_PATIENCE: i32 = 10;
/// The interface that stands for all of them (Linux).
const ANY: &str = "any";

pub(super) fn interfaces() -> Result<Vec<Interface>, LiveError> {
    let list = Device::list().map_err(|error| LiveError::Other { interface: "-D".to_owned(), reason: text(error) })?;
    Ok(list.into_iter().map(interface).collect())
}

fn interface(device: Device) -> Interface {
    Interface {
        addresses: device.addresses.iter().map(|address| address.addr).collect(),
        up: device.flags.is_up(),
        running: device.flags.is_running(),
        loopback: device.flags.is_loopback(),
        name: device.name,
        description: device.desc,
    }
}

/// An open interface.
pub(super) struct Handle {
    name: String,
    capture: Capture<Active>,
    link_type: u16,
    digits: u8,
    counted: WrappingCounts,
}

impl Handle {
    pub(super) fn open(name: &str, setup: &CaptureSettings) -> Result<Self, LiveError> {
        let (capture, digits) = activate(name, setup).map_err(|error| judge(name, error))?;
        let other = |error| LiveError::Other { interface: name.to_owned(), reason: text(error) };
        let mut capture = capture.setnonblock().map_err(other)?;
        let link_type = bpf::link_type(capture.get_datalink().0);
        if let Some(expression) = &setup.filter {
            capture.filter(expression, true).map_err(|error| FilterError::Expression {
                expression: expression.clone(),
                link_type,
                reason: text(error),
            })?;
        }
        Ok(Self { name: name.to_owned(), capture, link_type, digits, counted: WrappingCounts::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn link_type(&self) -> u16 {
        self.link_type
    }

    pub(super) fn digits(&self) -> u8 {
        self.digits
    }

    pub(super) fn read(&mut self, most: usize, mut take: impl FnMut(LiveFrame<'_>)) -> Result<usize, LiveError> {
        let digits = self.digits;
        let read = self.capture.dispatch(Some(most), |packet| take(arrived(&packet, digits)));
        match read {
            Ok(count) => Ok(count),
            Err(Error::TimeoutExpired) => Ok(0),
            Err(error) => Err(stopped(&self.name, text(error))),
        }
    }

    pub(super) fn counts(&mut self) -> Counts {
        match self.capture.stats() {
            Ok(stat) => self.counted.add([stat.received, stat.dropped, stat.if_dropped]),
            Err(_) => self.counted.counts,
        }
    }
}

pub(super) fn wait<'a>(open: impl Iterator<Item = &'a Handle>, time: Duration) {
    let mut fds: Vec<_> = open.map(|handle| PollFd::new(&handle.capture, PollFlags::IN)).collect();
    let timeout = Timespec::try_from(time).ok();
    // A signal ends the wait early, and whatever else is wrong shows when the interface is read.
    let _ = poll(&mut fds, timeout.as_ref());
}

/// Activates with nanoseconds if the system has them, and in promiscuous mode if the interface has it: the crate takes
/// libpcap's warnings for errors.
fn activate(name: &str, setup: &CaptureSettings) -> Result<(Capture<Active>, u8), Error> {
    let promiscuous = setup.promiscuous && name != ANY;
    let mut first = None;
    for (precision, promiscuous) in [
        (Precision::Nano, promiscuous),
        (Precision::Micro, promiscuous),
        (Precision::Nano, false),
        (Precision::Micro, false),
    ] {
        let capture = Capture::from_device(name)?
            .precision(precision)
            .promisc(promiscuous)
            .snaplen(setup.snap_length.cast_signed())
            .buffer_size(setup.buffer.cast_signed())
            .timeout(BLOCK_PATIENCE)
            .immediate_mode(setup.immediate);
        match capture.open() {
            Ok(capture) => return Ok((capture, if precision == Precision::Nano { 9 } else { 6 })),
            Err(error) if first.is_none() => first = Some(error),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or(Error::InvalidString))
}

fn arrived<'a>(packet: &Packet<'a>, digits: u8) -> LiveFrame<'a> {
    let unit = if digits == 9 { 1 } else { 1000 };
    let time = packet.header.ts;
    #[expect(clippy::useless_conversion, reason = "32 bits on some systems")]
    let (seconds, fraction) = (i64::from(time.tv_sec), i64::from(time.tv_usec));
    let nanos = seconds.saturating_mul(1_000_000_000).saturating_add(fraction.saturating_mul(unit));
    LiveFrame { time: Timestamp::new(nanos, digits), data: packet.data, wire_length: packet.header.len }
}

/// Why it cannot be opened. libpcap's codes do not come through the crate, its texts do.
fn judge(name: &str, error: Error) -> LiveError {
    let (interface, reason) = (name.to_owned(), text(error));
    let says = |words: &[&str]| words.iter().any(|word| reason.to_lowercase().contains(word));
    if says(&["permission", "not permitted"]) {
        LiveError::Permission { interface, reason }
    } else if says(&["no such device", "doesn't exist", "does not exist"]) {
        LiveError::NoSuchInterface { interface }
    } else if says(&["is not up", "is down", "went down"]) {
        LiveError::Down { interface }
    } else {
        LiveError::Other { interface, reason }
    }
}

/// Why it cannot be read any longer.
fn stopped(name: &str, reason: String) -> LiveError {
    let says = |words: &[&str]| words.iter().any(|word| reason.to_lowercase().contains(word));
    let interface = name.to_owned();
    if says(&["disappeared", "went down", "no such device", "network is down", "going away"]) {
        LiveError::Gone { interface, reason }
    } else {
        LiveError::Other { interface, reason }
    }
}

fn text(error: Error) -> String {
    match error {
        Error::PcapError(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpcap_says_is_told_apart() {
        let judged = |reason: &str| judge("eth7", Error::PcapError(reason.to_owned()));
        assert!(matches!(
            judged("socket: Operation not permitted"),
            LiveError::Permission { interface, .. } if interface == "eth7"
        ));
        assert!(matches!(
            judged("No such device exists (SIOCGIFHWADDR: No such device)"),
            LiveError::NoSuchInterface { .. }
        ));
        assert!(matches!(judged("eth7: That device is not up"), LiveError::Down { .. }));
        assert!(matches!(judged("something else"), LiveError::Other { .. }));
        assert!(stopped("eth7", "The interface disappeared".to_owned()).may_pass());
        assert!(!stopped("eth7", "recvfrom failed".to_owned()).may_pass());
    }
}
