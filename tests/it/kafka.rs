//! The verbs against the Kafka emulator in another process.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::command::{Done, eventually, exit_code, run, run_in, signal, start};
use crate::emulator::Emulator;

const SOON: Duration = Duration::from_secs(120);

/// Keeps everything: made-up events lie in the past.
fn create(emulator: &Emulator, name: &str, partitions: &str) {
    let stream = emulator.stream(name);
    let args = [
        "streams",
        "create",
        &stream,
        "--partitions",
        partitions,
        "--config",
        "retention.ms=-1",
    ];
    run(&args, "").ended(0);
}

fn generate(emulator: &Emulator, name: &str, count: &str) -> Done {
    run(
        &[
            "generate",
            "orders",
            "--count",
            count,
            "--to",
            &emulator.stream(name),
        ],
        "",
    )
    .ended(0)
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_goes_in_comes_out() {
    let emulator = Emulator::start();
    create(&emulator, "orders", "3");
    generate(&emulator, "orders", "20000");
    let made = run(&["generate", "orders", "--count", "20000"], "").ended(0);
    let tailed = run(&["tail", &emulator.stream("orders"), "-F", "json"], "").ended(0);
    assert_eq!(sorted(&tailed.out()), sorted(&made.out()));
    let last = run(
        &[
            "tail",
            &emulator.stream("orders"),
            "-o",
            "-2",
            "-F",
            "%p %o\n",
        ],
        "",
    )
    .ended(0);
    assert_eq!(last.out().lines().count(), 6);
    let first = run(
        &[
            "tail",
            &emulator.stream("orders"),
            "-n",
            "5",
            "-p",
            "1",
            "-F",
            "%p %o\n",
        ],
        "",
    )
    .ended(0);
    assert_eq!(first.out(), "1 0\n1 1\n1 2\n1 3\n1 4\n");
}

#[test]
fn a_copy_keeps_keys_headers_times_and_bytes() {
    let emulator = Emulator::start();
    let envelopes = concat!(
        "{\"timestamp\":\"2024-05-09T11:33:23.007Z\",\"key\":{\"base64\":\"AP8=\"},\"value\":\"\",",
        "\"headers\":[[\"a\",\"1\"],[\"a\",null],[\"b\",\"\"],[\"c\",{\"base64\":\"/w==\"}]]}\n",
        "{\"timestamp\":\"1970-01-01T00:00:01Z\",\"key\":\"k\",\"value\":null}\n",
        "{\"timestamp\":\"2024-05-09T11:33:23.008Z\",\"key\":null,\"value\":\"two\\nlines\"}\n",
    );
    for name in ["one", "two"] {
        create(&emulator, name, "1");
    }
    run(
        &[
            "generate",
            "--from-envelope",
            "--to",
            &emulator.stream("one"),
        ],
        envelopes,
    )
    .ended(0);
    run(
        &["copy", &emulator.stream("one"), &emulator.stream("two")],
        "",
    )
    .ended(0);
    let strip = "del(.stream, .partition, .offset)";
    for name in ["one", "two"] {
        let tailed = run(&["tail", &emulator.stream(name)], "").ended(0);
        let stripped = run(&["transform", strip], tailed.out()).ended(0);
        assert_eq!(stripped.out(), envelopes, "{name}");
    }
}

#[test]
fn a_group_goes_on_where_it_stopped_and_its_lag_is_told() {
    let emulator = Emulator::start();
    create(&emulator, "orders", "2");
    generate(&emulator, "orders", "1000");
    let stream = emulator.stream("orders");
    let unknown = run(&["streams", "lag", &stream, "--group", "g"], "").ended(0);
    assert!(unknown.out().contains("unknown ("), "{}", unknown.out());
    let read = |count: &str| {
        run(
            &[
                "tail", &stream, "--group", "g", "-n", count, "-F", "%p %o\n",
            ],
            "",
        )
        .ended(0)
        .out()
    };
    let (first, second) = (read("300"), read("10000"));
    assert_eq!((first.lines().count(), second.lines().count()), (300, 700));
    let both = first + &second;
    let mut places = sorted(&both);
    places.dedup();
    assert_eq!(places.len(), 1000, "none twice");
    let lag = run(
        &[
            "streams", "lag", &stream, "--group", "g", "--format", "json",
        ],
        "",
    )
    .ended(0);
    assert_eq!(
        lag.out().matches("\"records\": 0").count(),
        2,
        "{}",
        lag.out()
    );
    run(
        &[
            "streams", "seek", &stream, "--group", "g", "--offset", "start",
        ],
        "",
    )
    .ended(0);
    assert_eq!(read("10000").lines().count(), 1000);
}

#[test]
fn following_shows_new_records_until_ctrl_c() {
    let emulator = Emulator::start();
    create(&emulator, "orders", "1");
    let mut tail = start(&["tail", &emulator.stream("orders"), "-f", "-F", "%o\n"]);
    let mut out = tail.stdout.take().expect("piped");
    generate(&emulator, "orders", "3");
    let mut bytes = [0; 6];
    out.read_exact(&mut bytes).expect("three records");
    assert_eq!(&bytes, b"0\n1\n2\n");
    crate::command::signal(&tail, "INT");
    assert_eq!(exit_code(&mut tail, SOON), Some(130));
}

#[test]
fn streams_are_made_listed_described_and_deleted() {
    let emulator = Emulator::start();
    let args = [
        "streams",
        "create",
        &emulator.stream("a"),
        "--partitions",
        "2",
        "--config",
        "retention.ms=60000",
    ];
    run(&args, "").ended(0);
    let again = run(&["streams", "create", &emulator.stream("a")], "").ended(1);
    assert!(again.err().contains("exists"), "{}", again.err());
    run(
        &["streams", "create", &emulator.stream("a"), "--if-missing"],
        "",
    )
    .ended(0);
    let server = emulator.stream("");
    assert_eq!(
        run(&["streams", "list", server.trim_end_matches('/')], "")
            .ended(0)
            .out(),
        "a\n"
    );
    let described = run(&["streams", "describe", &emulator.stream("a")], "").ended(0);
    assert!(
        described.out().contains("a: 2 partitions")
            && described.out().contains("retention.ms=60000")
    );
    run(&["streams", "delete", &emulator.stream("a")], "").ended(0);
    let gone = run(&["streams", "describe", &emulator.stream("a")], "").ended(1);
    assert!(gone.err().contains("`a`"), "{}", gone.err());
    let refused = run(
        &[
            "streams",
            "create",
            &emulator.stream("b"),
            "--config",
            "retention.mss=1",
        ],
        "",
    );
    assert_ne!(refused.code(), Some(0));
    assert!(refused.err().contains("retention.mss"), "{}", refused.err());
}

#[test]
fn a_missing_topic_is_an_error_with_a_suggestion() {
    let emulator = Emulator::start();
    create(&emulator, "orders", "1");
    for args in [
        ["tail", &emulator.stream("ordesr")].as_slice(),
        &[
            "generate",
            "orders",
            "-n",
            "1",
            "--to",
            &emulator.stream("ordesr"),
        ],
    ] {
        let done = run(args, "").ended(1);
        assert!(
            done.err().contains("ordesr") && done.err().contains("did you mean `orders`?"),
            "{}",
            done.err()
        );
    }
}

#[test]
fn a_wrong_port_ends_with_5() {
    let begun = Instant::now();
    for args in [
        ["tail", "kafka://127.0.0.1:1/t"].as_slice(),
        &["streams", "list", "kafka://127.0.0.1:1"],
    ] {
        let done = run(args, "").ended(5);
        assert!(done.err().contains("127.0.0.1:1"), "{}", done.err());
    }
    assert!(begun.elapsed() < SOON);
}

#[test]
fn a_broker_that_goes_away_and_comes_back_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let emulator = Emulator::durable(dir.path(), 0);
    let (port, stream) = (emulator.port(), emulator.stream("orders"));
    create(&emulator, "orders", "2");
    let mut producer = start(&[
        "generate", "orders", "--count", "4000", "--rate", "1000/s", "--to", &stream,
    ]);
    let mut reader = start(&["tail", &stream, "-f", "-n", "4000", "-F", "%s\n"]);
    let seen = || {
        run(&["tail", &stream, "-F", "%o\n"], "")
            .out()
            .lines()
            .count()
    };
    eventually(SOON, || seen() > 500);
    emulator.kill();
    let emulator = Emulator::durable(dir.path(), port);
    assert_eq!(exit_code(&mut producer, SOON), Some(0));
    let mut read = String::new();
    reader
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut read)
        .expect("text");
    assert_eq!(exit_code(&mut reader, SOON), Some(0));
    let stored = run(&["tail", &stream, "-F", "%s\n"], "").ended(0);
    let made = run(&["generate", "orders", "--count", "4000"], "").ended(0);
    assert_eq!(sorted(&stored.out()), sorted(&made.out()));
    assert_eq!(sorted(&read), sorted(&made.out()));
    drop(emulator);
}

#[test]
fn who_waits_for_a_broker_says_so_and_a_group_goes_on_after_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let emulator = Emulator::durable(dir.path(), 0);
    let (port, from, to) = (
        emulator.port(),
        emulator.stream("orders"),
        emulator.stream("copies"),
    );
    create(&emulator, "orders", "1");
    create(&emulator, "copies", "1");
    // Without an end, because a busy machine may take long to come to the kill.
    let mut producer = start(&["generate", "orders", "--rate", "200/s", "--to", &from]);
    let mut group = start(&[
        "transform",
        ".",
        "--from",
        &from,
        "--to",
        &to,
        "--group",
        "g",
        "--follow",
    ]);
    let copied = || run(&["tail", &to, "-F", "%s\n"], "").lines();
    eventually(SOON, || copied().len() > 100);
    emulator.kill();
    said_by(&mut producer, "are not confirmed yet");
    said_by(&mut group, "reading again in");
    let emulator = Emulator::durable(dir.path(), port);
    let written = || {
        run(&["tail", &from, "-F", "%s\n"], "")
            .out()
            .lines()
            .count()
    };
    let before = written();
    eventually(SOON, || written() > before);
    signal(&producer, "INT");
    assert_eq!(exit_code(&mut producer, SOON), Some(130));
    let stored = run(&["tail", &from, "-F", "%s\n"], "").ended(0);
    let count = stored.out().lines().count().to_string();
    let made = run(&["generate", "orders", "--count", &count], "").ended(0);
    assert_eq!(sorted(&stored.out()), sorted(&made.out()));
    let made = made.lines();
    eventually(SOON, || copied() == made);
    signal(&group, "INT");
    assert_eq!(exit_code(&mut group, SOON), Some(130));
    drop(emulator);
}

#[test]
fn records_that_a_topic_would_delete_at_once_are_talked_about() {
    let emulator = Emulator::start();
    create(&emulator, "keeps", "1");
    let forgets = emulator.stream("forgets");
    let week = "retention.ms=604800000";
    run(&["streams", "create", &forgets, "--config", week], "").ended(0);
    let warning = "deletes what is older than retention.ms=604800000";
    let generated = run(&["generate", "orders", "-n", "5", "--to", &forgets], "").ended(0);
    assert_eq!(
        generated.err().matches(warning).count(),
        1,
        "{}",
        generated.err()
    );
    let kept = generate(&emulator, "keeps", "5");
    assert!(!kept.err().contains("warning"), "{}", kept.err());
    let copied = run(&["copy", &emulator.stream("keeps"), &forgets], "").ended(0);
    assert!(copied.err().contains(warning), "{}", copied.err());
    let fresh = [
        "generate",
        "orders",
        "-n",
        "5",
        "--start-time",
        "now",
        "--to",
        &forgets,
    ];
    let fresh = run(&fresh, "").ended(0);
    assert!(!fresh.err().contains("warning"), "{}", fresh.err());
}

#[test]
fn a_compressed_copy_that_was_killed_goes_on_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let emulator = Emulator::start();
    create(&emulator, "orders", "2");
    generate(&emulator, "orders", "20000");
    // Who was killed is missed after its session.
    let from = emulator.stream("orders") + "?session-timeout=6s";
    let expected = run(&["tail", &from, "-F", "%s\n"], "").ended(0).lines();
    assert_eq!(expected.len(), 20_000);
    for name in ["copy.ndjson.gz", "copy.ndjson.zst"] {
        let path = dir.path().join(name);
        let to = format!("file:{}", path.display());
        let args = ["copy", &from, &to, "--group", name];
        let mut killed = start(&args);
        let written = || std::fs::metadata(&path).map_or(0, |file| file.len());
        eventually(SOON, || written() > 50_000);
        killed.kill().expect("it lives");
        killed.wait().expect("a child");
        run(&args, "").ended(0);
        let read = run(&["tail", &to, "-F", "%s\n"], "").ended(0).lines();
        assert_eq!(read, expected, "{name}");
    }
}

#[test]
fn times_that_a_topic_cannot_hold_are_talked_about_once() {
    let emulator = Emulator::start();
    create(&emulator, "times", "1");
    let dir = tempfile::tempdir().expect("a folder");
    let record =
        |nanos: &str| format!(r#"{{"timestamp":"2026-01-01T00:00:00{nanos}Z","value":"x"}}"#);
    let exact = dir.path().join("exact.ndjson");
    std::fs::write(&exact, format!("{}\n{}\n", record(""), record(".5"))).expect("a file");
    let finer = dir.path().join("finer.ndjson");
    let lines = [record(".123456789"), record(".000000001")].join("\n");
    std::fs::write(&finer, lines).expect("a file");
    let replay = |file: &std::path::Path| {
        let file = file.to_str().expect("UTF-8");
        let times = emulator.stream("times");
        run(&["replay", "--from-envelope", file, "--to", &times], "").ended(0)
    };
    let kept = replay(&exact);
    assert!(!kept.err().contains("warning"), "{}", kept.err());
    let cut = replay(&finer);
    let warning = "cuts finer ones, such as 2026-01-01T00:00:00.123456789Z";
    assert_eq!(cut.err().matches(warning).count(), 1, "{}", cut.err());
}

/// Reads what a child says until it says this; panics when it ends without.
fn said_by(child: &mut Child, words: &str) {
    let said = child.stderr.as_mut().expect("piped");
    let mut lines = BufReader::new(said).lines();
    let found = lines.any(|line| line.expect("text").contains(words));
    assert!(found, "the child ended without `{words}`");
}

#[test]
fn the_emulator_ends_on_sigterm_and_keeps_its_data_directory() {
    let dir = tempfile::tempdir().expect("a folder");
    let emulator = Emulator::durable(dir.path(), 0);
    create(&emulator, "orders", "1");
    generate(&emulator, "orders", "10");
    let (code, said) = emulator.terminate();
    assert_eq!(code, Some(143), "{said}");
    let emulator = Emulator::durable(dir.path(), 0);
    assert_eq!(
        run(&["tail", &emulator.stream("orders"), "-F", "%o\n"], "")
            .ended(0)
            .out()
            .lines()
            .count(),
        10
    );
}

#[test]
fn two_emulators_cannot_share_a_port_or_a_directory() {
    let dir = tempfile::tempdir().expect("a folder");
    let emulator = Emulator::durable(dir.path(), 0);
    let port = emulator.port().to_string();
    let done = run(&["emulator", "--only", "kafka", "--kafka-port", &port], "").ended(1);
    assert!(done.err().contains(&port), "{}", done.err());
    let path = dir.path().display().to_string();
    let done = run(
        &[
            "emulator",
            "--only",
            "kafka",
            "--kafka-port",
            "0",
            "--data-dir",
            &path,
        ],
        "",
    )
    .ended(1);
    assert!(done.err().contains(&path), "{}", done.err());
}

#[test]
fn exercises_run_on_the_emulator_inside_and_on_one_outside() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let emulator = Emulator::start();
    let outside = emulator.stream("").trim_end_matches('/').to_owned();
    for scenario in ["01-kafka-uppercase", "07-make-change", "08-phone-normalise"] {
        let path = format!("scenarios/{scenario}");
        run_in(root, &["run", &path], "").ended(0);
        run_in(root, &["run", &path, "--target", &outside], "").ended(0);
        // A second run counts only what it wrote itself.
        run_in(root, &["run", &path, "--target", &outside], "").ended(0);
    }
}
