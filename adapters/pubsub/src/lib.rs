//! Google Cloud Pub/Sub as a stream.
