//! Event times: when event i happens, as a function of i.

use jiff::{Timestamp, tz::Offset};

use super::error::SpecError;
use super::json::push_padded;
use super::rng::{Purpose, Seed};
use super::spec::Time;
use crate::duration::HumanDuration;

/// 2026-01-01T00:00:00Z, the time of event 0 unless `time.start` says otherwise.
pub const DEFAULT_START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// 0000-01-01T00:00:00Z, the first time that RFC 3339 can express.
const FIRST_NS: i128 = -62_167_219_200 * NANOS;

/// The last whole millisecond that jiff can express, on 9999-12-30.
const LAST_NS: i128 = 253_402_207_200_999_000_000;

const DEFAULT_JITTER: f64 = 0.5;
const NANOS: i128 = 1_000_000_000;

/// Event e happens at `start + e * period + jitter(e)`, where 0 <= jitter(e) < period, so that
/// times always increase.
///
/// Times are multiples of a millisecond if start and period allow it, else of a microsecond, else
/// of a nanosecond. A record's text and its time stamp therefore say the same, to the last digit.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    seed: Seed,
    start_ns: i128,
    period_ns: u64,
    quantum_ns: u64,
    /// How many different offsets jitter gives; 1 means none.
    jitter_steps: u64,
    /// The decimals of a second that are written.
    decimals: usize,
}

/// The moment at which an event happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub(super) ns: i128,
    pub(super) decimals: usize,
}

impl Timeline {
    pub(super) fn new(
        seed: Seed,
        time: &Time,
        usual_period: HumanDuration,
    ) -> Result<Self, SpecError> {
        let start_ns = time.start.unwrap_or(DEFAULT_START).as_nanosecond();
        if start_ns < FIRST_NS {
            let problem = "it is before the year 0000, which RFC 3339 cannot write";
            return Err(SpecError::new("time.start", problem));
        }
        let period_ns = time.period.unwrap_or(usual_period).as_nanos();
        let jitter = time.jitter.unwrap_or(DEFAULT_JITTER);
        if !(0.0..=1.0).contains(&jitter) {
            return Err(SpecError::new(
                "time.jitter",
                format!("{jitter} is out of range; it is a share of the period, from 0 to 1"),
            ));
        }
        let (quantum_ns, decimals) = quantum(start_ns, period_ns, jitter);
        let jitter_steps = (((period_ns / quantum_ns) as f64 * jitter) as u64).max(1);
        Ok(Self {
            seed,
            start_ns,
            period_ns,
            quantum_ns,
            jitter_steps,
            decimals,
        })
    }

    /// When event `e` happens; never after the last instant.
    #[inline]
    pub(super) fn at(&self, e: u64) -> Instant {
        let passed = i128::from(e).saturating_mul(i128::from(self.period_ns));
        let jitter = if self.jitter_steps > 1 {
            self.seed.draws(Purpose::Time, e).below(self.jitter_steps) * self.quantum_ns
        } else {
            0
        };
        let ns = passed
            .saturating_add(self.start_ns + i128::from(jitter))
            .min(LAST_NS);
        Instant {
            ns,
            decimals: self.decimals,
        }
    }

    /// Whether event `e` would happen after the last instant.
    pub(super) fn is_exhausted_at(&self, e: u64) -> bool {
        self.period_ns > 0 && self.at(e).ns == LAST_NS
    }

    /// The time from one event to the next before jitter.
    pub(super) fn period_ns(&self) -> u64 {
        self.period_ns
    }

    /// The most that jitter adds.
    pub(super) fn jitter_ns(&self) -> u64 {
        (self.jitter_steps - 1) * self.quantum_ns
    }
}

/// The coarsest unit that start and period are multiples of and that leaves jitter some choice.
fn quantum(start_ns: i128, period_ns: u64, jitter: f64) -> (u64, usize) {
    let enough = if jitter > 0.0 { 20 } else { 0 };
    [(1_000_000, 3), (1_000, 6)]
        .into_iter()
        .find(|&(unit, _)| {
            start_ns % i128::from(unit) == 0
                && period_ns.is_multiple_of(unit)
                && period_ns / unit >= enough
        })
        .unwrap_or((1, 9))
}

impl Instant {
    /// Appends RFC 3339 text in UTC, such as `2026-01-01T00:00:00.250Z`.
    pub(super) fn push_rfc3339(self, out: &mut Vec<u8>) {
        let at = self.civil();
        push_padded(out, at.year() as u64, 4);
        out.push(b'-');
        push_padded(out, at.month() as u64, 2);
        out.push(b'-');
        push_padded(out, at.day() as u64, 2);
        out.push(b'T');
        push_clock(out, at);
        out.push(b'.');
        let fraction = self.ns.rem_euclid(NANOS) as u64 / 10u64.pow(9 - self.decimals as u32);
        push_padded(out, fraction, self.decimals);
        out.push(b'Z');
    }

    /// Appends the time as web servers log it, such as `01/Jan/2026:00:00:00 +0000`.
    pub(super) fn push_log_date(self, out: &mut Vec<u8>) {
        const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let at = self.civil();
        push_padded(out, at.day() as u64, 2);
        out.push(b'/');
        let month = 3 * (at.month() as usize - 1);
        out.extend_from_slice(&MONTHS[month..month + 3]);
        out.push(b'/');
        push_padded(out, at.year() as u64, 4);
        out.push(b':');
        push_clock(out, at);
        out.extend_from_slice(b" +0000");
    }

    fn civil(self) -> jiff::civil::DateTime {
        let second = self.ns.div_euclid(NANOS) as i64;
        Offset::UTC.to_datetime(Timestamp::from_second(second).unwrap_or(Timestamp::MAX))
    }
}

fn push_clock(out: &mut Vec<u8>, at: jiff::civil::DateTime) {
    push_padded(out, at.hour() as u64, 2);
    out.push(b':');
    push_padded(out, at.minute() as u64, 2);
    out.push(b':');
    push_padded(out, at.second() as u64, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(start: &str, period: &str, jitter: f64) -> Timeline {
        let time = Time {
            start: Some(start.parse().unwrap()),
            period: Some(period.parse().unwrap()),
            jitter: Some(jitter),
        };
        Timeline::new(Seed(7), &time, HumanDuration::default()).unwrap()
    }

    fn text(instant: Instant) -> String {
        let mut out = Vec::new();
        instant.push_rfc3339(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_and_nanoseconds_say_the_same() {
        for (start, period) in [
            ("2026-01-01T00:00:00Z", "1s"),
            ("2024-02-28T23:59:59.999Z", "62500us"),
            ("1969-12-31T23:59:58.5Z", "333ms"),
            ("1600-03-01T00:00:00Z", "23h"),
            ("2026-01-01T00:00:00.123456789Z", "7ns"),
        ] {
            let timeline = timeline(start, period, 1.0);
            for e in [0, 1, 2, 59, 60, 86_400, 1_000_000] {
                let at = timeline.at(e);
                assert_eq!(
                    text(at).parse::<Timestamp>().unwrap().as_nanosecond(),
                    at.ns,
                    "{start} {period} {e}"
                );
            }
        }
    }

    #[test]
    fn times_increase_whatever_the_jitter() {
        for (period, jitter) in [
            ("1s", 1.0),
            ("1ms", 1.0),
            ("3ns", 1.0),
            ("1ns", 0.5),
            ("10ms", 0.5),
        ] {
            let timeline = timeline("2026-01-01T00:00:00Z", period, jitter);
            assert!(
                (0..5_000).all(|e| timeline.at(e).ns < timeline.at(e + 1).ns),
                "{period} {jitter}"
            );
        }
    }

    #[test]
    fn jitter_spreads_over_its_share_of_the_period() {
        let timeline = timeline("1970-01-01T00:00:00Z", "1s", 0.5);
        let offsets: Vec<i128> = (0..10_000)
            .map(|e| timeline.at(e).ns - i128::from(e) * NANOS)
            .collect();
        assert!(
            offsets
                .iter()
                .all(|offset| (0..500_000_000).contains(offset) && offset % 1_000_000 == 0)
        );
        let mean = offsets.iter().sum::<i128>() / 10_000;
        assert!((240_000_000..260_000_000).contains(&mean), "{mean}");
    }

    #[test]
    fn without_jitter_times_are_even() {
        let timeline = timeline("2026-01-01T00:00:00Z", "250ms", 0.0);
        assert_eq!(text(timeline.at(5)), "2026-01-01T00:00:01.250Z");
    }

    #[test]
    fn time_stops_at_the_end_of_the_calendar() {
        let timeline = timeline("2026-01-01T00:00:00Z", "1h", 0.5);
        assert_eq!(timeline.at(u64::MAX).ns, LAST_NS);
        let longest = HumanDuration(std::time::Duration::from_nanos(u64::MAX));
        let time = Time {
            period: Some(longest),
            ..Time::default()
        };
        assert_eq!(
            Timeline::new(Seed(0), &time, longest)
                .unwrap()
                .at(u64::MAX)
                .ns,
            LAST_NS
        );
        assert_eq!(LAST_NS, Timestamp::MAX.as_millisecond() as i128 * 1_000_000);
        assert!(text(timeline.at(u64::MAX)).starts_with("9999-12-30T"));
    }

    #[test]
    fn times_start_in_the_year_0_at_the_earliest() {
        let first: Timestamp = "0000-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(FIRST_NS, first.as_nanosecond());
        assert_eq!(
            text(timeline("0000-01-01T00:00:00Z", "1s", 0.0).at(0)),
            "0000-01-01T00:00:00.000Z"
        );
        let time = Time {
            start: Some("-000001-12-31T23:59:59Z".parse().unwrap()),
            ..Time::default()
        };
        let error = Timeline::new(Seed(0), &time, HumanDuration::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`time.start`: it is before the year 0000"),
            "{error}"
        );
    }

    #[test]
    fn web_servers_write_dates_their_own_way() {
        let mut out = Vec::new();
        timeline("2026-12-09T23:05:07Z", "1s", 0.0)
            .at(0)
            .push_log_date(&mut out);
        assert_eq!(out, b"09/Dec/2026:23:05:07 +0000");
    }
}
