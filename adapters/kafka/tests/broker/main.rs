//! Against a real Apache Kafka that the tests start and stop themselves.
//!
//! Ignored unless asked for, because they need Java and `tests/peers/install.sh kafka`:
//! `cargo test -p ssectl-adapter-kafka --test broker -- --ignored`.

mod groups;
mod java;
mod logins;
mod outages;
mod support;
