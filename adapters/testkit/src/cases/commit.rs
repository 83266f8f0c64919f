//! Groups that stop and come back.

use ssectl_adapter::{Backlog, Bound, Commit, Order, Range, Source, SourceSpec};

use crate::{Rig, read, records};

/// The spec of a group that reads on where it committed, up to what is there now.
fn resumed(stream: &str, group: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range {
            from: Bound::Stored,
            to: Some(Bound::End),
        },
        group: Some(group.to_owned()),
        ..SourceSpec::default()
    }
}

/// A name for a group that nobody used before.
fn group_of(stream: &str) -> String {
    format!("{stream}-group")
}

/// What the group reads up to the end, opened as another process would.
async fn read_resumed(rig: &Rig, stream: &str, group: &str) -> Vec<usize> {
    let target = rig.reopen().await;
    let mut source = target
        .source(&resumed(stream, group))
        .await
        .expect("the source opens");
    let read = read::until_end(source.as_mut()).await;
    source.close().await.expect("the source closes");
    records::sorted(&read)
}

/// Reads and commits the first `count` records as the group; takes them off what is left.
async fn commit_first(
    rig: &Rig,
    stream: &str,
    group: &str,
    count: usize,
    left: &mut Vec<usize>,
) -> Box<dyn Source> {
    let mut source = rig.source(resumed(stream, group)).await;
    commit_next(rig, source.as_mut(), count, left).await;
    source
}

/// Reads and commits `count` records: the oldest that are left, where the adapter keeps an order.
async fn commit_next(
    rig: &Rig,
    source: &mut dyn Source,
    count: usize,
    left: &mut Vec<usize>,
) -> Commit {
    let (read, commit) = read::exactly(source, count).await;
    source.commit(&commit).await.expect("the commit is stored");
    let read = records::numbers(&read);
    if rig.has.order != Order::None {
        assert_eq!(read, left[..count]);
    }
    left.retain(|number| !read.contains(number));
    commit
}

/// Nothing is stored yet, so nothing is skipped.
pub async fn a_new_group_starts_at_the_oldest_record(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..20)).await;
    let read = read_resumed(rig, &stream, &group_of(&stream)).await;
    records::assert_all(&read, 0..20);
}

/// In the middle of a batch, and at the end.
pub async fn a_reopened_group_resumes_where_it_committed(rig: &Rig) {
    let stream = rig.stream(1).await;
    let group = group_of(&stream);
    rig.write(&stream, &records::numbered(0..30)).await;
    let mut left = (0..30).collect();
    let source = commit_first(rig, &stream, &group, 13, &mut left).await;
    source.close().await.expect("the source closes");
    let source = commit_first(rig, &stream, &group, 10, &mut left).await;
    source.close().await.expect("the source closes");
    assert_eq!(read_resumed(rig, &stream, &group).await, left);
    let source = commit_first(rig, &stream, &group, 7, &mut left).await;
    source.close().await.expect("the source closes");
    assert!(read_resumed(rig, &stream, &group).await.is_empty());
}

/// What was read and not committed is read again, also what was read after a commit.
pub async fn records_that_were_not_committed_come_again(rig: &Rig) {
    let stream = rig.stream(1).await;
    let group = group_of(&stream);
    rig.write(&stream, &records::numbered(0..20)).await;
    let read = read_resumed(rig, &stream, &group).await;
    records::assert_all(&read, 0..20);
    let mut left = (0..20).collect();
    let mut source = commit_first(rig, &stream, &group, 5, &mut left).await;
    read::exactly(source.as_mut(), 10).await;
    source.close().await.expect("closing does not commit");
    assert_eq!(read_resumed(rig, &stream, &group).await, left);
}

/// The same token twice, and an empty one.
pub async fn committing_again_changes_nothing(rig: &Rig) {
    let stream = rig.stream(1).await;
    let group = group_of(&stream);
    rig.write(&stream, &records::numbered(0..20)).await;
    let mut source = rig.source(resumed(&stream, &group)).await;
    let mut left = (0..20).collect();
    let commit = commit_next(rig, source.as_mut(), 8, &mut left).await;
    for _ in 0..2 {
        source.commit(&commit).await.expect("the commit is stored");
    }
    let nothing = Commit::Nothing;
    source.commit(&nothing).await.expect("nothing is fine");
    source.close().await.expect("the source closes");
    assert_eq!(read_resumed(rig, &stream, &group).await, left);
}

/// What one group commits, another does not skip.
pub async fn groups_do_not_touch_each_other(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let (one, other) = (format!("{stream}-one"), format!("{stream}-other"));
    let mut left = (0..10).collect();
    let source = commit_first(rig, &stream, &one, 6, &mut left).await;
    source.close().await.expect("the source closes");
    records::assert_all(&read_resumed(rig, &stream, &other).await, 0..10);
    assert_eq!(read_resumed(rig, &stream, &one).await, left);
}

/// A read without a group commits to nobody.
pub async fn without_a_group_nothing_is_committed(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..10)).await;
    let mut source = rig.ranged(&stream, Range::all()).await;
    let (_, commit) = read::exactly(source.as_mut(), 10).await;
    source.commit(&commit).await.expect("it does nothing");
    source.close().await.expect("the source closes");
    let lag = rig.admin().lag(&stream, "").await;
    let known = |lag: &ssectl_adapter::Lag| matches!(lag.backlog, Backlog::Records(_));
    assert!(
        !lag.is_ok_and(|lag| lag.iter().any(known)),
        "something was committed"
    );
    assert_eq!(rig.read_all(&stream).await.len(), 10);
}
