//! The Kafka emulator as a client on the wire sees it.

mod admin;
mod client;
mod control;
mod durable;
mod faults;
mod groups;
mod hostile;
mod offsets;
mod producer;
mod records;
mod sasl;
mod topics;
mod transactions;
