//! Where the report goes: stdout or a file, and never over a capture.

use super::pager::Pager;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Writes to the file, or through a pager where one is wanted and stdout is a terminal.
pub(super) fn write_paged(
    file: Option<&Path>,
    is_wanted: bool,
    report: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let Some(mut pager) = file.is_none().then(|| Pager::new(is_wanted)).flatten() else { return write(file, report) };
    match report(&mut pager).and_then(|()| pager.finish()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context("stdout: the report cannot be written"),
    }
}

/// Writes to the file, or to stdout. That a reader has gone away (`| head`) is no error.
pub(super) fn write(file: Option<&Path>, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    match file {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            match report(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    // What is left in the buffer has nowhere to go: dropping it would try once more.
                    let _ = out.into_parts();
                    Ok(())
                }
                done => done.context("stdout: the report cannot be written"),
            }
        }
        Some(path) => {
            let failed = || format!("{}: the report cannot be written", path.display());
            let mut out = BufWriter::new(File::create(path).with_context(failed)?);
            match report(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                done => done.with_context(failed),
            }
        }
    }
}

/// Checks before anything is read that the report can go to `output`, the file of this `option`, and is none of the
/// `inputs`, by whatever path either is named.
pub(super) fn check<'a>(output: &Path, option: &str, inputs: impl Iterator<Item = &'a Path>) -> Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(folder.is_dir(), "{}: there is no folder {} to write to", output.display(), folder.display());
    let Ok(target) = output.canonicalize() else { return Ok(()) };
    ensure!(!target.is_dir(), "{}: this is a folder, and {option} needs the name of a file", output.display());
    for input in inputs {
        ensure!(
            input.canonicalize().ok().as_ref() != Some(&target),
            "{}: this is one of the inputs and is not overwritten; give {option} another name",
            output.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_never_overwrites_a_capture() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a.pcap");
        std::fs::write(&capture, "x").unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let detour = folder.path().join("sub").join("..").join("a.pcap");
        let refused = |output: &Path| check(output, "-o", std::iter::once(capture.as_path())).unwrap_err().to_string();
        assert!(refused(&detour).contains("not overwritten"));
        assert!(refused(&folder.path().join("sub")).contains("folder"));
        assert!(refused(&folder.path().join("none").join("x.json")).contains("no folder"));
        check(&folder.path().join("new.json"), "-o", std::iter::once(capture.as_path())).unwrap();
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let broken = |_: &mut dyn Write| Err(io::Error::from(ErrorKind::BrokenPipe));
        write(None, broken).unwrap();
        assert!(write(None, |_| Err(io::Error::other("full"))).is_err());
    }
}
