//! Scenarios and verbs on the emulator of Kinesis.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use ssectl_emulator::aws::{Config, Emulator};

use crate::command::{run, run_in, start};

fn scenario(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    path.to_str().expect("a path of text").to_owned()
}

#[test]
fn upper_case_passes_on_shards() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = scenario("scenarios/01-kafka-uppercase");
    run_in(
        folder.path(),
        &["run", &scenario, "--target", "local-kinesis"],
        "",
    )
    .ended(0);
}

/// The same records as on Kafka, those of each key in the same order.
#[test]
#[cfg(feature = "kafka")]
fn results_agree_with_those_on_kafka() {
    for (name, params) in [
        ("scenarios/01-kafka-uppercase", &[][..]),
        ("scenarios/07-make-change", &[]),
        (
            "scenarios/08-phone-normalise",
            &["--set", "table=/dev/null"],
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = scenario(name);
        let arguments = [
            "verify",
            &scenario,
            "--targets",
            "local-kafka,local-kinesis",
        ];
        let done = run_in(folder.path(), &[&arguments, params].concat(), "").ended(0);
        assert!(done.err().contains("the results agree"), "{}", done.err());
    }
}

/// Rounds of the test below; `make conformance` asks for more.
fn rounds() -> u64 {
    std::env::var("SSECTL_KILL_ROUNDS").map_or(4, |rounds| rounds.parse().expect("a number"))
}

/// A consumer that is killed in mid-stream, again and again, has at last written every record: what it had committed it
/// had written before.
#[test]
fn kill_9_of_a_consumer_loses_nothing() {
    const COUNT: usize = 20_000;
    let emulator = Emulator::start(Config::default()).expect("the emulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let stream = format!(
        "kinesis://{}/orders?checkpoint-dir={}",
        emulator.address(),
        folder.path().display()
    );
    run(&["streams", "create", &stream, "--partitions", "2"], "").ended(0);
    let lines: String = (0..COUNT)
        .map(|number| format!("{{\"n\":{number},\"pad\":\"{:64}\"}}\n", ""))
        .collect();
    run(&["copy", "-", &stream], lines).ended(0);
    let consume = ["copy", &stream, "-", "--group", "killed"];
    let (mut seen, mut read) = (BTreeSet::new(), 0);
    for round in 0..rounds() {
        let mut child = start(&consume);
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        // The seed of a round says how far it comes; what is in the pipe by then was written too.
        let last = 1 + (round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize % (COUNT / 4);
        for _ in 0..last {
            let mut line = String::new();
            if output.read_line(&mut line).expect("a line") == 0 {
                break;
            }
            read += 1;
            seen.insert(number(&line).expect("a whole line"));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        // The last line may be torn.
        for number in output
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| number(&line))
        {
            read += 1;
            seen.insert(number);
        }
    }
    let rest = run(&consume, "").ended(0);
    let rest: Vec<_> = rest
        .out()
        .lines()
        .map(|line| number(line).expect("a whole line"))
        .collect();
    read += rest.len();
    seen.extend(rest);
    assert_eq!(seen.len(), COUNT, "records were lost");
    assert!(read >= COUNT);
    let said = writeln!(
        std::io::stderr(),
        "kinesis: {} kills, {COUNT} records, {} came again",
        rounds(),
        read - COUNT
    );
    said.expect("stderr takes a line");
}

fn number(line: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line).ok()?["n"].as_u64()
}
