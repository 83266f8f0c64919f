//! The adapter over the Kafka endpoint of Event Hubs, as the emulator has it: the suite of all adapters, plain and with TLS.

mod ending;
mod namespace;

mod plain {
    ssectl_testkit::suite! {
        harness: crate::namespace::Namespace::plain(),
        not_applicable: [],
    }
}

mod tls {
    ssectl_testkit::suite! {
        harness: crate::namespace::Namespace::tls(),
        not_applicable: [],
    }
}
