//! The adapter over the emulator, or over the broker of `SSECTL_TEST_KAFKA`.

mod changes;
mod conformance;
mod groups;
mod options;
mod reading;
mod support;
mod transactions;
mod writing;
