//! The same bytes for every way of running: batches of any size, any number of threads, partitions interleaved in any
//! way, stopped and restored at any point.

mod lines;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Commit, Fetched, Limit, Origin, Partition, Position, Record, Result, Sink, Source,
    Written,
};
use ssectl_state::StoreSpec;
use tokio_util::sync::CancellationToken;

use super::{Accumulation, Aggregates, Amount, Late, Plan, Programs, Settings, Type};
use crate::engine::{
    Control, Encoding, Input, OnError, Pipeline, Segment, Side, State, Stats, Step, Steps,
};
use crate::expr::time::{EventTime, Unit};
use crate::expr::{Options, Program};

/// How often each plan is run.
const RUNS: u64 = 50;

const SECOND: i64 = 1_000_000_000;

/// Numbers that look random and are the same in each run: `SplitMix64` (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % most
    }
}

/// Three partitions of records that are out of order, the last one much faster than the others.
fn partitions() -> Vec<Vec<Record>> {
    let mut random = Random(7);
    let partition = |number: u64| {
        let mut time: i64 = 1_000_000;
        let records = (0..200).map(|offset| {
            time += random.below(800 * (number + 1)).cast_signed();
            let late = random.below(6_000).cast_signed();
            let at = if offset % 3 == 0 { time - late } else { time };
            let value = format!(
                r#"{{"k":"k{}","t":{at},"x":{}.{}}}"#,
                random.below(4),
                random.below(50),
                random.below(100)
            );
            Record {
                value: Some(value.into()),
                origin: Origin {
                    stream: "in".into(),
                    partition: Partition::from(number.to_string()),
                    position: Position::Offset(offset),
                },
                ..Record::default()
            }
        });
        records.collect()
    };
    (0..3).map(partition).collect()
}

/// Gives the partitions interleaved at random, in batches of random size, and asks for a stop after some of them.
struct Interleaved {
    left: Vec<VecDeque<Record>>,
    random: Random,
    stop_after: Option<u64>,
    stop: CancellationToken,
}

#[async_trait]
impl Source for Interleaved {
    async fn fetch(&mut self, _: Limit) -> Result<Fetched> {
        if self.stop_after == Some(0) {
            self.stop.cancel();
            return Ok(Fetched::Idle);
        }
        self.stop_after = self.stop_after.map(|left| left - 1);
        let mut batch = Batch::default();
        let mut next = BTreeMap::new();
        for _ in 0..=self.random.below(40) {
            let with: Vec<usize> = (0..self.left.len())
                .filter(|at| !self.left[*at].is_empty())
                .collect();
            if with.is_empty() {
                break;
            }
            let chosen = with[self.random.below(with.len() as u64) as usize];
            let Some(record) = self.left[chosen].pop_front() else {
                break;
            };
            let Position::Offset(offset) = record.origin.position else {
                continue;
            };
            next.insert(
                record.origin.partition.clone(),
                Position::Offset(offset + 1),
            );
            batch.records.push(record);
        }
        if batch.records.is_empty() {
            return Ok(Fetched::End);
        }
        batch.commit = Commit::UpTo(next);
        Ok(Fetched::Batch(batch))
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        let left = self
            .left
            .iter()
            .zip(0..)
            .filter(|(left, _)| !left.is_empty());
        Some(
            left.map(|(_, number): (_, i32)| Partition::from(number.to_string()))
                .collect(),
        )
    }

    async fn bound(&mut self) -> Result<()> {
        Ok(())
    }

    async fn commit(&mut self, _: &Commit) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Taken {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Sink for Taken {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut taken = self.0.lock().expect("no panic");
        for record in records {
            taken.extend_from_slice(record.value.as_deref().unwrap_or_default());
            taken.push(b'\n');
        }
        Ok(Written::default())
    }

    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn program(source: &str) -> Program {
    Program::compile("test", source, &Options::default()).expect("a program")
}

fn plan(settings: Settings, aggregates: &[(&str, &str)]) -> Arc<Plan> {
    let mut all = Aggregates::default();
    for (name, text) in aggregates {
        all.add(name, text, |piece| Some(program(&piece.program)))
            .expect("an aggregate");
    }
    let programs = Programs {
        by: Some(program(".k")),
        time: Some(
            EventTime::compile("test", ".t", Unit::Ms, &Options::default()).expect("a time"),
        ),
        partition: None,
        punctuation: None,
        unit: Unit::Ms,
    };
    Arc::new(Plan::new(programs, all, settings).expect("a plan"))
}

/// Plans of every type, with late records in each.
fn plans() -> Vec<(&'static str, Arc<Plan>)> {
    let all = [
        ("n", "count"),
        ("sum", "sum(.x)"),
        ("first", "first(.x)"),
        ("all", "collect(.t)"),
        ("mid", "median(.x)"),
    ];
    let ordered = [
        ("n", "count"),
        ("path", "reduce(0; . * 31 + $value.t | . % 1000003)"),
    ];
    let time = |seconds| Some(Amount::Time(seconds * SECOND));
    let tumbling = Settings {
        size: time(10),
        delay: Some(SECOND),
        ..Settings::default()
    };
    vec![
        (
            "tumbling",
            plan(
                Settings {
                    late: Late::Side,
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        ("in order", plan(tumbling.clone(), &ordered)),
        (
            "refire",
            plan(
                Settings {
                    lateness: Some(2 * SECOND),
                    late: Late::Side,
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "early",
            plan(
                Settings {
                    early: Some(Amount::Records(3)),
                    accumulation: Some(Accumulation::Retracting),
                    lateness: Some(2 * SECOND),
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "early by time",
            plan(
                Settings {
                    early: time(3),
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "sliding",
            plan(
                Settings {
                    kind: Type::Sliding,
                    slide: Some(3 * SECOND),
                    late: Late::Side,
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "session",
            plan(
                Settings {
                    kind: Type::Session,
                    size: None,
                    gap: Some(SECOND),
                    lateness: Some(SECOND),
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "count",
            plan(
                Settings {
                    kind: Type::Count,
                    size: Some(Amount::Records(5)),
                    timeout: Some(20 * SECOND),
                    ..tumbling.clone()
                },
                &ordered,
            ),
        ),
        (
            "cumulate",
            plan(
                Settings {
                    kind: Type::Cumulate,
                    step: Some(2 * SECOND),
                    ..tumbling.clone()
                },
                &all,
            ),
        ),
        (
            "global",
            plan(
                Settings {
                    kind: Type::Global,
                    size: None,
                    trigger: Some(Amount::Records(7)),
                    ..tumbling
                },
                &ordered,
            ),
        ),
    ]
}

/// One run, or a part of it up to a stop; what it wrote, and what came too late.
struct Case<'a> {
    plan: &'a Arc<Plan>,
    seed: u64,
    state: Option<&'a Path>,
    stop_after: Option<u64>,
}

impl Case<'_> {
    async fn run(&self, results: &Taken, late: &Taken) {
        let mut random = Random(self.seed);
        let spec = StoreSpec {
            pipeline: "test".to_owned(),
            fingerprint: "test".to_owned(),
            memory: 1 << 28,
        };
        let state = self
            .state
            .map(|dir| State::open(dir, &spec, "here").expect("a state"));
        let state = state.unwrap_or_default();
        let from = state.positions("");
        let left = partitions()
            .into_iter()
            .zip(0..)
            .map(|(records, number): (_, i32)| {
                let position = from.get(&Partition::from(number.to_string()));
                let first = match position {
                    Some(Position::Offset(offset)) => usize::try_from(*offset).expect("small"),
                    _ => 0,
                };
                records.into_iter().skip(first).collect()
            });
        let control = Control::detached();
        let source = Interleaved {
            left: left.collect(),
            stop_after: self.stop_after,
            stop: control.stop.clone(),
            random: Random(self.seed),
        };
        // A step that runs in parallel.
        let steps = Steps::new(
            vec![Step::Map(program("."))],
            Encoding::Json,
            Encoding::Json,
        );
        let workers = NonZeroUsize::new(1 + random.below(4) as usize).expect("above 0");
        let pipeline = Pipeline {
            name: "test".to_owned(),
            inputs: vec![Input::new(Box::new(source), steps)],
            then: vec![Segment::Keyed {
                name: "window".to_owned(),
                open: self.plan.open(Some("late".to_owned()), false),
            }],
            on_error: OnError::Fail,
            sink: Box::new(results.clone()),
            ids: None,
            together: None,
            sides: vec![Side {
                stream: "late".to_owned(),
                sink: Box::new(late.clone()),
            }],
            state,
            stats: Arc::new(Stats::default()),
            trace: None,
            settings: crate::engine::Settings {
                workers,
                commit_every: Duration::from_millis(1 + random.below(20)),
                ..crate::engine::Settings::default()
            },
        };
        let counts = pipeline.run(control).await.expect("a sound run");
        assert_eq!(counts.missing(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_the_same_bytes_however_partitions_interleave() {
    for (name, plan) in plans() {
        let mut first = None;
        for seed in 0..RUNS {
            let (results, late) = (Taken::default(), Taken::default());
            let case = Case {
                plan: &plan,
                seed,
                state: None,
                stop_after: None,
            };
            case.run(&results, &late).await;
            let mut late: Vec<Vec<u8>> = late
                .bytes()
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect();
            // Those come as they are read.
            late.sort();
            let found = (String::from_utf8(results.bytes()).expect("text"), late);
            assert!(found.0.lines().count() > 10, "{name}: {}", found.0);
            match &first {
                None => first = Some(found),
                Some(first) => assert_eq!(*first, found, "{name}, seed {seed}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_the_same_bytes_after_a_stop_at_any_point() {
    for (name, plan) in plans() {
        let whole = Taken::default();
        let case = Case {
            plan: &plan,
            seed: 0,
            state: None,
            stop_after: None,
        };
        case.run(&whole, &Taken::default()).await;
        for seed in 1..6 {
            let dir = tempfile::tempdir().expect("a folder");
            let results = Taken::default();
            let state = Some(dir.path());
            let stop_after = Some(Random(seed).below(25));
            Case {
                plan: &plan,
                seed,
                state,
                stop_after,
            }
            .run(&results, &Taken::default())
            .await;
            // Another interleaving goes on where the first one stopped.
            Case {
                plan: &plan,
                seed: seed + 100,
                state,
                stop_after: None,
            }
            .run(&results, &Taken::default())
            .await;
            let texts = [whole.bytes(), results.bytes()]
                .map(|bytes| String::from_utf8(bytes).expect("text"));
            assert_eq!(texts[0], texts[1], "{name}, seed {seed}");
        }
    }
}
