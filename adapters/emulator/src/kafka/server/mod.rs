//! The network side: a thread that accepts, and one thread per connection.

mod connection;
mod control;
mod in_flight;
mod listener;

#[cfg(test)]
mod tests;

pub(crate) use listener::Server;
