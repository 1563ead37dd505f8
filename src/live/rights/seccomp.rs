//! seccomp (seccomp(2)): which system calls this process may still make. Any other fails with EPERM, as for somebody
//! without rights: a library that tries more than it needs goes on, and an intruder has no program to start.

use super::Needs;
use libc::c_long;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};
use std::collections::BTreeMap;
use std::env::consts::ARCH;

type Result<T> = std::result::Result<T, Error>;
type CallRules = BTreeMap<i64, Vec<SeccompRule>>;

/// Memory, threads, time, signals, and files and sockets that are open.
const ALWAYS: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_clone3,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_pselect6,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_sysinfo,
    libc::SYS_tgkill,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// What [`ALWAYS`] allows, in its old forms, on machines that keep them.
#[cfg(target_arch = "x86_64")]
const ALWAYS_OLD: &[c_long] =
    &[libc::SYS_epoll_wait, libc::SYS_pipe, libc::SYS_poll, libc::SYS_select, libc::SYS_stat, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_OLD: &[c_long] = &[];

/// To rotate and remove files; Landlock says where.
const FILES: &[c_long] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fallocate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
];
#[cfg(target_arch = "x86_64")]
const FILES_OLD: &[c_long] =
    &[libc::SYS_access, libc::SYS_lstat, libc::SYS_readlink, libc::SYS_rename, libc::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const FILES_OLD: &[c_long] = &[];

/// To answer those who ask for metrics.
const SERVING: &[c_long] = &[
    libc::SYS_accept4,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// To open an interface once more.
const REOPENING: &[c_long] =
    &[libc::SYS_bind, libc::SYS_getsockname, libc::SYS_sendmsg, libc::SYS_sendto, libc::SYS_setsockopt];

/// Closes the system calls for this thread and those it starts. Says what is in force, or why not.
pub(super) fn close(needs: &Needs) -> std::result::Result<String, String> {
    let failed = |error: Error| format!("seccomp is not in force: {error}");
    let arch = TargetArch::try_from(ARCH)
        .map_err(|_| format!("seccomp is not in force: nobody has made it for {ARCH} here"))?;
    let (old, new) = (without_clone3(arch).map_err(failed)?, program(needs, arch).map_err(failed)?);
    apply_filter(&old).and_then(|()| apply_filter(&new)).map_err(failed)?;
    let files = if needs.places().is_empty() { ", no file written" } else { "" };
    let sockets = if needs.reopens { "" } else { ", no socket opened" };
    Ok(format!("seccomp is in force: no program can be started, no code loaded{files}{sockets}"))
}

fn program(needs: &Needs, arch: TargetArch) -> Result<BpfProgram> {
    let eperm = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(SeccompFilter::new(rules(needs)?, eperm, SeccompAction::Allow, arch)?.try_into()?)
}

/// `clone3` keeps its flags where no filter can see them: the C library must think that there is none and use `clone`.
fn without_clone3(arch: TargetArch) -> Result<BpfProgram> {
    let enosys = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = CallRules::from([(libc::SYS_clone3, Vec::new())]);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, enosys, arch)?.try_into()?)
}

/// Calls that are allowed, with what their arguments must be. Files may be opened for reading even where none is written:
/// which ones is Landlock's to say, and libpcap reads the drops of an interface from files.
fn rules(needs: &Needs) -> Result<CallRules> {
    let writes = !needs.places().is_empty();
    let lists = [
        (true, ALWAYS),
        (true, ALWAYS_OLD),
        (writes || needs.reopens, FILES),
        (writes || needs.reopens, FILES_OLD),
        (needs.serves, SERVING),
        (needs.reopens, REOPENING),
    ];
    let calls = lists.into_iter().filter(|(is_needed, _)| *is_needed).flat_map(|(_, calls)| calls);
    let mut rules: CallRules = calls.map(|&call| (call, Vec::new())).collect();
    let execute = u64::from(libc::PROT_EXEC.unsigned_abs());
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.extend([
        (libc::SYS_mmap, vec![masked(2, execute, 0)?]),
        (libc::SYS_mprotect, vec![masked(2, execute, 0)?]),
        (libc::SYS_clone, vec![masked(0, thread, thread)?]),
        (libc::SYS_prctl, either(0, &[libc::PR_SET_NAME, libc::PR_SET_VMA])?),
        (libc::SYS_socketpair, either(0, &[libc::AF_UNIX])?),
    ]);
    // libpcap reads the drops of an interface from files.
    let changes = u64::from((libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs());
    let reading = |flags| Ok::<_, Error>(if writes { Vec::new() } else { vec![masked(flags, changes, 0)?] });
    rules.insert(libc::SYS_openat, reading(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, reading(1)?);
    let sockets: &[i32] = &[libc::AF_PACKET, libc::AF_NETLINK, libc::AF_UNIX, libc::AF_INET];
    if needs.reopens {
        rules.insert(libc::SYS_socket, either(0, sockets)?);
        // libpcap asks an interface for its kind, state, clock and offloads.
        rules.insert(libc::SYS_ioctl, Vec::new());
    } else {
        rules.insert(libc::SYS_ioctl, either(1, &[TCGETS, TIOCGWINSZ, FIONBIO, FIONREAD, SIOCGIFINDEX, SIOCGIFFLAGS])?);
    }
    Ok(rules)
}

/// Requests of ioctl(2) on what is open; the same number on every machine that this runs on.
const TCGETS: i32 = 0x5401;
const TIOCGWINSZ: i32 = 0x5413;
const FIONREAD: i32 = 0x541b;
const FIONBIO: i32 = 0x5421;
/// libpcap asks whether an interface that is down is still there.
const SIOCGIFINDEX: i32 = 0x8933;
const SIOCGIFFLAGS: i32 = 0x8913;

/// The argument is one of these.
fn either(argument: u8, values: &[i32]) -> Result<Vec<SeccompRule>> {
    let one = |value: &i32| {
        let value = u64::from(value.unsigned_abs());
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
        Ok(SeccompRule::new(vec![condition])?)
    };
    values.iter().map(one).collect()
}

/// These bits of the argument are as in `value`.
fn masked(argument: u8, bits: u64, value: u64) -> Result<SeccompRule> {
    let operator = SeccompCmpOp::MaskedEq(bits);
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::process::Command;
    use std::thread;

    /// In a thread of its own, for there is no way back. A kernel without seccomp skips, and says so.
    fn closed(needs: Needs, then: impl FnOnce(&str) + Send + 'static) {
        let inside = move || {
            assert!(nix::sys::prctl::set_no_new_privs().is_ok());
            match close(&needs) {
                Ok(said) => then(&said),
                Err(why) => eprintln!("SKIPPED: {why}"),
            }
        };
        thread::spawn(inside).join().unwrap();
    }

    #[test]
    fn reading_and_threads_go_on_and_nothing_is_opened() {
        let mut open = tempfile::tempfile().unwrap();
        closed(Needs::default(), move |said| {
            assert!(said.contains("no file written, no socket opened"), "{said}");
            open.write_all(&vec![1; 100_000]).unwrap();
            assert_eq!(thread::spawn(|| vec![1_u8; 1 << 22].len()).join().unwrap(), 1 << 22);
            assert!(File::open("/etc/passwd").is_ok() && fs::write("/tmp/nrpcsniff-calls", "x").is_err());
            assert!(File::options().write(true).open("/dev/null").is_err() && fs::rename("/a", "/b").is_err());
            assert!(UdpSocket::bind("127.0.0.1:0").is_err() && TcpStream::connect("127.0.0.1:9").is_err());
            assert!(Command::new("true").status().is_err());
        });
    }

    #[test]
    fn outputs_may_be_opened_and_programs_may_not_be_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        closed(Needs { folders: vec![path.clone()], ..Needs::default() }, move |_| {
            fs::write(path.join("a"), "1").unwrap();
            fs::rename(path.join("a"), path.join("b")).unwrap();
            assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
            fs::remove_file(path.join("b")).unwrap();
            assert!(Command::new("true").status().is_err() && TcpListener::bind("127.0.0.1:0").is_err());
            assert!(fs::create_dir(path.join("sub")).is_err());
        });
    }

    #[test]
    fn who_listens_may_answer_and_not_call() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let caller = thread::spawn(move || {
            let mut answer = String::new();
            std::io::Read::read_to_string(&mut TcpStream::connect(address).unwrap(), &mut answer).unwrap();
            answer
        });
        closed(Needs { serves: true, ..Needs::default() }, move |_| {
            let (mut peer, _) = listener.accept().unwrap();
            peer.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
            peer.write_all(b"figures").unwrap();
            assert!(TcpStream::connect(address).is_err());
        });
        // Where there is no seccomp nobody answers, and the connection is closed all the same.
        assert!(["figures", ""].contains(&&*caller.join().unwrap()));
    }

    #[test]
    fn each_need_adds_calls_and_takes_none() {
        let all = Needs { folders: vec!["/tmp".into()], reopens: true, serves: true, ..Needs::default() };
        let (least, most) = (rules(&Needs::default()).unwrap(), rules(&all).unwrap());
        assert!(least.keys().all(|call| most.contains_key(call)) && most.len() > least.len() + 15);
        for never in [libc::SYS_execve, libc::SYS_execveat, libc::SYS_ptrace, libc::SYS_setuid, libc::SYS_connect] {
            assert!(!most.contains_key(&never), "{never}");
        }
        for arch in [TargetArch::x86_64, TargetArch::aarch64] {
            assert!(program(&all, arch).unwrap().len() < 4096);
        }
    }
}
