//! `kill -9` under load: messages that were acknowledged to the publisher reach every subscription afterwards, messages
//! that a subscriber acknowledged do not come again.
//!
//! The emulator runs in a process of its own: this program, started again with `serve`.

#[path = "aws/client.rs"]
#[expect(dead_code, reason = "this test needs the HTTP part of the client only")]
mod client;
#[path = "support/load.rs"]
mod load;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use ssectl_emulator::pubsub::{Config, Emulator};
use ssectl_emulator::store::{Fsync, Medium};

use client::Client;
use load::{Load, go_on};

/// How many times the emulator is killed.
const ROUNDS: u64 = 12;

/// Messages that have been acknowledged before a kill.
const ACKED: u64 = 6;

const TOPIC: &str = "projects/p/topics/orders";

/// One is read under load, the other only in the end.
const READERS: [&str; 2] = [
    "projects/p/subscriptions/busy",
    "projects/p/subscriptions/idle",
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory] => serve(Path::new(directory)),
        ["--list", ..] => {}
        _ => {
            survives();
            let mut out = std::io::stdout();
            writeln!(
                out,
                "test messages_and_acknowledgements_survive_kill_9 ... ok"
            )
            .unwrap();
        }
    }
}

/// Runs the emulator until the standard input ends.
fn serve(directory: &Path) {
    let medium = Medium::Directory {
        path: directory.to_owned(),
        fsync: Fsync::Every(Duration::from_millis(50)),
    };
    let emulator = Emulator::start(Config {
        medium,
        ..Config::default()
    })
    .unwrap();
    emulator.declare_topic(TOPIC, b"").unwrap();
    for reader in READERS {
        let options = json!({"topic": TOPIC, "ackDeadlineSeconds": 600}).to_string();
        emulator
            .declare_subscription(reader, options.as_bytes())
            .unwrap();
    }
    let mut out = std::io::stdout();
    writeln!(out, "{}", emulator.address()).unwrap();
    out.flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// An emulator in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve").arg(directory);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().parse().expect("the emulator did not start");
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn survives() {
    let directory = tempfile::TempDir::new().unwrap();
    let (mut sent, mut asked, mut acked) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let process = Process::start(directory.path());
        let address = process.address;
        let load = Load::default();
        let read_so_far = load.clone();
        let sending = thread::spawn(move || send(address, round));
        let reading = thread::spawn(move || read(address, &read_so_far));
        load.reach(ACKED);
        go_on(round);
        process.kill();
        sent.extend(sending.join().unwrap());
        let (some_asked, some_acked) = reading.join().unwrap();
        asked.extend(some_asked);
        acked.extend(some_acked);
    }
    let process = Process::start(directory.path());
    let left = READERS.map(|reader| drain(process.address, reader));
    process.kill();
    let lost: Vec<_> = sent.difference(&left[1]).collect();
    assert!(lost.is_empty(), "published but lost: {lost:?}");
    let lost: Vec<_> = sent
        .iter()
        .filter(|text| !asked.contains(*text) && !left[0].contains(*text))
        .collect();
    assert!(lost.is_empty(), "published but lost: {lost:?}");
    let back: Vec<_> = acked.intersection(&left[0]).collect();
    assert!(back.is_empty(), "acknowledged but there: {back:?}");
    assert!(acked.len() as u64 >= ROUNDS * ACKED);
}

/// Asks; nothing if the connection breaks.
fn ask(client: &mut Client, path: &str, body: &Value) -> Option<Value> {
    let answer = client.try_request(
        "POST",
        &format!("/v1/{path}"),
        &[],
        body.to_string().as_bytes(),
    )?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Some(answer.json())
}

/// Publishes until the emulator is gone; returns what it took.
fn send(address: SocketAddr, round: u64) -> BTreeSet<String> {
    let mut sent = BTreeSet::new();
    let Some(mut client) = Client::try_connect(address) else {
        return sent;
    };
    for number in 0.. {
        let texts = [format!("{round}-{number}-a"), format!("{round}-{number}-b")];
        let messages = texts
            .each_ref()
            .map(|text| json!({"attributes": {"text": text}}));
        let path = format!("{TOPIC}:publish");
        if ask(&mut client, &path, &json!({ "messages": messages })).is_none() {
            break;
        }
        sent.extend(texts);
    }
    sent
}

/// Reads and acknowledges until the emulator is gone; returns what it asked for, and what was confirmed.
fn read(address: SocketAddr, load: &Load) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut asked, mut acked) = (BTreeSet::new(), BTreeSet::new());
    let Some(mut client) = Client::try_connect(address) else {
        return (asked, acked);
    };
    while let Some((texts, ids)) = pull(&mut client, READERS[0]) {
        if ids.is_empty() {
            continue;
        }
        asked.extend(texts.iter().cloned());
        let path = format!("{}:acknowledge", READERS[0]);
        if ask(&mut client, &path, &json!({ "ackIds": ids })).is_none() {
            break;
        }
        load.add(texts.len() as u64);
        acked.extend(texts);
    }
    (asked, acked)
}

/// Texts and ack ids of what there is; nothing if the connection breaks.
fn pull(client: &mut Client, reader: &str) -> Option<(Vec<String>, Vec<String>)> {
    let wanted = json!({"maxMessages": 10, "returnImmediately": true});
    let answer = ask(client, &format!("{reader}:pull"), &wanted)?;
    let messages = answer["receivedMessages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text =
        |message: &Value, path: &str| message.pointer(path).unwrap().as_str().unwrap().to_owned();
    let texts = messages
        .iter()
        .map(|message| text(message, "/message/attributes/text"));
    let ids = messages.iter().map(|message| text(message, "/ackId"));
    Some((texts.collect(), ids.collect()))
}

/// All that is left of a subscription; nothing may be there twice.
fn drain(address: SocketAddr, reader: &str) -> BTreeSet<String> {
    let mut client = Client::connect(address);
    let mut left = BTreeSet::new();
    loop {
        let (texts, _) = pull(&mut client, reader).expect("it lives");
        if texts.is_empty() {
            return left;
        }
        for text in texts {
            assert!(left.insert(text.clone()), "{text} is there twice");
        }
    }
}
