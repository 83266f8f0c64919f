//! The adapter over a service: the one that `SSECTL_TEST_KINESIS` names, else the emulator.

mod conformance;
mod fan_out;
mod faults;
mod foreign;
mod groups;
mod limits;
mod renewal;
mod reshard;
mod support;
