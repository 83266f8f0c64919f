//! Windows with bounds of their own: each is evaluated alone, then all panes are put in order.

use std::collections::BTreeSet;

use ssectl_window::{Amount, Settings, Time, Type};

use super::{History, Placed, Rules};

/// When a pane comes: what is due at a time comes before the events at that place; ticks before ends before what goes.
type When = (Time, u8, u8, (Time, Time), String, (usize, usize), usize);

/// All windows of a time, by trying all that are near.
pub(super) fn windows(settings: &Settings, time: Time) -> Vec<(Time, Time)> {
    let Some(Amount::Time(size)) = settings.size else {
        return vec![(Time::MIN, Time::MAX)];
    };
    let offset = settings.offset.unwrap_or(0);
    let slide = match settings.kind {
        Type::Sliding => settings.slide.unwrap(),
        _ => size,
    };
    let near =
        (time - 2 * size..=time + size).filter(|start| (start - offset).rem_euclid(slide) == 0);
    let lengths: Vec<Time> = match settings.kind {
        Type::Cumulate => (1..=size / settings.step.unwrap())
            .map(|n| n * settings.step.unwrap())
            .collect(),
        _ => vec![size],
    };
    let mut all: Vec<_> = near
        .flat_map(|start| lengths.iter().map(move |length| (start, start + length)))
        .collect();
    all.retain(|(start, end)| *start <= time && time < *end);
    all.sort_by_key(|(start, end)| (*end, *start));
    all
}

pub(super) fn panes(rules: &Rules<'_>, events: &[Placed]) -> Vec<String> {
    let mut cells = BTreeSet::new();
    for event in events {
        cells.extend(
            windows(rules.settings, event.given.time)
                .into_iter()
                .map(|window| (window, event.given.key)),
        );
    }
    let mut panes: Vec<(When, Vec<String>)> = Vec::new();
    for (window, key) in cells {
        let of_cell = events.iter().filter(|event| {
            event.given.key == key && windows(rules.settings, event.given.time).contains(&window)
        });
        cell(rules, window, key, &of_cell.collect::<Vec<_>>(), &mut panes);
    }
    panes.sort_by(|a, b| a.0.cmp(&b.0));
    panes.into_iter().flat_map(|(_, lines)| lines).collect()
}

/// The panes of one window of one key.
fn cell(
    rules: &Rules<'_>,
    window: (Time, Time),
    key: &str,
    events: &[&Placed],
    panes: &mut Vec<(When, Vec<String>)>,
) {
    let end = window.1;
    let timer = |time, what| -> When {
        (
            time,
            0,
            what,
            (window.1, window.0),
            key.to_owned(),
            (0, 0),
            0,
        )
    };
    let at = |event: &Placed| -> When {
        let nth = windows(rules.settings, event.given.time)
            .iter()
            .position(|other| *other == window);
        (
            event.place,
            1,
            0,
            (0, 0),
            String::new(),
            (event.partition, event.nth),
            nth.unwrap(),
        )
    };
    let (on_time, late): (Vec<&Placed>, Vec<&Placed>) =
        events.iter().partition(|event| event.place < end);
    let late = late
        .into_iter()
        .filter(|event| event.place < rules.gone(end));
    let mut history = History::default();
    for (nth, event) in on_time.iter().enumerate() {
        history.add(&event.given.input);
        if rules
            .early_count()
            .is_some_and(|count| history.fresh >= count)
        {
            panes.push((at(event), history.pane(rules, key, window, "early")));
        }
        // The first tick after this event, if the next event of the window comes behind it.
        if let Some(every) = rules.early_every() {
            let tick = (event.place.div_euclid(every) + 1) * every;
            let behind = on_time.get(nth + 1).is_none_or(|next| next.place >= tick);
            if behind && tick < end {
                panes.push((timer(tick, 0), history.pane(rules, key, window, "early")));
            }
        }
    }
    let is_global = window == (Time::MIN, Time::MAX);
    if !on_time.is_empty() && (!is_global || history.fresh > 0) {
        panes.push((timer(end, 1), history.pane(rules, key, window, "on-time")));
    }
    for event in late {
        history.add(&event.given.input);
        if history.fresh >= rules.late_count() {
            panes.push((at(event), history.pane(rules, key, window, "late")));
        }
    }
    if history.fresh > 0 {
        panes.push((
            timer(rules.gone(end), 2),
            history.pane(rules, key, window, "late"),
        ));
    }
}
