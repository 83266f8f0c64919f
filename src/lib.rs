//! The logic of ssectl; the terminal lives in `cli`.

pub mod duration;
pub mod generate;
pub mod replay;
