//! Build script: finds libpcap, or lets the build go on without it; notes what `--version` says of the build.
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
    let version = libpcap();
    if version.is_some() {
        println!("cargo::rustc-cfg=have_libpcap");
    }
    note("LIBPCAP", version.as_deref().unwrap_or("none: captures are read, without filters and live capture"));
    note("TARGET", &env::var("TARGET").unwrap_or_default());
    note("FEATURES", if env::var_os("CARGO_FEATURE_LIVE").is_some() { "live" } else { "none" });
    note("COMMIT", &commit());
}

/// A text for the program.
fn note(name: &str, text: &str) {
    println!("cargo::rustc-env=NRPCSNIFF_BUILD_{name}={text}");
}

/// Makes the linker find libpcap, and gives the version it tells of itself; `None` where there is none or none is wanted.
fn libpcap() -> Option<String> {
    if env::var_os("CARGO_FEATURE_LIVE").is_none() || env::var_os("NRPCSNIFF_NO_LIBPCAP").is_some() {
        return None;
    }
    let out = env::var_os("OUT_DIR").map(PathBuf::from)?;
    let told = env::var_os("LIBPCAP_LIBDIR").map(PathBuf::from);
    if told.is_some() || links(&out, None) {
        if told.is_some() {
            links(&out, told.as_deref());
        }
        Some(version(&out))
    } else if let Some(library) = runtime_library().filter(|file| link_to(file, &out) && links(&out, Some(&out))) {
        println!("cargo::rerun-if-changed={}", library.display());
        println!("cargo::rustc-link-search=native={}", out.display());
        Some(version(&out))
    } else {
        // A path that does not exist keeps this script stale: the next build after an installation looks again.
        println!("cargo::rerun-if-changed=no-such-file-so-that-cargo-looks-again");
        println!(
            "cargo::warning=libpcap not found: built without filters (-f) and live capture (-i); capture files work fully \
             without them. To get them: apt install libpcap-dev (Debian, Ubuntu) or dnf install libpcap-devel (Fedora, \
             RHEL), then build again"
        );
        None
    }
}

/// What the library says of itself in the program that was linked; one for another machine does not run here.
fn version(out: &Path) -> String {
    let output = Command::new(out.join("probe")).output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { "yes".to_owned() } else { text.trim_start_matches("libpcap version ").to_owned() }
}

/// The commit, of releases: in daily work it would mean that every commit builds everything anew.
fn commit() -> String {
    println!("cargo::rerun-if-env-changed=NRPCSNIFF_COMMIT");
    if let Ok(told) = env::var("NRPCSNIFF_COMMIT") {
        return told;
    }
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return "not noted in this build".to_owned();
    }
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    for path in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", path]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown, built from an archive".to_owned())
}

/// Does a two-line program link against libpcap for the target of this build, if the linker also looks in `folder`?
fn links(out: &Path, folder: Option<&Path>) -> bool {
    let source = out.join("probe.rs");
    let program = "#[link(name = \"pcap\")] unsafe extern \"C\" { fn pcap_lib_version() -> *const std::ffi::c_char; }\n\
                   fn main() { println!(\"{}\", unsafe { std::ffi::CStr::from_ptr(pcap_lib_version()) }.to_string_lossy()) }\n";
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
