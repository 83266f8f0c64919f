//! Members of a group that copy exactly once: what a rebalance finds half done is rolled back and done again.

use std::io::Read;
use std::process::{Child, ChildStderr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::command::{eventually, exit_code, run, signal, start};
use crate::emulator::Emulator;

/// A machine that has much else to do takes its time.
const SOON: Duration = Duration::from_secs(120);
/// A rebalance takes no longer, or it has rolled nothing back.
const REBALANCE: Duration = Duration::from_secs(15);
const MEMBERS: [&str; 5] = ["b", "c", "d", "e", "f"];

/// What processes said so far.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Heard {
    fn listen(&self, mut said: ChildStderr) {
        let heard = self.0.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = said.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                heard.lock().expect("no panic").push_str(&text);
            }
        });
    }

    fn has(&self, words: &str) -> bool {
        self.0.lock().expect("no panic").contains(words)
    }
}

/// A member that copies `from` to `to` until it is stopped.
fn member(emulator: &Emulator, name: &str, heard: &Heard) -> Child {
    let [from, to] = ["from", "to"].map(|stream| {
        let stream = emulator.stream(stream);
        format!("{stream}?group-instance={name}")
    });
    let mut child = start(&[
        "copy",
        &from,
        &to,
        "--group",
        "copiers",
        "--delivery",
        "exactly-once",
        "--follow",
    ]);
    heard.listen(child.stderr.take().expect("piped"));
    child
}

/// The committed values of a stream, sorted.
fn values(emulator: &Emulator, stream: &str) -> Vec<String> {
    let tailed = run(&["tail", &emulator.stream(stream), "-F", "json"], "").ended(0);
    let mut lines: Vec<String> = tailed.out().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_rebalance_within_a_transaction_is_survived_and_nothing_is_there_twice() {
    let emulator = Emulator::start();
    for stream in ["from", "to"] {
        let stream = emulator.stream(stream);
        let config = ["--partitions", "8", "--config", "retention.ms=-1"];
        run(&[&["streams", "create", &stream][..], &config].concat(), "").ended(0);
    }
    let from = emulator.stream("from");
    let mut feed = start(&["generate", "words", "--rate", "2000/s", "--to", &from]);
    let heard = Heard::default();
    let mut members = vec![member(&emulator, "a", &heard)];
    eventually(SOON, || !values(&emulator, "to").is_empty());
    for name in MEMBERS {
        members.push(member(&emulator, name, &heard));
        let deadline = Instant::now() + REBALANCE;
        while !heard.has("was rolled back") && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if heard.has("was rolled back") {
            break;
        }
    }
    assert!(
        heard.has("was rolled back"),
        "no rebalance met a transaction"
    );
    signal(&feed, "INT");
    exit_code(&mut feed, SOON);
    let fed = values(&emulator, "from");
    eventually(SOON, || values(&emulator, "to").len() >= fed.len());
    for child in &mut members {
        assert_eq!(child.try_wait().expect("a child"), None, "a member ended");
        signal(child, "INT");
        exit_code(child, SOON);
    }
    assert_eq!(values(&emulator, "to"), fed);
}
