//! A process that is killed at any moment leaves its last checkpoint: never a mixture, never an older one.

use std::io::{BufRead, BufReader, Write as _, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ssectl_state::{Contents, Store};

use crate::events::{Steps, held, marks, model, read, spec};

/// Where the child has its state.
const DIR: &str = "SSECTL_STATE_TEST_DIR";

/// Not a test of its own: what is killed. It goes on from its last checkpoint, and says each one that is complete.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    // So little memory that most values are on disk.
    let store = Store::open(Path::new(&dir), &spec(8 << 10)).unwrap();
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    let begin = store.restored().map_or(0, |found| read(&found.marks));
    for n in begin.. {
        steps.event(n).unwrap();
        // Checkpoints of all sizes.
        if n % 97 == 0 || n % 31 == 0 {
            steps.save().unwrap();
            store.checkpoint(marks(n + 1)).unwrap();
            writeln!(stdout(), "\ncheckpoint {}", n + 1).unwrap();
        }
    }
}

fn start(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::child", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn what_is_left_of_a_killed_process_is_its_last_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = dir.path().join("orders");
    let mut before = 0;
    for round in 0..25_u64 {
        let mut child = start(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || -> Option<i64> {
            lines.by_ref().find_map(|line| {
                let line = line.unwrap();
                line.strip_prefix("checkpoint ")?.parse().ok()
            })
        };
        let mut told = next().expect("a checkpoint");
        // Killed anywhere in the next milliseconds, also in the midst of a checkpoint.
        std::thread::sleep(Duration::from_micros(round * 7919 % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(more) = next() {
            told = more;
        }
        let contents = Contents::open(&pipeline).unwrap();
        let checkpoint = contents.summary.checkpoint.clone().expect("a checkpoint");
        let found = read(&checkpoint.marks);
        assert!(
            found >= told,
            "{found} is before {told}, which was complete"
        );
        assert!(
            found > before,
            "round {round} came to {found}, not behind {before}"
        );
        assert_eq!(checkpoint.marks, marks(found));
        assert_eq!(
            held(contents).unwrap(),
            model(found),
            "after {found} events"
        );
        before = found;
    }
}
