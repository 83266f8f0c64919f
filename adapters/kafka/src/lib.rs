//! Apache Kafka as a stream.
