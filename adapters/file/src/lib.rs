//! Recorded files as streams.
