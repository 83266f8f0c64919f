//! The binary as its users see it: pipes, files, signals, exit codes, messages.

mod bad_input;
mod cli;
mod command;
mod envelope;
mod pipes;
mod scenarios;
mod signals;
