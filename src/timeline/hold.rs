//! What keeps a virtual time from going on.

use std::sync::mpsc;

use tokio::runtime::Handle;

/// While it lives, time stands still.
#[derive(Debug)]
pub(super) struct Hold {
    /// Nothing is ever sent; that it is dropped says enough.
    _released: mpsc::SyncSender<()>,
}

impl Hold {
    /// Paused time does not jump while work is under way on a thread of the runtime's own: so that is what there is.
    pub(super) fn new(inside: &Handle) -> Self {
        let (released, wait) = mpsc::sync_channel::<()>(1);
        inside.spawn_blocking(move || wait.recv());
        Self {
            _released: released,
        }
    }
}
