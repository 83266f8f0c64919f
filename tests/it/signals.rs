//! The first Ctrl-C drains, the second quits.

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use crate::command::{exit_code, signal, start};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn the_first_signal_writes_what_was_read() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = start(&["generate", "words", "--rate", "500/s"]);
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut text = String::new();
        out.read_line(&mut text).expect("a record");
        signal(&child, name);
        out.read_to_string(&mut text).expect("text");
        assert_eq!(exit_code(&mut child, SOON), Some(code));
        assert!(text.ends_with("}\n"), "a whole last line");
        for (n, line) in text.lines().enumerate() {
            assert!(line.contains(&format!("\"seq\":{n},")), "{line}");
        }
    }
}

#[test]
fn the_second_signal_quits_although_nobody_takes_the_output() {
    let mut child = start(&["generate", "words"]);
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut first = [0; 1];
    child
        .stdout
        .as_mut()
        .expect("piped")
        .read_exact(&mut first)
        .expect("it writes");
    // From here on nobody reads, so the pipe fills up and the drain cannot end.
    signal(&child, "INT");
    let mut line = String::new();
    said.read_line(&mut line).expect("text");
    assert!(line.starts_with("stopping"), "{line}");
    signal(&child, "INT");
    assert_eq!(exit_code(&mut child, SOON), Some(130));
}

#[test]
fn the_time_out_ends_with_124() {
    let mut child = start(&["generate", "words", "--rate", "100/s", "--timeout", "300ms"]);
    let mut text = String::new();
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut text)
        .expect("text");
    assert_eq!(exit_code(&mut child, SOON), Some(124));
    assert!(text.ends_with("}\n"));
}
