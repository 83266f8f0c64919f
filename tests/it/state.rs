//! `state`: what pipelines remember, while they run and afterwards.

use std::collections::BTreeMap;
use std::path::Path;

use ssectl_adapter::{Partition, Position};
use ssectl_state::{Corrupt, Marks, Store, StoreSpec, Table, Value};

use crate::command::run_in;

/// A number, as its digits.
struct Number(u32);

impl Value for Number {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.to_string().as_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let text = std::str::from_utf8(bytes).map_err(|_| Corrupt("a number"))?;
        text.parse().map(Self).map_err(|_| Corrupt("a number"))
    }

    fn size(&self) -> usize {
        4
    }
}

const MINUTE: i64 = 60_000_000_000;
/// 2026-03-01T10:00:00Z.
const TEN: i64 = 1_772_359_200_000_000_000;

/// Counts of two windows, at a checkpoint behind 12 records.
fn store(root: &Path) -> (Store, Table<Number>) {
    let spec = StoreSpec {
        pipeline: "orders".to_owned(),
        fingerprint: "f".to_owned(),
        memory: 1 << 20,
    };
    let store = Store::open(root, &spec).expect("a store");
    let mut table = Table::open(&store.space("2"), "windows").expect("a table");
    for (window, key, count) in [(0, "\"de\"", 3), (0, "\"nl\"", 5), (1, "\"de\"", 4)] {
        let start = TEN + window * MINUTE;
        let made =
            table.get_or_insert_with((start + MINUTE, start), key.as_bytes(), || Number(count));
        made.expect("a value");
    }
    table.save().expect("saved");
    store.checkpoint(marks(12)).expect("a checkpoint");
    (store, table)
}

fn marks(offset: i64) -> Marks {
    let partitions = BTreeMap::from([(Partition::from("0"), Position::Offset(offset))]);
    Marks {
        target: "kafka://localhost:9092".to_owned(),
        positions: BTreeMap::from([("orders".to_owned(), partitions)]),
        watermark: Some(TEN + 90_000_000_000),
        ended: false,
    }
}

const LISTED: &str = "\
orders
  checkpoint 1, watermark 2026-03-01T10:01:30Z, positions at kafka://localhost:9092
  orders read to 0:12
  2/windows  groups 2, values 3, bytes 15, ends 2026-03-01T10:01:00Z to 2026-03-01T10:02:00Z
";

const DUMPED: &str = "\
orders 2/windows [2026-03-01T10:00:00Z, 2026-03-01T10:01:00Z) \"de\" = 3
orders 2/windows [2026-03-01T10:00:00Z, 2026-03-01T10:01:00Z) \"nl\" = 5
orders 2/windows [2026-03-01T10:01:00Z, 2026-03-01T10:02:00Z) \"de\" = 4
";

#[test]
fn state_reads_the_same_while_a_process_works_with_it_and_afterwards() {
    let dir = tempfile::tempdir().expect("a folder");
    let live = store(&dir.path().join("state"));
    for _ in 0..2 {
        assert_eq!(
            run_in(dir.path(), &["state", "ls", "state"], "")
                .ended(0)
                .out(),
            LISTED
        );
        assert_eq!(
            run_in(dir.path(), &["state", "dump", "state"], "")
                .ended(0)
                .out(),
            DUMPED
        );
    }
    drop(live);
    assert_eq!(
        run_in(dir.path(), &["state", "ls", "state/orders"], "")
            .ended(0)
            .out(),
        LISTED
    );
    let dump = [
        "state", "dump", "state", "--format", "json", "--table", "windows",
    ];
    let lines = run_in(dir.path(), &dump, "").ended(0).out();
    let first = concat!(
        r#"{"pipeline":"orders","end":1772359260000000000,"start":1772359200000000000,"#,
        r#""step":"2","table":"windows","key":"de","value":3}"#
    );
    assert_eq!(lines.lines().next(), Some(first));
    assert_eq!(lines.lines().count(), 3);
    let none = run_in(dir.path(), &["state", "dump", "state", "--step", "9"], "");
    assert_eq!(none.ended(0).out(), "");
}

#[test]
fn a_savepoint_of_a_running_pipeline_is_restored_and_compared() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, mut table) = store(&dir.path().join("state"));
    let keep = ["state", "savepoint", "state", "--to", "kept"];
    let kept = run_in(dir.path(), &keep, "").ended(0);
    assert_eq!(
        kept.err(),
        "kept checkpoint 1 of `orders` in kept, values: 3\n"
    );
    run_in(dir.path(), &keep, "").ended(1);
    let same = run_in(dir.path(), &["state", "diff", "kept", "state"], "").ended(0);
    assert_eq!(same.out(), "");

    table
        .remove((TEN + MINUTE, TEN), b"\"de\"")
        .expect("removed");
    let changed = table.get_mut((TEN + MINUTE, TEN), b"\"nl\"").expect("read");
    changed.expect("a value").0 = 6;
    table.save().expect("saved");
    store.checkpoint(marks(12)).expect("a checkpoint");
    let diff = run_in(dir.path(), &["state", "diff", "kept", "state"], "").ended(3);
    let window = "2/windows [2026-03-01T10:00:00Z, 2026-03-01T10:01:00Z)";
    assert_eq!(
        diff.out(),
        format!("- {window} \"de\" = 3\n~ {window} \"nl\" = 5 -> 6\n")
    );

    run_in(
        dir.path(),
        &["state", "restore", "kept", "--to", "other"],
        "",
    )
    .ended(0);
    assert_eq!(
        run_in(dir.path(), &["state", "ls", "other"], "")
            .ended(0)
            .out(),
        LISTED
    );
    let again = run_in(
        dir.path(),
        &["state", "restore", "kept", "--to", "other"],
        "",
    )
    .ended(2);
    assert!(
        again
            .err()
            .contains("there is state in `other/orders` already"),
        "{}",
        again.err()
    );
    let without = [
        "state",
        "restore",
        "kept",
        "--to",
        "third",
        "--without-positions",
    ];
    run_in(dir.path(), &without, "").ended(0);
    let listed = run_in(dir.path(), &["state", "ls", "third"], "")
        .ended(0)
        .out();
    assert!(
        !listed.contains("read to") && listed.contains("values 3"),
        "{listed}"
    );
}

#[test]
fn what_is_no_state_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let none = run_in(dir.path(), &["state", "ls", "."], "").ended(2);
    assert_eq!(none.err(), "error: there is no state in `.`\n");
    std::fs::write(dir.path().join("text"), "not a savepoint, but long enough").expect("a file");
    let none = run_in(dir.path(), &["state", "dump", "text"], "").ended(1);
    assert_eq!(
        none.err(),
        "error: the savepoint `text` cannot be used: it is no savepoint\n"
    );
}

/// Peak memory of a process, in bytes, as long as it lives.
#[cfg(target_os = "linux")]
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// A window closes with more keys than fit into the bound: neither they nor their results are in memory at once.
#[cfg(target_os = "linux")]
#[test]
fn more_keys_than_memory_give_their_results_within_the_bound() {
    use std::fmt::Write as _;

    const KEYS: u64 = 250_000;
    let dir = tempfile::tempdir().expect("a folder");
    let mut lines = String::new();
    for n in 0..KEYS {
        let key = n * 7_919 % KEYS;
        let _ = writeln!(
            lines,
            r#"{{"ts":{},"k":"key-{key}","v":{}}}"#,
            n / 1000,
            key % 1000
        );
    }
    std::fs::write(dir.path().join("keys.ndjson"), lines).expect("a file");
    let scenario = "apiVersion: ssectl/v1
name: keys
pipelines:
  count:
    source: file:keys.ndjson
    steps:
      - window: {by: .k, time: .ts, unit: ms, size: 1h, agg: {n: count, total: sum(.v)}}
    sink: file:counts.ndjson
";
    std::fs::write(dir.path().join("keys.yaml"), scenario).expect("a file");
    let run = [
        "run",
        "keys.yaml",
        "--target",
        "memory:",
        "--state-memory",
        "8MiB",
    ];
    let mut child = crate::command::ssectl(&run)
        .current_dir(dir.path())
        .spawn()
        .expect("the binary starts");
    let mut most = 0;
    crate::command::eventually(std::time::Duration::from_secs(280), || {
        most = most.max(peak(child.id()).unwrap_or(0));
        child.try_wait().expect("a child").is_some()
    });
    assert!(child.wait().expect("a child").success());
    // All results at once would take 150 MiB, beside the program's own 60 and the bound.
    assert!((20 << 20..140 << 20).contains(&most), "{} MiB", most >> 20);
    let counts = std::fs::read_to_string(dir.path().join("counts.ndjson")).expect("a file");
    let (mut keys, mut total) = (0, 0);
    for line in counts.lines() {
        let result: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(result["n"], 1, "{line}");
        keys += 1;
        total += result["total"].as_u64().expect("a number");
    }
    assert_eq!((keys, total), (KEYS, KEYS / 1000 * 499_500));
}
