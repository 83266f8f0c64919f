//! Steps that ask tables for rows: all that a batch misses at once.

use std::collections::HashMap;

use ssectl_adapter::{Batch, Error, Fault, Record};

use super::{Lookup, Processed, Run, Step, Steps, Table, unreadable};
use crate::engine::lookup::Fetched;
use crate::engine::retry::Patience;

impl Steps {
    /// Whether rows of tables have to be fetched for it.
    pub(in crate::engine) fn asks(&self) -> bool {
        (0..self.steps.len()).any(|at| self.lookup(at).is_some())
    }

    /// The table that a step asks.
    pub(super) fn lookup(&self, at: usize) -> Option<&Lookup> {
        match self.steps.get(at)? {
            Step::Enrich(enrich) => match &enrich.table {
                Table::Asked(lookup) => Some(lookup),
                Table::Read(_) => None,
            },
            _ => None,
        }
    }

    /// As [`Steps::run`], with rows that are fetched meanwhile.
    ///
    /// # Errors
    /// A table cannot be asked.
    pub(in crate::engine) async fn run_asking(
        &self,
        batch: Batch,
        first_bad_ends: bool,
        patience: &Patience,
    ) -> Result<Processed, Error> {
        let mut fetched: HashMap<usize, Fetched> = HashMap::new();
        loop {
            let mut run = self.pass(&batch.records, &batch.faults, first_bad_ends, &fetched);
            let unknown = std::mem::take(&mut run.unknown);
            if unknown.is_empty() {
                let mut out = run.finish(batch.commit);
                let faults = batch.faults.into_iter().enumerate();
                out.bad.extend(faults.map(|(before, fault)| {
                    let index = fault.index + before;
                    unreadable(fault, index)
                }));
                out.bad.sort_by_key(|bad| bad.index);
                if first_bad_ends {
                    out.bad.truncate(1);
                }
                return Ok(out);
            }
            drop(run);
            for (at, keys) in unknown {
                if let Some(lookup) = self.lookup(at) {
                    let into = fetched.entry(at).or_default();
                    lookup.fetch(keys, patience, into).await?;
                }
            }
        }
    }

    /// Runs the steps on what can be read of a batch.
    fn pass<'a>(
        &'a self,
        records: &[Record],
        faults: &[Fault],
        first_bad_ends: bool,
        fetched: &'a HashMap<usize, Fetched>,
    ) -> Run<'a> {
        let mut run = Run::new(self, records.len() + faults.len(), fetched);
        let mut faults = faults.iter().peekable();
        let mut before = 0;
        for (position, record) in records.iter().enumerate() {
            while faults.next_if(|fault| fault.index <= position).is_some() {
                before += 1;
            }
            if first_bad_ends && (before > 0 || !run.out.bad.is_empty()) {
                break;
            }
            run.record(record.clone(), position + before);
        }
        run
    }
}
