//! The suite finds faults: adapters that break one rule each fail the case that is named after it.

use std::panic::catch_unwind;
use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{
    Adapter, Admin, Capabilities, Commit, Fetched, Limit, MemoryAdapter, Options, Rejected, Result,
    Sink, SinkSpec, Source, SourceSpec, StreamSpec, Target, Timestamp, Written,
};
use ssectl_testkit::Harness;

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    NullBecomesEmpty,
    HeadersAreSorted,
    TimesAreLost,
    OneRecordIsLost,
    RecordsAreSwapped,
    LimitsAreIgnored,
    DroppedFetchesLose,
    TheEndIsForgotten,
    TheEndMoves,
    CommitsAreLost,
    ReadingCommits,
    RejectionsAreHidden,
    WritesAreLate,
}

struct Faulty {
    broken: Broken,
    memory: MemoryAdapter,
}

struct FaultyTarget {
    broken: Broken,
    target: Arc<dyn Target>,
}

struct FaultySource {
    broken: Broken,
    source: Box<dyn Source>,
    ended: bool,
    late_end: bool,
}

struct FaultySink {
    broken: Broken,
    sink: Box<dyn Sink>,
    late: Vec<ssectl_adapter::Record>,
}

#[async_trait]
impl Harness for Faulty {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            max_record_bytes: Some(100_000),
            ..self.memory.capabilities()
        }
    }

    async fn target(&self) -> Arc<dyn Target> {
        let options = Options::from_iter([("max-record-bytes".to_owned(), 100_000.into())]);
        Arc::new(FaultyTarget {
            broken: self.broken,
            target: self.memory.target(&options).expect("a target"),
        })
    }

    async fn create(&self, partitions: u32) -> String {
        let spec = StreamSpec {
            name: "stream".to_owned(),
            partitions: Some(partitions),
            ..StreamSpec::default()
        };
        let admin = self.target().await.admin().expect("an admin");
        admin
            .create(&spec)
            .await
            .expect("the only stream of the case");
        spec.name
    }

    async fn delete(&self, _: &str) {}
}

#[async_trait]
impl Target for FaultyTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        Ok(Box::new(FaultySource {
            broken: self.broken,
            source: self.target.source(spec).await?,
            ended: false,
            late_end: false,
        }))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        Ok(Box::new(FaultySink {
            broken: self.broken,
            sink: self.target.sink(spec).await?,
            late: Vec::new(),
        }))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        self.target.admin()
    }

    fn describe(&self) -> String {
        self.target.describe()
    }

    async fn probe(&self) -> Result<String> {
        self.target.probe().await
    }
}

impl FaultySource {
    /// What the rule does to an answer.
    fn spoil(&mut self, answer: &mut Fetched) {
        let Fetched::Batch(batch) = answer else {
            return;
        };
        let records = &mut batch.records;
        match self.broken {
            Broken::OneRecordIsLost if records.len() > 1 => drop(records.pop()),
            Broken::RecordsAreSwapped if records.len() > 1 => records.swap(0, 1),
            _ => {}
        }
        for record in records {
            match self.broken {
                Broken::NullBecomesEmpty => record.value = record.value.take().or(Some("".into())),
                Broken::HeadersAreSorted => record.headers.sort(),
                Broken::TimesAreLost => record.timestamp = Some(Timestamp::from_millis(5)),
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Source for FaultySource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        if self.ended && self.broken == Broken::TheEndIsForgotten {
            return Ok(Fetched::Idle);
        }
        let limit = match self.broken {
            Broken::LimitsAreIgnored => Limit {
                wait: limit.wait,
                ..Limit::default()
            },
            _ => limit,
        };
        if self.late_end {
            self.source.bound().await?;
        }
        let mut answer = self.source.fetch(limit).await?;
        if self.broken == Broken::DroppedFetchesLose {
            tokio::task::yield_now().await;
        }
        if let (Broken::ReadingCommits, Fetched::Batch(batch)) = (self.broken, &answer) {
            self.source.commit(&batch.commit).await?;
        }
        self.ended |= matches!(answer, Fetched::End);
        self.spoil(&mut answer);
        Ok(answer)
    }

    async fn bound(&mut self) -> Result<()> {
        self.late_end = self.broken == Broken::TheEndMoves;
        match self.late_end {
            true => Ok(()),
            false => self.source.bound().await,
        }
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        match self.broken {
            Broken::CommitsAreLost => Ok(()),
            _ => self.source.commit(commit).await,
        }
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.source.close().await
    }
}

#[async_trait]
impl Sink for FaultySink {
    async fn write(&mut self, records: &[ssectl_adapter::Record]) -> Result<Written> {
        if self.broken == Broken::WritesAreLate {
            self.late.extend_from_slice(records);
            return Ok(Written::default());
        }
        let mut written = self.sink.write(records).await?;
        if self.broken == Broken::RejectionsAreHidden {
            written.rejected = Vec::<Rejected>::new();
        }
        Ok(written)
    }

    async fn flush(&mut self) -> Result<()> {
        self.sink.flush().await
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.sink.write(&self.late).await?;
        self.sink.close().await
    }
}

#[test]
fn every_broken_rule_fails_its_case() {
    for (broken, case) in [
        (Broken::NullBecomesEmpty, "null_and_empty_values_differ"),
        (
            Broken::HeadersAreSorted,
            "headers_keep_order_and_duplicates",
        ),
        (Broken::TimesAreLost, "timestamps_survive"),
        (
            Broken::OneRecordIsLost,
            "a_hundred_thousand_records_survive",
        ),
        (
            Broken::RecordsAreSwapped,
            "records_of_a_partition_keep_their_order",
        ),
        (Broken::LimitsAreIgnored, "a_fetch_keeps_to_its_limit"),
        (
            Broken::DroppedFetchesLose,
            "dropped_fetches_lose_and_repeat_nothing",
        ),
        (Broken::TheEndIsForgotten, "the_end_stays_the_end"),
        (Broken::TheEndMoves, "bound_fixes_the_end"),
        (
            Broken::CommitsAreLost,
            "a_reopened_group_resumes_where_it_committed",
        ),
        (
            Broken::ReadingCommits,
            "records_that_were_not_committed_come_again",
        ),
        (
            Broken::RejectionsAreHidden,
            "too_large_records_are_rejected_by_index",
        ),
        (
            Broken::WritesAreLate,
            "flushed_records_are_visible_to_another_reader",
        ),
    ] {
        let outcome = catch_unwind(|| {
            ssectl_testkit::run(case, async {
                Faulty {
                    broken,
                    memory: MemoryAdapter::default(),
                }
            });
        });
        assert!(outcome.is_err(), "{case} does not notice {broken:?}");
    }
}
