//! Count windows: the events of a key, cut where they are full or over.

use ssectl_window::{Amount, Time};

use super::{History, Placed, Rules};

struct Open {
    key: &'static str,
    times: Vec<Time>,
    over: Time,
    history: History,
}

impl Open {
    fn lines(mut self, rules: &Rules<'_>) -> Vec<String> {
        let unit = rules.settings.unit.unwrap();
        let window = (self.least(), self.greatest() + unit);
        self.history.pane(rules, self.key, window, "on-time")
    }

    fn least(&self) -> Time {
        *self.times.iter().min().unwrap()
    }

    fn greatest(&self) -> Time {
        *self.times.iter().max().unwrap()
    }
}

pub(super) fn panes(rules: &Rules<'_>, events: &[Placed]) -> Vec<String> {
    let Some(Amount::Records(size)) = rules.settings.size else {
        panic!("a number of events");
    };
    let (mut open, mut lines): (Vec<Open>, Vec<String>) = (Vec::new(), Vec::new());
    for event in events {
        expire(rules, &mut open, event.place, &mut lines);
        let given = &event.given;
        let at = open
            .iter()
            .position(|window| window.key == given.key)
            .unwrap_or_else(|| {
                let over = rules
                    .settings
                    .timeout
                    .map_or(Time::MAX, |timeout| given.time + timeout);
                open.push(Open {
                    key: given.key,
                    times: Vec::new(),
                    over,
                    history: History::default(),
                });
                open.len() - 1
            });
        open[at].times.push(given.time);
        open[at].history.add(&given.input);
        if open[at].times.len() as u64 == size {
            lines.extend(open.remove(at).lines(rules));
        }
        expire(rules, &mut open, event.place, &mut lines);
    }
    expire(rules, &mut open, Time::MAX - 1, &mut lines);
    open.sort_by_key(|window| (window.greatest(), window.least(), window.key));
    lines.extend(open.into_iter().flat_map(|window| window.lines(rules)));
    lines
}

fn expire(rules: &Rules<'_>, open: &mut Vec<Open>, to: Time, lines: &mut Vec<String>) {
    open.sort_by_key(|window| (window.over, window.key));
    while open.first().is_some_and(|window| window.over <= to) {
        lines.extend(open.remove(0).lines(rules));
    }
}
