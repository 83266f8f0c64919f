//! Azure Event Hubs as a stream.
