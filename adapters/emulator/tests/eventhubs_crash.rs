//! `kill -9` under load: events that were accepted are there afterwards, once and in order.
//!
//! The emulator runs in a process of its own: this program, started again with `serve`.

#[path = "eventhubs/client.rs"]
#[expect(dead_code, reason = "this test needs a part of the client only")]
mod client;
#[path = "support/load.rs"]
mod load;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use ssectl_emulator::eventhubs::{Config, Emulator, Hub};
use ssectl_emulator::store::{Fsync, Medium};

use client::Client;
use load::{Load, go_on};

/// How many times the emulator is killed.
const ROUNDS: u64 = 12;

/// Events that each partition has taken before a kill.
const EVENTS: u64 = 4;

/// Partitions, each with a thread that sends.
const PARTITIONS: usize = 2;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory] => serve(Path::new(directory)),
        ["--list", ..] => {}
        _ => {
            survives();
            let mut out = std::io::stdout();
            writeln!(out, "test events_survive_kill_9 ... ok").unwrap();
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
        hubs: vec![Hub::new("hub", PARTITIONS as u32)],
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
    let mut accepted: Vec<Vec<String>> = vec![Vec::new(); PARTITIONS];
    for round in 0..ROUNDS {
        let process = Process::start(directory.path());
        let address = process.address;
        let loads: [Load; PARTITIONS] = Default::default();
        let workers: Vec<_> = accepted
            .into_iter()
            .zip(loads.clone())
            .enumerate()
            .map(|(partition, (known, load))| {
                thread::spawn(move || work(address, partition, round, known, &load))
            })
            .collect();
        loads.iter().for_each(|load| load.reach(EVENTS));
        go_on(round);
        process.kill();
        accepted = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect();
    }
    let process = Process::start(directory.path());
    for (partition, accepted) in accepted.iter().enumerate() {
        verify(process.address, partition, accepted);
    }
    process.kill();
}

/// Sends until the emulator is gone.
fn work(
    address: SocketAddr,
    partition: usize,
    round: u64,
    mut known: Vec<String>,
    load: &Load,
) -> Vec<String> {
    let Some(mut client) = Client::try_connect(address) else {
        return known;
    };
    let attached = client.attach_sender(0, &format!("hub/Partitions/{partition}"));
    if attached.is_none() {
        return known;
    }
    for number in 0.. {
        let body = format!("{round}-{number}");
        match client.send(0, body.as_bytes()) {
            Some(Ok(())) => {
                known.push(body);
                load.add(1);
            }
            Some(Err(refused)) => panic!("refused: {refused:?}"),
            None => return known,
        }
    }
    known
}

/// Whether all that was accepted is there in its order; of the last one before a kill it is not known.
fn verify(address: SocketAddr, partition: usize, accepted: &[String]) {
    let mut client = Client::connect(address);
    let sender = format!("hub/Partitions/{partition}");
    client.attach_sender(0, &sender).unwrap();
    client.send(0, b"end").unwrap().unwrap();
    let receiver = format!("hub/ConsumerGroups/$Default/Partitions/{partition}");
    client
        .attach_receiver(1, &receiver, None, 1_000_000)
        .unwrap();
    let mut found = Vec::new();
    loop {
        let body = String::from_utf8(client.receive().unwrap()).unwrap();
        if body == "end" {
            break;
        }
        found.push(body);
    }
    let mut rest = found.iter();
    for body in accepted {
        assert!(rest.any(|other| other == body), "{body} is lost or late");
    }
    let unknown = found.len() - accepted.len();
    assert!(unknown as u64 <= ROUNDS, "{unknown} were never accepted");
    assert!(accepted.len() as u64 >= ROUNDS * EVENTS);
}
