//! JSON text to values and back, as RFC 8259 has it and jq prints it.

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{write, write_start};
