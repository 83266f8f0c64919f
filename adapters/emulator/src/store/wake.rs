//! Wake-ups for readers that wait for new records in several partitions at once.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::LockExt;

/// One waiting reader.
#[derive(Default)]
pub struct Waiter {
    woken: Mutex<bool>,
    condition: Condvar,
    hook: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Waiter {
    /// A reader that is no thread: instead of waiting here it has `hook` called, which must not block.
    pub fn calling(hook: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            hook: Some(Box::new(hook)),
            ..Self::default()
        }
    }

    /// Wakes the reader, now or when it waits next.
    pub fn wake(&self) {
        if let Some(hook) = &self.hook {
            return hook();
        }
        *self.woken.locked() = true;
        self.condition.notify_one();
    }

    /// Sleeps until woken (true) or until `deadline` (false). A wake-up is used up by the wait that sees it.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        let mut woken = self.woken.locked();
        while !*woken {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            woken = self
                .condition
                .wait_timeout(woken, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *woken = false;
        true
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

/// The readers that wait for one thing.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    list: Mutex<Vec<Arc<Waiter>>>,
}

impl Waiters {
    /// Wakes `waiter` on every event until the subscription is dropped.
    pub(crate) fn subscribe(self: &Arc<Self>, waiter: &Arc<Waiter>) -> Subscription {
        self.list.locked().push(Arc::clone(waiter));
        Subscription {
            waiters: Arc::clone(self),
            waiter: Arc::clone(waiter),
        }
    }

    /// Wakes all.
    pub(crate) fn wake_all(&self) {
        for waiter in self.list.locked().iter() {
            waiter.wake();
        }
    }
}

/// Keeps a [`Waiter`] on a list for as long as it lives.
#[derive(Debug)]
pub struct Subscription {
    waiters: Arc<Waiters>,
    waiter: Arc<Waiter>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut list = self.waiters.list.locked();
        if let Some(place) = list
            .iter()
            .position(|other| Arc::ptr_eq(other, &self.waiter))
        {
            list.swap_remove(place);
        }
    }
}
