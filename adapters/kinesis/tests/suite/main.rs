//! The adapter over a service: the one that `SSECTL_TEST_KINESIS` names, else the emulator.

mod conformance;
mod faults;
mod foreign;
mod groups;
mod reshard;
mod support;
