//! `kill -9` under load: messages that were acknowledged are there afterwards, messages that were deleted are not.
//!
//! The emulator runs in a process of its own: this program, started again with `serve`.

#[path = "aws/client.rs"]
#[expect(dead_code, reason = "this test needs a part of the client only")]
mod client;
#[path = "support/load.rs"]
mod load;
#[path = "aws/process.rs"]
mod process;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use serde_json::json;

use client::Client;
use load::{Load, go_on};
use process::{Process, serve};

/// How many times the emulator is killed.
const ROUNDS: u64 = 12;

/// What has been deleted from each queue before a kill.
const DELETED: u64 = 6;

/// Threads that send, each to a queue of its own.
const QUEUES: usize = 2;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory] => serve(Path::new(directory)),
        ["--list", ..] => {}
        _ => {
            survives();
            let mut out = std::io::stdout();
            writeln!(out, "test messages_and_deletes_survive_kill_9 ... ok").unwrap();
        }
    }
}

/// What is known of one queue.
#[derive(Default)]
struct Known {
    /// Bodies that were acknowledged.
    sent: BTreeSet<String>,
    /// Bodies whose deletion was asked for; of the last ones it is not known whether it was done.
    asked: BTreeSet<String>,
    /// Bodies whose deletion was acknowledged.
    deleted: BTreeSet<String>,
}

fn survives() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut known: Vec<Known> = (0..QUEUES).map(|_| Known::default()).collect();
    for round in 0..ROUNDS {
        let process = Process::start(directory.path());
        let address = process.address;
        let loads: [Load; QUEUES] = Default::default();
        let workers: Vec<_> = known
            .into_iter()
            .zip(loads.clone())
            .enumerate()
            .map(|(queue, (known, load))| {
                thread::spawn(move || work(address, queue, round, known, &load))
            })
            .collect();
        loads.iter().for_each(|load| load.reach(DELETED));
        go_on(round);
        process.kill();
        known = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect();
    }
    let process = Process::start(directory.path());
    for (queue, known) in known.iter().enumerate() {
        verify(process.address, queue, known);
    }
    process.kill();
}

/// Sends and deletes until the emulator is gone.
fn work(address: SocketAddr, queue: usize, round: u64, mut known: Known, load: &Load) -> Known {
    let Some(mut client) = Client::try_connect(address) else {
        return known;
    };
    let created = client.try_call("CreateQueue", &json!({"QueueName": format!("q{queue}")}));
    let Some(url) = created.map(|created| created.json()["QueueUrl"].clone()) else {
        return known;
    };
    for number in 0.. {
        let body = format!("{round}-{number}");
        match client.try_call(
            "SendMessage",
            &json!({"QueueUrl": url, "MessageBody": body}),
        ) {
            Some(answer) if answer.status == 200 => known.sent.insert(body),
            Some(answer) => panic!("refused: {answer:?}"),
            None => return known,
        };
        // Two of three are deleted.
        if number % 3 == 0 {
            continue;
        }
        let Some(received) = client.try_call("ReceiveMessage", &json!({"QueueUrl": url})) else {
            return known;
        };
        let message = received.json()["Messages"][0].clone();
        let Some(body) = message["Body"].as_str() else {
            continue;
        };
        known.asked.insert(body.to_owned());
        let delete = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
        match client.try_call("DeleteMessage", &delete) {
            Some(answer) if answer.status == 200 => known.deleted.insert(body.to_owned()),
            Some(answer) => panic!("refused: {answer:?}"),
            None => return known,
        };
        load.add(1);
    }
    known
}

fn verify(address: SocketAddr, queue: usize, known: &Known) {
    let mut client = Client::connect(address);
    let url = client.create(&format!("q{queue}"), json!({}));
    let mut left = BTreeSet::new();
    loop {
        let messages = client.receive(&url);
        if messages.is_empty() {
            break;
        }
        for message in messages {
            let body = message["Body"].as_str().unwrap().to_owned();
            assert!(left.insert(body.clone()), "{body} is there twice");
        }
    }
    let lost: Vec<_> = known
        .sent
        .difference(&known.asked)
        .filter(|body| !left.contains(*body))
        .collect();
    assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
    let back: Vec<_> = known.deleted.intersection(&left).collect();
    assert!(back.is_empty(), "deleted but there: {back:?}");
    assert!(known.deleted.len() as u64 >= ROUNDS * DELETED);
}
