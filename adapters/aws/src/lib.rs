//! What the adapters of AWS's services share: how a client finds region, credentials and endpoint, and what the SDK's
//! errors mean.
//!
//! The crate knows no service. An adapter gives its options as an [`Access`], and what its own error codes mean as
//! [`Faults`].
#![deny(missing_docs)]

mod access;
mod address;
mod faults;

pub use access::Access;
pub use address::{CHAIN, SECRETS, check_endpoint};
pub use faults::{Faults, Verdict, first_cause, short};
