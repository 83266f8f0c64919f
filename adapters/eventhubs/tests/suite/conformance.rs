//! The suite of all adapters; every case applies.

use crate::support::Hubs;

ssectl_testkit::suite! {
    harness: Hubs::start(),
    not_applicable: [],
}
