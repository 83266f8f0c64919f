//! Sessions: growing, merging, bridging.

use ssectl_window::{Accumulation, Amount, Fate, Settings, Time, Type};

use crate::harness::Run;

fn gap(gap: Time) -> Settings {
    Settings {
        kind: Type::Session,
        gap: Some(gap),
        ..Settings::default()
    }
}

#[test]
fn a_pause_as_long_as_the_gap_ends_a_session() {
    let mut run = Run::new(&gap(10));
    run.at(0, "a");
    run.at(9, "b");
    run.says(&[]);
    run.at(19, "c");
    run.says(&["k[0,19) on-time0: a b"]);
    run.end();
    run.says(&["k[19,29) on-time0: c"]);
}

#[test]
fn keys_have_sessions_of_their_own_in_the_order_of_their_ends() {
    let mut run = Run::new(&Settings {
        delay: Some(100),
        ..gap(10)
    });
    for (key, time) in [("b", 0), ("a", 0), ("a", 5), ("c", 2), ("b", 50)] {
        run.try_at(0, key, time, &time.to_string()).unwrap();
    }
    run.end();
    run.says(&[
        "b[0,10) on-time0: 0",
        "c[2,12) on-time0: 2",
        "a[0,15) on-time0: 0 5",
        "b[50,60) on-time0: 50",
    ]);
}

#[test]
fn an_event_out_of_order_joins_two_open_sessions() {
    let mut run = Run::new(&Settings {
        delay: Some(100),
        ..gap(10)
    });
    run.at(0, "a");
    run.at(15, "c");
    run.at(8, "b");
    run.at(-5, "z");
    run.end();
    run.says(&["k[-5,25) on-time0: a b c z"]);
}

#[test]
fn a_late_event_counts_by_its_own_window() {
    let mut run = Run::new(&gap(10));
    run.at(5, "a");
    run.at(14, "b");
    run.at(20, "c");
    // The session [5,30) is open, but the event's own window is not after the watermark.
    assert_eq!(run.at(10, "d"), Fate::Late);
    assert_eq!(run.at(11, "e"), Fate::Used);
    run.end();
    run.says(&["k[5,30) on-time0: a b c e"]);
}

#[test]
fn a_late_event_bridges_panes_that_are_out() {
    let settings = |accumulation| Settings {
        lateness: Some(100),
        accumulation: Some(accumulation),
        ..gap(10)
    };
    for (accumulation, expected) in [
        (Accumulation::Accumulating, &["k[0,25) late0: a b c"][..]),
        (Accumulation::Discarding, &["k[0,25) late0: b"]),
        (
            Accumulation::Retracting,
            &[
                "-k[0,10) on-time0: a",
                "-k[15,25) on-time0: c",
                "k[0,25) late0: a b c",
            ],
        ),
    ] {
        let mut run = Run::new(&settings(accumulation));
        run.at(0, "a");
        run.at(15, "c");
        run.at(40, "x");
        run.says(&["k[0,10) on-time0: a", "k[15,25) on-time0: c"]);
        assert_eq!(run.at(8, "b"), Fate::Used);
        run.says(expected);
        run.end();
        run.says(&["k[40,50) on-time0: x"]);
    }
}

#[test]
fn a_session_that_gave_a_pane_can_open_again() {
    let mut run = Run::new(&Settings {
        lateness: Some(100),
        accumulation: Some(Accumulation::Retracting),
        ..gap(10)
    });
    run.at(0, "a");
    run.try_at(0, "other", 12, "x").unwrap();
    run.says(&["k[0,10) on-time0: a"]);
    assert_eq!(run.at(7, "b"), Fate::Used);
    run.says(&[]);
    run.at(30, "c");
    run.says(&[
        "-k[0,10) on-time0: a",
        "k[0,17) on-time0: a b",
        "other[12,22) on-time0: x",
    ]);
}

#[test]
fn a_late_event_inside_a_complete_session_is_its_next_revision() {
    let mut run = Run::new(&Settings {
        lateness: Some(100),
        ..gap(10)
    });
    run.at(0, "a");
    run.at(8, "b");
    run.at(50, "c");
    run.at(3, "d");
    run.says(&["k[0,18) on-time0: a b", "k[0,18) late1: a b d"]);
}

#[test]
fn a_session_goes_when_its_lateness_is_over() {
    let mut run = Run::new(&Settings {
        lateness: Some(20),
        late_count: Some(9),
        ..gap(10)
    });
    run.at(0, "a");
    run.at(15, "x");
    run.at(4, "b");
    run.says(&["k[0,10) on-time0: a"]);
    run.at(34, "y");
    run.says(&["k[15,25) on-time0: x", "k[0,14) late0: a b"]);
    assert_eq!(run.at(4, "z"), Fate::Late);
}

#[test]
fn early_panes_of_sessions() {
    let mut run = Run::new(&Settings {
        early: Some(Amount::Time(10)),
        ..gap(50)
    });
    run.at(1, "a");
    run.at(9, "b");
    run.at(12, "c");
    run.says(&["k[1,59) early0: a b"]);
    run.end();
    run.says(&["k[1,62) early0: a b c", "k[1,62) on-time1: a b c"]);
}
