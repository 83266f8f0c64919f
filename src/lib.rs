//! The logic of ssectl; the terminal lives in `cli`.

pub mod document;
pub mod expr;
