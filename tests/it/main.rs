//! The binary as its users see it: pipes, files, signals, exit codes, messages.

#[cfg(all(any(feature = "kinesis", feature = "sqs"), feature = "emulator"))]
mod aws;
#[cfg(all(feature = "stdio", feature = "file"))]
mod bad_input;
mod cli;
mod command;
#[cfg(all(feature = "kafka", feature = "emulator"))]
mod emulator;
#[cfg(all(feature = "stdio", feature = "file"))]
mod envelope;
#[cfg(feature = "file")]
mod event_time;
#[cfg(all(feature = "kafka", feature = "eventhubs", feature = "emulator"))]
mod eventhubs;
#[cfg(all(
    feature = "kafka",
    feature = "pubsub",
    feature = "kinesis",
    feature = "sqs",
    feature = "eventhubs",
    feature = "emulator"
))]
mod five;
#[cfg(all(feature = "kafka", feature = "emulator"))]
mod kafka;
#[cfg(all(feature = "kinesis", feature = "emulator"))]
mod kinesis;
#[cfg(all(feature = "stdio", feature = "file"))]
mod pipes;
#[cfg(all(
    feature = "kafka",
    feature = "pubsub",
    feature = "kinesis",
    feature = "sqs",
    feature = "eventhubs",
    feature = "emulator"
))]
mod prove;
#[cfg(all(feature = "pubsub", feature = "emulator"))]
mod pubsub;
#[cfg(all(feature = "kafka", feature = "emulator"))]
mod rollback;
mod scenarios;
mod serve;
#[cfg(all(feature = "stdio", feature = "file"))]
mod shipped;
#[cfg(all(feature = "stdio", feature = "file"))]
mod signals;
#[cfg(all(feature = "sqs", feature = "emulator"))]
mod sqs;
#[cfg(all(feature = "stdio", feature = "file"))]
mod state;
#[cfg(all(feature = "kafka", feature = "emulator"))]
mod state_once;
#[cfg(feature = "file")]
mod steps;
#[cfg(all(target_os = "linux", feature = "file"))]
mod terminal;
#[cfg(all(feature = "stdio", feature = "file"))]
mod why;
#[cfg(all(feature = "stdio", feature = "file"))]
mod windows;
