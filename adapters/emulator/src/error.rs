//! Why an emulator does not start.

use std::io;
use std::net::SocketAddr;

use crate::store::StoreError;

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`: {source}{}", hint(source))]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that was declared cannot be.
    #[error("{0}")]
    Declaration(String),
    /// The certificate for TLS cannot be made, read or written.
    #[error("cannot use the certificate: {0}")]
    Certificate(String),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another process listens there, choose another port or 0 for a free one"
        }
        io::ErrorKind::AddrNotAvailable => "; the address is not one of this machine",
        io::ErrorKind::PermissionDenied => "; ports below 1024 may need privileges",
        _ => "",
    }
}
