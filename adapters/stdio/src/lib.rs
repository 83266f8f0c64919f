//! stdin and stdout as a stream.
