//! How much memory the process occupies (`/proc/self/status`, proc(5); Linux).

use std::fs::File;
use std::io::{Read, Seek};

/// The system's account of this process. It is opened while files can be, and stays readable.
#[derive(Debug)]
pub(super) struct ProcessMemory(File);

impl ProcessMemory {
    /// Opens the account, where there is one.
    pub(super) fn open() -> Option<Self> {
        File::open("/proc/self/status").ok().map(Self)
    }

    /// Bytes of physical memory that the process occupies.
    pub(super) fn resident(&mut self) -> Option<u64> {
        let mut text = String::new();
        self.0.rewind().ok()?;
        self.0.read_to_string(&mut text).ok()?;
        let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"))?;
        kib.trim().parse::<u64>().ok()?.checked_mul(1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_shows() {
        let Some(mut memory) = ProcessMemory::open() else {
            assert_ne!(std::env::consts::OS, "linux");
            return;
        };
        let before = memory.resident().unwrap();
        let taken = vec![1_u8; 64 << 20];
        let after = memory.resident().unwrap();
        assert!(after > before + (48 << 20), "{before} {after} {}", taken.len());
    }
}
