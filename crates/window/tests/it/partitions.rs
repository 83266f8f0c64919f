//! Several partitions: the least watermark, ends, idleness, the merged order.

use ssectl_window::{Amount, Fate, Settings};

use crate::harness::{Log, Run, tumbling};

#[test]
fn the_slowest_partition_holds_windows_open_even_before_its_first_event() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.from(0, 25, "b");
    run.says(&[]);
    run.from(1, 2, "c");
    run.says(&[]);
    run.from(1, 11, "d");
    run.says(&["k[0,10) on-time0: a c"]);
    run.end_partition(1);
    run.says(&["k[10,20) on-time0: d"]);
    run.end();
    run.says(&["k[20,30) on-time0: b"]);
}

#[test]
fn an_event_is_late_by_its_own_partition() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0, 1]);
    run.from(0, 25, "a");
    assert_eq!(run.from(0, 5, "b"), Fate::Late, "partition 0 said 25");
    assert_eq!(run.from(1, 5, "c"), Fate::Used);
}

#[test]
fn late_panes_wait_for_their_turn_in_the_merged_order() {
    let settings = Settings {
        lateness: Some(100),
        ..tumbling(10)
    };
    let mut run = Run::new(&settings).partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.from(0, 25, "b");
    run.from(0, 2, "late");
    run.says(&[]);
    run.from(1, 3, "c");
    run.from(1, 26, "d");
    run.says(&["k[0,10) on-time0: a c", "k[0,10) late1: a c late"]);
}

#[test]
fn a_partition_that_is_far_behind_is_not_waited_for_when_it_is_idle() {
    let mut run = Run::new(&Settings {
        idle: Some(20),
        ..tumbling(10)
    })
    .partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.from(1, 2, "b");
    run.from(0, 22, "c");
    run.says(&[]);
    run.from(0, 23, "d");
    run.says(&["k[0,10) on-time0: a b"]);
    // What comes back is late where time has passed.
    assert_eq!(run.from(1, 5, "e"), Fate::Late);
    assert_eq!(run.from(1, 21, "f"), Fate::Used);
    run.from(0, 35, "g");
    run.says(&[]);
    run.from(1, 30, "h");
    run.says(&["k[20,30) on-time0: c d f"]);
}

#[test]
fn a_partition_without_events_is_idle_by_the_first_event_of_the_others() {
    let mut run = Run::new(&Settings {
        idle: Some(20),
        ..tumbling(10)
    })
    .partitions(&[0, 1]);
    run.from(0, 1000, "a");
    run.from(0, 1020, "b");
    run.says(&[]);
    run.from(0, 1021, "c");
    run.says(&["k[1000,1010) on-time0: a"]);
}

#[test]
fn a_partition_can_be_left_alone_from_outside() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.from(0, 12, "b");
    run.rest_partition(1);
    run.says(&["k[0,10) on-time0: a"]);
    run.from(1, 13, "c");
    run.from(0, 25, "d");
    run.says(&[]);
}

#[test]
fn partitions_that_are_not_named_any_more_are_at_their_end() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.from(0, 12, "b");
    run = run.partitions(&[0, 2]);
    run.from(2, 3, "c");
    run.from(2, 13, "d");
    run.says(&["k[0,10) on-time0: a c"]);
}

#[test]
fn early_panes_and_order_follow_the_merged_sequence() {
    let settings = Settings {
        early: Some(Amount::Records(2)),
        ..tumbling(100)
    };
    let events = [
        [(1, "a"), (5, "c"), (9, "e")],
        [(2, "b"), (6, "d"), (8, "f")],
    ];
    let orders = ["000111", "111000", "010101", "101010", "001110", "110001"];
    let mut results = orders.map(|order| {
        let mut run = Run::with(&settings, Log { ordered: true }).partitions(&[0, 1]);
        let mut next = [0, 0];
        for partition in order.bytes().map(|byte| byte - b'0') {
            let (time, input) = events[usize::from(partition)][next[usize::from(partition)]];
            next[usize::from(partition)] += 1;
            run.from(partition.into(), time, input);
        }
        run.end();
        run.panes
    });
    let first = std::mem::take(&mut results[0]);
    assert_eq!(
        first,
        [
            "k[0,100) early0: a b",
            "k[0,100) early1: a b c d",
            "k[0,100) early2: a b c d f e",
            "k[0,100) on-time3: a b c d f e"
        ]
    );
    for result in &results[1..] {
        assert_eq!(*result, first);
    }
}

#[test]
fn a_partition_that_ended_stays_so_when_others_are_named() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0, 1]);
    run.from(0, 1, "a");
    run.end_partition(0);
    run = run.partitions(&[0, 1, 2]);
    run.from(1, 11, "b");
    run.says(&[]);
    run.from(2, 12, "c");
    run.says(&["k[0,10) on-time0: a"]);
}

#[test]
fn when_all_partitions_ended_time_waits_for_the_end_of_the_input() {
    let mut run = Run::new(&tumbling(10)).partitions(&[0]);
    run.from(0, 1, "a");
    run.end_partition(0);
    run.says(&[]);
    run = run.partitions(&[0, 1]);
    assert_eq!(run.from(1, 2, "b"), Fate::Used);
    run.end();
    run.says(&["k[0,10) on-time0: a b"]);
}
