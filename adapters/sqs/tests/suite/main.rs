//! The adapter over a service: the suite of all adapters, and what is particular to SQS.
//!
//! `SSECTL_TEST_SQS` names the service; `tests/peers/sqs.sh` starts one.

mod conformance;
mod faults;
mod fifo;
mod foreign;
mod leases;
mod support;
