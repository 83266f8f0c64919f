//! Verbs and scenarios on the emulator of Pub/Sub.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use crate::command::{Done, eventually, exit_code, run, run_in, signal, ssectl, start};

/// An emulator in a process of its own, with a topic's address.
struct Emulator {
    child: Child,
    address: String,
}

impl Emulator {
    fn start() -> Self {
        let mut child = start(&["emulator", "--only", "pubsub", "--pubsub-port", "0"]);
        let said = BufReader::new(child.stderr.take().expect("piped"));
        let mut lines = said.lines().map(|line| line.expect("text"));
        let ready = lines
            .find(|line| line.ends_with(" ready"))
            .expect("it gets ready");
        let address = ready.split(' ').nth(1).expect("an address").to_owned();
        // What it says later must have somebody to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn topic(&self, name: &str) -> String {
        format!("pubsub://{}/{name}", self.address)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn subscriptions(emulator: &Emulator, topic: &str) -> String {
    run(&["streams", "describe", &emulator.topic(topic)], "")
        .ended(0)
        .out()
}

#[test]
fn what_goes_in_comes_out() {
    let emulator = Emulator::start();
    let topic = emulator.topic("orders");
    let made = run(&["streams", "create", &topic, "--partitions", "3"], "").ended(0);
    assert!(made.err().contains("`pubsub` has no partitions"));
    assert_eq!(
        run(&["streams", "list", &emulator.topic("")], "")
            .ended(0)
            .out()
            .trim(),
        "orders"
    );
    run(
        &[
            "generate", "orders", "--count", "2000", "--seed", "7", "--to", &topic,
        ],
        "",
    )
    .ended(0);
    let made = run(
        &["generate", "orders", "--count", "2000", "--seed", "7"],
        "",
    )
    .ended(0);
    let tailed = run(&["tail", &topic, "-F", "json"], "").ended(0);
    assert_eq!(tailed.lines(), made.lines());
    let grouped = run(&["tail", &topic, "-F", "json", "--group", "audit"], "").ended(0);
    assert_eq!(grouped.lines(), made.lines());
    let again = run(&["tail", &topic, "-F", "json", "--group", "audit"], "").ended(0);
    assert_eq!(again.out(), "");
    run(
        &[
            "streams", "seek", &topic, "--group", "audit", "--offset", "start",
        ],
        "",
    )
    .ended(0);
    let again = run(&["tail", &topic, "-F", "json", "--group", "audit"], "").ended(0);
    assert_eq!(again.lines(), made.lines());
    let described = subscriptions(&emulator, "orders");
    assert!(
        described.contains("orders.audit") && !described.contains("ssectl-"),
        "{described}"
    );
}

/// The emulator is found as every Google client finds it.
#[test]
fn the_usual_variables_name_emulator_and_project() {
    let emulator = Emulator::start();
    let with = |args: &[&str]| {
        let mut command = ssectl(args);
        command.env("PUBSUB_EMULATOR_HOST", &emulator.address);
        command.env("GOOGLE_CLOUD_PROJECT", "my-project");
        Done(command.output().expect("the binary starts")).ended(0)
    };
    with(&["streams", "create", "pubsub:orders"]);
    let full = emulator.topic("projects/my-project/topics/orders");
    run(&["streams", "describe", &full], "").ended(0);
}

#[test]
fn positions_and_missing_things_are_told() {
    let emulator = Emulator::start();
    let topic = emulator.topic("orders");
    run(&["streams", "create", &topic], "").ended(0);
    let refused = run(&["tail", &topic, "--offset", "-5"], "").ended(1);
    assert!(
        refused.err().contains("cannot be read from `-5`"),
        "{}",
        refused.err()
    );
    let misspelt = run(&["tail", &emulator.topic("order")], "").ended(1);
    assert!(
        misspelt.err().contains("did you mean `orders`?"),
        "{}",
        misspelt.err()
    );
    let nobody = Done(
        ssectl(&["tail", "pubsub:orders"])
            .output()
            .expect("it starts"),
    )
    .ended(2);
    assert!(
        nobody.err().contains("GOOGLE_CLOUD_PROJECT"),
        "{}",
        nobody.err()
    );
}

/// Credentials that are none are said to be, soon, and with the code for it.
#[test]
fn missing_credentials_end_with_their_code() {
    let mut command = ssectl(&["tail", "pubsub://my-project/orders"]);
    command.env("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json");
    let done = Done(command.output().expect("the binary starts")).ended(4);
    assert!(done.err().contains("no credentials"), "{}", done.err());
}

/// The first signal drains, and takes the subscription of the read with it.
#[test]
fn a_stopped_read_leaves_no_subscription() {
    let emulator = Emulator::start();
    let topic = emulator.topic("orders");
    run(&["streams", "create", &topic], "").ended(0);
    let mut child = start(&["tail", &topic, "-f"]);
    eventually(Duration::from_secs(120), || {
        subscriptions(&emulator, "orders").contains("orders.ssectl-")
    });
    signal(&child, "INT");
    assert_eq!(exit_code(&mut child, Duration::from_secs(120)), Some(130));
    let left = subscriptions(&emulator, "orders");
    assert!(!left.contains("ssectl-"), "{left}");
}

/// Rounds of the test below; `make conformance` asks for more.
fn rounds() -> usize {
    std::env::var("SSECTL_KILL_ROUNDS").map_or(4, |rounds| rounds.parse().expect("a number"))
}

/// A consumer that is killed in mid-stream, again and again, has at last written every record: what it had acknowledged it
/// had written before. What it held when it was killed comes again when its leases are over.
#[test]
fn kill_9_of_a_consumer_loses_nothing() {
    const COUNT: usize = 20_000;
    let emulator = Emulator::start();
    let topic = emulator.topic("orders");
    run(&["streams", "create", &topic], "").ended(0);
    let lines: String = (0..COUNT)
        .map(|number| format!("{{\"n\":{number},\"pad\":\"{:64}\"}}\n", ""))
        .collect();
    run(&["copy", "-", &topic], lines).ended(0);
    let stream = format!("{topic}?ack-deadline=10s&outstanding=500");
    let (mut seen, mut read) = (BTreeSet::new(), 0);
    for round in 0..rounds() {
        let mut child = start(&["copy", &stream, "-", "--group", "killed", "-f"]);
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        // The seed of a round says how far it comes; what is in the pipe by then was written too.
        let seed = (round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let last = 1 + usize::try_from(seed).expect("31 bits") % (COUNT / (4 * rounds()));
        for _ in 0..last {
            let mut line = String::new();
            assert_ne!(
                output.read_line(&mut line).expect("a line"),
                0,
                "the consumer ended"
            );
            read += 1;
            seen.insert(number(&line).expect("a whole line"));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        // The last line may be torn.
        let whole = output.lines().map_while(Result::ok);
        for number in whole.filter_map(|line| number(&line)) {
            read += 1;
            seen.insert(number);
        }
    }
    // Longer than the leases of those that were killed.
    let patient = format!("{stream}&quiet=12s");
    let rest = run(&["copy", &patient, "-", "--group", "killed"], "").ended(0);
    for line in rest.out().lines() {
        read += 1;
        seen.insert(number(line).expect("a whole line"));
    }
    assert_eq!(seen.len(), COUNT, "records were lost");
    let said = writeln!(
        std::io::stderr(),
        "pubsub: {} kills, {COUNT} records, {} came again",
        rounds(),
        read - COUNT
    );
    said.expect("stderr takes a line");
}

fn number(line: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line).ok()?["n"].as_u64()
}

fn on_target(verb: &[&str], scenario: &str, more: &[&str]) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "targets:\n  plain: {adapter: pubsub, emulator: true}\n";
    fs::write(folder.path().join("ssectl.yaml"), config).expect("written");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(scenario);
    let scenario = scenario.to_str().expect("a path of text");
    run_in(folder.path(), &[verb, &[scenario], more].concat(), "")
}

#[test]
fn upper_case_passes_with_and_without_order() {
    for target in ["local-pubsub", "plain"] {
        on_target(&["run"], "01-kafka-uppercase", &["--target", target]).ended(0);
    }
}

/// Topics without ordering keys have no order, which is said before anything is made.
#[test]
fn order_is_not_promised_without_ordering_keys() {
    let done = on_target(
        &["run"],
        "08-phone-normalise",
        &["--target", "plain", "--set", "table=/dev/null"],
    )
    .ended(6);
    assert!(
        done.err().contains("does not keep the order of records"),
        "{}",
        done.err()
    );
}

/// The same results as on a log.
#[cfg(feature = "kafka")]
#[test]
fn scenarios_agree_with_kafka() {
    for (scenario, more) in [
        ("01-kafka-uppercase", &[][..]),
        ("07-make-change", &[]),
        ("08-phone-normalise", &["--set", "table=table.csv"]),
    ] {
        let targets = ["--targets", "local-kafka,local-pubsub"];
        on_target(&["verify"], scenario, &[&targets, more].concat()).ended(0);
    }
}
