//! Resources through their router, as HTTP clients see them.

mod log;
mod rest;
mod server;
mod support;
