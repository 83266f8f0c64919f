//! The grammar of ranges: where reads start and where they stop.

use ssectl_adapter::{Bound, ErrorKind, Fetched, Limit, Position, Range, SourceSpec};

use crate::{Rig, read, records};

const START: i64 = 1_700_000_000_000;

fn to_end(from: Bound) -> Range {
    Range {
        from,
        to: Some(Bound::End),
    }
}

fn between(from: Bound, to: Bound) -> Range {
    Range { from, to: Some(to) }
}

async fn numbers(rig: &Rig, stream: &str, range: Range) -> Vec<usize> {
    records::numbers(&rig.read_range(stream, range).await)
}

/// `start:end`.
pub async fn start_reads_everything(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let read = numbers(rig, &stream, to_end(Bound::Start)).await;
    records::assert_all(&read, 0..10);
}

/// `end`: nothing that was there when the source opened.
pub async fn end_reads_only_what_comes_later(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let range = Range {
        from: Bound::End,
        to: None,
    };
    let mut source = rig.ranged(&stream, range).await;
    rig.write(&stream, &records::numbered(10..15)).await;
    source.bound().await.expect("the end is fixed");
    let read = read::until_end(source.as_mut()).await;
    records::assert_all(&records::sorted(&read), 10..15);
}

/// `+N`, also past the end.
pub async fn after_start_skips_the_oldest(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    for (skip, first) in [(0, 0), (3, 3), (10, 10), (99, 10)] {
        let read = numbers(rig, &stream, to_end(Bound::AfterStart(skip))).await;
        records::assert_all(&read, first..10);
    }
    let read = numbers(
        rig,
        &stream,
        between(Bound::AfterStart(2), Bound::AfterStart(5)),
    )
    .await;
    assert_eq!(read, [2, 3, 4]);
}

/// `-N`, also before the start.
pub async fn before_end_reads_the_newest(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    for (count, first) in [(0, 10), (3, 7), (10, 0), (99, 0)] {
        let read = numbers(rig, &stream, to_end(Bound::BeforeEnd(count))).await;
        records::assert_all(&read, first..10);
    }
    let read = numbers(
        rig,
        &stream,
        between(Bound::BeforeEnd(5), Bound::BeforeEnd(2)),
    )
    .await;
    assert_eq!(read, [5, 6, 7]);
}

/// `FROM:TO` by the positions that were read, whatever they look like.
pub async fn positions_include_the_first_and_exclude_the_last(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let at: Vec<_> = rig
        .read_all(&stream)
        .await
        .into_iter()
        .map(|record| Bound::At(record.origin.position))
        .collect();
    let read = numbers(rig, &stream, between(at[3].clone(), at[6].clone())).await;
    assert_eq!(read, [3, 4, 5]);
    let read = numbers(rig, &stream, to_end(at[8].clone())).await;
    assert_eq!(read, [8, 9]);
    let read = numbers(rig, &stream, between(at[6].clone(), at[3].clone())).await;
    assert!(read.is_empty(), "an end before its start read {read:?}");
}

/// Nobody is sent to another place than asked for.
pub async fn positions_outside_the_stream_are_out_of_range(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..3)).await;
    let spec = SourceSpec {
        stream: stream.clone(),
        range: to_end(Bound::At(Position::Offset(1_000_000_000))),
        ..SourceSpec::default()
    };
    let error = match rig.target.source(&spec).await {
        Err(error) => error,
        Ok(mut source) => source
            .fetch(Limit::default())
            .await
            .expect_err("a position that never was"),
    };
    assert_eq!(error.kind(), ErrorKind::OutOfRange, "{error}");
}

/// `@TIME:@TIME`, also between two records and outside of all.
pub async fn times_include_the_first_and_exclude_the_last(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::timed(0..10, START)).await;
    let at = |number| Bound::Time(records::second(START, number));
    let read = numbers(rig, &stream, between(at(3), at(6))).await;
    assert_eq!(read, [3, 4, 5]);
    let between_two = Bound::Time(records::second(START + 1, 7));
    assert_eq!(numbers(rig, &stream, to_end(between_two)).await, [8, 9]);
    let long_before = Bound::Time(records::second(0, 1));
    assert_eq!(numbers(rig, &stream, to_end(long_before)).await.len(), 10);
    assert!(numbers(rig, &stream, to_end(at(100))).await.is_empty());
}

/// Partitions of the spec, and nothing of the others.
pub async fn only_the_asked_partitions_are_read(rig: &Rig) {
    let stream = rig.stream(3).await;
    rig.write(&stream, &records::keyed(0..300, 50)).await;
    let all = rig.read_all(&stream).await;
    let asked = all[0].origin.partition.clone();
    let expected: Vec<_> = all
        .into_iter()
        .filter(|r| r.origin.partition == asked)
        .collect();
    let mut source = rig
        .source(SourceSpec {
            stream,
            partitions: vec![asked.as_str().to_owned()],
            range: Range::all(),
            group: None,
            ..SourceSpec::default()
        })
        .await;
    assert!(
        expected.len() < 300,
        "all keys went to one of three partitions"
    );
    assert_eq!(read::until_end(source.as_mut()).await, expected);
    let after = source
        .fetch(Limit::default())
        .await
        .expect("the fetch succeeds");
    assert!(matches!(after, Fetched::End));
}

/// A partition the stream does not have.
pub async fn a_missing_partition_is_not_found(rig: &Rig) {
    let spec = SourceSpec {
        stream: rig.stream(2).await,
        partitions: vec!["77".to_owned()],
        ..SourceSpec::default()
    };
    let error = rig
        .target
        .source(&spec)
        .await
        .err()
        .expect("no such partition");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
