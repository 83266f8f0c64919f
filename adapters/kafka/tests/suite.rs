//! The conformance suite, over the emulator or the broker of `SSECTL_TEST_KAFKA`.

mod support;

ssectl_testkit::suite! {
    harness: crate::support::Cluster::start(),
    not_applicable: [],
}
