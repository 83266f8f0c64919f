//! The network side: a thread that accepts, and one thread per connection.

mod connection;
mod control;
mod in_flight;
mod listener;

#[cfg(test)]
mod tests;

#[cfg(feature = "eventhubs")]
pub(crate) use listener::Guests;
pub(crate) use listener::Server;
