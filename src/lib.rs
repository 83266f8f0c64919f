//! The logic of ssectl; the terminal lives in `cli`.

pub mod beam;
pub mod cli;
pub mod config;
pub mod document;
pub mod duration;
pub mod engine;
pub mod expr;
pub mod format;
pub mod gateway;
pub mod generate;
pub mod places;
pub mod prove;
pub mod registry;
pub mod relate;
pub mod replay;
pub mod runner;
pub mod scenario;
pub mod timeline;
pub mod verify;
pub mod window;
