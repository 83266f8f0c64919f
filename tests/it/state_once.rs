//! Exactly-once for steps that remember: the process is killed between every two steps of a checkpoint, and no result is
//! missing or there twice.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
fn scenario(name: &str, from: &str, to: &str, delivery: &str) -> String {
    format!(
        "apiVersion: ssectl/v1
name: {name}
streams:
  {from}: {{partitions: 3}}
  {to}: {{partitions: 2}}
pipelines:
  count:
    source: {{stream: {from}, group: {from}-{name}}}
    steps:
      - {WINDOW}
    {delivery}
    sink: {to}
"
    )
}

/// How a process lives.
#[derive(Clone, Copy)]
struct Life<'a> {
    scenario: &'a str,
    /// Where it halts and is killed, and at which passage.
    kill: Option<(&'a str, u64)>,
    state: &'a str,
    changelog: Option<&'a str>,
    one_core: bool,
}

const ONCE: Life<'_> = Life {
    scenario: "once.yaml",
    kill: None,
    state: "state",
    changelog: None,
    one_core: false,
};

/// The same without transactions.
const OFTEN: Life<'_> = Life {
    scenario: "often.yaml",
    ..ONCE
};

/// The same at some speed.
const SLOW: Life<'_> = Life {
    scenario: "slow.yaml",
    ..ONCE
};

/// A broker with orders in three partitions, and the scenarios.
struct Trial {
    folder: tempfile::TempDir,
    address: String,
    /// What the names of its streams end with.
    tag: String,
    _emulator: Option<Emulator>,
}

impl Trial {
    /// On our emulator, or on the broker at `SSECTL_TEST_KAFKA`.
    fn start(tag: &str, orders: &str) -> Self {
        let (address, emulator) = match std::env::var("SSECTL_TEST_KAFKA") {
            Ok(address) => (address, None),
            Err(_) => {
                let emulator = Emulator::start();
                (emulator.address().to_owned(), Some(emulator))
            }
        };
        let trial = Self {
            folder: tempfile::tempdir().expect("a folder"),
            address,
            tag: format!("{tag}-{}", std::process::id()),
            _emulator: emulator,
        };
        for (stream, partitions) in [("orders", "3"), ("counts", "2"), ("oracle-counts", "2")] {
            let stream = trial.stream(stream);
            let create = ["streams", "create", &stream, "--partitions", partitions];
            run(
                &[&create[..], &["--config", "retention.ms=-1"]].concat(),
                "",
            )
            .ended(0);
        }
        let to = trial.stream("orders");
        run(&["generate", "orders", "--count", orders, "--to", &to], "").ended(0);
        let (from, to) = (trial.name("orders"), trial.name("counts"));
        let once = scenario("once", &from, &to, "delivery: exactly-once");
        trial.write("once.yaml", &once);
        trial.write("often.yaml", &scenario("often", &from, &to, ""));
        let oracle = scenario("oracle", &from, &trial.name("oracle-counts"), "");
        trial.write("oracle.yaml", &oracle);
        trial
    }

    fn name(&self, stream: &str) -> String {
        format!("{stream}-{}", self.tag)
    }

    fn stream(&self, name: &str) -> String {
        format!("kafka://{}/{}", self.address, self.name(name))
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).expect("a file");
    }

    /// A life of the pipeline; with a kill it halts there, and gives a sign.
    fn live(&self, life: &Life<'_>) -> Child {
        let sign = self.folder().join("sign");
        let _ = fs::remove_file(&sign);
        let kill = life.kill.map(|(point, passage)| {
            let kill = json!({"point": point, "passage": passage, "moment": "there"});
            json!([kill, sign])
        });
        let told = json!({
            "target": ["kafka", {"brokers": self.address}],
            "records": 40,
            "state": self.folder().join(life.state),
            "changelog": life.changelog.map(|name| self.name(name)),
            "kill": kill,
        });
        self.write("life", &told.to_string());
        let log = fs::File::create(self.folder().join("log")).expect("a file");
        let mut command = ssectl(&["prove", life.scenario, "--life", "life"]);
        if life.one_core {
            command = on_one_core(&command);
        }
        command.current_dir(self.folder()).stderr(log);
        command.spawn().expect("the binary starts")
    }

    /// Lives to the end; what it said.
    fn finish(&self, life: &Life<'_>) -> String {
        let code = exit_code(&mut self.live(life), SOON);
        assert_eq!(code, Some(0), "{}", self.said());
        self.said()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder().join("log")).expect("a file")
    }

    /// Lives until it has done something for so many times, and is killed; what it said.
    fn kill(&self, life: &Life<'_>) -> String {
        let point = life.kill.expect("a point").0;
        let mut child = self.live(life);
        let deadline = Instant::now() + SOON;
        while !self.folder().join("sign").exists() {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "it ended before {point}: {}", self.said());
            assert!(Instant::now() < deadline, "no {point}: {}", self.said());
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it lives");
        child.wait().expect("a child");
        self.said()
    }

    /// All committed results of a stream.
    fn results(&self, stream: &str) -> Vec<String> {
        let stream = self.stream(stream);
        let read = run(&["tail", &stream, "-F", "json"], "").ended(0).out();
        let mut lines: Vec<String> = read.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    /// The results, and what they should be.
    fn outcome(&self) -> (Vec<String>, Vec<String>) {
        self.run("oracle.yaml", &[]).ended(0);
        (self.results("counts"), self.results("oracle-counts"))
    }

    fn run(&self, scenario: &str, more: &[&str]) -> Done {
        let target = format!("kafka://{}", self.address);
        let args = [&["run", scenario, "--target", &target], more].concat();
        run_in(self.folder(), &args, "")
    }
}

fn on_one_core(command: &Command) -> Command {
    let mut limited = Command::new("taskset");
    let envs = command.get_envs();
    limited
        .args(["-c", "0"])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(envs.filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null());
    limited
}

#[test]
fn results_of_windows_are_there_once_wherever_the_process_is_killed() {
    let trial = Trial::start("once", "6000");
    for passage in [1, 2] {
        for point in POINTS {
            let kill = Some((point, passage));
            trial.kill(&Life { kill, ..ONCE });
        }
    }
    trial.finish(&ONCE);
    let (found, expected) = trial.outcome();
    assert!(expected.len() > 500, "{}", expected.len());
    assert_eq!(found, expected);
}

#[test]
fn state_that_does_not_go_with_the_committed_positions_is_refused() {
    let trial = Trial::start("refused", "300");
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

/// A number below a limit, from a seed.
fn draw(seed: &mut u64, below: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// On one core and on all of them in turn.
#[cfg(target_os = "linux")]
#[test]
fn windows_over_partitions_give_equal_results_after_kills_at_any_parallelism() {
    let trial = Trial::start("often", "6000");
    let mut seed = 11;
    for life in 0..12 {
        // Without a transaction nothing is prepared.
        let point =
            ["read", "written", "flushed", "committed", "kept"][draw(&mut seed, 5) as usize];
        let kill = Some((point, 1 + draw(&mut seed, 3)));
        let one_core = life % 2 == 0;
        trial.kill(&Life {
            kill,
            one_core,
            ..OFTEN
        });
    }
    trial.finish(&OFTEN);
    let (mut found, expected) = trial.outcome();
    found.dedup();
    assert_eq!(found, expected);
}

/// Machines are lost one after the other with their directories, also in the midst of a checkpoint.
#[test]
fn another_machine_takes_over_from_the_changelog() {
    let trial = Trial::start("changes", "6000");
    // So slowly that no machine comes to the end.
    let slow = fs::read_to_string(trial.folder().join("often.yaml")).expect("a file");
    let slow = slow.replace("steps:", "steps:\n      - rate: 1500/s");
    trial.write("slow.yaml", &slow);
    let changelog = Some("changes");
    let mut first = true;
    for (state, point) in [
        ("a", "kept"),
        ("b", "logged"),
        ("c", "changed"),
        ("d", "kept"),
    ] {
        let kill = Some((point, 2));
        let said = trial.kill(&Life {
            kill,
            state,
            changelog,
            ..SLOW
        });
        assert_eq!(said.contains("takes checkpoint"), !first, "{said}");
        fs::remove_dir_all(trial.folder().join(state)).expect("a directory");
        first = false;
    }
    let last = Life {
        state: "last",
        changelog,
        ..SLOW
    };
    let said = trial.finish(&last);
    assert!(said.contains("takes checkpoint"), "{said}");
    // What is there already is not taken again.
    let said = trial.finish(&last);
    assert!(!said.contains("takes checkpoint"), "{said}");
    assert!(said.contains("had come to its end"), "{said}");
    let (mut found, expected) = trial.outcome();
    found.dedup();
    assert_eq!(found, expected);
}
