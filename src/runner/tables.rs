//! The tables that the steps of a pipeline read.

use ssectl_adapter::{Bound, Range, Source};
use tokio::sync::watch;

use super::error::RunError;
use super::pipelines::{Opener, encoding};
use crate::engine::{AfterTables, Rows, TableSource};
use crate::scenario::{Enrich, Step};

impl Opener<'_> {
    /// Opens the tables of the steps; `source` gives its records when they have been read, which the flag tells others.
    pub(super) async fn tables(
        &self,
        source: Box<dyn Source>,
    ) -> Result<(Box<dyn Source>, Vec<Rows>, watch::Receiver<bool>), RunError> {
        let (mut tables, mut rows) = (Vec::new(), Vec::new());
        for step in &self.pipeline.steps {
            if let Step::Enrich(enrich) = step {
                let table = self.table(enrich).await?;
                rows.push(table.rows.clone());
                tables.push(table);
            }
        }
        if tables.is_empty() {
            return Ok((source, rows, watch::channel(true).1));
        }
        let source = AfterTables::new(source, tables);
        let loaded = source.loaded();
        Ok((Box::new(source), rows, loaded))
    }

    /// A table that this run writes is complete when its last writer has ended; any other is read to the end it has now.
    async fn table(&self, enrich: &Enrich) -> Result<TableSource, RunError> {
        let read = &enrich.with;
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
