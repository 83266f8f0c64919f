//! A pipeline that was killed goes on from its last checkpoint, and gives what it would have given.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use proptest::prelude::*;
use ssectl_adapter::{Batch, Commit, Fetched, Limit, Partition, Position, Record, Result, Source};
use ssectl_state::{Corrupt, StateError, StoreSpec, Table, Value};
use tokio::sync::Notify;

use super::script::{ScriptSink, values};
use crate::engine::{
    Arrival, Control, Emitter, Fate, Input, OnError, Operator, OperatorError, Pipeline, Segment,
    Settings, State, Stats, Steps,
};

/// Numbers from 0 on in one partition; dies after so many batches. Says which position each commit had.
struct Numbers {
    next: i64,
    end: i64,
    batches: usize,
    /// Whether it commits positions, or leaves the counting to the engine.
    positions: bool,
    committed: Arc<Mutex<Option<Commit>>>,
    killed: Arc<Notify>,
}

#[async_trait]
impl Source for Numbers {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        if self.next == self.end {
            return Ok(Fetched::End);
        }
        if self.batches == 0 {
            self.killed.notify_one();
            std::future::pending::<()>().await;
        }
        self.batches -= 1;
        let count = limit.records.min((self.end - self.next) as usize) as i64;
        let records = (self.next..self.next + count).map(|n| Record::from_value(n.to_string()));
        let records = records.collect();
        self.next += count;
        let next = (Partition::from("0"), Position::Offset(self.next));
        Ok(Fetched::Batch(Batch {
            records,
            commit: match self.positions {
                true => Commit::UpTo(BTreeMap::from([next])),
                false => Commit::Nothing,
            },
            ..Batch::default()
        }))
    }

    async fn bound(&mut self) -> Result<()> {
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        *self.committed.lock().expect("no panic") = Some(commit.clone());
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// The sum of each ten numbers in a row, and how many results there were.
struct Tens {
    sums: Table<Sum>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: i64,
    sum: i64,
}

impl Value for Sum {
    const KIND: &'static str = "test-sum";

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.count.to_le_bytes());
        out.extend(self.sum.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, Corrupt> {
        let number = |bytes: &[u8]| bytes.try_into().map(i64::from_le_bytes);
        match (number(&bytes[..8]), number(&bytes[8..])) {
            (Ok(count), Ok(sum)) => Ok(Self { count, sum }),
            _ => Err(Corrupt("a sum")),
        }
    }

    fn size(&self) -> usize {
        16
    }
}

impl Operator for Tens {
    fn record(
        &mut self,
        record: &Record,
        _: Arrival,
        out: &mut Emitter,
    ) -> std::result::Result<Fate, OperatorError> {
        let text = std::str::from_utf8(record.value.as_deref().expect("a value")).expect("text");
        let number: i64 = text.parse().expect("a number");
        let sum = self.sums.get_or_insert_with((0, 0), b"sum", Sum::default)?;
        sum.count += 1;
        sum.sum += number;
        if sum.count % 10 == 0 {
            out.push(Record::from_value(format!("{}:{}", sum.count, sum.sum)));
        }
        Ok(Fate::Used)
    }

    fn end(&mut self, out: &mut Emitter) -> std::result::Result<(), OperatorError> {
        if let Some(sum) = self.sums.remove((0, 0), b"sum")? {
            out.push(Record::from_value(format!("end {}:{}", sum.count, sum.sum)));
        }
        Ok(())
    }

    fn save(&mut self) -> std::result::Result<(), StateError> {
        self.sums.save()
    }
}

fn spec() -> StoreSpec {
    StoreSpec {
        pipeline: "test".to_owned(),
        fingerprint: "tens".to_owned(),
        memory: 1 << 20,
    }
}

/// What a run did.
struct Ran {
    written: Vec<String>,
    ended: bool,
    committed: Option<Commit>,
}

/// Runs until the end, or until it is killed in the middle of whatever it does.
fn run(root: &Path, end: i64, batch: usize, batches: usize, positions: bool) -> Ran {
    let state = State::open(root, &spec(), "here").expect("state");
    let start = state.positions("in");
    let next = match start.get(&Partition::from("0")) {
        Some(Position::Offset(next)) if positions => *next,
        _ => 0,
    };
    let (committed, killed) = (Arc::default(), Arc::new(Notify::new()));
    let source = Numbers {
        next,
        end,
        batches,
        positions,
        committed: Arc::clone(&committed),
        killed: killed.clone(),
    };
    let sink = ScriptSink::default();
    let taken = sink.taken.clone();
    let settings = Settings {
        limit: Limit {
            records: batch,
            ..Limit::default()
        },
        // At every turn.
        commit_every: std::time::Duration::ZERO,
        ..Settings::default()
    };
    let pipeline = Pipeline {
        name: "test".to_owned(),
        inputs: vec![Input {
            name: "in".to_owned(),
            ..Input::new(Box::new(source), Steps::default())
        }],
        then: vec![Segment::Keyed {
            name: "tens".to_owned(),
            open: Box::new(|space| {
                let sums = Table::open(space, "sums")?;
                Ok(Box::new(Tens { sums }))
            }),
        }],
        on_error: OnError::Fail,
        sink: Box::new(sink),
        ids: None,
        together: None,
        sides: Vec::new(),
        state,
        stats: Arc::new(Stats::default()),
        trace: None,
        settings,
    };
    // Its own, so that nothing of it is left when it is dropped.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ended = runtime.block_on(async {
        tokio::select! {
            result = pipeline.run(Control::detached()) => result.is_ok(),
            () = killed.notified() => false,
        }
    });
    drop(runtime);
    let committed = committed.lock().expect("no panic").clone();
    Ran {
        written: values(&taken),
        ended,
        committed,
    }
}

/// All results without those that came again.
fn undisturbed(end: i64) -> Vec<String> {
    let sum = |count: i64| count * (count - 1) / 2;
    let tens = (1..=end / 10).map(|ten| format!("{}:{}", ten * 10, sum(ten * 10)));
    tens.chain([format!("end {end}:{}", sum(end))]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn killed_runs_give_together_what_an_undisturbed_one_gives(
        end in 1_i64..200,
        kills in proptest::collection::vec((1_usize..20, 0_usize..8), 0..5),
        positions: bool,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut results = Vec::new();
        let last = (7, usize::MAX);
        for (batch, batches) in kills.into_iter().chain([last]) {
            let ran = run(folder.path(), end, batch, batches, positions);
            results.extend(ran.written);
            if ran.ended {
                break;
            }
        }
        let mut seen = std::collections::HashSet::new();
        results.retain(|result| seen.insert(result.clone()));
        prop_assert_eq!(results, undisturbed(end));
    }
}

#[test]
fn a_source_is_committed_no_further_than_the_checkpoint() {
    let next =
        |positions: &BTreeMap<Partition, Position>| match positions.get(&Partition::from("0")) {
            Some(Position::Offset(next)) => *next,
            _ => 0,
        };
    for batches in 0..6 {
        let folder = tempfile::tempdir().expect("a folder");
        let ran = run(folder.path(), 1000, 10, batches, true);
        assert!(!ran.ended);
        let state = State::open(folder.path(), &spec(), "here").expect("state");
        let kept = state.positions("in");
        if let Some(Commit::UpTo(committed)) = ran.committed {
            assert!(next(&committed) <= next(&kept), "{committed:?} {kept:?}");
        }
    }
}

#[test]
fn an_end_is_kept_and_positions_of_another_target_mean_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = run(folder.path(), 25, 10, usize::MAX, true);
    let end = BTreeMap::from([(Partition::from("0"), Position::Offset(25))]);
    assert_eq!(ran.committed, Some(Commit::UpTo(end.clone())));
    let state = State::open(folder.path(), &spec(), "here").expect("state");
    assert_eq!(
        (state.positions("in"), state.is_from_elsewhere()),
        (end, false)
    );
    drop(state);
    let elsewhere = State::open(folder.path(), &spec(), "elsewhere").expect("state");
    assert!(elsewhere.positions("in").is_empty() && elsewhere.is_from_elsewhere());
}
