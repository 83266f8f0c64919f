//! The adapter over the emulator, or over the service of `SSECTL_TEST_PUBSUB`.

mod conformance;
mod faults;
mod foreign;
mod groups;
mod leases;
mod order;
mod seek;
mod support;
