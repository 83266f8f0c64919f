//! `kill -9` under load: what was acknowledged is there afterwards, and transactions are whole.
//!
//! The emulator runs in a process of its own: this program, started again with `serve`.

#[path = "kafka/client.rs"]
#[expect(dead_code, reason = "these tests need a part of the client only")]
mod client;
#[path = "support/load.rs"]
mod load;
#[path = "kafka/producer.rs"]
#[expect(
    dead_code,
    reason = "only what survives the end of the connection is needed"
)]
mod producer;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use ssectl_emulator::kafka::{Config, Emulator, Limits};
use ssectl_emulator::store::{Fsync, Medium};
use tempfile::TempDir;

use client::{ANYBODY, Client, batch, error};
use load::{Load, go_on};
use producer::Producer;

/// How many times the emulator is killed.
const ROUNDS: u64 = 20;

/// What a plain writer has acknowledged before a kill, and how many transactions have ended, one of them aborted.
const RECORDS: u64 = 5;
const TRANSACTIONS: u64 = 3;

/// Partitions with a plain writer each; the two after them belong to the transactional writer.
const PLAIN: i32 = 3;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory, fsync] => serve(Path::new(directory), fsync == "every"),
        ["--list", ..] => {}
        _ => {
            run("acknowledged_records_survive_kill_9", || {
                survives(ROUNDS, "interval")
            });
            run(
                "acknowledged_records_survive_kill_9_with_a_sync_per_append",
                || survives(4, "every"),
            );
            run("a_full_disk_refuses_and_loses_nothing", full_disk);
        }
    }
}

fn run(name: &str, test: impl FnOnce()) {
    test();
    let mut out = std::io::stdout();
    writeln!(out, "test {name} ... ok").unwrap();
}

/// Runs the emulator until the standard input ends.
fn serve(directory: &Path, sync_appends: bool) {
    let fsync = if sync_appends {
        Fsync::EveryAppend
    } else {
        Fsync::Every(Duration::from_millis(50))
    };
    let medium = Medium::Directory {
        path: directory.to_owned(),
        fsync,
    };
    let emulator = Emulator::start(Config {
        medium,
        limits: Limits::default(),
        ..Config::default()
    })
    .unwrap();
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
    fn start(directory: &Path, fsync: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve").arg(directory).arg(fsync);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
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

/// What writers know to be acknowledged: values by partition and offset; and how their transactions ended.
#[derive(Default)]
struct Acknowledged {
    values: BTreeMap<(i32, i64), String>,
    committed: Vec<String>,
    aborted: Vec<String>,
}

impl Acknowledged {
    fn add(&mut self, other: Self) {
        self.values.extend(other.values);
        self.committed.extend(other.committed);
        self.aborted.extend(other.aborted);
    }
}

fn survives(rounds: u64, fsync: &str) {
    let directory = TempDir::new().unwrap();
    let mut known = Acknowledged::default();
    for round in 0..rounds {
        let process = Process::start(directory.path(), fsync);
        if round == 0 {
            Client::connect(process.address).create_topic("t", PLAIN + 2, &[]);
        }
        verify(process.address, &known);
        let address = process.address;
        // Connected here, because a thread may begin late, when the emulator is gone.
        let loads: Vec<_> = (0..PLAIN).map(|_| Load::default()).collect();
        let plain = loads.iter().cloned().zip(0..).map(|(load, partition)| {
            let client = Client::connect(address);
            thread::spawn(move || write_plain(client, partition, round, &load))
        });
        let writers: Vec<_> = plain.collect();
        let client = Client::connect(address);
        let transactions = Load::default();
        let ended = transactions.clone();
        let transactional = thread::spawn(move || write_transactions(client, round, &ended));
        loads.iter().for_each(|load| load.reach(RECORDS));
        transactions.reach(TRANSACTIONS);
        go_on(round);
        process.kill();
        for writer in writers.into_iter().chain([transactional]) {
            known.add(writer.join().unwrap());
        }
    }
    let process = Process::start(directory.path(), fsync);
    verify(process.address, &known);
    process.kill();
    assert!(known.values.len() as u64 >= rounds * RECORDS * PLAIN as u64);
    assert!(known.committed.len() as u64 >= rounds * 2 && known.aborted.len() as u64 >= rounds);
}

/// Writes until the emulator is gone.
fn write_plain(mut client: Client, partition: i32, round: u64, load: &Load) -> Acknowledged {
    let mut known = Acknowledged::default();
    for number in 0.. {
        let value = format!("{round}-{number}");
        match client.try_produce(None, "t", partition, batch(ANYBODY, &[&value])) {
            Some(sent) if sent.error_code == 0 => {
                known.values.insert((partition, sent.base_offset), value);
                load.add(1);
            }
            Some(sent) => panic!("refused: {:?}", sent.error_message),
            None => break,
        }
    }
    known
}

/// Writes transactions over two partitions until the emulator is gone; every third is aborted.
fn write_transactions(client: Client, round: u64, load: &Load) -> Acknowledged {
    let mut known = Acknowledged::default();
    let Some(mut producer) = Producer::try_init(client, "tx", 60_000) else {
        return known;
    };
    for number in 0.. {
        let value = format!("{round}-{number}");
        let commit = number % 3 != 2;
        let ended = producer.try_add("t", &[PLAIN, PLAIN + 1]).is_some()
            && producer.try_write("t", PLAIN, &value).is_some()
            && producer.try_write("t", PLAIN + 1, &value).is_some()
            && producer.try_end(commit).is_some();
        match ended {
            false => break,
            true if commit => known.committed.push(value),
            true => known.aborted.push(value),
        }
        load.add(1);
    }
    known
}

/// Checks that the log holds what was acknowledged, in order, and no part of a transaction without the rest.
fn verify(address: SocketAddr, known: &Acknowledged) {
    let mut client = Client::connect(address);
    for partition in 0..PLAIN {
        let values = client.values("t", partition, false);
        let expected = known.values.range((partition, 0)..(partition + 1, 0));
        for ((_, offset), value) in expected {
            assert_eq!(
                values.get(*offset as usize),
                Some(value),
                "offset {offset} of partition {partition}"
            );
        }
        let in_order = values.is_sorted_by_key(|value| {
            let (round, number) = value.split_once('-').unwrap();
            (
                round.parse::<u64>().unwrap(),
                number.parse::<u64>().unwrap(),
            )
        });
        assert!(in_order, "partition {partition} is out of order");
    }
    // A new producer ends what the killed one left open.
    Producer::try_init(Client::connect(address), "tx", 60_000).expect("the emulator is up");
    let left = client.values("t", PLAIN, true);
    assert_eq!(
        left,
        client.values("t", PLAIN + 1, true),
        "a transaction is seen in part"
    );
    let missing: Vec<_> = known
        .committed
        .iter()
        .filter(|value| !left.contains(value))
        .collect();
    assert!(missing.is_empty(), "committed but not seen: {missing:?}");
    let back: Vec<_> = known
        .aborted
        .iter()
        .filter(|value| left.contains(value))
        .collect();
    assert!(back.is_empty(), "aborted but seen: {back:?}");
}

/// A file size limit stands for a full disk: the write fails in the middle of a batch.
fn full_disk() {
    let directory = TempDir::new().unwrap();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "trap '' XFSZ; ulimit -f 64; exec \"$0\" serve \"$1\" interval",
    ]);
    shell
        .arg(std::env::current_exe().unwrap())
        .arg(directory.path());
    let process = Process::spawn(shell);
    let mut client = Client::connect(process.address);
    client.create_topic("t", 1, &[]);
    let value = "x".repeat(3000);
    let mut stored = 0;
    let begun = Instant::now();
    let refused = loop {
        assert!(
            begun.elapsed() < client::PATIENCE,
            "the disk never filled up"
        );
        let sent = client.produce("t", 0, batch(ANYBODY, &[&value]));
        match sent.error_code {
            0 => stored += 1,
            _ => break sent,
        }
    };
    assert_eq!(
        error(refused.error_code),
        Some(ResponseError::KafkaStorageError)
    );
    assert!(
        refused
            .error_message
            .unwrap()
            .starts_with("cannot append to `")
    );
    assert!(stored > 5);
    // What is smaller still fits, because the part of the failed batch was taken back.
    assert_eq!(
        client
            .produce("t", 0, batch(ANYBODY, &["small"]))
            .base_offset,
        stored
    );
    assert_eq!(client.values("t", 0, false).len() as i64, stored + 1);
    process.kill();
    let process = Process::start(directory.path(), "interval");
    let mut client = Client::connect(process.address);
    assert_eq!(client.values("t", 0, false).len() as i64, stored + 1);
    assert_eq!(
        client
            .produce("t", 0, batch(ANYBODY, &[&value]))
            .base_offset,
        stored + 1
    );
    process.kill();
}
