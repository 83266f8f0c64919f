//! The adapter over the emulator, or over the service of `SSECTL_TEST_EVENTHUBS`.

mod conformance;
mod support;
