//! Fair shares of partitions.

use std::collections::BTreeMap;

/// What a reader should do to have its fair share.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Move {
    /// How many of its partitions to give back.
    pub(super) release: usize,
    /// How many free ones to take.
    pub(super) claim: usize,
}

/// The move of reader `me`. `held` says how many of `partitions` each living reader has, those with none
/// among them, `me` too.
///
/// Of `n` readers each gets `partitions / n`, and as many as the remainder says get one more. Who has
/// too much gives it back and the others take it, so nobody takes what another still reads.
pub(super) fn next_move(me: &str, held: &BTreeMap<String, usize>, partitions: usize) -> Move {
    let readers = held.len().max(1);
    let (base, extra) = (partitions / readers, partitions % readers);
    let mine = held.get(me).copied().unwrap_or(0);
    let more = base + 1;
    // The first of those who have one more may keep it.
    let before_me = held
        .iter()
        .filter(|(name, count)| **count >= more && name.as_str() < me)
        .count();
    let all = held.values().filter(|count| **count >= more).count();
    let most = if before_me < extra { more } else { base };
    if mine > most {
        return Move {
            release: mine - most,
            claim: 0,
        };
    }
    let others = all - usize::from(mine >= more);
    let goal = if others < extra { more } else { base };
    Move {
        release: 0,
        claim: goal.saturating_sub(mine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(counts: &[usize]) -> BTreeMap<String, usize> {
        let name = |index: usize| format!("reader-{index}");
        counts
            .iter()
            .enumerate()
            .map(|(index, count)| (name(index), *count))
            .collect()
    }

    /// Readers move in any order until nobody wants to; then the shares are fair.
    #[test]
    fn any_start_ends_in_fair_shares() {
        for partitions in 0..9 {
            for readers in 1..5_usize {
                for first in 0..=partitions {
                    let mut counts = vec![0; readers];
                    counts[0] = first;
                    counts[readers - 1] += partitions - first;
                    settle(&mut counts, partitions);
                    let (least, most) = (counts.iter().min(), counts.iter().max());
                    let difference = most.zip(least).map_or(0, |(most, least)| most - least);
                    assert!(difference <= 1, "{partitions} among {readers}: {counts:?}");
                    assert_eq!(counts.iter().sum::<usize>(), partitions, "{counts:?}");
                }
            }
        }
    }

    fn settle(counts: &mut [usize], partitions: usize) {
        for _ in 0..20 {
            let mut quiet = true;
            for reader in 0..counts.len() {
                let step = next_move(&format!("reader-{reader}"), &held(counts), partitions);
                let free = partitions - counts.iter().sum::<usize>();
                counts[reader] = counts[reader] - step.release + step.claim.min(free);
                quiet &= step.release == 0 && step.claim.min(free) == 0;
            }
            if quiet {
                return;
            }
        }
        panic!("no end of moving: {counts:?}");
    }

    #[test]
    fn a_second_reader_gets_half() {
        let first = next_move("reader-0", &held(&[4, 0]), 4);
        assert_eq!(
            first,
            Move {
                release: 2,
                claim: 0
            }
        );
        let second = next_move("reader-1", &held(&[2, 0]), 4);
        assert_eq!(
            second,
            Move {
                release: 0,
                claim: 2
            }
        );
    }
}
