//! The answer to "permission denied": the very lines that help.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// CAP_NET_RAW (capability 13, capabilities(7)) in the masks of `/proc/self/status`.
const NET_RAW: u64 = 1 << 13;

/// Why this process may not open the interface, and what to do about it, in one sentence.
pub(in super::super) fn denied(interface: &str) -> String {
    sentence(interface, &program(), Situation::now())
}

/// Facts that decide which advice helps.
#[derive(Debug, Clone, Copy, Default)]
struct Situation {
    /// The user is root, and yet it was denied: a container, most likely.
    is_root: bool,
    /// The process has CAP_NET_RAW, and yet it was denied.
    has_raw: bool,
    /// Rights of the program's file do not count for this process.
    no_new_privileges: bool,
}

impl Situation {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self::of(&status)
    }

    /// From the text of `/proc/self/status`; empty where there is none.
    fn of(status: &str) -> Self {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let effective = field("CapEff").and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        Self {
            is_root: field("Uid").and_then(|ids| ids.split_whitespace().nth(1)) == Some("0"),
            has_raw: effective & NET_RAW != 0,
            no_new_privileges: field("NoNewPrivs").map(str::trim) == Some("1"),
        }
    }
}

fn sentence(interface: &str, program: &Path, now: Situation) -> String {
    let (path, name) = (quoted(&program.to_string_lossy()), quoted(interface));
    let opening = format!("{interface}: opening it for capture was denied");
    if now.has_raw {
        return format!(
            "{opening}, although CAP_NET_RAW is here: a security module or a sandbox (seccomp, AppArmor, SELinux) forbids it; see 'dmesg' and 'journalctl -k'"
        );
    }
    if now.is_root {
        return format!(
            "{opening}: this root has no CAP_NET_RAW; start the container with '--cap-add NET_RAW', or the service with 'AmbientCapabilities=CAP_NET_RAW'"
        );
    }
    let sudo = format!("sudo {path} -i {name}");
    if now.no_new_privileges {
        return format!(
            "{opening}: rights of program files do not count here (no_new_privs is set), so outside of this sandbox run: {sudo}"
        );
    }
    format!(
        "{opening}: it needs CAP_NET_RAW. Give it to the program once with: sudo setcap cap_net_raw+ep {path} or run as root, which it gives up at once: {sudo}"
    )
}

/// The running program, by the path that `setcap` wants: no link.
fn program() -> PathBuf {
    let running = env::current_exe().and_then(fs::canonicalize);
    running.unwrap_or_else(|_| PathBuf::from("nrpcsniff"))
}

/// The text as one word of a POSIX shell, quoted where it must be.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn an_ordinary_user_gets_both_lines() {
        let said = sentence("eth0", Path::new("/opt/my tools/nrpcsniff"), Situation::default());
        assert!(said.contains("sudo setcap cap_net_raw+ep '/opt/my tools/nrpcsniff' "), "{said}");
        assert!(said.ends_with("sudo '/opt/my tools/nrpcsniff' -i eth0"), "{said}");
    }

    #[test]
    fn advice_that_cannot_help_is_not_given() {
        let program = Path::new("/usr/bin/nrpcsniff");
        let contained = sentence("eth0", program, Situation { is_root: true, ..Situation::default() });
        assert!(contained.contains("--cap-add NET_RAW") && !contained.contains("setcap"), "{contained}");
        let sealed = sentence("eth0", program, Situation { no_new_privileges: true, ..Situation::default() });
        assert!(sealed.contains("no_new_privs") && !sealed.contains("setcap"), "{sealed}");
        let forbidden = sentence("eth0", program, Situation { has_raw: true, ..Situation::default() });
        assert!(forbidden.contains("sandbox") && !forbidden.contains("sudo"), "{forbidden}");
    }

    #[test]
    fn the_situation_is_read_from_the_status() {
        let root = "Name:\tx\nUid:\t1000\t0\t0\t0\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n";
        let now = Situation::of(root);
        assert!(now.is_root && !now.has_raw && !now.no_new_privileges);
        let able = Situation::of("Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000002000\nNoNewPrivs:\t1\n");
        assert!(!able.is_root && able.has_raw && able.no_new_privileges);
        let nothing = Situation::of("");
        assert!(!nothing.is_root && !nothing.has_raw && !nothing.no_new_privileges);
    }

    #[test]
    fn a_shell_reads_the_word_as_it_was() {
        for text in ["/usr/bin/nrpcsniff", "/a b/c", "it's", "$(reboot)", "a\"b`c`", "", "-x;y", "*", "~root", "eth0"] {
            let script = format!("printf %s {}", quoted(text));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
