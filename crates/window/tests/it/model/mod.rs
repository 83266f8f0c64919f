//! What the operator must say, evaluated from the definitions over the whole input, with neither tables nor timers.

mod aligned;
mod count;
mod session;

use ssectl_window::{Accumulation, Amount, Fate, Late, Settings, Time, Type};

/// An event of the input.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) time: Time,
    pub(crate) key: &'static str,
    pub(crate) input: String,
}

/// An event at its place in the merged order.
#[derive(Debug, Clone)]
struct Placed {
    place: Time,
    partition: usize,
    nth: usize,
    given: Given,
}

/// Panes, in order, and the fates of the events of each partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) panes: Vec<String>,
    pub(crate) fates: Vec<Vec<Fate>>,
}

/// Evaluates the definitions; each inner list is a partition.
pub(crate) fn evaluate(settings: &Settings, ordered: bool, input: &[Vec<Given>]) -> Said {
    let rules = Rules { settings, ordered };
    let (mut placed, mut fates) = (Vec::new(), Vec::new());
    for (partition, events) in input.iter().enumerate() {
        let (mut newest, mut of) = (None, Vec::new());
        for (nth, given) in events.iter().enumerate() {
            let ahead = settings
                .max_future
                .zip(newest)
                .is_some_and(|(most, newest)| given.time > newest + most);
            if ahead {
                of.push(Fate::Ahead);
                continue;
            }
            newest = newest.max(Some(given.time));
            let place = given.time.max(newest.unwrap_or(given.time)) - settings.delay.unwrap_or(0);
            let late = rules.is_late(given.time, place);
            of.push(if late { Fate::Late } else { Fate::Used });
            if !late {
                placed.push(Placed {
                    place,
                    partition,
                    nth,
                    given: given.clone(),
                });
            }
        }
        fates.push(of);
    }
    placed.sort_by_key(|event| (event.place, event.partition, event.nth));
    let panes = match settings.kind {
        Type::Session => session::panes(&rules, &placed),
        Type::Count => count::panes(&rules, &placed),
        _ => aligned::panes(&rules, &placed),
    };
    Said { panes, fates }
}

/// The settings, read.
struct Rules<'a> {
    settings: &'a Settings,
    ordered: bool,
}

impl Rules<'_> {
    fn lateness(&self) -> Time {
        match (self.settings.lateness, self.settings.late) {
            (Some(lateness), _) => lateness,
            (None, Late::Refire) => Time::MAX,
            (None, _) => 0,
        }
    }

    /// The end of the time in which a window that ends then takes events.
    fn gone(&self, end: Time) -> Time {
        end.saturating_add(self.lateness())
    }

    fn is_late(&self, time: Time, place: Time) -> bool {
        match self.settings.kind {
            Type::Count | Type::Global => false,
            Type::Session => self.gone(time + self.settings.gap.unwrap()) <= place,
            _ => aligned::windows(self.settings, time)
                .iter()
                .all(|window| self.gone(window.1) <= place),
        }
    }

    fn late_count(&self) -> usize {
        self.settings.late_count.map_or(1, |count| count as usize)
    }

    fn early_count(&self) -> Option<usize> {
        match self.settings.early.or(self.settings.trigger) {
            Some(Amount::Records(count)) => Some(count as usize),
            _ => None,
        }
    }

    fn early_every(&self) -> Option<Time> {
        match self.settings.early.or(self.settings.trigger) {
            Some(Amount::Time(every)) => Some(every),
            _ => None,
        }
    }

    fn accumulation(&self) -> Accumulation {
        self.settings.accumulation.unwrap_or_default()
    }

    /// The inputs as the aggregate writes them.
    fn inputs(&self, inputs: &[String]) -> String {
        let mut inputs = inputs.to_vec();
        if !self.ordered {
            inputs.sort();
        }
        inputs.join(" ")
    }
}

/// A window of a key and what was said of it.
#[derive(Debug, Clone, Default)]
struct History {
    inputs: Vec<String>,
    /// How many of them the next pane is about.
    fresh: usize,
    revision: u32,
    /// Panes that stand.
    standing: Vec<String>,
}

impl History {
    fn add(&mut self, input: &str) {
        self.inputs.push(input.to_owned());
        self.fresh += 1;
    }

    /// The lines of a pane.
    fn pane(
        &mut self,
        rules: &Rules<'_>,
        key: &str,
        window: (Time, Time),
        kind: &str,
    ) -> Vec<String> {
        let all = rules.accumulation() != Accumulation::Discarding;
        let about = if all {
            &self.inputs[..]
        } else {
            &self.inputs[self.inputs.len() - self.fresh..]
        };
        let (start, end) = window;
        let line = format!(
            "{key}[{start},{end}) {kind}{}: {}",
            self.revision,
            rules.inputs(about)
        );
        let mut lines = Vec::new();
        if rules.accumulation() == Accumulation::Retracting {
            lines.extend(self.standing.drain(..).map(|line| format!("-{line}")));
            self.standing.push(line.clone());
        }
        lines.push(line);
        self.revision += 1;
        self.fresh = 0;
        lines
    }
}
