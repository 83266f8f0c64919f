//! Whole scenarios on streams in memory.

mod bench;
mod determinism;
mod mutated;
mod shuffled;
