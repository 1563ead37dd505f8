//! Live capture.

#![allow(dead_code, reason = "until the loop is merged")]

mod metrics;
mod rights;
