//! Bad input: a clear error, a policy, a count.

use std::io::Write;
use std::time::Duration;

use crate::command::{exit_code, run, run_in, start};

const MIXED: &str = "{\"a\":1}\n{\"a\":\"x\"}\nno json\n{\"a\":4}\n";

#[test]
fn the_first_bad_record_ends_the_run_after_what_came_before() {
    let done = run(&["transform", ".a + 1"], MIXED).ended(1);
    assert_eq!(done.out(), "2\n");
    assert!(done.err().contains("bad record at -:2"), "{}", done.err());
    assert!(done.err().contains("hint: "), "{}", done.err());
}

#[test]
fn skipped_records_are_counted() {
    let done = run(&["transform", ".a + 1", "--on-error", "skip"], MIXED).ended(0);
    assert_eq!(done.out(), "2\n5\n");
    assert!(
        done.err().contains("4 read, 2 written, 2 skipped"),
        "{}",
        done.err()
    );
    run(
        &["transform", ".a + 1", "--on-error", "skip", "--strict"],
        MIXED,
    )
    .ended(7);
}

#[test]
fn dead_letters_keep_the_bytes_and_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let args = [
        "transform",
        ".a + 1",
        "--on-error",
        "dead-letter=file:bad.ndjson",
    ];
    let done = run_in(dir.path(), &args, MIXED).ended(0);
    assert_eq!(done.out(), "2\n5\n");
    let back = run_in(
        dir.path(),
        &["replay", "--from-envelope", "bad.ndjson", "-F", "%s|%h\n"],
        "",
    )
    .ended(0);
    let lines: Vec<String> = back.out().lines().map(str::to_owned).collect();
    assert!(
        lines[0].starts_with("{\"a\":\"x\"}|ssectl-error="),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("no json|ssectl-error=") && lines[1].contains("ssectl-origin=-:3"),
        "{lines:?}"
    );
}

#[test]
fn a_dead_letter_of_which_only_the_start_was_kept_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let args = [
        "transform",
        ".",
        "--max-record",
        "5000",
        "--on-error",
        "dead-letter=file:bad.ndjson",
    ];
    let input = format!("\"{}\"\nx\n", "y".repeat(6000));
    run_in(dir.path(), &args, &input).ended(0);
    let bad = std::fs::read_to_string(dir.path().join("bad.ndjson")).expect("the file");
    let letters: Vec<serde_json::Value> = bad
        .lines()
        .map(|line| serde_json::from_str(line).expect("an envelope"))
        .collect();
    assert_eq!(letters[0]["value"].as_str().map(str::len), Some(1024));
    assert_eq!(letters[0]["headers"][0][0], "ssectl-truncated");
    assert_eq!(letters[0]["headers"][0][1], "6002");
    assert_eq!(letters[1]["value"], "x");
    assert_eq!(letters[1]["headers"][0][0], "ssectl-error");
}

#[test]
fn invalid_utf_8_is_a_bad_record_and_not_the_end() {
    let done = run(
        &["transform", ".", "--on-error", "skip"],
        b"{\"a\":\"\xff\"}\n{\"a\":1}\n",
    )
    .ended(0);
    assert!(done.out().ends_with("{\"a\":1}\n"), "{}", done.out());
    let done = run(&["transform", "length", "-I", "text"], b"ok\n").ended(0);
    assert_eq!(done.out(), "2\n");
}

#[test]
fn empty_input_is_no_records_and_no_error() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("empty.ndjson"), "").expect("a file");
    for format in ["json", "text", "csv", "envelope"] {
        assert_eq!(
            run(&["transform", ".", "-I", format], "").ended(0).out(),
            ""
        );
    }
    assert_eq!(
        run_in(dir.path(), &["tail", "file:empty.ndjson"], "")
            .ended(0)
            .out(),
        ""
    );
}

#[test]
fn a_cut_gzip_gives_its_records_and_then_fails_with_the_line() {
    let dir = tempfile::tempdir().expect("a folder");
    run_in(
        dir.path(),
        &[
            "generate",
            "words",
            "--count",
            "50000",
            "--to",
            "file:w.ndjson.gz",
        ],
        "",
    )
    .ended(0);
    let path = dir.path().join("w.ndjson.gz");
    let bytes = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
    let done = run_in(
        dir.path(),
        &["transform", ".seq", "--from", "file:w.ndjson.gz"],
        "",
    )
    .ended(1);
    assert!(done.out().starts_with("0\n1\n2\n"));
    assert!(
        done.err().contains("cut short") && done.err().contains("line `"),
        "{}",
        done.err()
    );
}

/// A gigabyte without a newline: refused at the limit, in bounded memory, and the next line is
/// still read.
#[test]
fn an_endless_line_is_refused_and_the_next_is_read() {
    let mut child = start(&["transform", ".", "--on-error", "skip"]);
    let mut stdin = child.stdin.take().expect("piped");
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..1024 {
        stdin.write_all(&chunk).expect("it reads on");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it lives");
    stdin.write_all(b"\n1\n").expect("it reads on");
    drop(stdin);
    assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(0));
    let out = std::io::read_to_string(child.stdout.take().expect("piped")).expect("text");
    assert_eq!(out, "1\n");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    let kib: u64 = peak
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    assert!(kib < 300_000, "{kib} KiB");
}

#[test]
fn programs_cannot_run_for_ever() {
    let cases = [
        ("def f: f; f", "ran longer than 10 s"),
        ("[range(1e12)]", "the program "),
        ("def f: 1 + f; f", "nested too deeply"),
    ];
    for (program, limit) in cases {
        let done = run(&["transform", program], "1\n").ended(1);
        assert!(
            done.err().contains("bad record at -:1: PROGRAM: ") && done.err().contains(limit),
            "{program}: {}",
            done.err()
        );
    }
}

#[test]
fn a_file_is_not_written_while_the_same_run_reads_or_writes_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| crate::command::run_in(dir.path(), args, "");
    run(&["generate", "orders", "-n", "20", "--to", "file:o.ndjson"]).ended(0);
    let path = dir.path().join("o.ndjson");
    let before = std::fs::read(&path).expect("written");
    std::os::unix::fs::symlink("o.ndjson", dir.path().join("link")).expect("a link");
    let cases: [&[&str]; 6] = [
        &["copy", "file:o.ndjson", "file:./o.ndjson"],
        &["copy", "file:o.ndjson", "file:link"],
        &["copy", "file:o.ndjson", "file:o.ndjson", "--append"],
        &["replay", "o.ndjson", "--to", "file:o.ndjson"],
        &[
            "transform",
            ".x",
            "--from",
            "file:o.ndjson",
            "--on-error",
            "dead-letter=file:o.ndjson",
        ],
        &[
            "transform",
            ".x",
            "--from",
            "file:o.ndjson",
            "--to",
            "file:x",
            "--on-error",
            "dead-letter=file:x",
        ],
    ];
    for args in cases {
        let done = run(args).ended(2);
        assert!(
            done.err().contains("this file would be"),
            "{args:?}: {}",
            done.err()
        );
        assert_eq!(std::fs::read(&path).expect("there"), before, "{args:?}");
    }
    run(&["copy", "file:o.ndjson", "file:p.ndjson"]).ended(0);
    run(&["copy", "file:p.ndjson", "file:o.ndjson"]).ended(0);
    assert_eq!(std::fs::read(&path).expect("there"), before);
}

#[test]
fn flags_that_would_mean_nothing_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("x.ndjson"), "1\n").expect("a file");
    let pipeline = |rest: &str| {
        format!(
            "apiVersion: ssectl/v1\nname: out\npipelines:\n  p: {{source: {{generate: words, count: 1}}, {rest}}}\n"
        )
    };
    std::fs::write(dir.path().join("out.yaml"), pipeline("sink: '-'")).expect("a file");
    let dead = pipeline("sink: 'file:y', on-error: {dead-letter: '-'}");
    std::fs::write(dir.path().join("dead.yaml"), dead).expect("a file");
    let cases: [(&[&str], &str); 14] = [
        (&["tail", "x.ndjson", "-p", "3"], "a file has no partitions"),
        (&["tail", "-", "-p", "3"], "stdin has no partitions"),
        (
            &["tail", "kafka://127.0.0.1:1/t", "--max-record", "5"],
            "`--max-record` is for files",
        ),
        (
            &["tail", "x.ndjson", "--max-record", "0"],
            "use a number from 1 on",
        ),
        (&["tail", "kafka://127.0.0.1:1/t", "-g", ""], "--group"),
        (
            &["tail", "kafka://127.0.0.1:1/t", "-o", "5:2"],
            "is no offset",
        ),
        (
            &["generate", "words", "--append"],
            "`--append` is for files",
        ),
        (
            &["generate", "--from-envelope", "x.ndjson", "--seed", "3"],
            "cannot be used with",
        ),
        (
            &["run", "out.yaml", "--keep", "--target", "memory:"],
            "no emulator to keep",
        ),
        (
            &["run", "out.yaml", "--target", "kafka://127.0.0.1:1/t"],
            "names the stream `t`",
        ),
        (
            &["run", "out.yaml", "--format", "json"],
            "wants stdout for the report",
        ),
        (
            &["run", "dead.yaml", "--format", "json"],
            "wants stdout for the report",
        ),
        (
            &["streams", "list", "kafka://127.0.0.1:1/t"],
            "names the stream `t`",
        ),
        (
            &[
                "streams",
                "seek",
                "kafka://127.0.0.1:1/t",
                "-g",
                "g",
                "-o",
                "1:5",
            ],
            "use one place",
        ),
    ];
    for (args, text) in cases {
        let done = crate::command::run_in(dir.path(), args, "").ended(2);
        assert!(done.err().contains(text), "{args:?}: {}", done.err());
    }
}

#[test]
fn a_wrong_program_is_shown_with_a_caret() {
    let done = run(&["transform", ".a | foo("], "").ended(2);
    assert!(
        done.err().contains("PROGRAM:1:") && done.err().contains('^'),
        "{}",
        done.err()
    );
}

#[test]
fn missing_files_and_wrong_addresses_say_how_to_fix_them() {
    let cases = [
        (["tail", "file:nope.ndjson"], 1, "nope.ndjson"),
        (["tail", "data.json"], 2, "file:data.json"),
        (["tail", "memroy:x"], 2, "did you mean `memory`?"),
        (["generate", "wrods"], 2, "words"),
        (["transfrom", "."], 2, "transform"),
    ];
    for (args, code, text) in cases {
        let done = run(&args, "").ended(code);
        assert!(done.err().contains(text), "{args:?}: {}", done.err());
    }
}
