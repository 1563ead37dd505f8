//! Sources of frames: capture files in every shape that users have. Timestamps are made here and nowhere else.
