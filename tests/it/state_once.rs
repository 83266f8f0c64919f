//! Exactly-once for steps that remember: the process is killed between every two steps of a checkpoint, and no result is
//! missing or there twice.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::command::{Done, exit_code, run, run_in, ssectl};
use crate::emulator::Emulator;

const SOON: Duration = Duration::from_secs(120);

/// What a process has just done when it is killed: in the order of a checkpoint.
const POINTS: [&str; 6] = [
    "read",
    "written",
    "flushed",
    "prepared",
    "committed",
    "kept",
];

const WINDOW: &str = "window: {by: .country, time: .time, unit: rfc3339, size: 1m, delay: 5s, \
     agg: {n: count, total: 'sum(.quantity)', last: 'last(.seq)'}}";

/// Counts by country and minute, from one stream to another.
fn scenario(name: &str, to: &str, delivery: &str) -> String {
    format!(
        "apiVersion: ssectl/v1
name: {name}
streams:
  orders: {{partitions: 3}}
  {to}: {{partitions: 2}}
pipelines:
  count:
    source: {{stream: orders, group: {name}}}
    steps:
      - {WINDOW}
    {delivery}
    sink: {to}
"
    )
}

/// A broker with orders in three partitions, and the scenarios.
struct Trial {
    folder: tempfile::TempDir,
    broker: Emulator,
}

impl Trial {
    fn start(orders: &str) -> Self {
        let trial = Self {
            folder: tempfile::tempdir().expect("a folder"),
            broker: Emulator::start(),
        };
        for (stream, partitions) in [("orders", "3"), ("counts", "2"), ("oracle-counts", "2")] {
            let stream = trial.broker.stream(stream);
            let create = ["streams", "create", &stream, "--partitions", partitions];
            run(
                &[&create[..], &["--config", "retention.ms=-1"]].concat(),
                "",
            )
            .ended(0);
        }
        let to = trial.broker.stream("orders");
        run(&["generate", "orders", "--count", orders, "--to", &to], "").ended(0);
        trial.write(
            "once.yaml",
            &scenario("once", "counts", "delivery: exactly-once"),
        );
        trial.write("oracle.yaml", &scenario("oracle", "oracle-counts", ""));
        trial
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).expect("a file");
    }

    /// A life of the pipeline; with a kill it halts there, and gives a sign.
    fn live(&self, kill: Option<(&str, u64)>) -> Child {
        let sign = self.folder().join("sign");
        let _ = fs::remove_file(&sign);
        let kill = kill.map(|(point, passage)| {
            let kill = json!({"point": point, "passage": passage, "moment": "there"});
            json!([kill, sign])
        });
        let life = json!({
            "target": ["kafka", {"brokers": self.broker.address()}],
            "records": 40,
            "state": self.folder().join("state"),
            "kill": kill,
        });
        self.write("life", &life.to_string());
        let log = fs::File::create(self.folder().join("log")).expect("a file");
        let mut command = ssectl(&["prove", "once.yaml", "--life", "life"]);
        command.current_dir(self.folder()).stderr(log);
        command.spawn().expect("the binary starts")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder().join("log")).expect("a file")
    }

    /// Lives until it has done something for so many times, and is killed.
    fn kill(&self, point: &str, passage: u64) {
        let mut child = self.live(Some((point, passage)));
        let deadline = Instant::now() + SOON;
        while !self.folder().join("sign").exists() {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "it ended before {point}: {}", self.said());
            assert!(Instant::now() < deadline, "no {point}: {}", self.said());
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it lives");
        child.wait().expect("a child");
    }

    /// All committed results of a stream.
    fn results(&self, stream: &str) -> Vec<String> {
        let stream = self.broker.stream(stream);
        let read = run(&["tail", &stream, "-F", "json"], "").ended(0).out();
        let mut lines: Vec<String> = read.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    fn run(&self, scenario: &str, more: &[&str]) -> Done {
        let target = format!("kafka://{}", self.broker.address());
        let args = [&["run", scenario, "--target", &target], more].concat();
        run_in(self.folder(), &args, "")
    }
}

#[test]
fn results_of_windows_are_there_once_wherever_the_process_is_killed() {
    let trial = Trial::start("6000");
    for passage in [1, 2] {
        for point in POINTS {
            trial.kill(point, passage);
        }
    }
    let code = exit_code(&mut trial.live(None), SOON);
    assert_eq!(code, Some(0), "{}", trial.said());
    trial.run("oracle.yaml", &[]).ended(0);
    let (found, expected) = (trial.results("counts"), trial.results("oracle-counts"));
    assert!(expected.len() > 500, "{}", expected.len());
    assert_eq!(found, expected);
}

#[test]
fn state_that_does_not_go_with_the_committed_positions_is_refused() {
    let trial = Trial::start("300");
    let without = trial.run("once.yaml", &[]).ended(6);
    assert!(
        without.err().contains("needs `--state DIR`"),
        "{}",
        without.err()
    );
    trial.run("once.yaml", &["--state", "state"]).ended(0);
    let other = trial.run("once.yaml", &["--state", "other"]).ended(6);
    assert!(
        other.err().contains("committed with the state"),
        "{}",
        other.err()
    );
}
