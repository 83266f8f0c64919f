//! Sessions, event by event over a plain list that is searched as a whole each time.

use ssectl_window::Time;

use super::{History, Placed, Rules};

#[derive(Debug, Clone)]
struct Session {
    key: &'static str,
    start: Time,
    end: Time,
    complete: bool,
    tick: Option<Time>,
    history: History,
}

/// What happens to a session next: when, what (a tick, its end or going), where, to whom.
type Due = (Time, u8, (Time, Time), &'static str);

impl Session {
    fn due(&self, rules: &Rules<'_>) -> Due {
        let over = if self.complete {
            rules.gone(self.end)
        } else {
            self.end
        };
        match self.tick {
            Some(tick) if !self.complete && tick <= over => (tick, 0, (0, 0), self.key),
            _ => (over, 1, (over, self.start), self.key),
        }
    }
}

pub(super) fn panes(rules: &Rules<'_>, events: &[Placed]) -> Vec<String> {
    let (mut sessions, mut lines) = (Vec::new(), Vec::new());
    for event in events {
        pass(rules, &mut sessions, event.place, &mut lines);
        take(rules, &mut sessions, event, &mut lines);
    }
    pass(rules, &mut sessions, Time::MAX, &mut lines);
    lines
}

/// Does all that is due up to a time.
fn pass(rules: &Rules<'_>, sessions: &mut Vec<Session>, to: Time, lines: &mut Vec<String>) {
    while let Some(at) =
        (0..sessions.len()).min_by_key(|at| (sessions[*at].due(rules), sessions[*at].start))
    {
        let (time, what, ..) = sessions[at].due(rules);
        if time > to {
            return;
        }
        let session = &mut sessions[at];
        let window = (session.start, session.end);
        match what {
            0 => {
                session.tick = None;
                if session.history.fresh > 0 {
                    lines.extend(session.history.pane(rules, session.key, window, "early"));
                }
            }
            _ if !session.complete => {
                lines.extend(session.history.pane(rules, session.key, window, "on-time"));
                session.complete = true;
                session.tick = None;
                if rules.lateness() == 0 {
                    sessions.remove(at);
                }
            }
            _ => {
                if session.history.fresh > 0 {
                    lines.extend(session.history.pane(rules, session.key, window, "late"));
                }
                sessions.remove(at);
            }
        }
    }
}

fn take(rules: &Rules<'_>, sessions: &mut Vec<Session>, event: &Placed, lines: &mut Vec<String>) {
    let (start, end) = (
        event.given.time,
        event.given.time + rules.settings.gap.unwrap(),
    );
    let touches =
        |other: &Session| other.key == event.given.key && other.start < end && start < other.end;
    let mut touched: Vec<Session> = sessions
        .iter()
        .filter(|other| touches(other))
        .cloned()
        .collect();
    touched.sort_by_key(|session| session.start);
    sessions.retain(|other| !touches(other));
    let mut merged = Session {
        key: event.given.key,
        start: touched
            .iter()
            .map(|session| session.start)
            .min()
            .map_or(start, |first| first.min(start)),
        end: touched
            .iter()
            .map(|session| session.end)
            .max()
            .map_or(end, |last| last.max(end)),
        complete: false,
        tick: touched.iter().filter_map(|session| session.tick).min(),
        history: History::default(),
    };
    for session in &touched {
        if (session.start, session.end) == (merged.start, merged.end) {
            merged.history.revision = session.history.revision;
        }
        // What was given out already stays in front, so that the last ones are those that are new.
        merged
            .history
            .standing
            .extend(session.history.standing.iter().cloned());
    }
    let (mut old, mut new, mut in_order) = (Vec::new(), Vec::new(), Vec::new());
    for session in touched {
        let History { inputs, fresh, .. } = session.history;
        let split = inputs.len() - fresh;
        in_order.extend(inputs.iter().cloned());
        old.extend(inputs[..split].iter().cloned());
        new.extend(inputs[split..].iter().cloned());
    }
    merged.history.fresh = new.len();
    let discards = rules.accumulation() == ssectl_window::Accumulation::Discarding;
    merged.history.inputs = if discards {
        [old, new].concat()
    } else {
        in_order
    };
    merged.history.add(&event.given.input);
    merged.complete = merged.end <= event.place;
    let window = (merged.start, merged.end);
    if merged.complete {
        merged.tick = None;
        if merged.history.fresh >= rules.late_count() {
            lines.extend(merged.history.pane(rules, merged.key, window, "late"));
        }
    } else {
        if rules
            .early_count()
            .is_some_and(|count| merged.history.fresh >= count)
        {
            lines.extend(merged.history.pane(rules, merged.key, window, "early"));
        }
        if let (Some(every), None) = (rules.early_every(), merged.tick) {
            let tick = (event.place.div_euclid(every) + 1) * every;
            merged.tick = Some(tick).filter(|tick| *tick < merged.end);
        }
    }
    sessions.push(merged);
}
