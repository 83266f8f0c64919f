//! Disorder: which event arrives at position p, as a function of p.
//!
//! Late events are a permutation of the stream, not other events: with and without disorder the
//! same events have the same times, so that a windowed result over the one can be compared with a
//! result over the other.
//!
//! # How a permutation can be exact and yet need no state
//!
//! Positions are cut into cells of `size`; nothing leaves its cell, which bounds the lateness. In a
//! cell, `late` events are held back. Both the events held back, within the first `width = size -
//! hold` of the cell, and the positions at which they arrive, within its last `width`, are drawn
//! one per stripe of about `width / late`. So the number of either before any point is known by
//! arithmetic, and the others, which keep their order, follow. Each event held back passes at least
//! one of the others and is therefore late; none of the others ever is. The tests check both for
//! every shape of cell of up to 60 positions.

use super::error::SpecError;
use super::rng::{Draws, Purpose, Seed};
use super::spec::Disorder;
use super::timeline::Timeline;

/// The order in which events arrive.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    seed: Seed,
    /// Positions per cell; 1 means that events arrive in order.
    size: u64,
    /// The share of late events in units of 2^-64.
    share: u64,
}

/// Cells beyond this would overflow the arithmetic within a cell, and nobody holds back a thousand
/// million events.
const MAX_CELL: u64 = 1_000_000_000;

impl Arrival {
    pub(super) fn new(
        seed: Seed,
        disorder: Option<&Disorder>,
        timeline: &Timeline,
    ) -> Result<Self, SpecError> {
        let Some(disorder) = disorder.filter(|disorder| disorder.share != 0.0) else {
            return Ok(Self {
                seed,
                size: 1,
                share: 0,
            });
        };
        let share = disorder.share;
        if !(0.0..1.0).contains(&share) {
            let problem = format!("{share} is out of range; it must be at least 0 and less than 1");
            return Err(SpecError::new("disorder.share", problem));
        }
        let size = cell_size(share, disorder, timeline)?;
        Ok(Self {
            seed,
            size,
            share: (share * 2f64.powi(64)) as u64,
        })
    }

    /// The event that arrives at position `p`.
    #[inline]
    pub(super) fn event_at(&self, p: u64) -> u64 {
        if self.size == 1 {
            p
        } else {
            self.cell(p / self.size).map_or(p, |cell| cell.event_at(p))
        }
    }

    /// The cell number `c`, or `None` if all its events are in order.
    fn cell(&self, c: u64) -> Option<Cell> {
        let first = c
            .checked_mul(self.size)
            .filter(|first| first.checked_add(self.size).is_some())?;
        let late = self.late_before(first + self.size) - self.late_before(first);
        (late > 0).then(|| Cell::new(self.seed, first, self.size, late))
    }

    /// How many late events there are in all cells before position `p`, rounded to the nearest.
    fn late_before(&self, p: u64) -> u64 {
        ((u128::from(p) * u128::from(self.share) + (1 << 63)) >> 64) as u64
    }
}

/// As many events as surely happen within `disorder.by`, rounded down so that round counts of
/// events are whole cells.
fn cell_size(share: f64, disorder: &Disorder, timeline: &Timeline) -> Result<u64, SpecError> {
    let (by, period) = (disorder.by.as_nanos(), timeline.period_ns());
    let steps = by.saturating_sub(timeline.jitter_ns()).checked_div(period);
    let Some(steps) = steps.filter(|&steps| steps > 0) else {
        let problem = format!(
            "{} is too short for an event to be late; the time from one event to the next is {}, and jitter adds to it",
            disorder.by,
            nanos(period)
        );
        return Err(SpecError::new("disorder.by", problem));
    };
    let most = steps.saturating_add(1).min(MAX_CELL);
    let fits = |size: u64| share * size as f64 <= (size - 1) as f64;
    if !fits(most) {
        let problem = format!(
            "{share} is too much: within {} there are {most} events, of which at most {} can be late; lower it or raise `disorder.by`",
            disorder.by,
            most - 1
        );
        return Err(SpecError::new("disorder.share", problem));
    }
    let round = round_down(most);
    Ok(if fits(round) { round } else { most })
}

fn nanos(nanos: u64) -> crate::duration::HumanDuration {
    std::time::Duration::from_nanos(nanos).into()
}

/// The largest divisor, up to `most`, of the smallest power of ten that is not below `most`.
fn round_down(most: u64) -> u64 {
    let mut ten = 1;
    while ten < most {
        ten *= 10;
    }
    (0..=9)
        .flat_map(|twos| (0..=9).map(move |fives| 2u64.pow(twos) * 5u64.pow(fives)))
        .filter(|&size| size <= most && ten % size == 0)
        .max()
        .unwrap_or(1)
}

/// The permutation within one cell.
struct Cell {
    seed: Seed,
    first: u64,
    late: u64,
    /// Events are held back by at least this many positions.
    hold: u64,
    width: u64,
    /// Late events change places within groups of this many (a power of two), so that not all are
    /// late by the same.
    group: u64,
    multiplier: u64,
    shift: u64,
}

impl Cell {
    fn new(seed: Seed, first: u64, size: u64, late: u64) -> Self {
        let mut draws = seed.draws(Purpose::Order, first);
        let hold = 1 + draws.below(size - late);
        let width = size - hold;
        // A group no longer than the hold keeps every late event behind a younger one.
        let group = 1 << (hold * late / width).clamp(1, late).ilog2();
        Self {
            seed,
            first,
            late,
            hold,
            width,
            group,
            multiplier: draws.bits() | 1,
            shift: draws.bits(),
        }
    }

    fn event_at(&self, p: u64) -> u64 {
        let slot = p - self.first;
        let Some(y) = slot.checked_sub(self.hold) else {
            return self.first + self.other(slot);
        };
        let stripe = ((y + 1) * self.late - 1) / self.width;
        let late_slot = self.hold + self.stripe_start(stripe) + self.offsets(stripe).1;
        if slot == late_slot {
            let held = self.swapped(stripe);
            return self.first + self.stripe_start(held) + self.offsets(held).0;
        }
        self.first + self.other(slot - stripe - u64::from(late_slot < slot))
    }

    /// The event number `rank` among those not held back.
    fn other(&self, rank: u64) -> u64 {
        let spare = self.width - self.late;
        let stripe = ((rank + 1) * self.late - 1)
            .checked_div(spare)
            .map_or(self.late, |t| t.min(self.late));
        let event = rank + stripe;
        if stripe == self.late {
            return event;
        }
        event + u64::from(event >= self.stripe_start(stripe) + self.offsets(stripe).0)
    }

    fn stripe_start(&self, stripe: u64) -> u64 {
        stripe * self.width / self.late
    }

    /// Where in a stripe its event is held back, and where a late event arrives; the second is
    /// never before the first.
    fn offsets(&self, stripe: u64) -> (u64, u64) {
        let length = self.stripe_start(stripe + 1) - self.stripe_start(stripe);
        let mut draws: Draws = self.seed.pair(Purpose::Order, self.first, stripe);
        let (one, two) = (draws.below(length), draws.below(length));
        (one.min(two), one.max(two))
    }

    /// The stripe whose event arrives in the slot of `stripe`: a permutation within each whole
    /// group.
    fn swapped(&self, stripe: u64) -> u64 {
        let start = stripe - stripe % self.group;
        if start + self.group > self.late {
            return stripe;
        }
        let within = (stripe % self.group)
            .wrapping_mul(self.multiplier)
            .wrapping_add(self.shift);
        start + within % self.group
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duration::HumanDuration;
    use crate::generate::spec::Time;

    fn arrival(share: f64, by: &str, jitter: f64) -> Result<(Arrival, Timeline), SpecError> {
        let time = Time {
            jitter: Some(jitter),
            ..Time::default()
        };
        let period: HumanDuration = "1s".parse().unwrap();
        let timeline = Timeline::new(Seed(5), &time, period)?;
        let disorder = Disorder {
            share,
            by: by.parse().unwrap(),
        };
        Ok((Arrival::new(Seed(5), Some(&disorder), &timeline)?, timeline))
    }

    /// How many events are late, and by how much at most.
    fn lateness(events: impl Iterator<Item = u64>) -> (u64, u64) {
        let (mut latest, mut late, mut by) = (None, 0, 0);
        for event in events {
            match latest {
                Some(latest) if event < latest => {
                    late += 1;
                    by = by.max(latest - event);
                }
                _ => latest = Some(event),
            }
        }
        (late, by)
    }

    #[test]
    fn every_shape_of_cell_is_a_permutation_with_exactly_the_late_events_asked_for() {
        for size in 2..=60 {
            for late in 1..size {
                for seed in 0..30 {
                    let cell = Cell::new(Seed(seed), 0, size, late);
                    let events: Vec<u64> = (0..size).map(|p| cell.event_at(p)).collect();
                    let mut sorted = events.clone();
                    sorted.sort_unstable();
                    assert!(
                        sorted.into_iter().eq(0..size),
                        "not a permutation: {size} {late} {seed} {events:?}"
                    );
                    assert_eq!(
                        lateness(events.iter().copied()).0,
                        late,
                        "{size} {late} {seed} {events:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn large_cells_too() {
        for (size, late) in [
            (100_000, 1),
            (100_000, 10_000),
            (100_000, 77_777),
            (100_000, 99_999),
        ] {
            let cell = Cell::new(Seed(1), 300_000, size, late);
            let events: Vec<u64> = (300_000..400_000).map(|p| cell.event_at(p)).collect();
            assert_eq!(lateness(events.iter().copied()).0, late);
            let mut sorted = events;
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(300_000..400_000));
        }
    }

    #[test]
    fn the_share_is_met_and_the_lateness_bounded() {
        for (share, by, jitter) in [
            (0.1, "30s", 0.5),
            (0.25, "10s", 0.0),
            (0.333, "1m", 1.0),
            (0.9, "1000s", 0.5),
            (0.01, "5s", 0.5),
            (0.5, "1s", 0.0),
        ] {
            let (arrival, timeline) = arrival(share, by, jitter).unwrap();
            let times =
                (0..100_000).map(|p| (timeline.at(arrival.event_at(p)).ns / 1_000_000) as u64);
            let (late, worst) = lateness(times);
            assert!(
                (late as f64 - share * 1e5).abs() <= 1.0,
                "{late} late of 100,000 for {share}"
            );
            let bound = by.parse::<HumanDuration>().unwrap().as_nanos() / 1_000_000;
            assert!(worst <= bound, "{worst} ms late, {by} allowed");
            assert!(
                worst * 3 >= bound,
                "{worst} ms late at most, {by} asked for"
            );
        }
    }

    #[test]
    fn lateness_is_spread_out() {
        let (arrival, _) = arrival(0.1, "10000s", 0.5).unwrap();
        let mut latest = 0;
        let mut tenths = [0u32; 10];
        for event in (0..100_000).map(|p| arrival.event_at(p)) {
            if event < latest {
                tenths[((latest - event) / (arrival.size / 10)).min(9) as usize] += 1;
            }
            latest = latest.max(event);
        }
        assert!(tenths[..7].iter().all(|&n| n > 300), "{tenths:?}");
    }

    #[test]
    fn round_counts_are_whole_cells() {
        for (most, size) in [
            (2, 2),
            (3, 2),
            (30, 25),
            (60, 50),
            (100, 100),
            (101, 100),
            (170, 125),
            (999, 500),
            (MAX_CELL, MAX_CELL),
        ] {
            assert_eq!(round_down(most), size);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |share, by| arrival(share, by, 0.5).unwrap_err().to_string();
        assert!(refused(1.0, "30s").starts_with("`disorder.share`: 1 is out of range"));
        assert!(refused(-0.1, "30s").starts_with("`disorder.share`: -0.1 is out of range"));
        assert!(refused(f64::NAN, "30s").starts_with("`disorder.share`: NaN is out of range"));
        assert!(refused(0.1, "1s").starts_with("`disorder.by`: 1s is too short"));
        assert!(
            refused(0.9, "4s")
                .starts_with("`disorder.share`: 0.9 is too much: within 4s there are 4 events")
        );
    }

    #[test]
    fn the_last_positions_of_all_do_not_overflow() {
        let (arrival, _) = arrival(0.3, "1000s", 0.5).unwrap();
        for p in u64::MAX - 3_000..=u64::MAX {
            arrival.event_at(p);
        }
    }
}
