//! Azure Event Hubs: AMQP 1.0, Kafka, and a small management API, plain and with TLS, all on one port.
//!
//! The first byte of a connection tells what it speaks: `A` is AMQP (`AMQP…`), `16` hexadecimal is TLS, which may hold any of
//! the others, a letter of a method is HTTP, and `00`, the start of a request's length, is Kafka.
//!
//! Hubs are streams of the store; a transfer is a frame (`events.rs`). A sequence number is the store's offset, counted from
//! 0 in each partition, and the offset that clients see is the same number as text: the service promises no more of it than
//! that it is to be given back as it came.
//!
//! # Hubs
//! They are declared in [`Config::hubs`], which [`Namespace::from_config_json`] reads from Microsoft's own `Config.json`;
//! they are created over HTTP; and with [`Config::auto_create`] a hub is created when a client of AMQP first names it,
//! since AMQP has no call for that. HTTP never creates one by asking for it.
//!
//! # Kafka
//! With the feature `kafka` hubs are topics of the [Kafka](crate::kafka) dialect too: clients log in with SASL PLAIN, the user
//! `$ConnectionString` and a connection string as password. Events and records are kept as they came and read by either:
//! body and value, partition key and key, application properties and headers are the same. A record's time is when it
//! was enqueued, unless a producer of Kafka gave it one.
//!
//! # HTTP
//! What .NET's `NamespaceManager` spoke (Atom entries of `http://schemas.microsoft.com/netservices/2010/10/servicebus/connect`),
//! in small; the query `api-version` may be there and is not looked at, nor is `Authorization`.
//!
//! | request | answer |
//! |---|---|
//! | `PUT /HUB` with an entry whose `EventHubDescription` may have `PartitionCount` and `MessageRetentionInDays` | 201 and the entry; 409 if there is one; with `If-Match: *` 200 and the changed retention |
//! | `GET /HUB` | 200 and the entry: also `CreatedAt`, `Status`, `PartitionIds` with a `string` each; 404 |
//! | `DELETE /HUB` | 200; 404 |
//! | `GET /$Resources/EventHubs?$skip=N&$top=N` | 200 and a feed of the entries, by name |
//! | `PUT`, `GET`, `DELETE /HUB/ConsumerGroups/GROUP` | the same of a consumer group (`ConsumerGroupDescription`) |
//! | `GET /HUB/ConsumerGroups` | a feed of them, `$Default` among them |
//! | `GET /$servicebus/websocket` with `Upgrade: websocket` | 101, then AMQP in a WebSocket of the protocol `AMQPWSB10` |
//! | `GET /health` | 200 `{"status":"healthy"}`, as Microsoft's emulator on its port 5300 |
//! | `POST /_ssectl/reset` | 200; deletes all hubs, then declares those of [`Config::hubs`] again |
//!
//! Errors are `<Error><Code>404</Code><Detail>…</Detail></Error>`.

mod address;
mod amqp;
mod config;
mod config_json;
mod connection;
mod coverage;
mod emulator;
pub(crate) mod events;
mod exchange;
mod filter;
mod front;
mod hub;
mod hubs;
#[cfg(feature = "kafka")]
mod kafka_endpoint;
mod management;
mod partition_key;
mod reader;
mod receivers;
mod requests;
mod server;
mod sniff;
mod tls;
mod tokens;
mod websocket;

pub use config::{AccessKey, Config, Limits};
pub use config_json::{ConfigJsonError, Namespace};
pub(crate) use coverage::Operation;
pub use coverage::{Coverage, Support, coverage};
pub use emulator::Emulator;
pub(crate) use exchange::records_of;
pub(crate) use front::Front;
pub use hub::Hub;
