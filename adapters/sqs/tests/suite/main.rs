//! The adapter over the emulator, or over the service of `SSECTL_TEST_SQS`.

mod conformance;
mod faults;
mod fifo;
mod foreign;
mod leases;
mod support;
