//! The pipeline: frames in, analysis out. The only room that sees all of the others.
