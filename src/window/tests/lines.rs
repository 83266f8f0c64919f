//! The same bytes and counts whether a source gives lines or records.

use ssectl_adapter::Lines;

use super::*;
use crate::engine::Counts;

/// How often each plan is run.
const RUNS: u64 = 10;

/// Mostly in order, so that some batches are taken as digests; one line in two hundred is no event.
fn lines() -> Lines {
    let mut random = Random(11);
    let (mut text, mut ends, mut time) = (String::new(), vec![0], 1_000_000);
    for nth in 0..2_000 {
        time += random.below(400);
        let late = if nth % 100 == 3 { 5_000 } else { 0 };
        let (at, key, x) = (time - late, random.below(5), random.below(90));
        text += &match nth % 200 {
            77 => format!(r#"{{"k":"k{key}","t":"none","x":{x}}}"#),
            _ => format!(r#"{{"k":"k{key}","t":{at},"x":{x}.5,"more":[{{}}]}}"#),
        };
        ends.push(text.len());
    }
    let mut lines = Lines::new(text.into(), "in".into(), Partition::default());
    for (pair, number) in ends.windows(2).zip(1..) {
        lines.push(pair[0], pair[1], number);
    }
    lines
}

/// Gives batches of random size, of lines if it may.
struct Lined {
    left: Lines,
    random: Random,
    may_give_lines: bool,
    gives_lines: bool,
}

#[async_trait]
impl Source for Lined {
    async fn fetch(&mut self, _: Limit) -> Result<Fetched> {
        if self.left.is_empty() {
            return Ok(Fetched::End);
        }
        let count = 1 + self.random.below(60) as usize;
        let mut batch = Batch {
            lines: Some(self.left.take(count, usize::MAX)),
            ..Batch::default()
        };
        if !self.gives_lines {
            batch.make_records();
        }
        Ok(Fetched::Batch(batch))
    }

    fn allow_lines(&mut self) {
        self.gives_lines = self.may_give_lines;
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

/// Results, late records, and counts.
type Outcome = (Vec<u8>, Vec<u8>, Counts);

async fn run(plan: &Arc<Plan>, seed: u64, may_give_lines: bool) -> Outcome {
    let (results, late) = (Taken::default(), Taken::default());
    let source = Lined {
        left: lines(),
        random: Random(seed),
        may_give_lines,
        gives_lines: false,
    };
    let pipeline = Pipeline {
        name: "test".to_owned(),
        inputs: vec![Input::new(Box::new(source), Steps::default())],
        then: vec![Segment::Keyed {
            name: "window".to_owned(),
            open: plan.open(Some("late".to_owned()), false),
        }],
        on_error: OnError::Skip,
        sink: Box::new(results.clone()),
        ids: None,
        together: None,
        sides: vec![Side {
            stream: "late".to_owned(),
            sink: Box::new(late.clone()),
        }],
        state: State::default(),
        stats: Arc::new(Stats::default()),
        trace: None,
        settings: crate::engine::Settings::default(),
    };
    let counts = pipeline
        .run(Control::detached())
        .await
        .expect("a sound run");
    (results.bytes(), late.bytes(), counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_and_counts_are_the_same_for_lines_and_records() {
    let mut plans = plans();
    let all = [("n", "count"), ("sum", "sum(.x)"), ("twice", "max(.x * 2)")];
    let size = Some(Amount::Time(10 * SECOND));
    let settings = Settings {
        size,
        ..Settings::default()
    };
    plans.push(("a program", plan(settings, &all)));
    for (name, plan) in plans {
        for seed in 0..RUNS {
            let expected = run(&plan, seed, false).await;
            assert!(!expected.0.is_empty(), "{name}");
            assert_eq!(
                (expected.2.skipped, expected.2.missing()),
                (10, 0),
                "{name}"
            );
            assert_eq!(
                run(&plan, seed, true).await,
                expected,
                "{name}, seed {seed}"
            );
        }
    }
}
