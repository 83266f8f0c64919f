//! The jq language: compile a program once, run it on the bytes of each record.
//!
//! This is the only module that names the jq crate. Callers pass bytes and get bytes, so what runs a
//! program can change without them.
//!
//! On the way from a program to its results:
//! - `syntax` parses it to a tree of the engine, `prelude` adds the builtins in jq that it uses,
//!   `native` those in Rust, `names` says what is not defined;
//! - `json` reads and writes records, `value` is what a program works on;
//! - `engine` and `meter` keep a run within its [`Limits`].

mod engine;
mod error;
mod input;
mod json;
mod meter;
mod names;
mod native;
mod origin;
mod output;
mod prelude;
mod program;
mod syntax;
pub mod time;
mod value;

use std::time::Duration;

pub use error::{CompileError, EvalError, EvalErrorKind, Fault, Place};
pub use input::{Input, Meta, Payload};
pub use origin::Origin;
pub use output::{Output, Outputs};
pub use program::Program;

/// How a program is compiled and run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What one run on one record may use.
    pub limits: Limits,
}

/// What one run of a program on one record may use; going over ends the run with an [`EvalError`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Wall-clock time; 10 s by default.
    pub time: Duration,
    /// Results; 10,000,000 by default.
    pub outputs: usize,
    /// Bytes of the values alive at one moment, and of the results; 256 MiB by default.
    pub bytes: usize,
    /// Nesting of arrays and objects; 10,000 by default.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            outputs: 10_000_000,
            bytes: 256 << 20,
            depth: 10_000,
        }
    }
}
