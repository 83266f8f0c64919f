//! Saying that something is tried again, without a flood: a service that throttles may refuse a hundred requests a
//! minute.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ssectl_adapter::Error;
use tokio::time::Instant;

use super::control::{Control, Notice};

/// No more than one line in this time about the same kind of try.
const EVERY: Duration = Duration::from_secs(5);

/// Says the first failure at once, and of those that follow how many there were.
pub(super) struct Retold {
    who: String,
    control: Control,
    /// By what is tried.
    windows: Mutex<BTreeMap<&'static str, Window>>,
}

/// What was said last, and what was not said since.
struct Window {
    since: Instant,
    untold: u32,
}

impl Retold {
    /// `who` is trying, for notices.
    pub(super) fn new(who: &str, control: &Control) -> Self {
        Self {
            who: who.to_owned(),
            control: control.clone(),
            windows: Mutex::default(),
        }
    }

    /// Says that what failed will be done again after a wait, unless the like was said a moment ago.
    pub(super) fn tell(&self, doing: &'static str, error: &Error, wait: Duration) {
        let Some(often) = self.often(doing) else {
            return;
        };
        (self.control.notify)(Notice {
            pipeline: self.who.clone(),
            warns: true,
            message: format!("{}{often}; {doing} again in {wait:?}", with_causes(error)),
        });
    }

    /// How often it failed since the last word, in words; `None` if nothing is to be said yet.
    fn often(&self, doing: &'static str) -> Option<String> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let begun = Window {
            since: now,
            untold: 0,
        };
        let Some(window) = windows.get_mut(doing) else {
            windows.insert(doing, begun);
            return Some(String::new());
        };
        window.untold += 1;
        if now - window.since < EVERY {
            return None;
        }
        let Window { since, untold } = std::mem::replace(window, begun);
        Some(match untold {
            1 => String::new(),
            _ => format!(
                " ({untold} times in the last {} s)",
                (now - since).as_secs()
            ),
        })
    }
}

/// The error and what is below it, in one line.
fn with_causes(error: &Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ssectl_adapter::ErrorKind;

    use super::*;

    #[test]
    fn notices_name_the_causes() {
        let error = Error::new(ErrorKind::Unavailable, "cannot reach `x`")
            .caused_by(Error::new(ErrorKind::Other, "refused"));
        assert_eq!(with_causes(&error), "cannot reach `x`: refused");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_said_at_once_and_then_how_many_there_were() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let sink = said.clone();
        let control = Control {
            notify: Arc::new(move |notice| sink.lock().expect("no panic").push(notice.message)),
            ..Control::detached()
        };
        let retold = Retold::new("test", &control);
        let throttled = Error::new(ErrorKind::Unavailable, "throttled").temporary();
        let wait = Duration::from_millis(200);
        for _ in 0..60 {
            retold.tell("writing", &throttled, wait);
            tokio::time::advance(wait).await;
        }
        retold.tell("reading", &throttled, wait);
        tokio::time::advance(Duration::from_secs(60)).await;
        retold.tell("reading", &throttled, wait);
        assert_eq!(
            *said.lock().expect("no panic"),
            [
                "throttled; writing again in 200ms",
                "throttled (25 times in the last 5 s); writing again in 200ms",
                "throttled (25 times in the last 5 s); writing again in 200ms",
                "throttled; reading again in 200ms",
                "throttled; reading again in 200ms",
            ]
        );
    }
}
