//! A filter among filters.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::command::{exit_code, run, ssectl, start};

#[test]
fn transforms_line_by_line() {
    let done = run(
        &["transform", ".a + 1", "--filter", ".a > 1"],
        "{\"a\":1}\n{\"a\":2}\n\n{\"a\":3}",
    )
    .ended(0);
    assert_eq!(done.out(), "3\n4\n");
    assert_eq!(done.err(), "");
}

#[test]
fn a_record_comes_out_before_the_next_goes_in() {
    let mut child = start(&["transform", "."]);
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    for n in 0..3 {
        writeln!(stdin, "{n}").expect("it reads");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it writes");
        assert_eq!(line, format!("{n}\n"));
    }
    drop(stdin);
    assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(0));
}

#[test]
fn a_closed_pipe_ends_quietly_with_0() {
    for args in [
        ["generate", "words"].as_slice(),
        &["generate", "orders", "--count", "1000000"],
    ] {
        let mut child = start(args);
        let mut first = [0; 10];
        child
            .stdout
            .as_mut()
            .expect("piped")
            .read_exact(&mut first)
            .expect("some words");
        drop(child.stdout.take());
        assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(0));
        let mut said = String::new();
        child
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut said)
            .expect("text");
        assert_eq!(said, "");
    }
}

#[test]
fn lists_end_quietly_on_a_closed_pipe_too() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = ssectl(&["completions", "bash"]);
    let done = command
        .stdout(Stdio::from(writer))
        .output()
        .expect("it runs");
    assert_eq!(done.status.code(), Some(0));
    assert!(done.stderr.is_empty());
}

#[test]
fn a_full_disk_is_an_error_that_says_where() {
    let done = run(
        &[
            "generate",
            "words",
            "--count",
            "10",
            "--to",
            "file:/dev/full",
        ],
        "",
    )
    .ended(1);
    assert!(
        done.err().contains("/dev/full") && done.err().contains("No space left"),
        "{}",
        done.err()
    );
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let done = ssectl(&["generate", "words", "--count", "10"])
        .stdout(Stdio::from(full))
        .output()
        .expect("it runs");
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn text_and_csv_go_in_and_out() {
    let done = run(
        &["transform", "ascii_upcase", "-I", "text", "-F", "text"],
        "a \"b\"\n\nc",
    )
    .ended(0);
    assert_eq!(done.out(), "A \"B\"\n\nC\n");
    let done = run(
        &["transform", "{id, n: (.n * 2)}", "-I", "csv", "-F", "csv"],
        "id,n\n007,1\n\"a,b\",2\n",
    )
    .ended(0);
    assert_eq!(done.out(), "id,n\n007,2\n\"a,b\",4\n");
    let done = run(&["transform", ".id", "-I", "csv", "-F", "raw"], "id\nx\n").ended(0);
    assert_eq!(done.out(), "x\n");
}

#[test]
fn numbers_come_out_as_they_went_in() {
    let line = "{\"big\":12345678901234567890123,\"ns\":1715254403007507001,\"dec\":0.10000000000000000001,\"one\":1.0}\n";
    assert_eq!(run(&["transform", "."], line).ended(0).out(), line);
    assert_eq!(
        run(&["transform", ".ns"], line).ended(0).out(),
        "1715254403007507001\n"
    );
}
