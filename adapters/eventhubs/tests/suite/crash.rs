//! `kill -9` of a consumer in mid-stream: nothing is lost, and no more comes twice than was not committed.
//!
//! The consumer is this program, started again for one test that is ignored otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit, Range, SourceSpec};

use crate::support::{Hubs, fresh, make, numbered, options, target, text, write};

/// Records of one round.
const ROUND: usize = 300;
/// Records that the consumer commits at once.
const BATCH: usize = 20;
/// After so long without a number the consumer hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// How the consumer is told what to do.
const TASK: &str = "SSECTL_TEST_EVENTHUBS_CONSUMER";
/// So many kills; `make conformance` asks for 20.
const ROUNDS: &str = "SSECTL_TEST_EVENTHUBS_ROUNDS";

#[tokio::test]
async fn a_consumer_that_is_killed_loses_nothing() {
    let rounds = std::env::var(ROUNDS).map_or(4, |rounds| rounds.parse().expect("a number"));
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("killed"), 3).await;
    let all = ROUND * (rounds + 1);
    write(target.as_ref(), &hub, &numbered(0..all)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    File::create(&out).expect("a file");
    let task = json!({
        "options": hubs.options(json!({})),
        "hub": hub,
        "out": out,
    });
    let mut random = 0x9e37_79b9_u64;
    for round in 0..rounds {
        // A xorshift generator: the same kills in every run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let until = round * ROUND + usize::try_from(random % 250).expect("small");
        kill_after(start(&task), &out, until + 1);
    }
    kill_after(start(&task), &out, all);
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for line in lines(&out) {
        *times.entry(line).or_default() += 1;
    }
    let missing: Vec<_> = (0..all)
        .filter(|number| !times.contains_key(number))
        .collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    let again = times.values().sum::<usize>() - all;
    let most = rounds * BATCH;
    assert!(
        again <= most,
        "{again} came again, at most {most} were not committed"
    );
}

fn start(task: &serde_json::Value) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["crash::consumer", "--exact", "--ignored"])
        .env(TASK, task.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Kills the consumer once it has written so many distinct numbers.
fn kill_after(mut consumer: Child, out: &Path, count: usize) {
    let (mut seen, mut progress) = (0, Instant::now());
    loop {
        let numbers: BTreeSet<_> = lines(out).into_iter().collect();
        if numbers.len() >= count {
            break;
        }
        if numbers.len() > seen {
            (seen, progress) = (numbers.len(), Instant::now());
        }
        assert!(progress.elapsed() < SILENCE, "{seen} of {count} numbers");
        let ended = consumer.try_wait().expect("a process");
        assert!(ended.is_none(), "the consumer ended by itself: {ended:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    consumer.kill().expect("it is there");
    consumer.wait().expect("it ends");
}

/// The numbers in whole lines.
fn lines(out: &Path) -> Vec<usize> {
    let text = std::fs::read_to_string(out).expect("the file");
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect()
}

/// Reads as a group for ever: what was read is made safe first, then committed, as the engine does.
#[tokio::test]
#[ignore = "runs in a process that another test kills"]
async fn consumer() {
    let task: serde_json::Value =
        serde_json::from_str(&std::env::var(TASK).expect("a task")).expect("JSON");
    let target = target(&options(task["options"].clone()));
    let spec = SourceSpec {
        stream: task["hub"].as_str().expect("a hub").to_owned(),
        range: Range {
            from: Bound::Stored,
            to: None,
        },
        group: Some("killed".to_owned()),
        ..SourceSpec::default()
    };
    let out = task["out"].as_str().expect("a path");
    let mut out = OpenOptions::new().append(true).open(out).expect("the file");
    let mut source = target.source(&spec).await.expect("a source");
    let limit = Limit {
        records: BATCH,
        ..Limit::default()
    };
    loop {
        let fetched = match source.fetch(limit).await {
            // As the engine does.
            Err(error) if error.is_temporary() => continue,
            fetched => fetched.expect("a fetch"),
        };
        if let Fetched::Batch(batch) = fetched {
            let lines: String = batch.records.iter().map(|r| text(r) + "\n").collect();
            out.write_all(lines.as_bytes()).expect("written");
            out.sync_data().expect("safe");
            source.commit(&batch.commit).await.expect("committed");
        }
    }
}
