//! `kill -9` under load: records that were acknowledged are there afterwards, once, under the sequence numbers that
//! were told; splits that were acknowledged are, too.
//!
//! The emulator runs in a process of its own: this program, started again with `serve`.

#[path = "aws/client.rs"]
#[expect(dead_code, reason = "this test needs a part of the client only")]
mod client;
#[path = "support/load.rs"]
mod load;
#[path = "aws/process.rs"]
mod process;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use client::{Answer, Client, SIGNED};
use load::{Load, go_on};
use process::{Process, serve};

/// How many times the emulator is killed.
const ROUNDS: u64 = 12;

/// Threads that write, each to a stream of its own.
const STREAMS: usize = 2;

/// Requests that each stream has had answered before a kill; after the fourth comes the split.
const REQUESTS: u64 = 6;

/// Records of one request.
const BATCH: u64 = 5;

/// Data by sequence number.
type Known = BTreeMap<String, String>;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory] => serve(Path::new(directory)),
        ["--list", ..] => {}
        _ => {
            survives();
            let mut out = std::io::stdout();
            writeln!(out, "test records_and_splits_survive_kill_9 ... ok").unwrap();
        }
    }
}

fn survives() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut known: Vec<Known> = vec![Known::new(); STREAMS];
    for round in 0..ROUNDS {
        let process = Process::start(directory.path());
        let address = process.address;
        let loads: [Load; STREAMS] = Default::default();
        let workers: Vec<_> = known
            .into_iter()
            .zip(loads.clone())
            .enumerate()
            .map(|(stream, (known, load))| {
                thread::spawn(move || work(address, stream, round, known, &load))
            })
            .collect();
        loads.iter().for_each(|load| load.reach(REQUESTS));
        go_on(round);
        process.kill();
        known = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect();
    }
    let process = Process::start(directory.path());
    for (stream, known) in known.iter().enumerate() {
        verify(process.address, stream, known);
    }
    process.kill();
}

/// Asks Kinesis; nothing if the connection breaks.
fn ask(client: &mut Client, operation: &str, parameters: &Value) -> Option<Answer> {
    let target = format!("Kinesis_20131202.{operation}");
    let headers = [
        SIGNED,
        ("X-Amz-Target", &target),
        ("Content-Type", "application/x-amz-json-1.1"),
    ];
    client.try_request("POST", "/", &headers, parameters.to_string().as_bytes())
}

/// Writes until the emulator is gone; once a round the first open shard is split.
fn work(address: SocketAddr, stream: usize, round: u64, mut known: Known, load: &Load) -> Known {
    let Some(mut client) = Client::try_connect(address) else {
        return known;
    };
    let name = format!("s{stream}");
    // There already, after the first round.
    let created = ask(
        &mut client,
        "CreateStream",
        &json!({"StreamName": name, "ShardCount": 1}),
    );
    if created.is_none() {
        return known;
    }
    for number in 0.. {
        let data = |place: u64| format!("{round:04}{number:08}{place:04}");
        let records: Vec<_> = (0..BATCH)
            .map(|place| json!({"PartitionKey": format!("{number}-{place}"), "Data": data(place)}))
            .collect();
        let Some(answer) = ask(
            &mut client,
            "PutRecords",
            &json!({"StreamName": name, "Records": records}),
        ) else {
            return known;
        };
        assert_eq!(answer.status, 200, "refused: {answer:?}");
        let answer = answer.json();
        for (place, record) in (0..).zip(answer["Records"].as_array().unwrap()) {
            let sequence = record["SequenceNumber"].as_str().unwrap().to_owned();
            assert_eq!(
                known.insert(sequence, data(place)),
                None,
                "a sequence number twice"
            );
        }
        if number == 3 && split(&mut client, &name).is_none() {
            return known;
        }
        load.add(1);
    }
    known
}

/// Splits the first open shard in the middle.
fn split(client: &mut Client, name: &str) -> Option<()> {
    let filter = json!({"StreamName": name, "ShardFilter": {"Type": "AT_LATEST"}});
    let listed = ask(client, "ListShards", &filter)?.json();
    let shard = &listed["Shards"][0];
    let bound = |end: &str| {
        shard["HashKeyRange"][end]
            .as_str()
            .unwrap()
            .parse::<u128>()
            .unwrap()
    };
    let (first, last) = (bound("StartingHashKey"), bound("EndingHashKey"));
    let at = first + (last - first) / 2;
    let wish = json!({"StreamName": name, "ShardToSplit": shard["ShardId"], "NewStartingHashKey": at.to_string()});
    let answer = ask(client, "SplitShard", &wish)?;
    assert_eq!(answer.status, 200, "refused: {answer:?}");
    Some(())
}

fn verify(address: SocketAddr, stream: usize, known: &Known) {
    let mut client = Client::connect(address);
    let name = format!("s{stream}");
    let mut call = |operation: &str, parameters: &Value| {
        let answer = ask(&mut client, operation, parameters).expect("an answer");
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        answer.json()
    };
    let shards = call("ListShards", &json!({"StreamName": name}));
    let shards = shards["Shards"].as_array().unwrap();
    let mut left = Known::new();
    for shard in shards {
        let start = json!({"StreamName": name, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
        let mut place = call("GetShardIterator", &start)["ShardIterator"].clone();
        while !place.is_null() {
            let got = call("GetRecords", &json!({"ShardIterator": place}));
            for record in got["Records"].as_array().unwrap() {
                let field = |name: &str| record[name].as_str().unwrap().to_owned();
                assert_eq!(left.insert(field("SequenceNumber"), field("Data")), None);
            }
            let is_over = got["MillisBehindLatest"] == 0;
            place = if is_over {
                Value::Null
            } else {
                got["NextShardIterator"].clone()
            };
        }
    }
    let lost: Vec<_> = known
        .iter()
        .filter(|(key, data)| left.get(*key) != Some(data))
        .collect();
    assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
    // A few that were written were not acknowledged.
    assert!(left.len() - known.len() <= (ROUNDS * BATCH) as usize);
    assert!(known.len() as u64 >= ROUNDS * REQUESTS * BATCH);
    assert!(
        shards.len() as u64 > ROUNDS,
        "too few splits: {}",
        shards.len()
    );
}
