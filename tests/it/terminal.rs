//! What is left on a terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::command::exit_code;

const COLUMNS: usize = 80;

/// What a terminal shows, as far as bars and lines need it.
#[derive(Default)]
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn after(text: &str) -> Vec<String> {
        let mut screen = Self::default();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            match letter {
                '\r' => screen.column = 0,
                '\n' => screen.row += 1,
                '\x1b' => {
                    let end = rest
                        .find(|c: char| c.is_ascii_alphabetic())
                        .expect("an end")
                        + 1;
                    screen.obey(&rest[..end]);
                    rest = &rest[end..];
                }
                other => screen.put(other),
            }
        }
        screen.rows.iter().map(String::from_iter).collect()
    }

    /// Behind the last column the next letter begins a new line, and not the one that came last.
    fn put(&mut self, letter: char) {
        if self.column == COLUMNS {
            (self.row, self.column) = (self.row + 1, 0);
        }
        let column = self.column;
        self.line()[column] = letter;
        self.column += 1;
    }

    fn obey(&mut self, sequence: &str) {
        let count = || -> usize { sequence[1..sequence.len() - 1].parse().expect("a number") };
        match sequence.as_bytes().last() {
            Some(b'A') => self.row -= count(),
            Some(b'B') => self.row += count(),
            _ if sequence == "[2K" => self.line().fill(' '),
            _ => panic!("unknown: {sequence}"),
        }
    }

    fn line(&mut self) -> &mut Vec<char> {
        if self.rows.len() <= self.row {
            self.rows.resize(self.row + 1, vec![' '; COLUMNS]);
        }
        &mut self.rows[self.row]
    }
}

/// The terminal itself shows `^C`, which must not keep the bar from being taken away.
#[test]
fn no_bar_is_left_after_ctrl_c() {
    let ssectl = env!("CARGO_BIN_EXE_ssectl");
    let generate = format!(
        "stty cols {COLUMNS} rows 24; exec {ssectl} generate orders --rate 1000/s --to file:/dev/null"
    );
    let mut script = Command::new("script")
        .args(["-qec", &generate, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of util-linux");
    let mut keys = script.stdin.take().expect("piped");
    let mut shown = script.stdout.take().expect("piped");
    let (mut bytes, mut piece) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&bytes).contains(" records ") {
        let read = shown.read(&mut piece).expect("text");
        assert!(read > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..read]);
    }
    keys.write_all(b"\x03").expect("it reads");
    shown.read_to_end(&mut bytes).expect("text");
    assert_eq!(exit_code(&mut script, Duration::from_secs(60)), Some(130));
    let text = String::from_utf8(bytes).expect("text");
    let screen = Screen::after(&text);
    let seen = |part: &str| screen.iter().any(|line| line.contains(part));
    assert!(seen("stopping in an orderly way"), "{screen:?}");
    assert!(!seen(" records "), "{screen:?}");
}
