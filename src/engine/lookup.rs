//! Tables that are asked for rows while records come, with a cache before them.
//!
//! A batch asks once for all rows that it misses: its steps are run as far as they come, the missing rows are fetched
//! together, and the steps are run again. So a batch has one question per lookup, and its results are those of a run
//! that had all rows at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter};
use ssectl_adapter::{Error, ErrorKind, Record};
use tokio::time::Instant;

use super::retry::Patience;
use super::steps::{Encoding, eval};
use super::tallies::Tally;
use crate::expr::{Outputs, Program};

/// A key as compact JSON.
pub(super) type Key = Box<[u8]>;

/// A table that answers questions.
#[async_trait]
pub trait Ask: Send + Sync {
    /// The rows of keys, each compact JSON: a JSON value, or `None` if there is none; in the order of the keys.
    ///
    /// # Errors
    /// It cannot be asked; a temporary error is tried again.
    async fn rows(&self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>, Error>;
}

/// What is kept of a table that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSpec {
    /// So many keys, those without a row included; 0 keeps none.
    pub rows: usize,
    /// A row is asked for again after so long; `None` keeps it for the whole run.
    pub ttl: Option<Duration>,
}

/// Counts of a lookup.
#[derive(Clone, Default)]
pub struct LookupTallies {
    /// Records whose row was in the cache.
    pub hits: Tally,
    /// Records whose row had to be asked for.
    pub misses: Tally,
    /// Rows that left the cache for want of room.
    pub evicted: Tally,
    /// Questions to the table.
    pub queries: Tally,
}

/// A table that is asked, and what is known of it.
pub struct Lookup {
    table: Box<dyn Ask>,
    /// What of a row is taken.
    value: Program,
    cache: Option<Cache<Key, Kept, UnitWeighter, DefaultHashBuilder, Count>>,
    ttl: Option<Duration>,
    /// Held while rows are put into the cache.
    storing: Mutex<()>,
    tallies: LookupTallies,
}

/// A row, or that there is none, and how long that is believed.
#[derive(Clone)]
struct Kept {
    row: Option<Bytes>,
    until: Option<Instant>,
}

/// Rows that were fetched for one batch.
pub(super) type Fetched = HashMap<Key, Option<Bytes>>;

impl Lookup {
    /// `value` is what of a row is taken.
    pub fn new(
        table: Box<dyn Ask>,
        value: Program,
        cache: CacheSpec,
        tallies: LookupTallies,
    ) -> Self {
        let count = Count(tallies.evicted.clone());
        let kept = (cache.rows > 0).then(|| {
            let (rows, weight) = (cache.rows, cache.rows as u64);
            Cache::with(
                rows,
                weight,
                UnitWeighter,
                DefaultHashBuilder::default(),
                count,
            )
        });
        Self {
            table,
            value,
            cache: kept,
            ttl: cache.ttl,
            storing: Mutex::new(()),
            tallies,
        }
    }

    /// What the cache knows of a key; `None` if nothing.
    pub(super) fn known(&self, key: &[u8]) -> Option<Option<Bytes>> {
        let kept = self.cache.as_ref()?.get(key)?;
        let is_old = kept.until.is_some_and(|until| Instant::now() >= until);
        (!is_old).then_some(kept.row)
    }

    /// Counts records by where their row was found.
    pub(super) fn count(&self, hits: usize, misses: usize) {
        self.tallies.hits.add(hits);
        self.tallies.misses.add(misses);
    }

    /// Fetches rows, and tries again while the table is away.
    ///
    /// # Errors
    /// The table cannot be asked, or a row is nothing that `value` takes.
    pub(super) async fn fetch(
        &self,
        keys: BTreeSet<Key>,
        patience: &Patience,
        into: &mut Fetched,
    ) -> Result<(), Error> {
        let asked: Vec<&[u8]> = keys.iter().map(|key| &**key).collect();
        let mut tries = patience.tries();
        let rows = loop {
            self.tallies.queries.add(1);
            match self.table.rows(&asked).await {
                Ok(rows) => break rows,
                Err(error) => tries.failed("looking rows up", error).await?,
            }
        };
        let until = self.ttl.map(|ttl| Instant::now() + ttl);
        for (key, row) in keys.into_iter().zip(rows) {
            let row = row.map(|row| self.take(row)).transpose()?.flatten();
            self.store(&key, &row, until);
            into.insert(key, row);
        }
        Ok(())
    }

    /// Puts a row into the cache.
    fn store(&self, key: &Key, row: &Option<Bytes>, until: Option<Instant>) {
        let Some(cache) = &self.cache else {
            return;
        };
        let row = row.clone();
        let _storing = self.storing.lock().unwrap_or_else(PoisonError::into_inner);
        // An older row that it takes the place of would count as evicted.
        cache.remove(key);
        cache.insert(key.clone(), Kept { row, until });
    }

    /// What of a row is taken; nothing if the program gives nothing.
    fn take(&self, row: Bytes) -> Result<Option<Bytes>, Error> {
        let mut outputs = Outputs::default();
        let row = Record::from_value(row);
        eval(&row, Encoding::Json, |input| {
            self.value.eval(input, &mut outputs)
        })
        .map_err(|error| Error::new(ErrorKind::Data, error.to_string()))?;
        let taken = outputs.get(0);
        Ok(taken.map(|taken| Bytes::copy_from_slice(taken.json())))
    }
}

/// Counts what leaves the cache for want of room.
#[derive(Clone)]
struct Count(Tally);

impl Lifecycle<Key, Kept> for Count {
    type RequestState = ();

    fn begin_request(&self) -> Self::RequestState {}

    fn on_evict(&self, (): &mut Self::RequestState, _: Key, _: Kept) {
        self.0.add(1);
    }
}
