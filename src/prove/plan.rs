//! Where each life ends.

use serde::{Deserialize, Serialize};

use crate::engine::trial::Point;

/// A proof, so that it can be had again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the kills were drawn from.
    pub seed: u64,
    /// Generators make at most so many records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// In order; after the last one the pipelines come to their end.
    pub kills: Vec<Kill>,
}

/// The end of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// What the process has just done.
    pub point: Point,
    /// How often it had done it by then.
    pub passage: u64,
    /// When it is killed.
    pub moment: Moment,
}

/// When a process that reached a point is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It halts there, and gets no further.
    There,
    /// It goes on for so many microseconds.
    After(u32),
}

/// Most microseconds that a process goes on behind a point: a transaction takes a few thousand.
const LONGEST: u64 = 8000;

impl Plan {
    /// So many kills from a seed, at these points: two of three halt at a point, the third goes on for a while.
    pub fn seeded(kills: usize, seed: u64, points: &[Point]) -> Self {
        let mut draw = Draw(seed);
        let kills = (0..kills).map(|_| {
            let point = points[draw.below(points.len() as u64) as usize];
            let passage = 1 + draw.below(3);
            let moment = match draw.below(3) {
                0 => Moment::After(u32::try_from(draw.below(LONGEST)).unwrap_or_default()),
                _ => Moment::There,
            };
            Kill {
                point,
                passage,
                moment,
            }
        });
        Self {
            seed,
            records: None,
            kills: kills.collect(),
        }
    }

    /// Plans that may fail as well, and say more: the same kills at the very points, those at one point, half of them,
    /// either half, or half of the records.
    pub fn smaller(&self, records: u64) -> Vec<Self> {
        let mut smaller: Vec<Self> = self.exact().into_iter().collect();
        let points = Point::WITH_STATE.into_iter().rev();
        smaller.extend(points.filter_map(|point| self.only(point)));
        let half = self.kills.len().div_ceil(2);
        if half < self.kills.len() {
            for kills in [&self.kills[..half], &self.kills[half..]] {
                smaller.push(Self {
                    kills: kills.to_vec(),
                    ..self.clone()
                });
            }
        }
        let fewer = self.records.unwrap_or(records) / 2;
        if fewer > 0 {
            smaller.push(Self {
                records: Some(fewer),
                ..self.clone()
            });
        }
        smaller
    }

    /// The same without moments that depend on how fast a machine is; none if there are none.
    fn exact(&self) -> Option<Self> {
        let exact = Self {
            kills: self
                .kills
                .iter()
                .map(|kill| Kill {
                    moment: Moment::There,
                    ..*kill
                })
                .collect(),
            ..self.clone()
        };
        (exact != *self).then_some(exact)
    }

    /// The kills at one point, if there are others too.
    fn only(&self, point: Point) -> Option<Self> {
        let here = self.kills.iter().filter(|kill| kill.point == point);
        let kills: Vec<Kill> = here.copied().collect();
        (!kills.is_empty() && kills.len() < self.kills.len()).then(|| Self {
            kills,
            ..self.clone()
        })
    }
}

/// SplitMix64: the plan of a seed shall never change.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_plan_with_every_kind_of_kill() {
        let seeded = |seed| Plan::seeded(200, seed, &Point::WITH_STATE);
        let plan = seeded(7);
        assert_eq!(plan, seeded(7));
        assert_ne!(plan, seeded(8));
        for point in Point::WITH_STATE {
            let here = plan.kills.iter().filter(|kill| kill.point == point);
            let (halts, others): (Vec<&Kill>, Vec<&Kill>) =
                here.partition(|kill| kill.moment == Moment::There);
            assert!(!halts.is_empty() && !others.is_empty(), "{point:?}");
        }
    }

    #[test]
    fn a_plan_becomes_one_of_exact_kills_at_one_point() {
        let plan = Plan::seeded(40, 1, &Point::ALL);
        let exact = plan.smaller(1).swap_remove(0);
        assert_eq!(exact.kills.len(), 40);
        assert!(exact.kills.iter().all(|kill| kill.moment == Moment::There));
        let late = exact.smaller(1).swap_remove(0);
        let committed = |kill: &Kill| kill.point == Point::Committed;
        assert!(!late.kills.is_empty() && late.kills.iter().all(committed));
    }

    #[test]
    fn a_plan_is_the_same_after_it_was_written() {
        let plan = Plan::seeded(9, 3, &Point::ALL);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }

    #[test]
    fn smaller_plans_end_with_one_kill_and_one_record() {
        let mut plan = Plan::seeded(8, 1, &Point::ALL);
        let mut records = 100;
        while let Some(next) = plan.smaller(records).pop() {
            records = next.records.unwrap_or(records);
            plan = next;
            plan = plan.exact().unwrap_or(plan);
        }
        while plan.kills.len() > 1 {
            plan = plan.smaller(1).swap_remove(0);
        }
        assert_eq!((plan.records, plan.smaller(1).len()), (Some(1), 0));
    }
}
