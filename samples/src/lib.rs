//! Constructed captures.
