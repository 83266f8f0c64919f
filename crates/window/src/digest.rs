//! Events of one partition, aggregated before their turn comes: what several workers can do at once.
//!
//! A digest holds, for each key and window of a batch, one state of the aggregates and how far event time had come at the
//! last of its events. Watermarks do not go back, so if the window was open for that event it was for those before it, and
//! all of them are on time. As nothing but a window's end gives panes then, it makes no difference whether events are taken
//! in one by one, or all of them before the watermark moves on: the same windows close, in the order of their ends. Where
//! that cannot be said of all events of a batch, the operator refuses the digest, and takes the events themselves.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::hash_table::{Entry, HashTable};

use crate::operator::order_matters;
use crate::windows::{Assigner, Span};
use crate::{Aggregator, Spec, Time, WatermarkKind, WindowError, Windows};

/// Makes digests; several at once.
pub struct Digester<A> {
    windows: Windows,
    aggregates: A,
}

impl<A: Aggregator> Digester<A> {
    /// `None` where results depend on the order of events, or it takes more than event times to know what becomes of one.
    pub fn new(spec: &Spec, aggregates: A) -> Option<Self> {
        let simple = spec.watermark != WatermarkKind::Punctuated && spec.max_future.is_none();
        (simple && !order_matters(spec, &aggregates)).then(|| Self {
            windows: spec.windows.clone(),
            aggregates,
        })
    }

    /// A digest of no event yet.
    pub fn begin(&self) -> Digesting<'_, A> {
        Digesting {
            aggregates: &self.aggregates,
            assigner: Assigner::new(&self.windows).expect("windows of other kinds need an order"),
            hasher: RandomState::default(),
            index: HashTable::new(),
            digest: Digest {
                shares: Vec::new(),
                first: None,
                newest: Time::MIN,
            },
        }
    }
}

/// A digest that takes events.
pub struct Digesting<'a, A: Aggregator> {
    aggregates: &'a A,
    assigner: Assigner,
    hasher: RandomState,
    /// Where in the shares each key and window is.
    index: HashTable<usize>,
    digest: Digest<A::Accumulator>,
}

/// Events of one partition, aggregated by key and window.
pub struct Digest<S> {
    pub(crate) shares: Vec<Share<S>>,
    /// The time of the first event.
    pub(crate) first: Option<Time>,
    /// The greatest time.
    pub(crate) newest: Time,
}

/// What events add to a key in a window.
pub(crate) struct Share<S> {
    pub(crate) span: Span,
    pub(crate) key: Box<[u8]>,
    pub(crate) state: S,
    pub(crate) events: u64,
    /// The greatest time of all events up to the last of these.
    pub(crate) seen: Time,
    hash: u64,
}

impl<A: Aggregator> Digesting<'_, A> {
    /// Takes an event: see [`Event`](crate::Event).
    ///
    /// # Errors
    /// The event is wrong, and so may be the digest from now on: the operator must be given the events themselves.
    #[inline]
    pub fn add(
        &mut self,
        time: Time,
        key: &[u8],
        inputs: &[Option<&[u8]>],
    ) -> Result<(), WindowError> {
        let wrong = || WindowError::Time(time);
        if time == Time::MIN || time == Time::MAX {
            return Err(wrong());
        }
        let spans = self.assigner.spans(time).ok_or_else(wrong)?;
        let digest = &mut self.digest;
        digest.first.get_or_insert(time);
        digest.newest = digest.newest.max(time);
        for &span in spans {
            let hash = hash(&self.hasher, span, key);
            let shares = &mut digest.shares;
            let same = |at: &usize| shares[*at].span == span && *shares[*at].key == *key;
            let at = match self.index.entry(hash, same, |at| shares[*at].hash) {
                Entry::Occupied(found) => *found.get(),
                Entry::Vacant(slot) => {
                    let at = shares.len();
                    slot.insert(at);
                    shares.push(Share {
                        span,
                        key: key.into(),
                        state: self.aggregates.accumulator(),
                        events: 0,
                        seen: time,
                        hash,
                    });
                    at
                }
            };
            let share = &mut shares[at];
            self.aggregates.add(&mut share.state, time, inputs)?;
            share.events += 1;
            share.seen = digest.newest;
        }
        Ok(())
    }

    /// What came of the events.
    pub fn finish(self) -> Digest<A::Accumulator> {
        self.digest
    }
}

#[inline]
fn hash(hasher: &RandomState, span: Span, key: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_i64(span.end);
    hasher.write_i64(span.start);
    hasher.write(key);
    hasher.finish()
}
