//! The adapter over the emulator, or over the service of `SSECTL_TEST_EVENTHUBS`.

mod blob;
mod conformance;
mod crash;
mod faults;
mod groups;
mod lost;
mod names;
mod proxy;
mod support;
