//! The suite of all adapters.

use crate::support::Streams;

ssectl_testkit::suite! {
    harness: Streams::start(),
    not_applicable: [],
}
