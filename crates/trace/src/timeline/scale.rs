//! From times to places, and which times are written on the axis.

use crate::Time;

/// Event time along a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    start: Time,
    length: u128,
    places: usize,
}

/// Distances between marks that people expect, in ns.
const STEPS: [u64; 24] = [
    1,
    1_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    15_000_000_000,
    30_000_000_000,
    60_000_000_000,
    120_000_000_000,
    300_000_000_000,
    600_000_000_000,
    900_000_000_000,
    1_800_000_000_000,
    3_600_000_000_000,
    7_200_000_000_000,
    21_600_000_000_000,
    43_200_000_000_000,
    86_400_000_000_000,
    604_800_000_000_000,
    2_592_000_000_000_000,
];

impl Scale {
    pub(super) fn new((start, end): (Time, Time), places: usize) -> Self {
        Self {
            start,
            length: u128::from(end.abs_diff(start)).max(1),
            places,
        }
    }

    /// The place of a time, from 0 up to and with the number of places.
    pub(super) fn place(&self, time: Time) -> usize {
        let past = u128::from(time.max(self.start).abs_diff(self.start)).min(self.length);
        let place = past * self.places as u128 / self.length;
        usize::try_from(place).unwrap_or(self.places)
    }

    /// Times to be written, at least `apart` places from each other.
    pub(super) fn marks(&self, apart: usize) -> Vec<Time> {
        let least = self.length * apart as u128 / self.places.max(1) as u128;
        let step = STEPS.iter().find(|step| u128::from(**step) >= least);
        let step = step.copied().unwrap_or(u64::MAX / 4).cast_signed();
        let first = self.start.div_euclid(step) + Time::from(self.start.rem_euclid(step) != 0);
        let end = i128::from(self.start) + self.length.cast_signed();
        (0..self.places as Time)
            .map_while(|n| first.checked_add(n)?.checked_mul(step))
            .take_while(|time| i128::from(*time) <= end)
            .collect()
    }
}

/// `11:33:23.5`, or the day where that is midnight.
pub(super) fn clock(time: Time) -> String {
    let text = crate::text::moment(time);
    let Some((day, clock)) = text.trim_end_matches('Z').split_once('T') else {
        return text;
    };
    match clock {
        "00:00:00" => day.to_owned(),
        _ => clock.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Time = 1_000_000_000;

    #[test]
    fn places_and_marks_are_within_the_line() {
        let scale = Scale::new((10 * S, 70 * S), 60);
        assert_eq!(
            [0, 10, 11, 70, 99].map(|at| scale.place(at * S)),
            [0, 0, 1, 60, 60]
        );
        assert_eq!(scale.marks(12), [15, 30, 45, 60].map(|at| at * S));
        let all = Scale::new((Time::MIN, Time::MAX), 80);
        assert!(all.marks(10).len() <= 80);
        assert_eq!(Scale::new((5, 5), 10).place(5), 0);
    }
}
