//! Google Cloud Pub/Sub.
mod proto;
mod received;
