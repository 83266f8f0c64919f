//! Windows with bounds of their own, one partition: kinds, triggers, lateness, accumulation, the edges of time.

use ssectl_window::{Accumulation, Amount, Fate, Late, Settings, Time, Type, WatermarkKind};

use crate::harness::{Log, Run, tumbling};

#[test]
fn an_event_at_the_end_of_a_window_closes_it_and_belongs_to_the_next() {
    let mut run = Run::new(&tumbling(10));
    run.at(0, "a");
    run.at(9, "b");
    run.says(&[]);
    run.at(10, "c");
    run.says(&["k[0,10) on-time0: a b"]);
    run.end();
    run.says(&["k[10,20) on-time0: c"]);
}

#[test]
fn windows_before_1970_begin_at_multiples_too() {
    let mut run = Run::new(&tumbling(10));
    run.at(-11, "a");
    run.at(-10, "b");
    run.at(-1, "c");
    run.at(0, "d");
    run.end();
    run.says(&[
        "k[-20,-10) on-time0: a",
        "k[-10,0) on-time0: b c",
        "k[0,10) on-time0: d",
    ]);
}

#[test]
fn nothing_gives_nothing() {
    for kind in [Type::Global, Type::Session, Type::Tumbling] {
        let settings = match kind {
            Type::Session => Settings {
                kind,
                gap: Some(5),
                ..Settings::default()
            },
            Type::Tumbling => tumbling(10),
            _ => Settings {
                kind,
                ..Settings::default()
            },
        };
        let mut run = Run::new(&settings);
        run.end();
        run.says(&[]);
    }
}

#[test]
fn a_delay_waits_for_events_out_of_order() {
    let mut run = Run::new(&Settings {
        delay: Some(3),
        ..tumbling(10)
    });
    run.at(12, "b");
    assert_eq!(run.at(9, "a"), Fate::Used);
    run.says(&[]);
    run.at(13, "c");
    run.says(&["k[0,10) on-time0: a"]);
    assert_eq!(run.at(9, "z"), Fate::Late);
    run.end();
    run.says(&["k[10,20) on-time0: b c"]);
}

#[test]
fn panes_come_by_end_start_and_key() {
    let settings = Settings {
        kind: Type::Sliding,
        slide: Some(5),
        ..tumbling(10)
    };
    let mut run = Run::new(&settings);
    for key in ["b", "a", "\"\u{e9}\""] {
        run.try_at(0, key, 7, key).unwrap();
    }
    run.end();
    run.says(&[
        "\"\u{e9}\"[0,10) on-time0: \"\u{e9}\"",
        "a[0,10) on-time0: a",
        "b[0,10) on-time0: b",
        "\"\u{e9}\"[5,15) on-time0: \"\u{e9}\"",
        "a[5,15) on-time0: a",
        "b[5,15) on-time0: b",
    ]);
}

#[test]
fn sliding_windows_need_no_slide_that_divides_them() {
    let settings = Settings {
        kind: Type::Sliding,
        slide: Some(4),
        ..tumbling(10)
    };
    let mut run = Run::new(&settings);
    for time in [0, 1, 2, 3, 5, 6, 9] {
        run.at(time, &time.to_string());
    }
    run.end();
    run.says(&[
        "k[-8,2) on-time0: 0 1",
        "k[-4,6) on-time0: 0 1 2 3 5",
        "k[0,10) on-time0: 0 1 2 3 5 6 9",
        "k[4,14) on-time0: 5 6 9",
        "k[8,18) on-time0: 9",
    ]);
}

#[test]
fn an_event_of_several_windows_is_late_only_when_all_are_closed() {
    let settings = Settings {
        kind: Type::Sliding,
        slide: Some(5),
        ..tumbling(10)
    };
    let mut run = Run::new(&settings);
    run.at(12, "a");
    assert_eq!(run.at(7, "b"), Fate::Used, "[5,15) is open");
    run.at(15, "c");
    run.says(&["k[5,15) on-time0: a b"]);
    assert_eq!(run.at(4, "d"), Fate::Late);
}

#[test]
fn cumulating_windows_share_their_start() {
    let settings = Settings {
        kind: Type::Cumulate,
        step: Some(10),
        offset: Some(5),
        ..tumbling(30)
    };
    let mut run = Run::new(&settings);
    run.at(4, "x");
    run.at(5, "a");
    run.at(15, "b");
    run.at(34, "c");
    run.end();
    run.says(&[
        "k[-25,5) on-time0: x",
        "k[5,15) on-time0: a",
        "k[5,25) on-time0: a b",
        "k[5,35) on-time0: a b c",
    ]);
}

#[test]
fn late_events_within_the_lateness_give_late_panes() {
    let mut run = Run::new(&Settings {
        lateness: Some(5),
        ..tumbling(10)
    });
    run.at(1, "a");
    run.at(12, "b");
    run.says(&["k[0,10) on-time0: a"]);
    assert_eq!(run.at(2, "c"), Fate::Used);
    run.says(&["k[0,10) late1: a c"]);
    run.try_at(0, "new", 3, "d").unwrap();
    run.says(&["new[0,10) late0: d"]);
    run.at(15, "e");
    assert_eq!(
        run.at(4, "f"),
        Fate::Late,
        "the end and the lateness are not after the watermark"
    );
    run.end();
    run.says(&["k[10,20) on-time0: b e"]);
}

#[test]
fn refire_without_lateness_takes_everything() {
    let mut run = Run::new(&Settings {
        late: Late::Refire,
        ..tumbling(10)
    });
    run.at(1, "a");
    run.at(1_000_000, "b");
    assert_eq!(run.at(2, "c"), Fate::Used);
    run.says(&["k[0,10) on-time0: a", "k[0,10) late1: a c"]);
}

#[test]
fn late_panes_can_wait_for_more_and_come_when_the_window_goes() {
    let mut run = Run::new(&Settings {
        lateness: Some(50),
        late_count: Some(2),
        ..tumbling(10)
    });
    run.at(1, "a");
    run.at(20, "b");
    run.at(2, "c");
    run.says(&["k[0,10) on-time0: a"]);
    run.at(3, "d");
    run.says(&["k[0,10) late1: a c d"]);
    run.at(4, "e");
    run.at(60, "f");
    run.says(&["k[20,30) on-time0: b", "k[0,10) late2: a c d e"]);
}

#[test]
fn early_panes_by_count() {
    for (accumulation, last) in [
        (Accumulation::Accumulating, "k[0,10) on-time1: a b c"),
        (Accumulation::Discarding, "k[0,10) on-time1: c"),
    ] {
        let settings = Settings {
            early: Some(Amount::Records(2)),
            accumulation: Some(accumulation),
            ..tumbling(10)
        };
        let mut run = Run::new(&settings);
        run.at(1, "a");
        run.at(2, "b");
        run.at(3, "c");
        run.end();
        run.says(&["k[0,10) early0: a b", last]);
    }
}

#[test]
fn what_retracts_repeats_the_pane_before_as_it_was() {
    let settings = Settings {
        early: Some(Amount::Records(2)),
        lateness: Some(100),
        accumulation: Some(Accumulation::Retracting),
        ..tumbling(10)
    };
    let mut run = Run::new(&settings);
    run.at(1, "a");
    run.at(2, "b");
    run.at(11, "x");
    run.at(3, "c");
    run.says(&[
        "k[0,10) early0: a b",
        "-k[0,10) early0: a b",
        "k[0,10) on-time1: a b",
        "-k[0,10) on-time1: a b",
        "k[0,10) late2: a b c",
    ]);
}

#[test]
fn early_panes_by_time_hold_what_came_before_and_only_if_it_is_new() {
    let mut run = Run::new(&Settings {
        early: Some(Amount::Time(10)),
        ..tumbling(100)
    });
    run.at(1, "a");
    run.at(10, "b");
    run.says(&["k[0,100) early0: a"]);
    run.at(11, "c");
    run.says(&[]);
    run.at(75, "d");
    run.says(&["k[0,100) early1: a b c"]);
    run.at(100, "e");
    run.says(&["k[0,100) early2: a b c d", "k[0,100) on-time3: a b c d"]);
}

#[test]
fn a_global_window_gives_panes_by_trigger_and_the_rest_at_the_end() {
    let settings = |trigger| Settings {
        kind: Type::Global,
        trigger,
        ..Settings::default()
    };
    let all = format!("k[{},{})", Time::MIN, Time::MAX);
    let mut run = Run::new(&settings(Some(Amount::Records(2))));
    for input in ["a", "b", "c"] {
        run.at(5, input);
    }
    run.end();
    run.says(&[
        &format!("{all} early0: a b"),
        &format!("{all} on-time1: a b c"),
    ]);

    let mut run = Run::new(&settings(Some(Amount::Records(1))));
    run.at(5, "a");
    run.end();
    run.says(&[&format!("{all} early0: a")]);

    let mut run = Run::new(&settings(None));
    run.at(Time::MAX - 1, "a");
    run.at(Time::MIN + 1, "b");
    run.end();
    run.says(&[&format!("{all} on-time0: a b")]);
}

#[test]
fn count_windows_take_so_many_of_a_key_and_are_never_late() {
    let settings = Settings {
        kind: Type::Count,
        size: Some(Amount::Records(2)),
        unit: Some(5),
        ..Settings::default()
    };
    let mut run = Run::new(&settings);
    run.at(50, "a");
    run.try_at(0, "l", 3, "x").unwrap();
    assert_eq!(run.at(10, "b"), Fate::Used);
    run.says(&["k[10,55) on-time0: a b"]);
    run.at(60, "c");
    run.end();
    run.says(&["l[3,8) on-time0: x", "k[60,65) on-time0: c"]);
}

#[test]
fn a_count_window_times_out_after_its_first_event() {
    let settings = Settings {
        kind: Type::Count,
        size: Some(Amount::Records(3)),
        timeout: Some(10),
        unit: Some(1),
        ..Settings::default()
    };
    let mut run = Run::new(&settings);
    run.at(0, "a");
    run.at(9, "b");
    run.says(&[]);
    run.try_at(0, "l", 10, "x").unwrap();
    run.says(&["k[0,10) on-time0: a b"]);
    run.at(12, "c");
    run.at(13, "d");
    run.at(14, "e");
    run.says(&["k[12,15) on-time0: c d e"]);
    run.at(22, "f");
    run.says(&["l[10,11) on-time0: x"]);
    // The timer of the full window means nothing to the next one.
    assert_eq!(run.at(2, "g"), Fate::Used);
    run.says(&[]);
    run.at(31, "h");
    run.says(&["k[2,32) on-time0: f g h"]);
    // What is past already is over at once.
    run.try_at(0, "m", 5, "y").unwrap();
    run.says(&["m[5,6) on-time0: y"]);
    run.end();
    run.says(&[]);
}

#[test]
fn a_punctuation_holds_after_the_event_that_carried_it() {
    let settings = Settings {
        watermark: WatermarkKind::Punctuated,
        ..tumbling(10)
    };
    let mut run = Run::new(&settings);
    run.at(50, "far");
    run.at(5, "a");
    run.punctuate(0, 10);
    run.says(&["k[0,10) on-time0: a"]);
    assert_eq!(run.at(6, "b"), Fate::Late);
    run.punctuate(0, 3);
    assert_eq!(run.at(7, "c"), Fate::Late, "a watermark never goes back");
    run.end();
    run.says(&["k[50,60) on-time0: far"]);
}

#[test]
fn what_is_too_far_ahead_is_not_believed() {
    let mut run = Run::new(&Settings {
        max_future: Some(100),
        ..tumbling(10)
    });
    assert_eq!(run.at(5, "a"), Fate::Used);
    assert_eq!(run.at(106, "b"), Fate::Ahead);
    run.says(&[]);
    assert_eq!(run.at(105, "c"), Fate::Used);
    run.says(&["k[0,10) on-time0: a"]);
}

#[test]
fn a_bad_event_changes_nothing() {
    let mut run = Run::new(&tumbling(10));
    run.at(5, "a");
    assert_eq!(
        run.try_at(0, "k", 500, "bad").unwrap_err().to_string(),
        "bad input"
    );
    assert_eq!(run.at(6, "b"), Fate::Used);
    run.end();
    run.says(&["k[0,10) on-time0: a b"]);
}

#[test]
fn windows_that_do_not_fit_into_time_are_refused_and_the_edges_work() {
    let huge = [
        tumbling(Time::MAX),
        tumbling(10),
        Settings {
            kind: Type::Session,
            gap: Some(10),
            ..Settings::default()
        },
    ];
    for settings in huge {
        for time in [Time::MIN, Time::MAX, Time::MAX - 1] {
            let mut run = Run::new(&settings);
            let result = run.try_at(0, "k", time, "a");
            if settings.size == Some(Amount::Time(Time::MAX)) && time == Time::MAX - 1 {
                result.unwrap();
            } else {
                assert!(
                    result.unwrap_err().to_string().contains("1677 and 2262"),
                    "{time}"
                );
            }
            run.end();
        }
    }
    let mut run = Run::new(&Settings {
        delay: Some(Time::MAX),
        lateness: Some(Time::MAX),
        ..tumbling(10)
    });
    run.at(-9_000_000_000_000_000_000, "a");
    run.at(9_000_000_000_000_000_000, "b");
    run.end();
    assert_eq!(run.panes.len(), 2);
}

#[test]
fn the_order_of_events_reaches_aggregates_that_mind_it() {
    let mut run = Run::with(
        &Settings {
            delay: Some(10),
            ..tumbling(10)
        },
        Log { ordered: true },
    );
    run.at(5, "x");
    run.at(3, "a");
    run.end();
    run.says(&["k[0,10) on-time0: x a"]);
}
