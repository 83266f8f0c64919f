//! The suite of all adapters. Standard queues have no order, no positions and no exact end.

use crate::support::Queues;

ssectl_testkit::suite! {
    harness: Queues::find(),
    not_applicable: [],
}
