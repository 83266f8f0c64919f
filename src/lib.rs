//! The logic of ssectl; the terminal lives in `cli`.

pub mod config;
pub mod document;
pub mod duration;
pub mod expr;
pub mod generate;
pub mod scenario;
