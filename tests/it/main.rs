//! The binary as its users see it: pipes, files, signals, exit codes, messages.

mod bad_input;
mod cli;
#[cfg(feature = "emulator")]
mod cloud;
mod command;
#[cfg(feature = "emulator")]
mod declared;
#[cfg(all(feature = "kafka", feature = "emulator"))]
mod docs;
#[cfg(feature = "emulator")]
mod emulator;
mod envelope;
#[cfg(all(feature = "kafka", feature = "eventhubs", feature = "emulator"))]
mod eventhubs;
#[cfg(all(feature = "kafka", feature = "sqs", feature = "emulator"))]
mod faults;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(all(feature = "kinesis", feature = "emulator"))]
mod kinesis;
mod pipes;
#[cfg(all(feature = "pubsub", feature = "emulator"))]
mod pubsub;
mod scenarios;
#[cfg(feature = "emulator")]
mod services;
mod shipped;
mod signals;
#[cfg(all(feature = "sqs", feature = "emulator"))]
mod sqs;
