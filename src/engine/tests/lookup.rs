//! Rows that are asked for: one question per batch, what the cache keeps and for how long, and a table that is away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind};

use super::script::{Bench, Do, batch, values};
use crate::engine::{
    Ask, CacheSpec, Control, Counts, Encoding, Enrich, Lookup, LookupTallies, Missing, OnError,
    PipelineError, Stats, Step, Steps, Table, Tallied,
};
use crate::expr::{Options, Program};

/// Has a row for even numbers, and notes what it is asked; fails so many times before.
struct Even {
    asked: Arc<Mutex<Vec<String>>>,
    failures: Mutex<usize>,
    temporary: bool,
}

#[async_trait]
impl Ask for Even {
    async fn rows(&self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>, Error> {
        let mut failures = self.failures.lock().expect("no panic");
        if *failures > 0 {
            *failures -= 1;
            let error = Error::new(ErrorKind::Unavailable, "away");
            return Err(if self.temporary {
                error.temporary()
            } else {
                error
            });
        }
        let keys = keys.iter().map(|key| String::from_utf8_lossy(key));
        let keys: Vec<String> = keys.map(std::borrow::Cow::into_owned).collect();
        self.asked.lock().expect("no panic").push(keys.join(" "));
        let row = |key: &String| {
            let number: i64 = key.parse().expect("a number");
            (number % 2 == 0).then(|| Bytes::from(format!(r#"{{"n":{number}}}"#)))
        };
        Ok(keys.iter().map(row).collect())
    }
}

fn program(text: &str) -> Program {
    Program::compile("test", text, &Options::default()).expect("a program")
}

struct Looked {
    result: Result<Counts, PipelineError>,
    asked: Vec<String>,
    tallies: String,
    written: Vec<String>,
}

/// Enriches by `.k`, after a step that fails for `bad`.
async fn run(batches: &[&[&str]], cache: CacheSpec, failures: usize, temporary: bool) -> Looked {
    let mut first = 0;
    let script = batches.iter().map(|values| {
        first += values.len() as i64;
        Do::Give(batch(first - values.len() as i64, values))
    });
    let script = script.collect();
    let mut bench = Bench::new(script, Steps::default(), OnError::Skip, vec![]);
    bench.pipeline.settings.workers = std::num::NonZeroUsize::MIN;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let table = Even {
        asked: Arc::clone(&asked),
        failures: Mutex::new(failures),
        temporary,
    };
    let lookup = Lookup::new(Box::new(table), program(".n"), cache, tallies(&bench.stats));
    let steps = vec![
        Step::Map(program("if .k == \"bad\" then error else . end")),
        Step::Enrich(Enrich {
            by: program(".k"),
            table: Table::Asked(Arc::new(lookup)),
            member: "row".to_owned(),
            missing: Missing::Keep,
        }),
        Step::Map(program("[.k, .row]")),
    ];
    bench.pipeline.inputs[0].steps = Steps::new(steps, Encoding::Json, Encoding::Json);
    let result = bench.pipeline.run(Control::detached()).await;
    Looked {
        result,
        asked: asked.lock().expect("no panic").clone(),
        tallies: Tallied::lines(&bench.stats.tallies()).concat(),
        written: values(&bench.taken),
    }
}

fn tallies(stats: &Stats) -> LookupTallies {
    LookupTallies {
        hits: stats.tally("enrich", "hits"),
        misses: stats.tally("enrich", "misses"),
        evicted: stats.tally("enrich", "evicted"),
        queries: stats.tally("enrich", "queries"),
    }
}

const FOR_EVER: CacheSpec = CacheSpec {
    rows: 1000,
    ttl: None,
};

#[tokio::test]
async fn a_batch_asks_once_and_what_is_known_is_not_asked_again() {
    let batches: [&[&str]; 2] = [
        &[
            r#"{"k":2}"#,
            r#"{"k":3}"#,
            r#"{"k":"bad"}"#,
            r#"{"k":2}"#,
            r#"{"k":null}"#,
        ],
        &[r#"{"k":3}"#, r#"{"k":4}"#],
    ];
    let looked = run(&batches, FOR_EVER, 0, true).await;
    let counts = looked.result.expect("sound");
    assert_eq!((counts.read, counts.used, counts.skipped), (7, 6, 1));
    assert_eq!(looked.asked, ["2 3", "4"]);
    let written = [
        "[2,2]",
        "[3,null]",
        "[2,2]",
        "[null,null]",
        "[3,null]",
        "[4,4]",
    ];
    assert_eq!(looked.written, written);
    assert_eq!(
        looked.tallies,
        "enrich: 1 hits, 4 misses, 0 evicted, 2 queries"
    );
}

#[tokio::test]
async fn rows_are_asked_for_again_when_they_are_old_or_not_kept() {
    let batches: [&[&str]; 2] = [&[r#"{"k":2}"#], &[r#"{"k":2}"#]];
    for spec in [
        CacheSpec { rows: 0, ttl: None },
        CacheSpec {
            rows: 10,
            ttl: Some(Duration::ZERO),
        },
    ] {
        let looked = run(&batches, spec, 0, true).await;
        assert_eq!(looked.asked, ["2", "2"]);
        assert_eq!(
            looked.tallies,
            "enrich: 0 hits, 2 misses, 0 evicted, 2 queries"
        );
    }
}

#[tokio::test]
async fn the_cache_has_a_bound_and_says_what_leaves_it() {
    let values: Vec<String> = (0..500).map(|k| format!(r#"{{"k":{k}}}"#)).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let spec = CacheSpec {
        rows: 50,
        ttl: None,
    };
    let looked = run(&[&values], spec, 0, true).await;
    assert_eq!(looked.result.expect("sound").used, 500);
    let evicted = looked.tallies.split(", ").nth(2).expect("a counter");
    let evicted: usize = evicted
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!((400..500).contains(&evicted), "{}", looked.tallies);
}

#[tokio::test]
async fn a_table_that_is_away_is_asked_again_and_one_that_refuses_ends_it() {
    let batches: [&[&str]; 1] = [&[r#"{"k":2}"#]];
    let looked = run(&batches, FOR_EVER, 2, true).await;
    assert_eq!(looked.written, ["[2,2]"]);
    assert_eq!(looked.result.expect("sound").retries, 2);
    let looked = run(&batches, FOR_EVER, 1, false).await;
    assert!(matches!(looked.result, Err(PipelineError::Lookup(_))));
    assert!(looked.written.is_empty());
}
