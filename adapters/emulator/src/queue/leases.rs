//! What readers do: lease messages, change leases, settle.

use super::frames;
use super::index::{Entry, State};
use super::lease_queue::{Inside, LeaseQueue, Leased, Received};
use super::settings::{OnExpired, Receipt, Settled};
use crate::store::{LockExt, StoreError};

/// For how long messages that were leased too often are hidden while they are taken elsewhere.
const TRANSFER_MS: i64 = 30_000;

/// A message that was picked: its receipt, how often it was leased, and when first.
struct Picked {
    receipt: Receipt,
    receives: u32,
    first_leased_ms: i64,
    is_exhausted: bool,
}

impl LeaseQueue {
    /// Leases up to `limit` messages for `lease_ms` milliseconds. Messages that were leased `max_receives` times
    /// already come as exhausted ones.
    ///
    /// # Errors
    /// The messages cannot be read.
    pub fn receive(
        &self,
        limit: usize,
        lease_ms: i64,
        max_receives: Option<u32>,
    ) -> Result<Received, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        self.catch_up(&mut inside)?;
        inside.drop_old(&self.log, now_ms)?;
        inside.index.advance(now_ms);
        let free = inside
            .settings
            .max_leases
            .saturating_sub(inside.index.leased());
        if free == 0 {
            return Ok(Received {
                is_over_limit: true,
                ..Received::default()
            });
        }
        let offsets = inside.index.pick(limit.min(free));
        let lease =
            |offset: &i64| inside.lease(self.epoch, *offset, now_ms, lease_ms, max_receives);
        let picked: Vec<_> = offsets.iter().filter_map(lease).collect();
        drop(inside);
        self.collect(picked)
    }

    /// Hands out the same messages again, their leases begun anew, if all of them are leased as the receipts say.
    ///
    /// # Errors
    /// The messages cannot be read.
    pub fn receive_again(
        &self,
        receipts: &[Receipt],
        lease_ms: i64,
    ) -> Result<Option<Vec<Leased>>, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.index.advance(now_ms);
        let mut picked = Vec::new();
        for receipt in receipts {
            let entry = match inside.find(self.epoch, *receipt) {
                Found::Leased(entry, _) => entry,
                _ => return Ok(None),
            };
            picked.push(Picked {
                receipt: *receipt,
                receives: entry.receives,
                first_leased_ms: entry.first_leased_ms.unwrap_or(now_ms),
                is_exhausted: false,
            });
        }
        for receipt in receipts {
            let state = leased(now_ms, now_ms, lease_ms);
            inside.index.change(receipt.offset, state);
        }
        drop(inside);
        Ok(Some(self.collect(picked)?.messages))
    }

    /// Removes messages; tells for each what became of it.
    ///
    /// # Errors
    /// The removal cannot be remembered; nothing was removed then.
    pub fn settle(
        &self,
        receipts: &[Receipt],
        on_expired: OnExpired,
    ) -> Result<Vec<Settled>, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.index.advance(now_ms);
        let judge = |receipt: &Receipt| match inside.find(self.epoch, *receipt) {
            Found::Gone => Settled::Gone,
            Found::Superseded => Settled::Superseded,
            Found::Expired if on_expired == OnExpired::Refuse => Settled::Expired,
            Found::Expired | Found::Leased(..) => Settled::Done,
        };
        let settled: Vec<_> = receipts.iter().map(judge).collect();
        let done = receipts.iter().zip(&settled);
        let done = done.filter(|(_, settled)| **settled == Settled::Done);
        let offsets: Vec<_> = done.map(|(receipt, _)| receipt.offset).collect();
        frames::append_settled(&self.log, &offsets, now_ms)?;
        for offset in offsets {
            inside.index.remove(offset);
        }
        drop(inside);
        // The next ones of their groups may be ready.
        self.wake();
        Ok(settled)
    }

    /// Lets a lease end in `lease_ms` milliseconds from now; 0 gives the message back. With `longest_ms` a lease must
    /// not last longer in all, counted from when it began: `Err` has the bound. With [`OnExpired::Settle`] a receipt is
    /// good as long as there is the message, whoever has it now: it hides one that is not leased.
    pub fn change_lease(
        &self,
        receipt: Receipt,
        lease_ms: i64,
        longest_ms: i64,
        on_expired: OnExpired,
    ) -> Result<Settled, LeaseTooLong> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.index.advance(now_ms);
        let since = match inside.find(self.epoch, receipt) {
            Found::Gone => return Ok(Settled::Gone),
            Found::Leased(_, since) => since,
            Found::Superseded if on_expired == OnExpired::Refuse => {
                return Ok(Settled::Superseded);
            }
            Found::Expired if on_expired == OnExpired::Refuse => return Ok(Settled::Expired),
            Found::Superseded | Found::Expired => match inside.index.get(receipt.offset) {
                Some(Entry {
                    state: State::Leased { since, .. },
                    ..
                }) => *since,
                _ => now_ms,
            },
        };
        if now_ms + lease_ms - since > longest_ms {
            return Err(LeaseTooLong);
        }
        let state = leased(since, now_ms, lease_ms);
        inside.index.change(receipt.offset, state);
        drop(inside);
        self.wake();
        Ok(Settled::Done)
    }

    /// Reads the bodies of what was picked.
    fn collect(&self, picked: Vec<Picked>) -> Result<Received, StoreError> {
        let mut sorted: Vec<_> = picked.iter().map(|picked| picked.receipt.offset).collect();
        sorted.sort_unstable();
        let mut messages = self.fetch(&sorted)?;
        let mut received = Received::default();
        for picked in picked {
            let offset = picked.receipt.offset;
            let Some(at) = messages.iter().position(|(found, _)| *found == offset) else {
                continue; // purged in the meantime
            };
            let leased = Leased {
                receipt: picked.receipt,
                message: messages.swap_remove(at).1,
                receives: picked.receives,
                first_leased_ms: picked.first_leased_ms,
            };
            match picked.is_exhausted {
                true => received.exhausted.push(leased),
                false => received.messages.push(leased),
            }
        }
        Ok(received)
    }
}

/// A lease would last longer than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease would last longer than is allowed")]
pub struct LeaseTooLong;

/// What a receipt stands for.
enum Found<'a> {
    Gone,
    Superseded,
    Expired,
    /// The message, and since when it is leased.
    Leased(&'a Entry, i64),
}

impl Inside {
    fn find(&self, epoch: u64, receipt: Receipt) -> Found<'_> {
        let Some(entry) = self.index.get(receipt.offset) else {
            return Found::Gone;
        };
        let is_latest = receipt.epoch == epoch && receipt.lease == entry.leases;
        // A receipt of an earlier process is as good as an expired one until the message is leased again.
        let is_untouched = receipt.epoch != epoch && entry.leases == 0;
        match entry.state {
            State::Leased { since, .. } if is_latest => Found::Leased(entry, since),
            State::Leased { .. } => Found::Superseded,
            _ if is_latest || is_untouched => Found::Expired,
            _ => Found::Superseded,
        }
    }

    fn lease(
        &mut self,
        epoch: u64,
        offset: i64,
        now_ms: i64,
        lease_ms: i64,
        max_receives: Option<u32>,
    ) -> Option<Picked> {
        let receives = self.index.get(offset)?.receives;
        let is_exhausted = max_receives.is_some_and(|limit| receives >= limit);
        let lease_ms = if is_exhausted { TRANSFER_MS } else { lease_ms };
        let entry = self.index.lease(offset, now_ms, now_ms + lease_ms)?;
        let picked = Picked {
            receipt: Receipt {
                epoch,
                offset,
                lease: entry.leases,
            },
            receives: if is_exhausted {
                receives
            } else {
                entry.receives
            },
            first_leased_ms: entry.first_leased_ms.unwrap_or(now_ms),
            is_exhausted,
        };
        if lease_ms == 0 {
            self.index.change(offset, State::Ready);
        }
        Some(picked)
    }
}

/// The state of a message that is leased since `since` and for `lease_ms` milliseconds from now on.
fn leased(since: i64, now_ms: i64, lease_ms: i64) -> State {
    match lease_ms {
        0 => State::Ready,
        _ => State::Leased {
            since,
            until: now_ms + lease_ms,
        },
    }
}
