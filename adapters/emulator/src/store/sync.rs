//! Locks that outlive a panic.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Taking a lock without a second panic when a thread died while holding it.
///
/// A panic in one request handler closes one connection; it must not spread to every thread that needs the same lock.
pub(crate) trait LockExt {
    /// The guard of an exclusive lock.
    type Guard<'a>
    where
        Self: 'a;

    /// Waits for the lock and takes it, poisoned or not.
    fn locked(&self) -> Self::Guard<'_>;
}

impl<T> LockExt for Mutex<T> {
    type Guard<'a>
        = MutexGuard<'a, T>
    where
        T: 'a;

    fn locked(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for locks that many readers share.
pub(crate) trait RwLockExt<T> {
    /// Waits for a shared lock.
    fn reading(&self) -> RwLockReadGuard<'_, T>;

    /// Waits for the exclusive lock.
    fn writing(&self) -> RwLockWriteGuard<'_, T>;
}

impl<T> RwLockExt<T> for RwLock<T> {
    fn reading(&self) -> RwLockReadGuard<'_, T> {
        self.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, T> {
        self.write().unwrap_or_else(PoisonError::into_inner)
    }
}
