//! The tables that the steps of a pipeline read.

use std::sync::Arc;

use ssectl_adapter::{Bound, Range, Source};
use tokio::sync::watch;

use super::error::RunError;
use super::pipelines::{Opener, encoding};
use crate::engine::{AfterTables, Ask, Lookup, LookupTallies, Rows, Stats, Table, TableSource};
use crate::scenario::{self, Enrich, Postgres, Read, Step};

impl Opener<'_> {
    /// Opens the tables of the steps; `source` gives its records when they have been read, which the flag tells others.
    pub(super) async fn tables(
        &self,
        source: Box<dyn Source>,
        stats: &Stats,
    ) -> Result<(Box<dyn Source>, Vec<Table>, watch::Receiver<bool>), RunError> {
        let (mut tables, mut rows) = (Vec::new(), Vec::new());
        for (index, step) in self.pipeline.steps.iter().enumerate() {
            let Step::Enrich(enrich) = step else {
                continue;
            };
            rows.push(match &enrich.with {
                scenario::Table::Read(read) => {
                    let table = self.table(enrich, read).await?;
                    let rows = table.rows.clone();
                    tables.push(table);
                    Table::Read(rows)
                }
                scenario::Table::Postgres(postgres) => {
                    let tally = |what| stats.tally(&format!("{}-enrich", index + 1), what);
                    let tallies = LookupTallies {
                        hits: tally("hits"),
                        misses: tally("misses"),
                        evicted: tally("evicted"),
                        queries: tally("queries"),
                    };
                    let asked = asked(postgres).map_err(|error| self.fault(error))?;
                    let value = enrich.value.program.clone();
                    let lookup = Lookup::new(asked, value, postgres.cache, tallies);
                    Table::Asked(Arc::new(lookup))
                }
            });
        }
        if tables.is_empty() {
            return Ok((source, rows, watch::channel(true).1));
        }
        let source = AfterTables::new(source, tables);
        let loaded = source.loaded();
        Ok((Box::new(source), rows, loaded))
    }

    /// A table that this run writes is complete when its last writer has ended; any other is read to the end it has now.
    async fn table(&self, enrich: &Enrich, read: &Read) -> Result<TableSource, RunError> {
        let written = read.from.declared().and_then(|name| self.ends.get(name));
        // Opened first, so that nothing is missed between the two reads.
        let later = match enrich.follow {
            true => {
                let range = Range {
                    from: Bound::End,
                    to: None,
                };
                Some(self.read_range(read, range).await?)
            }
            false => None,
        };
        let source = match (enrich.follow, written) {
            (true, Some(_)) => None,
            (_, written) => Some(
                self.read(read, written.is_some(), written.is_some())
                    .await?,
            ),
        };
        Ok(TableSource {
            source,
            bound: written.map_or_else(|| watch::channel(false).1, watch::Sender::subscribe),
            encoding: encoding(read.format),
            key: enrich.key.program.clone(),
            value: enrich.value.program.clone(),
            later,
            rows: Rows::default(),
        })
    }
}

/// A table of PostgreSQL.
#[cfg(feature = "postgres")]
fn asked(postgres: &Postgres) -> Result<Box<dyn Ask>, ssectl_postgres::AskError> {
    super::postgres::open(postgres)
}

#[cfg(not(feature = "postgres"))]
fn asked(_: &Postgres) -> Result<Box<dyn Ask>, &'static str> {
    Err("this build has no PostgreSQL: it was made without the feature `postgres`")
}
