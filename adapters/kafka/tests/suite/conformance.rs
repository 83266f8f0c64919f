//! The suite of all adapters.

ssectl_testkit::suite! {
    harness: crate::support::Cluster::start(),
    not_applicable: [],
}
