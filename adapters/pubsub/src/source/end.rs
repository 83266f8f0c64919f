//! When a bounded read of a subscription is at its end.
//!
//! Pub/Sub does not say how much is left, and the client does not say how its stream is doing. So a read ends when nothing
//! has come for a while *and* the service has answered twice meanwhile, so that a silence is not an outage, a slow
//! connection or a busy machine. What was published long after the read was bounded is not waited for, else a busy
//! topic had no end; clocks may differ by a minute.

use std::time::Duration;

use ssectl_adapter::Timestamp;
use tokio::time::Instant;

/// So many answers make a silence one of the topic.
const ANSWERS: u32 = 2;
/// The service is asked so often during a silence that is no end.
const PATROL: Duration = Duration::from_secs(15);
/// Clocks of publishers' servers and ours differ by no more.
const SKEW_NANOS: i128 = 60_000_000_000;

/// How long nothing has come.
#[derive(Debug)]
pub(super) struct Silence {
    since: Instant,
    asked: Instant,
    answers: u32,
    heard: bool,
    /// What the read was bounded by: how long a silence is its end, and the time of the bound.
    bound: Option<(Duration, Timestamp)>,
    /// Whether the service can be asked.
    asks: bool,
}

impl Silence {
    pub(super) fn since(now: Instant, asks: bool) -> Self {
        Self {
            since: now,
            asked: now,
            answers: 0,
            heard: false,
            bound: None,
            asks,
        }
    }

    /// The read is to end at what is there at `time`; the first call decides.
    pub(super) fn bound(&mut self, quiet: Duration, time: Timestamp, now: Instant) {
        if self.bound.is_none() {
            self.bound = Some((quiet, time));
            self.restart(now);
        }
    }

    /// Whether a message was published too late for a bounded read.
    pub(super) fn is_beyond(&self, published: Option<Timestamp>) -> bool {
        match (self.bound, published) {
            (Some((_, time)), Some(published)) => {
                published.as_nanos() > time.as_nanos() + SKEW_NANOS
            }
            _ => false,
        }
    }

    /// A message came, or something happened that lets more come.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = true;
        self.restart(now);
    }

    /// The stream is opened anew.
    pub(super) fn opened(&mut self, now: Instant) {
        self.heard = false;
        self.restart(now);
    }

    fn restart(&mut self, now: Instant) {
        (self.since, self.asked, self.answers) = (now, now, 0);
    }

    /// When the service is to be asked whether it is still there.
    pub(super) fn asks_at(&self) -> Option<Instant> {
        let every = self.bound.map_or(PATROL, |(quiet, _)| quiet / 2);
        self.asks.then(|| self.asked + every)
    }

    /// The service is being asked.
    pub(super) fn asking(&mut self, now: Instant) {
        self.asked = now;
    }

    /// The service answered.
    pub(super) fn answered(&mut self) {
        self.answers += 1;
    }

    /// When the silence is the end, if nothing comes until then.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        let (quiet, _) = self.bound?;
        // The first message takes a connection.
        Some(self.since + if self.heard { quiet } else { quiet * 2 })
    }

    /// Whether it is the end.
    pub(super) fn is_end(&self, now: Instant) -> bool {
        let asked = !self.asks || self.answers >= ANSWERS;
        asked && self.ends_at().is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(4);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn bounded(start: Instant, asks: bool) -> Silence {
        let mut silence = Silence::since(start, asks);
        silence.bound(QUIET, Timestamp::from_millis(0), start);
        silence
    }

    #[tokio::test]
    async fn a_silence_without_answers_is_no_end() {
        let start = Instant::now();
        let mut silence = bounded(start, true);
        silence.heard(start);
        assert!(!silence.is_end(start + seconds(60)));
        silence.answered();
        assert!(!silence.is_end(start + seconds(60)));
        silence.answered();
        assert!(silence.is_end(start + QUIET));
        assert!(!silence.is_end(start + seconds(3)));
    }

    #[tokio::test]
    async fn every_message_begins_a_new_silence() {
        let start = Instant::now();
        let mut silence = bounded(start, true);
        silence.answered();
        silence.answered();
        silence.heard(start + seconds(3));
        assert!(!silence.is_end(start + seconds(30)));
        assert_eq!(silence.asks_at(), Some(start + seconds(5)));
    }

    #[tokio::test]
    async fn the_first_message_may_take_twice_as_long() {
        let start = Instant::now();
        let silence = bounded(start, false);
        assert!(!silence.is_end(start + seconds(7)));
        assert!(silence.is_end(start + seconds(8)));
    }

    #[tokio::test]
    async fn a_read_without_a_bound_never_ends_but_asks() {
        let start = Instant::now();
        let mut silence = Silence::since(start, true);
        silence.answered();
        silence.answered();
        assert!(!silence.is_end(start + seconds(3600)));
        assert_eq!(silence.asks_at(), Some(start + PATROL));
        assert!(!silence.is_beyond(Some(Timestamp::from_millis(i64::MAX))));
    }

    #[tokio::test]
    async fn what_comes_much_later_is_beyond_the_bound() {
        let silence = bounded(Instant::now(), true);
        for (millis, beyond) in [(0, false), (59_000, false), (61_000, true)] {
            assert_eq!(
                silence.is_beyond(Some(Timestamp::from_millis(millis))),
                beyond
            );
        }
        assert!(!silence.is_beyond(None));
    }
}
