//! The files in `packaging/` fit the program that they start.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/nrpcsniff@.service");
    std::fs::read_to_string(path).unwrap()
}

/// Settings of the unit, in the order of the file.
fn settings(unit: &str) -> Vec<(&str, &str)> {
    unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect()
}

#[test]
fn the_service_starts_the_program_with_options_that_it_has() {
    let unit = unit();
    let start = settings(&unit).into_iter().find(|(name, _)| *name == "ExecStart").unwrap().1.to_owned();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let start = start.replace("%I", "no-such-interface0").replace("/var/lib/nrpcsniff", state);
    let mut words: Vec<_> = start.split(' ').skip(1).filter(|word| *word != "$NRPCSNIFF_OPTIONS").collect();
    words.retain(|word| *word != "--retry");
    let output = Command::new(env!("CARGO_BIN_EXE_nrpcsniff")).arg("--no-config").args(&words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // It gets as far as the interface, which is not there, may not be opened, or cannot be without libpcap.
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("--help") && !said.contains("unexpected argument"), "{said}");
    assert!(said.contains("no-such-interface0") || said.contains("libpcap"), "{said}");
}

#[test]
fn the_service_has_one_right_and_its_own_folder() {
    let unit = unit();
    let settings: HashMap<_, _> = settings(&unit).into_iter().collect();
    for (name, value) in [
        ("DynamicUser", "yes"),
        ("AmbientCapabilities", "CAP_NET_RAW"),
        ("CapabilityBoundingSet", "CAP_NET_RAW"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("StateDirectory", "nrpcsniff"),
        ("KillSignal", "SIGINT"),
    ] {
        assert_eq!(settings.get(name), Some(&value), "{name}");
    }
    assert!(settings["RestrictAddressFamilies"].contains("AF_PACKET"));
}

#[test]
fn the_readme_names_the_files_of_this_version() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for file in [format!("nrpcsniff_{version}_amd64.deb"), format!("nrpcsniff-{version}-x86_64-pc-windows-gnu.zip")] {
        assert!(readme.contains(&file), "{file}");
    }
}

#[test]
fn systemd_takes_the_unit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/nrpcsniff@.service");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("nrpcsniff@eth0.service");
    let unit =
        std::fs::read_to_string(path).unwrap().replace("/usr/local/bin/nrpcsniff", env!("CARGO_BIN_EXE_nrpcsniff"));
    std::fs::write(&copy, unit).unwrap();
    let Ok(output) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output() else {
        eprintln!("SKIPPED: systemd-analyze is not installed, and the unit is not verified");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let about_it: Vec<_> = said.lines().filter(|line| line.contains("nrpcsniff@")).collect();
    assert!(about_it.is_empty(), "{about_it:#?}");
}
