//! Live capture through libpcap: interfaces, and the frames that come in on them.
//!
//! An [`OpenInterface`] is read without blocking; [`wait`] waits for several of them at once. The kernel hands frames over
//! in blocks: a frame waits there for 10 ms at most, which costs far less memory than a slot of 64 KiB for every frame,
//! as libpcap's immediate mode takes it.
//!
//! libpcap is optional at build time. Without it every attempt says what to install.

#[cfg(not(all(have_libpcap, unix)))]
mod missing;
#[cfg(all(have_libpcap, unix))]
mod pcap;

#[cfg(not(all(have_libpcap, unix)))]
use missing as system;
#[cfg(all(have_libpcap, unix))]
use pcap as system;

use super::FilterError;
use crate::model::Timestamp;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Name, as `-i` takes it.
    pub name: String,
    /// What libpcap says of it.
    pub description: Option<String>,
    /// Addresses of the interface.
    pub addresses: Vec<IpAddr>,
    /// It is switched on.
    pub up: bool,
    /// It can carry packets: a cable is plugged in, a peer is there.
    pub running: bool,
    /// It leads back to this machine.
    pub loopback: bool,
}

/// How an interface is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaptureSettings {
    /// Bytes taken of each frame, 1 to 262,144.
    pub snap_length: u32,
    /// Also take frames that are for other machines, as they come in on a mirror port.
    pub promiscuous: bool,
    /// Bytes of the kernel's buffer.
    pub buffer: u32,
    /// Hand over each frame at once, in slots of their own.
    pub immediate: bool,
    /// Filter of pcap-filter(7), compiled for the kernel.
    pub filter: Option<String>,
}

/// What to do where nothing can be captured.
const WITHOUT_LIBPCAP: &str = if cfg!(windows) {
    "on Windows nrpcsniff does not capture by itself. With Wireshark: dumpcap -D lists interfaces, and in a command prompt (cmd) \
     dumpcap -i 1 -w - | nrpcsniff -i - tells findings as they come. With nothing installed, as administrator: \
     pktmon start --capture --pkt-size 0; then try to sign on; pktmon stop; pktmon etl2pcap PktMon.etl; nrpcsniff PktMon.pcapng"
} else {
    "this nrpcsniff was built without libpcap and cannot capture. Install it (apt install libpcap-dev; dnf install \
     libpcap-devel), then build again; meanwhile tcpdump can capture: tcpdump -i IFACE -U -s 0 -w - | nrpcsniff -i -"
};

/// Why an interface cannot be opened, or read any longer. The texts are whole sentences for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[cfg_attr(not(all(have_libpcap, unix)), expect(dead_code, reason = "most of them are said by libpcap"))]
pub(crate) enum LiveError {
    /// There is no such interface.
    #[error("{interface}: there is no such interface. `nrpcsniff -D` lists those that there are")]
    NoSuchInterface {
        /// Name of the interface.
        interface: String,
    },
    /// It may not be opened.
    #[error("{interface}: no permission to capture ({reason})")]
    Permission {
        /// Name of the interface.
        interface: String,
        /// Reason as libpcap states it.
        reason: String,
    },
    /// It is switched off.
    #[error(
        "{interface}: the interface is down. Switch it on (ip link set {interface} up), or use --retry to wait for it"
    )]
    Down {
        /// Name of the interface.
        interface: String,
    },
    /// It was there, and is no longer.
    #[error("{interface}: the interface is gone ({reason})")]
    Gone {
        /// Name of the interface.
        interface: String,
        /// Reason as libpcap states it.
        reason: String,
    },
    /// The filter does not fit.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Built without libpcap.
    #[error("{}", WITHOUT_LIBPCAP)]
    #[cfg_attr(have_libpcap, expect(dead_code, reason = "of builds without libpcap"))]
    NoLibpcap,
    /// Anything else that libpcap says.
    #[error("{interface}: {reason}")]
    Other {
        /// Name of the interface.
        interface: String,
        /// Reason as libpcap states it.
        reason: String,
    },
}

impl LiveError {
    /// Waiting may mend it: the interface can come back.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::NoSuchInterface { .. } | Self::Down { .. } | Self::Gone { .. })
    }
}

/// A frame as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveFrame<'a> {
    /// When, by the clock of the kernel.
    pub time: Timestamp,
    /// Bytes captured.
    pub data: &'a [u8],
    /// Bytes on the wire.
    pub wire_length: u32,
}

/// Frames that an interface took in since it was opened, and that were lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Frames that passed the filter.
    pub received: u64,
    /// Dropped by the kernel because its buffer was full.
    pub kernel_drops: u64,
    /// Dropped by the interface or its driver.
    pub interface_drops: u64,
}

impl Counts {
    /// What was counted since.
    #[must_use]
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            received: self.received.saturating_sub(earlier.received),
            kernel_drops: self.kernel_drops.saturating_sub(earlier.kernel_drops),
            interface_drops: self.interface_drops.saturating_sub(earlier.interface_drops),
        }
    }

    /// The sum of both.
    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            kernel_drops: self.kernel_drops.saturating_add(other.kernel_drops),
            interface_drops: self.interface_drops.saturating_add(other.interface_drops),
        }
    }

    /// Frames that were lost, wherever.
    pub(crate) const fn drops(&self) -> u64 {
        self.kernel_drops.saturating_add(self.interface_drops)
    }
}

/// libpcap counts in 32 bits and begins anew when they are full: adds what came since the last look.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(not(all(have_libpcap, unix)), allow(dead_code, reason = "libpcap alone counts"))]
struct WrappingCounts {
    seen: [u32; 3],
    counts: Counts,
}

#[cfg_attr(not(all(have_libpcap, unix)), allow(dead_code, reason = "libpcap alone counts"))]
impl WrappingCounts {
    fn add(&mut self, now: [u32; 3]) -> Counts {
        let since = |index: usize| -> u64 {
            let [now, seen] = [now, self.seen].map(|all| all.get(index).copied().unwrap_or_default());
            now.wrapping_sub(seen).into()
        };
        let new = Counts { received: since(0), kernel_drops: since(1), interface_drops: since(2) };
        self.seen = now;
        self.counts = self.counts.and(new);
        self.counts
    }
}

/// The interfaces of this machine, as libpcap lists them.
///
/// # Errors
/// libpcap cannot tell, or there is none.
pub(crate) fn interfaces() -> Result<Vec<Interface>, LiveError> {
    system::interfaces()
}

/// An interface that is being read.
pub(crate) struct OpenInterface {
    inner: system::Handle,
}

impl OpenInterface {
    /// Opens it.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub(crate) fn new(interface: &str, setup: &CaptureSettings) -> Result<Self, LiveError> {
        system::Handle::open(interface, setup).map(|inner| Self { inner })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.inner.name()
    }

    /// Link type of its frames (<https://www.tcpdump.org/linktypes.html>).
    pub(crate) fn link_type(&self) -> u16 {
        self.inner.link_type()
    }

    /// Digits of the second's fraction in its times: 9, or 6 where the system has no nanoseconds.
    pub(crate) fn digits(&self) -> u8 {
        self.inner.digits()
    }

    /// Hands on what is there, about `most` frames, and says how many that were. Never waits.
    ///
    /// # Errors
    /// The interface is gone, or libpcap has another reason to stop.
    pub(crate) fn read(&mut self, most: usize, take: impl FnMut(LiveFrame<'_>)) -> Result<usize, LiveError> {
        self.inner.read(most, take)
    }

    /// What it counted so far.
    pub(crate) fn counts(&mut self) -> Counts {
        self.inner.counts()
    }
}

/// Waits until one of the interfaces has something to say, or the time is over.
pub(crate) fn wait<'a>(open: impl Iterator<Item = &'a OpenInterface>, time: Duration) {
    system::wait(open.map(|open| &open.inner), time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_where_libpcap_begins_anew() {
        let mut counted = WrappingCounts::default();
        assert_eq!(counted.add([10, 2, 1]), Counts { received: 10, kernel_drops: 2, interface_drops: 1 });
        counted.add([u32::MAX, u32::MAX - 1, 1]);
        let now = counted.add([4, 3, 1]);
        assert_eq!((now.received, now.kernel_drops, now.interface_drops), ((1 << 32) + 4, (1 << 32) + 3, 1));
        assert_eq!(now.drops(), (1 << 32) + 4);
    }

    #[cfg(not(all(have_libpcap, unix)))]
    #[test]
    fn without_libpcap_it_says_what_to_install() {
        let setup =
            CaptureSettings { snap_length: 96, promiscuous: false, buffer: 1 << 20, immediate: false, filter: None };
        assert_eq!(OpenInterface::new("lo", &setup).err(), Some(LiveError::NoLibpcap));
        assert!(interfaces().unwrap_err().to_string().contains("apt install libpcap-dev"));
    }

    #[cfg(all(have_libpcap, unix))]
    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let setup =
            CaptureSettings { snap_length: 96, promiscuous: false, buffer: 1 << 20, immediate: false, filter: None };
        let error = OpenInterface::new("no-such-if0", &setup).err().unwrap();
        // Without rights the kernel refuses before it looks for the interface.
        assert!(matches!(&error, LiveError::NoSuchInterface { .. } | LiveError::Permission { .. }), "{error}");
        assert!(error.to_string().starts_with("no-such-if0: "), "{error}");
    }
}
