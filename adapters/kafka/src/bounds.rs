//! From bounds of a range to offsets of partitions.

use ssectl_adapter::{Bound, Error, ErrorKind, Position, Result, Timestamp};

use crate::cluster::{Cluster, Offsets, Which};
use crate::config::OffsetReset;

/// Where a read of these partitions begins; `Stored` counts as the start. What happens to a
/// position that a partition does not hold, `reset` says.
pub(crate) fn starts(
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
    bound: &Bound,
    reset: OffsetReset,
) -> Result<Offsets> {
    let starts = resolve(cluster, topic, partitions, bound)?;
    match bound {
        Bound::At(_) => within(cluster, topic, starts, reset),
        _ => Ok(starts),
    }
}

/// Moves offsets that their partition does not hold to where `reset` says.
pub(crate) fn within(
    cluster: &Cluster,
    topic: &str,
    mut asked: Offsets,
    reset: OffsetReset,
) -> Result<Offsets> {
    let partitions: Vec<_> = asked.keys().copied().collect();
    let first = cluster.offsets(topic, &partitions, Which::First)?;
    let end = cluster.offsets(topic, &partitions, Which::End)?;
    for ((partition, offset), (first, end)) in
        asked.iter_mut().zip(first.values().zip(end.values()))
    {
        if (first..=end).contains(&&*offset) {
            continue;
        }
        *offset = match reset {
            OffsetReset::Error => return Err(gone(topic, *partition, *offset, *first, *end)),
            OffsetReset::Earliest => *first,
            OffsetReset::Latest => *end,
        };
    }
    Ok(asked)
}

/// Where a read of these partitions stops; never behind what they hold now.
pub(crate) fn ends(
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
    bound: &Bound,
) -> Result<Offsets> {
    let mut ends = resolve(cluster, topic, partitions, bound)?;
    if matches!(bound, Bound::At(_)) {
        let now = cluster.offsets(topic, partitions, Which::End)?;
        for (partition, end) in &mut ends {
            *end = (*end).min(now.get(partition).copied().unwrap_or(0));
        }
    }
    Ok(ends)
}

/// The error for an offset that a partition does not hold.
pub(crate) fn gone(topic: &str, partition: i32, asked: i64, first: i64, end: i64) -> Error {
    let state = if asked < first {
        "gone"
    } else {
        "not there yet"
    };
    Error::new(
        ErrorKind::OutOfRange,
        format!("offset {asked} of topic `{topic}` is {state}"),
    )
    .with("partition", partition)
    .with("first", first)
    .with("end", end)
    .hint("read from `start`, or give the target `offset-reset: earliest` in ssectl.yaml to go on with what is left")
}

fn resolve(cluster: &Cluster, topic: &str, partitions: &[i32], bound: &Bound) -> Result<Offsets> {
    let offsets = |which| cluster.offsets(topic, partitions, which);
    let distance = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(match bound {
        Bound::Start | Bound::Stored => offsets(Which::First)?,
        Bound::End => offsets(Which::End)?,
        Bound::Time(time) => offsets(Which::NotBefore(millis_not_before(*time)))?,
        Bound::AfterStart(n) => pair(
            offsets(Which::First)?,
            &offsets(Which::End)?,
            |first, end| first.saturating_add(distance(*n)).min(end),
        ),
        Bound::BeforeEnd(n) => pair(
            offsets(Which::First)?,
            &offsets(Which::End)?,
            |first, end| end.saturating_sub(distance(*n)).max(first),
        ),
        Bound::At(position) => {
            let offset = offset(position)?;
            partitions
                .iter()
                .map(|partition| (*partition, offset))
                .collect()
        }
    })
}

fn pair(mut first: Offsets, end: &Offsets, of: impl Fn(i64, i64) -> i64) -> Offsets {
    for (partition, offset) in &mut first {
        *offset = of(*offset, end.get(partition).copied().unwrap_or(*offset));
    }
    first
}

fn offset(position: &Position) -> Result<i64> {
    match position {
        Position::Offset(offset) => Ok(*offset),
        other => Err(
            Error::new(ErrorKind::Config, format!("`{other}` is no Kafka offset"))
                .hint("offsets are numbers"),
        ),
    }
}

/// Kafka's times are whole milliseconds: one that lies between two is not before the later one.
fn millis_not_before(time: Timestamp) -> i64 {
    let millis = time.as_millis();
    if Timestamp::from_millis(millis) < time {
        millis.saturating_add(1)
    } else {
        millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_between_milliseconds_is_rounded_up() {
        assert_eq!(millis_not_before(Timestamp::from_nanos(5_000_000)), 5);
        assert_eq!(millis_not_before(Timestamp::from_nanos(5_000_001)), 6);
        assert_eq!(millis_not_before(Timestamp::from_nanos(-1)), 0);
    }

    #[test]
    fn an_offset_that_is_gone_is_told_from_one_to_come() {
        let early = gone("t", 3, 5, 10, 20).to_string();
        assert!(early.contains("offset 5 of topic `t` is gone"), "{early}");
        assert!(
            early.contains("partition `3`, first `10`, end `20`"),
            "{early}"
        );
        assert!(
            gone("t", 3, 25, 10, 20)
                .to_string()
                .contains("not there yet")
        );
    }
}
