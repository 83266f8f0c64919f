//! The messages of the API, made from Google's `.proto` files by the build script.
#![allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    unreachable_pub,
    reason = "generated, and not every message is used"
)]

/// `google.pubsub.v1`.
pub(crate) mod pubsub {
    include!(concat!(env!("OUT_DIR"), "/google.pubsub.v1.rs"));
}

/// `google.iam.v1`, under the paths by which its messages name each other.
pub(crate) mod google {
    pub(crate) mod iam {
        pub(crate) mod v1 {
            include!(concat!(env!("OUT_DIR"), "/google.iam.v1.rs"));
        }
    }
    pub(crate) mod r#type {
        include!(concat!(env!("OUT_DIR"), "/google.r#type.rs"));
    }
}

/// `google.rpc`.
pub(crate) mod rpc {
    include!(concat!(env!("OUT_DIR"), "/google.rpc.rs"));
}

/// All of them as protobuf describes them.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
