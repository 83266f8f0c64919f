//! A bound on the bytes of all requests that are being received or answered.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes under way.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    bytes: AtomicUsize,
}

/// The bytes of one request, until it is answered.
#[derive(Debug)]
pub(super) struct Share<'a> {
    of: &'a InFlight,
    bytes: usize,
}

impl InFlight {
    /// A share without any bytes.
    pub(super) fn share(&self) -> Share<'_> {
        Share { of: self, bytes: 0 }
    }
}

impl Share<'_> {
    /// Counts more bytes in; false if there were more than `limit` then.
    pub(super) fn grow(&mut self, bytes: usize, limit: usize) -> bool {
        let fits = |now: usize| now.checked_add(bytes).filter(|total| *total <= limit);
        let reserved = self
            .of
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        self.bytes += reserved.map_or(0, |_| bytes);
        reserved.is_ok()
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.of.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
