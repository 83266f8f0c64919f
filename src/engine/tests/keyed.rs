//! Steps that remember: what they are told, what becomes of records, and when positions are committed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Commit, Fetched, Limit, Origin, Partition, Position, Record, Result as Answered, Source,
};

use super::script::{Answer, Bench, Do, ScriptSource, batch, values};
use crate::engine::{
    Arrival, Control, Emitter, Encoding, Fate, Input, Known, OnError, Operator, OperatorError,
    PipelineError, RecordError, Segment, Side, Step, Steps,
};
use crate::expr::{Options, Program};

/// Adds numbers up: `late` and `twice` are no numbers of the sum, `bad` is bad, and `hold` waits for the next record.
#[derive(Default)]
struct Sum {
    sum: i64,
    held: usize,
    told: Arc<Mutex<Vec<String>>>,
}

fn text(record: &Record) -> &str {
    std::str::from_utf8(record.value.as_deref().expect("a value")).expect("text")
}

impl Operator for Sum {
    fn partitions(&mut self, known: &[Known], _: &mut Emitter) -> Result<(), OperatorError> {
        let names = known
            .iter()
            .map(|known| format!("{}:{}/{}", known.number, known.source, known.name));
        let line = names.collect::<Vec<_>>().join(" ");
        self.told.lock().expect("no panic").push(line);
        Ok(())
    }

    fn record(
        &mut self,
        record: &Record,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<Fate, OperatorError> {
        for _ in 0..std::mem::take(&mut self.held) {
            out.settle(Fate::Used);
        }
        match text(record).trim_matches('"') {
            "late" => {
                out.side("late", record.clone());
                Ok(Fate::Late)
            }
            "twice" => Ok(Fate::Dropped),
            "bad" => Err(RecordError::Refused("no number".to_owned()).into()),
            "hold" => {
                self.held += 1;
                Ok(Fate::Held)
            }
            number => {
                self.sum += number.parse::<i64>().expect("a number");
                if self.sum % 10 == 0 {
                    out.push(Record::from_value(format!(
                        "[{},{}]",
                        self.sum, arrival.partition
                    )));
                }
                Ok(Fate::Used)
            }
        }
    }

    fn ended(&mut self, partition: u32, _: &mut Emitter) -> Result<(), OperatorError> {
        self.told
            .lock()
            .expect("no panic")
            .push(format!("ended {partition}"));
        Ok(())
    }

    fn end(&mut self, out: &mut Emitter) -> Result<(), OperatorError> {
        for _ in 0..std::mem::take(&mut self.held) {
            out.settle(Fate::Used);
        }
        out.push(Record::from_value(format!("[{}]", self.sum)));
        Ok(())
    }
}

/// A pipeline that adds up what the script gives, with a side stream, and what it was told.
fn summing(script: Vec<Do>, on_error: OnError, answers: Vec<Answer>) -> (Bench, Told) {
    let mut bench = Bench::new(script, Steps::default(), on_error, answers);
    let told = Told::default();
    let sum = Sum {
        told: told.clone(),
        ..Sum::default()
    };
    bench.pipeline.then.push(Segment::Keyed {
        name: "sum".to_owned(),
        open: Box::new(move |_| Ok(Box::new(sum))),
    });
    (bench, told)
}

type Told = Arc<Mutex<Vec<String>>>;

fn late(bench: &mut Bench) -> Arc<Mutex<Vec<Record>>> {
    let sink = super::script::ScriptSink::default();
    let taken = sink.taken.clone();
    bench.pipeline.sides.push(Side {
        stream: "late".to_owned(),
        sink: Box::new(sink),
    });
    taken
}

#[tokio::test(start_paused = true)]
async fn each_record_has_one_fate_and_results_come_in_order() {
    let script = vec![
        Do::Give(batch(0, &["4", "late", "6", "twice"])),
        Do::Give(batch(4, &["hold", "bad", "hold", "1"])),
    ];
    let (mut bench, told) = summing(script, OnError::Skip, vec![]);
    let late = late(&mut bench);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(values(&bench.taken), ["[10,0]", "[11]"]);
    assert_eq!(values(&late), ["late"]);
    assert_eq!((counts.read, counts.used, counts.late), (8, 5, 1));
    assert_eq!((counts.dropped, counts.skipped, counts.held), (1, 1, 0));
    assert_eq!((counts.written, counts.sided, counts.committed), (3, 1, 8));
    assert_eq!(counts.missing(), 0);
    assert_eq!(*told.lock().expect("no panic"), ["0:0/"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_in_memory_alone_is_not_committed_before_the_end() {
    let script = vec![
        Do::Give(batch(0, &["4"])),
        Do::Wait,
        Do::Give(batch(1, &["5"])),
    ];
    let (bench, _) = summing(script, OnError::Fail, vec![]);
    let control = Control::detached();
    let (stop, log) = (control.stop.clone(), bench.log.clone());
    let running = tokio::spawn(bench.pipeline.run(control));
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    stop.cancel();
    let counts = running
        .await
        .expect("no panic")
        .expect("a stop is no failure");
    // Neither is the step ended by a stop: its windows are not complete.
    assert_eq!((counts.used, counts.committed, counts.written), (1, 0, 0));
    assert!(!log.all().iter().any(|what| what.starts_with("commit")));
}

#[tokio::test(start_paused = true)]
async fn a_bad_record_ends_it_and_nothing_is_committed() {
    let script = vec![
        Do::Give(batch(0, &["10"])),
        Do::Give(batch(1, &["10", "bad", "10"])),
    ];
    let (bench, _) = summing(script, OnError::Fail, vec![]);
    let (log, stats) = (bench.log.clone(), bench.stats.clone());
    let error = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect_err("bad");
    let PipelineError::Record { origin, error } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (origin.position, error.to_string()),
        (Position::Offset(2), "no number".to_owned())
    );
    assert_eq!(values(&bench.taken), ["[10,0]", "[20,0]"]);
    assert!(!log.all().iter().any(|what| what.starts_with("commit")));
    let counts = stats.counts();
    assert_eq!((counts.used, counts.failed, counts.unfinished), (2, 1, 1));
    assert_eq!(counts.missing(), 0);
}

#[tokio::test(start_paused = true)]
async fn results_go_through_later_steps_and_what_a_sink_refuses_counts_apart() {
    let program = |text| Program::compile("test", text, &Options::default()).expect("a program");
    let front = Steps::new(
        vec![Step::Map(program(".[]"))],
        Encoding::Json,
        Encoding::Json,
    );
    let script = vec![Do::Give(batch(0, &["[4,6]", "[]", "[10,1]"]))];
    let (mut bench, _) = summing(script, OnError::Skip, vec![Answer::Refuse(vec![1], false)]);
    bench.pipeline.inputs[0].steps = front;
    let spread = vec![Step::Map(program(".[] | select(. > 0)"))];
    bench.pipeline.then.push(Segment::Stateless(Steps::new(
        spread,
        Encoding::Json,
        Encoding::Json,
    )));
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    // 10 and 20 at once, of which the sink refuses the second; 21 at the end.
    assert_eq!(values(&bench.taken), ["10", "21"]);
    assert_eq!((counts.read, counts.made), (3, 5));
    assert_eq!((counts.used, counts.filtered), (7, 1));
    assert_eq!((counts.written, counts.refused), (2, 1));
    assert_eq!(counts.missing(), 0);
}

#[tokio::test(start_paused = true)]
async fn steps_see_from_which_source_and_partition_a_record_is() {
    let (mut bench, told) = summing(vec![], OnError::Fail, vec![]);
    let mut input = |partitions: &[&str], script: Vec<Do>| {
        let source = ScriptSource {
            script: script.into(),
            log: bench.log.clone(),
            bounded: false,
            partitions: Some(
                partitions
                    .iter()
                    .map(|name| Partition::from(*name))
                    .collect(),
            ),
        };
        bench
            .pipeline
            .inputs
            .push(Input::new(Box::new(source), Steps::default()));
    };
    let of = |partition: &str, value: &str| Batch {
        records: vec![Record {
            origin: Origin {
                partition: Partition::from(partition),
                ..Origin::default()
            },
            ..Record::from_value(value.to_owned())
        }],
        ..Batch::default()
    };
    input(&["1", "0"], vec![Do::Give(of("1", "10")), Do::End("1")]);
    input(&["0"], vec![Do::Give(of("0", "10"))]);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    let mut results = values(&bench.taken);
    results.sort();
    assert!(
        results == ["[10,2]", "[20,3]", "[20]"] || results == ["[10,3]", "[20,2]", "[20]"],
        "{results:?}"
    );
    assert_eq!(counts.used, 2);
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told[0], "0:0/ 1:1/0 2:1/1 3:2/0");
    assert!(told.contains(&"ended 2".to_owned()), "{told:?}");
}

/// A group that deals out partitions when it was asked for them once.
struct Dealt {
    source: ScriptSource,
    asked: AtomicBool,
}

#[async_trait]
impl Source for Dealt {
    async fn fetch(&mut self, limit: Limit) -> Answered<Fetched> {
        self.source.fetch(limit).await
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        match self.asked.swap(true, Relaxed) {
            false => Some(Vec::new()),
            true => self.source.partitions(),
        }
    }

    async fn bound(&mut self) -> Answered<()> {
        self.source.bound().await
    }

    async fn commit(&mut self, commit: &Commit) -> Answered<()> {
        self.source.commit(commit).await
    }

    async fn close(self: Box<Self>) -> Answered<()> {
        Box::new(self.source).close().await
    }
}

/// Else the first partition would be ahead of one that nobody knows of, and all of that one would be late.
#[tokio::test(start_paused = true)]
async fn partitions_that_come_while_a_pipeline_starts_are_known_before_the_first_record() {
    let (mut bench, told) = summing(vec![], OnError::Fail, vec![]);
    let mut first = batch(0, &["10"]);
    first.records[0].origin.partition = Partition::from("0");
    let source = ScriptSource {
        script: [Do::Give(first)].into(),
        log: bench.log.clone(),
        bounded: false,
        partitions: Some(["0", "1"].map(Partition::from).into()),
    };
    let asked = AtomicBool::new(false);
    let source = Box::new(Dealt { source, asked });
    bench.pipeline.inputs = vec![Input::new(source, Steps::default())];
    let run = bench.pipeline.run(Control::detached()).await;
    run.expect("sound");
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told[..2], ["", "0:0/0 1:0/1"]);
}

/// A bounded read of little has ended when its only batch is handed over.
#[tokio::test(start_paused = true)]
async fn partitions_that_come_and_end_within_a_batch_are_known_before_its_first_record() {
    let (mut bench, told) = summing(vec![], OnError::Fail, vec![]);
    let mut only = batch(0, &["10", "20"]);
    for (record, partition) in only.records.iter_mut().zip(["0", "1"]) {
        record.origin.partition = Partition::from(partition);
    }
    let source = ScriptSource {
        script: [Do::Give(only)].into(),
        log: bench.log.clone(),
        bounded: false,
        partitions: Some(Vec::new()),
    };
    bench.pipeline.inputs = vec![Input::new(Box::new(source), Steps::default())];
    let run = bench.pipeline.run(Control::detached()).await;
    run.expect("sound");
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told[..2], ["", "0:0/0 1:0/1"]);
}
