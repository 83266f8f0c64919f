//! A source and a sink that do what a test wrote down, and note what is done to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Commit, Error, ErrorKind, Fetched, Limit, Origin, Partition, Position, Record, Rejected,
    Result, Sink, Source, Written,
};

use crate::engine::{Input, OnError, Pipeline, Settings, State, Stats, Steps};

/// What happened, in order, as short words.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic").push(what.into());
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

/// What the source does next.
pub(super) enum Do {
    Give(Batch),
    Fail(Error),
    /// Refuses one commit for now, and stays idle until then.
    FailToCommit,
    /// Has nothing more of this partition.
    End(&'static str),
    /// Stays idle until leases were settled.
    UntilSettled,
    /// Stays idle until the pipeline is told to stop or the read is bounded.
    Wait,
}

pub(super) struct ScriptSource {
    pub(super) script: VecDeque<Do>,
    pub(super) log: Log,
    pub(super) bounded: bool,
    pub(super) partitions: Option<Vec<Partition>>,
}

#[async_trait]
impl Source for ScriptSource {
    async fn fetch(&mut self, _limit: Limit) -> Result<Fetched> {
        match self.script.pop_front() {
            None => Ok(Fetched::End),
            Some(Do::Give(batch)) => Ok(Fetched::Batch(batch)),
            Some(Do::Fail(error)) => Err(error),
            Some(Do::End(ended)) => {
                let partitions = self.partitions.as_mut().expect("it has some");
                partitions.retain(|name| name.as_str() != ended);
                Ok(Fetched::Idle)
            }
            Some(Do::Wait) if self.bounded => Ok(Fetched::End),
            Some(waiting) => {
                let settled = self.log.all().iter().any(|what| what.starts_with("settle"));
                if !(settled && matches!(waiting, Do::UntilSettled)) {
                    self.script.push_front(waiting);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Fetched::Idle)
            }
        }
    }

    fn allow_lines(&mut self) {
        self.log.note("may give lines");
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        self.partitions.clone()
    }

    async fn bound(&mut self) -> Result<()> {
        self.bounded = true;
        self.log.note("bound");
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        if let Some(Do::FailToCommit) = self.script.front() {
            self.script.pop_front();
            return Err(fault(true));
        }
        if let Commit::Receipts(receipts) = commit {
            self.log.note(format!("settle {}", receipts.len()));
        }
        let Commit::UpTo(positions) = commit else {
            return Ok(());
        };
        for position in positions.values() {
            self.log.note(format!("commit {position}"));
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.log.note("close source");
        Ok(())
    }
}

/// What the sink answers next; when the script is used up it takes everything.
pub(super) enum Answer {
    Refuse(Vec<usize>, bool),
    Fail(bool),
}

#[derive(Default)]
pub(super) struct ScriptSink {
    pub(super) script: VecDeque<Answer>,
    pub(super) log: Log,
    pub(super) taken: Arc<Mutex<Vec<Record>>>,
}

fn fault(temporary: bool) -> Error {
    let error = Error::new(ErrorKind::Other, "scripted");
    if temporary { error.temporary() } else { error }
}

#[async_trait]
impl Sink for ScriptSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let refused = match self.script.pop_front() {
            Some(Answer::Fail(temporary)) => return Err(fault(temporary)),
            Some(Answer::Refuse(refused, temporary)) => (refused, temporary),
            None => (Vec::new(), false),
        };
        let mut rejected = Vec::new();
        for (index, record) in records.iter().enumerate() {
            if refused.0.contains(&index) {
                let error = fault(refused.1);
                rejected.push(Rejected { index, error });
            } else {
                self.taken.lock().expect("no panic").push(record.clone());
            }
        }
        self.log.note("write");
        Ok(Written { rejected })
    }

    async fn flush(&mut self) -> Result<()> {
        self.log.note("flush");
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.log.note("close sink");
        Ok(())
    }
}

/// A batch of values at offsets from `first` on in partition 0.
pub(super) fn batch(first: i64, values: &[&str]) -> Batch {
    let records: Vec<Record> = values
        .iter()
        .zip(first..)
        .map(|(value, offset)| Record {
            value: Some(value.to_string().into()),
            origin: Origin {
                stream: "in".into(),
                partition: Partition::from("0"),
                position: Position::Offset(offset),
            },
            ..Record::default()
        })
        .collect();
    let next = Position::Offset(first + records.len() as i64);
    Batch {
        commit: Commit::UpTo(BTreeMap::from([(Partition::from("0"), next)])),
        records,
        ..Batch::default()
    }
}

/// A pipeline between the two, and what the sink took.
pub(super) struct Bench {
    pub(super) log: Log,
    pub(super) taken: Arc<Mutex<Vec<Record>>>,
    pub(super) stats: Arc<Stats>,
    pub(super) pipeline: Pipeline,
}

impl Bench {
    pub(super) fn new(
        script: Vec<Do>,
        steps: Steps,
        on_error: OnError,
        answers: Vec<Answer>,
    ) -> Self {
        let log = Log::default();
        let sink = ScriptSink {
            script: answers.into(),
            log: log.clone(),
            ..ScriptSink::default()
        };
        let (taken, stats) = (sink.taken.clone(), Arc::new(Stats::default()));
        let source = ScriptSource {
            script: script.into(),
            log: log.clone(),
            bounded: false,
            partitions: None,
        };
        let pipeline = Pipeline {
            name: "test".to_owned(),
            inputs: vec![Input::new(Box::new(source), steps)],
            then: Vec::new(),
            on_error,
            sink: Box::new(sink),
            ids: None,
            together: None,
            sides: Vec::new(),
            state: State::default(),
            stats: stats.clone(),
            trace: None,
            settings: Settings::default(),
        };
        Self {
            log,
            taken,
            stats,
            pipeline,
        }
    }
}

pub(super) fn values(taken: &Mutex<Vec<Record>>) -> Vec<String> {
    let text = |record: &Record| match &record.value {
        Some(value) => String::from_utf8_lossy(value).into_owned(),
        None => "(null)".to_owned(),
    };
    taken.lock().expect("no panic").iter().map(text).collect()
}
