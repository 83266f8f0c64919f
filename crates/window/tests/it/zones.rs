//! Days of a calendar: 23 and 25 hours, skipped midnights, weeks.

use ssectl_window::{Amount, Settings, Time, Type};

use crate::harness::{Run, SECOND};

const HOUR: Time = 3600 * SECOND;
const DAY: Time = 24 * HOUR;

/// The windows, in hours since `from`, that an event falls into.
fn windows(settings: &Settings, from: Time, time: Time) -> Vec<(Time, Time)> {
    let mut run = Run::new(settings);
    run.at(time, "x");
    run.end();
    let bounds = run.panes.iter().map(|pane| {
        let (start, end) = pane[2..]
            .split_once(')')
            .unwrap()
            .0
            .split_once(',')
            .unwrap();
        [start, end]
            .map(|bound| (bound.parse::<Time>().unwrap() - from) / HOUR)
            .into()
    });
    bounds.collect()
}

fn days(number: Time, zone: &str) -> Settings {
    Settings {
        size: Some(Amount::Time(number * DAY)),
        zone: Some(zone.to_owned()),
        ..Settings::default()
    }
}

#[test]
fn days_in_berlin_have_23_24_or_25_hours() {
    let berlin = days(1, "Europe/Berlin");
    // 2026-03-28T23:00Z is midnight of the 29th, whose clocks go forward.
    let spring = 1_774_738_800 * SECOND;
    assert_eq!(windows(&berlin, spring, spring), [(0, 23)]);
    assert_eq!(windows(&berlin, spring, spring - 1), [(-24, 0)]);
    assert_eq!(windows(&berlin, spring, spring + 23 * HOUR), [(23, 47)]);
    // 2026-10-24T22:00Z is midnight of the 25th, whose clocks go back.
    let autumn = 1_792_879_200 * SECOND;
    for hour in [0, 2, 3, 24] {
        assert_eq!(windows(&berlin, autumn, autumn + hour * HOUR), [(0, 25)]);
    }
    assert_eq!(windows(&berlin, autumn, autumn + 25 * HOUR), [(25, 49)]);
}

#[test]
fn weeks_can_begin_on_monday() {
    // 2026-11-16T00:00 in Berlin is a Monday; 1970 began on a Thursday.
    let monday = 1_794_783_600 * SECOND;
    let week = Settings {
        offset: Some(4 * DAY),
        ..days(7, "Europe/Berlin")
    };
    let found = windows(&week, monday, monday + 80 * HOUR);
    assert_eq!(found, [(0, 168)]);
    assert_eq!(windows(&week, monday, monday - 1), [(-168, 0)]);
}

#[test]
fn a_day_without_midnight_begins_at_its_first_moment() {
    // In Cairo 2023-04-28 began at 01:00, 2023-04-27T22:00Z, with a day of 23 hours.
    let day = 1_682_632_800 * SECOND;
    let cairo = days(1, "Africa/Cairo");
    assert_eq!(windows(&cairo, day, day), [(0, 23)]);
    assert_eq!(windows(&cairo, day, day - 1), [(-24, 0)]);
    // Samoa had no 2011-12-30: the day that began 2011-12-29T10:00Z ended where the 31st began.
    let day = 1_325_152_800 * SECOND;
    assert_eq!(
        windows(&days(1, "Pacific/Apia"), day, day + 23 * HOUR),
        [(0, 24)]
    );
    assert_eq!(
        windows(&days(1, "Pacific/Apia"), day, day + 24 * HOUR),
        [(24, 48)]
    );
}

#[test]
fn days_may_begin_at_another_hour_and_slide() {
    let spring = 1_774_738_800 * SECOND;
    let shift = Settings {
        offset: Some(6 * HOUR),
        ..days(1, "Europe/Berlin")
    };
    assert_eq!(windows(&shift, spring, spring + HOUR), [(-18, 5)]);
    assert_eq!(windows(&shift, spring, spring + 5 * HOUR), [(5, 29)]);
    let sliding = Settings {
        kind: Type::Sliding,
        slide: Some(DAY),
        ..days(2, "Europe/Berlin")
    };
    assert_eq!(
        windows(&sliding, spring, spring + HOUR),
        [(-24, 23), (0, 47)]
    );
    let cumulate = Settings {
        kind: Type::Cumulate,
        step: Some(DAY),
        ..days(2, "UTC")
    };
    assert_eq!(windows(&cumulate, 0, 25 * HOUR), [(0, 48)]);
    assert_eq!(windows(&cumulate, 0, HOUR), [(0, 24), (0, 48)]);
}
