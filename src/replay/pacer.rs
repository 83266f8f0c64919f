//! When to send each record.

use std::time::Duration;

use super::drift::Drift;
use super::speed::Speed;

/// Turns event times into waiting times.
///
/// The schedule is absolute: the first record is due at once, and each other as long after it as
/// their event times are apart, divided by the speed. A replay that falls behind therefore catches
/// up, and delays do not add up. Times of the clock are durations since any fixed moment.
///
/// ```
/// use std::time::Duration;
/// use ssectl::replay::{Pacer, Speed};
///
/// let mut pacer = Pacer::new(Speed::ORIGINAL, Some(Duration::from_secs(5)));
/// let second = |s: i128| Some(s * 1_000_000_000);
/// assert_eq!(pacer.wait(second(100), Duration::ZERO), Duration::ZERO);
/// assert_eq!(pacer.wait(second(102), Duration::from_millis(500)), Duration::from_millis(1_500));
/// assert_eq!(pacer.wait(second(999), Duration::from_secs(2)), Duration::from_secs(5)); // a gap, cut short
/// ```
#[derive(Debug)]
pub struct Pacer {
    speed: Speed,
    max_gap_ns: Option<i128>,
    schedule: Option<Schedule>,
    skipped_ns: i128,
    drift: Drift,
}

/// Where in the recording the replay is. Times of the clock are in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    /// The first record: its event time, and when it was due.
    first_event_ns: i128,
    first_due_ns: i128,
    /// An event time and when it is due, from which all later ones are counted.
    anchor_event_ns: i128,
    anchor_due_ns: i128,
    /// The record at hand.
    event_ns: i128,
    due_ns: i128,
}

impl Pacer {
    /// `max_gap`: never wait longer than this from one record to the next, however far apart they
    /// are.
    pub fn new(speed: Speed, max_gap: Option<Duration>) -> Self {
        Self {
            speed,
            max_gap_ns: max_gap.map(nanos),
            schedule: None,
            skipped_ns: 0,
            drift: Drift::default(),
        }
    }

    /// How long to wait, at the time `now` of the clock, before sending a record whose turn is at
    /// an event time.
    ///
    /// A record of an earlier event time than the one before, or of none, is due with the one
    /// before.
    pub fn wait(&mut self, event_ns: Option<i128>, now: Duration) -> Duration {
        let now_ns = nanos(now);
        let Some(event_ns) = event_ns else {
            return self.schedule.map_or(Duration::ZERO, |schedule| {
                duration(schedule.due_ns - now_ns)
            });
        };
        let (speed, max_gap_ns) = (self.speed, self.max_gap_ns);
        let schedule = self
            .schedule
            .get_or_insert_with(|| Schedule::new(event_ns, now_ns));
        self.skipped_ns += schedule.advance(event_ns, speed, max_gap_ns);
        if speed == Speed::Max {
            schedule.due_ns = now_ns;
        }
        duration(schedule.due_ns - now_ns)
    }

    /// Notes that the record asked about last was sent at the time `now` of the clock.
    pub fn sent(&mut self, now: Duration) {
        if let Some(schedule) = &self.schedule
            && self.speed != Speed::Max
        {
            self.drift.record(duration(nanos(now) - schedule.due_ns));
        }
    }

    /// How late the records were sent. Empty at the speed `max`, which has no schedule.
    pub fn drift(&self) -> &Drift {
        &self.drift
    }

    /// How much event time was left out because of `max_gap`.
    pub fn skipped(&self) -> Duration {
        duration(self.skipped_ns)
    }

    /// How long it will take until the event time `end_ns`, as seen at the time `now` of the clock.
    ///
    /// On schedule this is what the schedule says, less what gaps will be cut; behind it, or at the
    /// speed `max`, it follows from how fast event time has passed so far. `None` as long as
    /// nothing is known.
    pub fn eta(&self, end_ns: i128, now: Duration) -> Option<Duration> {
        let schedule = self.schedule.as_ref()?;
        let (now_ns, left_ns) = (nanos(now), (end_ns - schedule.event_ns).max(0));
        if self.speed != Speed::Max && now_ns <= schedule.due_ns {
            return Some(duration(
                schedule.due_ns + self.speed.wall_ns(left_ns) - now_ns,
            ));
        }
        let (passed_ns, elapsed_ns) = (
            schedule.event_ns - schedule.first_event_ns,
            now_ns - schedule.first_due_ns,
        );
        (passed_ns > 0).then(|| {
            Duration::from_secs_f64(elapsed_ns as f64 / 1e9 * (left_ns as f64 / passed_ns as f64))
        })
    }
}

impl Schedule {
    fn new(event_ns: i128, now_ns: i128) -> Self {
        Self {
            first_event_ns: event_ns,
            first_due_ns: now_ns,
            anchor_event_ns: event_ns,
            anchor_due_ns: now_ns,
            event_ns,
            due_ns: now_ns,
        }
    }

    /// Goes on to a record, and says how much event time was skipped before it.
    fn advance(&mut self, event_ns: i128, speed: Speed, max_gap_ns: Option<i128>) -> i128 {
        let gap_ns = event_ns - self.event_ns;
        if gap_ns <= 0 {
            return 0;
        }
        self.event_ns = event_ns;
        match max_gap_ns {
            Some(max_gap_ns) if speed.wall_ns(gap_ns) > max_gap_ns => {
                self.due_ns += max_gap_ns;
                (self.anchor_event_ns, self.anchor_due_ns) = (event_ns, self.due_ns);
                gap_ns - speed.event_ns(max_gap_ns)
            }
            _ => {
                self.due_ns = self.anchor_due_ns + speed.wall_ns(event_ns - self.anchor_event_ns);
                0
            }
        }
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

/// Negative ones are 0, and those beyond 584 years that.
fn duration(nanos: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i128 = 1_000_000;

    /// A clock that only moves when it is told to.
    struct Replay {
        pacer: Pacer,
        now: Duration,
    }

    impl Replay {
        fn new(speed: &str, max_gap: Option<u64>) -> Self {
            let pacer = Pacer::new(speed.parse().unwrap(), max_gap.map(Duration::from_millis));
            Self {
                pacer,
                now: Duration::from_secs(1_000),
            }
        }

        /// Waits for and sends a record; the milliseconds on the clock since the start.
        fn play(&mut self, event_ms: i128) -> u64 {
            self.now += self.pacer.wait(Some(event_ms * MS), self.now);
            self.pacer.sent(self.now);
            (self.now - Duration::from_secs(1_000)).as_millis() as u64
        }

        fn delay(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
        }
    }

    #[test]
    fn records_are_as_far_apart_as_recorded_over_the_speed() {
        for (speed, expected) in [
            ("1x", [0, 250, 250, 4_000]),
            ("10x", [0, 25, 25, 400]),
            ("0.5x", [0, 500, 500, 8_000]),
            ("max", [0; 4]),
        ] {
            let mut replay = Replay::new(speed, None);
            assert_eq!(
                [7_000, 7_250, 7_250, 11_000].map(|ms| replay.play(ms)),
                expected,
                "{speed}"
            );
        }
    }

    #[test]
    fn delays_do_not_add_up() {
        let mut replay = Replay::new("1x", None);
        replay.play(0);
        replay.delay(350);
        assert_eq!(
            [100, 200, 300, 400, 500].map(|ms| replay.play(ms)),
            [350, 350, 350, 400, 500]
        );
        let drift = replay.pacer.drift();
        assert_eq!(
            (drift.records(), drift.max()),
            (6, Duration::from_millis(250))
        );
        assert_eq!(drift.quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn odd_speeds_do_not_wander_off() {
        let mut replay = Replay::new("0.3x", None);
        replay.play(0);
        for event in 1..=100_000 {
            let due = replay.pacer.wait(Some(event), replay.now);
            replay.now += due;
        }
        assert_eq!(
            (replay.now - Duration::from_secs(1_000)).as_nanos(),
            100_000 * 1_000 / 300
        );
    }

    #[test]
    fn gaps_are_cut_to_what_one_is_willing_to_wait() {
        let mut replay = Replay::new("2x", Some(5_000));
        let played = [0, 10_000, 20_001, 86_420_001, 86_421_001].map(|ms| replay.play(ms));
        assert_eq!(played, [0, 5_000, 10_000, 15_000, 15_500]);
        assert_eq!(
            replay.pacer.skipped(),
            Duration::from_millis(1 + 86_400_000 - 10_000)
        );
    }

    #[test]
    fn late_and_timeless_records_go_with_the_one_before() {
        let mut replay = Replay::new("1x", None);
        assert_eq!(replay.pacer.wait(None, replay.now), Duration::ZERO);
        replay.play(1_000);
        assert_eq!(
            replay.pacer.wait(Some(3_000 * MS), replay.now),
            Duration::from_secs(2)
        );
        assert_eq!(replay.pacer.wait(None, replay.now), Duration::from_secs(2));
        assert_eq!(
            replay.pacer.wait(Some(500 * MS), replay.now),
            Duration::from_secs(2)
        );
        assert_eq!(replay.play(4_000), 3_000);
    }

    #[test]
    fn the_eta_is_the_schedule_or_if_that_fails_the_pace_so_far() {
        let mut replay = Replay::new("2x", None);
        assert_eq!(replay.pacer.eta(60_000 * MS, replay.now), None);
        replay.play(0);
        replay.play(20_000);
        assert_eq!(
            replay.pacer.eta(60_000 * MS, replay.now),
            Some(Duration::from_secs(20))
        );
        assert_eq!(
            replay.pacer.eta(10_000 * MS, replay.now),
            Some(Duration::ZERO)
        );
        // Twice as slow as it should be: 20 s of events took 20 s, and 40 s of them are left.
        replay.delay(10_000);
        assert_eq!(
            replay.pacer.eta(60_000 * MS, replay.now),
            Some(Duration::from_secs(40))
        );

        let mut replay = Replay::new("max", None);
        replay.play(0);
        assert_eq!(replay.pacer.eta(60_000 * MS, replay.now), None);
        replay.delay(1_000);
        replay.play(15_000);
        assert_eq!(
            replay.pacer.eta(60_000 * MS, replay.now),
            Some(Duration::from_secs(3))
        );
        assert_eq!(replay.pacer.drift().records(), 0);
    }

    #[test]
    fn absurd_times_saturate() {
        let mut pacer = Pacer::new("0.001x".parse().unwrap(), Some(Duration::MAX));
        pacer.wait(Some(i128::MIN / 4), Duration::ZERO);
        assert_eq!(
            pacer.wait(Some(i128::MAX / 4), Duration::ZERO),
            Duration::from_nanos(u64::MAX)
        );
    }
}
