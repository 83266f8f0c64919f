//! Scenarios on Apache Beam.
//!
//! A pipeline that reads a stream or has a window is compiled to Python (crate `ssectl_beam`). When a scenario runs there,
//! ssectl still plays the world around it: it makes the streams, feeds them, hands a pipeline's records to Beam in a file
//! when all have come, writes what Beam gives back, and checks what is expected.

mod job;
mod operator;
mod runner;

pub use job::{job, runs_on_beam};
pub use runner::{Beam, Runner};
