//! Several readers of one name, and what is known about them.

use std::collections::BTreeMap;

use ssectl_adapter::{Backlog, Bound, Fetched, Limit, Position, Range, Source, SourceSpec};
use tokio::time::{Duration, Instant};

use crate::{Rig, read, records};

const PARTITIONS: u32 = 4;
/// A wave of records has one for each of so many keys, enough to reach every partition.
const WAVE: usize = 200;
const PATIENCE: Duration = Duration::from_secs(90);

/// How often each number was read, by each of two readers.
#[derive(Default)]
struct Seen {
    by: [BTreeMap<usize, u32>; 2],
}

impl Seen {
    /// Lets both readers fetch once and commit what they got.
    async fn fetch_once(&mut self, readers: &mut [Box<dyn Source>; 2]) {
        let limit = Limit {
            wait: Duration::from_millis(50),
            ..Limit::default()
        };
        for (reader, seen) in readers.iter_mut().zip(&mut self.by) {
            let Fetched::Batch(batch) = reader.fetch(limit).await.expect("the fetch succeeds")
            else {
                continue;
            };
            for number in records::numbers(&batch.records) {
                *seen.entry(number).or_default() += 1;
            }
            match reader.commit(&batch.commit).await {
                Ok(()) => {}
                Err(error) => assert!(error.is_temporary(), "{error}"),
            }
        }
    }

    fn all(&self, numbers: std::ops::Range<usize>) -> bool {
        numbers
            .into_iter()
            .all(|n| self.by.iter().any(|seen| seen.contains_key(&n)))
    }

    fn both(&self, numbers: &std::ops::Range<usize>) -> bool {
        self.by
            .iter()
            .all(|seen| seen.range(numbers.clone()).next().is_some())
    }

    fn repeated(&self, numbers: std::ops::Range<usize>) -> usize {
        let times = |n: usize| self.by.iter().filter_map(|seen| seen.get(&n)).sum::<u32>();
        numbers.filter(|n| times(*n) > 1).count()
    }
}

fn member(stream: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range {
            from: Bound::Stored,
            to: None,
        },
        group: Some(format!("{stream}-group")),
        ..SourceSpec::default()
    }
}

async fn two_members(rig: &Rig, stream: &str) -> [Box<dyn Source>; 2] {
    [
        rig.source(member(stream)).await,
        rig.source(member(stream)).await,
    ]
}

/// Writes waves until both readers get a part of the same one; answers how many were written.
async fn until_both_read(
    rig: &Rig,
    stream: &str,
    readers: &mut [Box<dyn Source>; 2],
    seen: &mut Seen,
) -> usize {
    let deadline = Instant::now() + PATIENCE;
    for wave in 0.. {
        let numbers = wave * WAVE..(wave + 1) * WAVE;
        rig.write(stream, &records::keyed(numbers.clone(), WAVE))
            .await;
        while !seen.all(numbers.clone()) {
            seen.fetch_once(readers).await;
            assert!(
                Instant::now() < deadline,
                "some records of wave {wave} are lost"
            );
        }
        if seen.both(&numbers) {
            return numbers.end;
        }
        assert!(Instant::now() < deadline, "one reader gets everything");
    }
    unreachable!("the loop above has no end")
}

/// Both get some, nothing is lost, and once settled nothing comes twice.
pub async fn readers_of_a_group_share_the_partitions(rig: &Rig) {
    let stream = rig.stream(PARTITIONS).await;
    let mut readers = two_members(rig, &stream).await;
    let mut seen = Seen::default();
    let written = until_both_read(rig, &stream, &mut readers, &mut seen).await;
    let settled = written..written + 2 * WAVE;
    rig.write(&stream, &records::keyed(settled.clone(), WAVE))
        .await;
    let deadline = Instant::now() + PATIENCE;
    while !seen.all(settled.clone()) {
        seen.fetch_once(&mut readers).await;
        assert!(Instant::now() < deadline, "some records are lost");
    }
    seen.fetch_once(&mut readers).await;
    assert!(seen.all(0..settled.end));
    assert_eq!(seen.repeated(settled), 0, "records came to both readers");
}

/// The one that stays reads everything that comes after the other left.
pub async fn a_reader_that_leaves_hands_over_its_partitions(rig: &Rig) {
    let stream = rig.stream(PARTITIONS).await;
    let mut readers = two_members(rig, &stream).await;
    let mut seen = Seen::default();
    let written = until_both_read(rig, &stream, &mut readers, &mut seen).await;
    let [mut stays, leaves] = readers;
    leaves.close().await.expect("the source closes");
    let later = written..written + WAVE;
    rig.write(&stream, &records::keyed(later.clone(), WAVE))
        .await;
    let mut missing: std::collections::BTreeSet<_> = later.collect();
    while !missing.is_empty() {
        let batch = read::batch(stays.as_mut(), Limit::default()).await;
        for number in records::numbers(&batch.records) {
            missing.remove(&number);
        }
    }
}

/// Unknown is not zero.
pub async fn lag_is_unknown_before_the_first_commit(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let group = format!("{stream}-group");
    let lag = rig.admin().lag(&stream, &group).await.expect("a lag");
    assert_eq!(lag.len(), if rig.has.partitions { 2 } else { 1 });
    for lag in lag {
        assert!(matches!(lag.backlog, Backlog::Unknown(_)), "{lag:?}");
        assert_eq!(lag.committed, Position::None);
    }
}

/// End minus committed, in every partition.
pub async fn lag_counts_what_is_left(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..30)).await;
    let mut source = rig.source(member(&stream)).await;
    let (_, commit) = read::exactly(source.as_mut(), 12).await;
    source.commit(&commit).await.expect("the commit is stored");
    source.close().await.expect("the source closes");
    let group = format!("{stream}-group");
    let lag = rig.admin().lag(&stream, &group).await.expect("a lag");
    assert_eq!(lag[0].backlog, Backlog::Records(18));
    rig.write(&stream, &records::numbered(30..35)).await;
    let lag = rig.admin().lag(&stream, &group).await.expect("a lag");
    assert_eq!(lag[0].backlog, Backlog::Records(23));
}

/// To a position, the end and the start; a reader that opens later goes by it.
pub async fn seek_moves_what_a_group_reads_next(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..40)).await;
    let group = format!("{stream}-group");
    for (to, left) in [
        (Bound::BeforeEnd(3), 3),
        (Bound::End, 0),
        (Bound::Start, 40),
    ] {
        let range = Range { from: to, to: None };
        rig.admin()
            .seek(&stream, &group, &range)
            .await
            .expect("the seek is stored");
        let mut spec = member(&stream);
        spec.range.to = Some(Bound::End);
        let mut source = rig.source(spec).await;
        let read = read::until_end(source.as_mut()).await;
        source.close().await.expect("the source closes");
        assert_eq!(read.len(), left, "after a seek to {}", range.from);
    }
}
