//! Amazon Kinesis Data Streams as a stream.
