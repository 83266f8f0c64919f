//! `cloud`: streams with a prefix are made, used and removed, on services that keep running.

use std::fs;
use std::path::Path;

use crate::command::{Done, run_in};
use crate::emulator::Emulator;

/// A service, and the target that reaches it by its address.
struct Case {
    service: &'static str,
    port_flag: &'static str,
    target: fn(&str) -> String,
}

const CASES: &[Case] = &[
    Case {
        service: "kafka",
        port_flag: "--kafka-port",
        target: |address| format!("{{adapter: kafka, brokers: '{address}'}}"),
    },
    Case {
        service: "kinesis",
        port_flag: "--aws-port",
        target: |address| format!("{{adapter: kinesis, endpoint: 'http://{address}'}}"),
    },
    Case {
        service: "pubsub",
        port_flag: "--pubsub-port",
        target: |address| {
            format!("{{adapter: pubsub, endpoint: 'http://{address}', project: lab}}")
        },
    },
    Case {
        service: "sqs",
        port_flag: "--aws-port",
        target: |address| format!("{{adapter: sqs, endpoint: 'http://{address}'}}"),
    },
    Case {
        service: "eventhubs",
        port_flag: "--eventhubs-port",
        target: |address| format!("{{adapter: eventhubs, endpoint: 'amqp://{address}'}}"),
    },
];

const SCENARIO: &str = "scenarios/01-kafka-uppercase";

/// Lines of names and what became of them, without the columns between.
fn fates(done: &Done) -> Vec<(String, String)> {
    let out = done.out();
    let fate = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        (name, words.next_back().unwrap_or_default().to_owned())
    };
    out.lines().map(fate).collect()
}

fn expected(fate: &str) -> Vec<(String, String)> {
    let stream = |name: &str| (format!("lab7-{name}"), fate.to_owned());
    vec![stream("words"), stream("shouted")]
}

#[test]
fn streams_are_planned_made_used_and_removed_and_all_may_be_repeated() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO);
    let scenario = scenario.to_str().expect("a path of text");
    for case in CASES {
        let emulator = Emulator::of(case.service, case.port_flag);
        let folder = tempfile::tempdir().expect("a folder");
        let target = (case.target)(emulator.address());
        let config = format!("targets:\n  lab: {target}\n");
        fs::write(folder.path().join("ssectl.yaml"), config).expect("written");
        let ssectl = |arguments: &[&str]| {
            let on = [scenario, "-t", "lab", "--prefix", "lab7-"];
            run_in(folder.path(), &[arguments, &on].concat(), "").ended(0)
        };
        for (action, fate) in [
            ("plan", "missing"),
            ("up", "made"),
            ("up", "present"),
            ("plan", "present"),
        ] {
            let done = ssectl(&["cloud", action]);
            assert_eq!(fates(&done), expected(fate), "{} {action}", case.service);
        }
        let ran = ssectl(&["run"]);
        assert!(
            ran.err().contains("ok: count: 1000 records"),
            "{}",
            ran.err()
        );
        for fate in ["deleted", "missing"] {
            let done = ssectl(&["cloud", "down"]);
            assert_eq!(fates(&done), expected(fate), "{}", case.service);
        }
    }
}

#[test]
fn somebody_elses_streams_are_safe() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO);
    let scenario = scenario.to_str().expect("a path of text");
    let down = [
        "cloud",
        "down",
        scenario,
        "-t",
        "kafka://127.0.0.1:1",
        "--prefix",
        "",
    ];
    let done = run_in(folder.path(), &down, "").ended(2);
    assert!(
        done.err().contains("could be somebody else's"),
        "{}",
        done.err()
    );
    let local = ["cloud", "up", scenario, "-t", "local"];
    let done = run_in(folder.path(), &local, "").ended(2);
    assert!(done.err().contains("lives only while"), "{}", done.err());
}
