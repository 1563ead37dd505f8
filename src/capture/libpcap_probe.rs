//! Build script: finds libpcap, or lets the build go on without it.
//!
//! Three states: development files (link as usual), the runtime library alone (a symlink in OUT_DIR serves as the
//! linker's name for it), nothing (no filters and no live capture; one warning says how to get it). `cfg(have_libpcap)` guards
//! every use of the `pcap` crate; an rlib that nothing refers to is not linked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src/capture/libpcap_probe.rs");
    println!("cargo::rerun-if-env-changed=LIBPCAP_LIBDIR");
    println!("cargo::rerun-if-env-changed=NRPCSNIFF_NO_LIBPCAP");
    println!("cargo::rustc-check-cfg=cfg(have_libpcap)");
    if env::var_os("CARGO_FEATURE_LIVE").is_none() || env::var_os("NRPCSNIFF_NO_LIBPCAP").is_some() {
        return;
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    if env::var_os("LIBPCAP_LIBDIR").is_some() || links(&out, None) {
        println!("cargo::rustc-cfg=have_libpcap");
    } else if let Some(library) = runtime_library().filter(|file| link_to(file, &out) && links(&out, Some(&out))) {
        println!("cargo::rerun-if-changed={}", library.display());
        println!("cargo::rustc-link-search=native={}", out.display());
        println!("cargo::rustc-cfg=have_libpcap");
    } else {
        // A path that does not exist keeps this script stale: the next build after an installation looks again.
        println!("cargo::rerun-if-changed=no-such-file-so-that-cargo-looks-again");
        println!(
            "cargo::warning=libpcap not found: built without filters (-f) and live capture (-i); capture files work fully \
             without them. To get them: apt install libpcap-dev (Debian, Ubuntu) or dnf install libpcap-devel (Fedora, \
             RHEL), then build again"
        );
    }
}

/// Does a two-line program link against libpcap for the target of this build, if the linker also looks in `folder`?
fn links(out: &Path, folder: Option<&Path>) -> bool {
    let source = out.join("probe.rs");
    let program = "#[link(name = \"pcap\")] unsafe extern \"C\" { fn pcap_lib_version() -> *const u8; }\n\
                   fn main() { unsafe { assert!(!pcap_lib_version().is_null()) } }\n";
    let (Some(rustc), Some(target)) = (env::var_os("RUSTC"), env::var_os("TARGET")) else { return false };
    let mut command = Command::new(rustc);
    command.args(["--edition=2024", "--target"]).arg(target).arg("-o").arg(out.join("probe")).arg(&source);
    if let Some(folder) = folder {
        command.arg("-L").arg(folder);
    }
    fs::write(&source, program).is_ok() && command.output().is_ok_and(|output| output.status.success())
}

/// The shared library that tcpdump and Wireshark bring along. Not when cross compiling: it is the host's.
fn runtime_library() -> Option<PathBuf> {
    if env::var_os("HOST") != env::var_os("TARGET") {
        return None;
    }
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
        "/lib/x86_64-linux-gnu",
        "/lib/aarch64-linux-gnu",
    ];
    let names = ["libpcap.so.1", "libpcap.so.0.8"];
    folders.iter().flat_map(|folder| names.map(|name| Path::new(folder).join(name))).find(|path| path.exists())
}

#[cfg(unix)]
fn link_to(library: &Path, out: &Path) -> bool {
    let link = out.join("libpcap.so");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(library, &link).is_ok()
}

#[cfg(not(unix))]
fn link_to(_: &Path, _: &Path) -> bool {
    false
}
