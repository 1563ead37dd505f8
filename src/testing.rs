//! For tests of rules: the whole pipeline over a capture in memory.

use crate::capture::Reader;
use crate::diagnose::{Settings, diagnose};
use crate::engine::{Options, Pipeline};
use crate::model::{Analysis, Finding};
use std::io::Cursor;

/// Reads a capture.
pub fn analysis(capture: &[u8]) -> Analysis {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).expect("a capture");
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    pipeline.finish(vec![reader.into_input()])
}

/// Everything that all rules have to say of a capture, by default settings.
pub fn findings(capture: &[u8]) -> Vec<Finding> {
    findings_with(capture, &Settings::default())
}

/// The same by other settings.
pub fn findings_with(capture: &[u8], settings: &Settings) -> Vec<Finding> {
    diagnose(&analysis(capture), settings)
}
