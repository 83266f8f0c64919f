//! Targets that give each record to one reader (queues): where several readers of a scenario want
//! all of a stream, each of them gets a copy of its own, and writers write them all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_trait::async_trait;
use ssectl_adapter::{Capabilities, Error, Record, Rejected, Result, Sink, Written};

use crate::scenario::Scenario;

/// The copies of a scenario's streams; none on a target that fans out.
#[derive(Debug, Default)]
pub struct Copies {
    /// The names of a stream's copies, beside itself.
    extra: BTreeMap<String, Vec<String>>,
    /// The copy that a pipeline, or the expectation, reads of a stream.
    read: BTreeMap<(String, Option<String>), String>,
}

impl Copies {
    /// What a target of these capabilities makes necessary.
    pub fn plan(scenario: &Scenario, capabilities: &Capabilities) -> Self {
        let mut copies = Self::default();
        if capabilities.fan_out {
            return copies;
        }
        for stream in &scenario.streams {
            // The first reader has the stream itself.
            for reader in scenario.readers(&stream.name).into_iter().skip(1) {
                let suffix = reader.pipelines.first().unwrap_or(&"expected");
                let copy = format!("{}-{suffix}", stream.name);
                let mut reads = |who: Option<&str>| {
                    let key = (stream.name.clone(), who.map(str::to_owned));
                    copies.read.insert(key, copy.clone());
                };
                if reader.pipelines.is_empty() {
                    reads(None);
                }
                reader.pipelines.iter().for_each(|name| reads(Some(name)));
                copies
                    .extra
                    .entry(stream.name.clone())
                    .or_default()
                    .push(copy);
            }
        }
        copies
    }

    /// What a pipeline reads in place of a stream; the expectation where there is none.
    pub(super) fn read_by<'a>(&'a self, stream: &'a str, pipeline: Option<&str>) -> &'a str {
        let key = (stream.to_owned(), pipeline.map(str::to_owned));
        self.read.get(&key).map_or(stream, String::as_str)
    }

    /// The copies of a stream, beside itself.
    pub(super) fn of(&self, stream: &str) -> &[String] {
        self.extra.get(stream).map_or(&[], Vec::as_slice)
    }

    /// One line per stream that has copies.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.extra.iter().map(|(stream, copies)| {
            let copies = copies.join("`, `");
            format!("`{stream}` has several readers, and the target gives a record to one: it is copied to `{copies}`")
        })
    }
}

/// Writes the same to several streams.
pub(super) struct Copying(Vec<Copy>);

/// One of them.
struct Copy {
    sink: Box<dyn Sink>,
    /// Records it has that another one refused for now, so that they will be written again: it needs them no more.
    has: VecDeque<Record>,
}

impl Copying {
    pub(super) fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        let copy = |sink| Copy {
            sink,
            has: VecDeque::new(),
        };
        Self(sinks.into_iter().map(copy).collect())
    }
}

impl Copy {
    /// Writes what it does not have yet; what it refused.
    async fn write(&mut self, records: &[Record]) -> Result<Vec<Rejected>> {
        let (mut indexes, mut missing) = (Vec::new(), Vec::new());
        for (index, record) in records.iter().enumerate() {
            if self.has.pop_front_if(|had| had == record).is_none() {
                indexes.push(index);
                missing.push(record.clone());
            }
        }
        let rejected = match self.sink.write(&missing).await {
            Ok(written) => written.rejected,
            // As if it had refused each, so that the others are not written twice.
            Err(error) if error.is_temporary() => {
                let each = (0..missing.len()).map(|index| Rejected {
                    index,
                    error: Error::new(error.kind(), error.to_string()).temporary(),
                });
                each.collect()
            }
            Err(error) => return Err(error),
        };
        let place = |rejected: Rejected| Rejected {
            index: indexes[rejected.index],
            ..rejected
        };
        Ok(rejected.into_iter().map(place).collect())
    }
}

#[async_trait]
impl Sink for Copying {
    /// A record that one stream refuses for now is written again to those that refused it.
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut refused: BTreeMap<usize, Error> = BTreeMap::new();
        let mut by_copy: Vec<BTreeSet<usize>> = Vec::new();
        for copy in &mut self.0 {
            let rejected = copy.write(records).await?;
            by_copy.push(rejected.iter().map(|rejected| rejected.index).collect());
            for Rejected { index, error } in rejected {
                // What is refused for good stays so.
                if refused.get(&index).is_none_or(Error::is_temporary) {
                    refused.insert(index, error);
                }
            }
        }
        for (copy, own) in self.0.iter_mut().zip(by_copy) {
            let again = refused.iter().filter(|(_, error)| error.is_temporary());
            let has = again.filter(|(index, _)| !own.contains(index));
            copy.has = has.map(|(index, _)| records[*index].clone()).collect();
        }
        let rejected = refused
            .into_iter()
            .map(|(index, error)| Rejected { index, error });
        Ok(Written {
            rejected: rejected.collect(),
        })
    }

    async fn flush(&mut self) -> Result<()> {
        for copy in &mut self.0 {
            copy.sink.flush().await?;
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let mut closed = Ok(());
        for copy in self.0 {
            closed = closed.and(copy.sink.close().await);
        }
        closed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use ssectl_adapter::ErrorKind;

    use super::*;

    /// Refuses, by the plan, so many records from the front of a write for now; or the whole write.
    struct Moody {
        plan: VecDeque<Option<usize>>,
        taken: Arc<Mutex<Vec<String>>>,
    }

    #[async_trait]
    impl Sink for Moody {
        async fn write(&mut self, records: &[Record]) -> Result<Written> {
            let busy = || Error::new(ErrorKind::Unavailable, "busy").temporary();
            let refuse = self.plan.pop_front().unwrap_or(Some(0)).ok_or_else(busy)?;
            let refuse = refuse.min(records.len());
            let rejected = (0..refuse).map(|index| Rejected {
                index,
                error: busy(),
            });
            let text = |record: &Record| {
                String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
            };
            let mut taken = self.taken.lock().unwrap();
            taken.extend(records[refuse..].iter().map(text));
            Ok(Written {
                rejected: rejected.collect(),
            })
        }

        async fn flush(&mut self) -> Result<()> {
            Ok(())
        }

        async fn close(self: Box<Self>) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn each_copy_takes_each_record_once_whoever_refuses() {
        let taken = [Arc::default(), Arc::default()];
        let plans = [vec![Some(2), None, Some(1)], vec![None, Some(1), Some(1)]];
        let sinks = plans.into_iter().zip(&taken).map(|(plan, taken)| {
            let (plan, taken) = (plan.into(), Arc::clone(taken));
            Box::new(Moody { plan, taken }) as Box<dyn Sink>
        });
        let mut copying = Copying::new(sinks.collect());
        let mut left: Vec<_> = ["a", "b", "b", "c"].map(Record::from_value).into();
        while !left.is_empty() {
            let rejected = copying.write(&left).await.unwrap().rejected;
            left = rejected.iter().map(|r| left[r.index].clone()).collect();
        }
        for taken in taken {
            let mut taken = taken.lock().unwrap().clone();
            taken.sort();
            assert_eq!(taken, ["a", "b", "b", "c"]);
        }
    }
}
