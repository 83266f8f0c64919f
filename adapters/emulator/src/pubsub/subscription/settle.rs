//! Acknowledgements, and longer or shorter leases.

use super::Subscription;
use super::ack_id::AckId;
use super::backlog::Backlog;
use crate::pubsub::frames;
use crate::queue::State;
use crate::store::{LockExt, StoreError};

/// What became of an ack id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pubsub) enum Outcome {
    /// It is done, or there was nothing left to do.
    Done,
    /// Its lease is over, or another one has been given since.
    Expired,
    /// It is not of this subscription.
    Foreign,
}

/// What an ack id stands for.
enum Found {
    /// A lease that holds, since this time.
    Leased(i64),
    /// One that does not; whether its message can still be acknowledged by it where delivery is at least once.
    Over { usable: bool },
    /// Its message is acknowledged.
    Acked,
}

impl Subscription {
    /// Acknowledges messages; what was acknowledged is in the log when this returns.
    ///
    /// # Errors
    /// The log cannot be written.
    pub(in crate::pubsub) fn acknowledge(&self, ids: &[AckId]) -> Result<Vec<Outcome>, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.advance(now_ms);
        let mut settled = Vec::new();
        let outcomes = ids.iter().map(|id| {
            if id.subscription != self.number() {
                return Outcome::Foreign;
            }
            let strict = inside.terms.exactly_once;
            match self.find(&inside, *id) {
                Found::Leased(_) => settled.extend(inside.settle(id.offset, id.lease)),
                Found::Over { usable } if usable && !strict => {
                    settled.extend(inside.settle(id.offset, id.lease));
                }
                Found::Acked if !strict || inside.was_settled_by(id.offset, id.lease) => {}
                Found::Over { .. } if !strict => {}
                Found::Over { .. } | Found::Acked => return Outcome::Expired,
            }
            Outcome::Done
        });
        let outcomes = outcomes.collect();
        frames::append_acked(&self.log, &settled, now_ms)?;
        drop(inside);
        self.wake();
        Ok(outcomes)
    }

    /// Lets leases end in `lease_ms` milliseconds from now; 0 gives the messages back.
    pub(in crate::pubsub) fn change_leases(&self, ids: &[AckId], lease_ms: i64) -> Vec<Outcome> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.advance(now_ms);
        let outcomes = ids.iter().map(|id| {
            if id.subscription != self.number() {
                return Outcome::Foreign;
            }
            match self.find(&inside, *id) {
                Found::Leased(_) if lease_ms == 0 => inside.give_back(id.offset, now_ms, now_ms),
                Found::Leased(since) => {
                    let until = now_ms + lease_ms;
                    inside
                        .index
                        .change(id.offset, State::Leased { since, until });
                }
                _ if inside.terms.exactly_once => return Outcome::Expired,
                _ => {}
            }
            Outcome::Done
        });
        let outcomes = outcomes.collect();
        drop(inside);
        self.wake();
        outcomes
    }

    fn find(&self, inside: &Backlog, id: AckId) -> Found {
        if id.epoch == self.epoch && id.seeks != inside.seeks {
            return Found::Over { usable: false };
        }
        let is_ours = id.epoch == self.epoch;
        match inside.index.get(id.offset) {
            None if inside.acked.contains(id.offset) => Found::Acked,
            // An ack id of an earlier process, whose message was not looked at yet.
            None => Found::Over {
                usable: !is_ours && id.offset < self.topic.bounds().1,
            },
            Some(entry) => match entry.state {
                State::Leased { since, .. } if is_ours && entry.leases == id.lease => {
                    Found::Leased(since)
                }
                State::Held => Found::Acked,
                _ => Found::Over { usable: true },
            },
        }
    }
}
