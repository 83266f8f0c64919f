//! Notices that clients can cause as often as they like.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Notices;
use crate::store::{Clock, LockExt};

/// So many notices are given at once; the ones that follow are counted.
const BURST: u64 = 5;

/// How often the ones that were only counted are told of.
const INTERVAL: Duration = Duration::from_secs(10);

/// Gives the first few notices of one kind, and of the rest one line per interval with their number.
#[derive(Debug)]
pub(crate) struct Throttle {
    notices: Notices,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the interval began, by the monotonic clock.
    start: Duration,
    /// Notices that were given in it.
    given: u64,
    /// Notices that were not, and the last one of them.
    held: u64,
    last: String,
}

impl Throttle {
    /// Nothing was said yet.
    pub(crate) fn new(notices: Notices, clock: Arc<dyn Clock>) -> Self {
        Self {
            notices,
            clock,
            state: Mutex::default(),
        }
    }

    /// Gives a notice, or counts it.
    pub(crate) fn say(&self, notice: String) {
        self.tick();
        let mut state = self.state.locked();
        if state.given == 0 {
            state.start = self.clock.monotonic();
        }
        if state.given < BURST {
            state.given += 1;
            drop(state);
            self.notices.say(&notice);
        } else {
            state.held += 1;
            state.last = notice;
        }
    }

    /// Tells of the notices that were held back, if it is time to. To be called now and then.
    pub(crate) fn tick(&self) {
        let now = self.clock.monotonic();
        let mut state = self.state.locked();
        if now.saturating_sub(state.start) < INTERVAL {
            return;
        }
        let summary = state.summary();
        // As long as they keep coming there is one line per interval.
        state.given = if summary.is_some() { BURST } else { 0 };
        state.start = now;
        drop(state);
        if let Some(summary) = summary {
            self.notices.say(&summary);
        }
    }
}

impl State {
    /// One line about what was held back, which is forgotten.
    fn summary(&mut self) -> Option<String> {
        let held = std::mem::take(&mut self.held);
        let last = std::mem::take(&mut self.last);
        (held > 0).then(|| format!("{held} more like these, the last: {last}"))
    }
}

impl Drop for Throttle {
    /// Nothing is held back for ever.
    fn drop(&mut self) {
        if let Some(summary) = self.state.locked().summary() {
            self.notices.say(&summary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ManualClock;

    #[test]
    fn the_first_few_are_given_and_the_rest_are_counted() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let clock = Arc::new(ManualClock::new(0));
        let notices = Notices::new(move |line| sink.locked().push(line.to_owned()));
        let throttle = Throttle::new(notices, clock.clone());
        let take = || std::mem::take(&mut *heard.locked());
        for n in 0..100 {
            throttle.say(format!("fault {n}"));
        }
        assert_eq!(take().len(), 5);
        clock.advance(INTERVAL);
        throttle.tick();
        assert_eq!(take(), ["95 more like these, the last: fault 99"]);
        // It goes on: no new burst.
        throttle.say("again".to_owned());
        assert!(take().is_empty());
        clock.advance(INTERVAL);
        throttle.tick();
        assert_eq!(take(), ["1 more like these, the last: again"]);
        // It was quiet for an interval.
        clock.advance(INTERVAL);
        throttle.tick();
        throttle.say("new".to_owned());
        assert_eq!(take(), ["new"]);
        for _ in 0..7 {
            throttle.say("last".to_owned());
        }
        assert_eq!(take().len(), 4);
        drop(throttle);
        assert_eq!(take(), ["3 more like these, the last: last"]);
    }
}
