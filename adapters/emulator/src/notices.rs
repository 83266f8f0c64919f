//! What an emulator tells the person who runs it.

use std::fmt;
use std::sync::Arc;

/// Where one-line notices go: what a user should see but no client is told.
#[derive(Clone)]
pub struct Notices(Arc<dyn Fn(&str) + Send + Sync>);

impl Notices {
    /// Calls `sink` with each notice, a line without its end.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Gives one notice.
    pub(crate) fn say(&self, notice: &str) {
        (self.0)(notice);
    }
}

impl Default for Notices {
    /// Notices go nowhere.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}
