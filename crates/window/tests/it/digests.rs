//! Events that come as digests give the same as those that come one by one.

use proptest::prelude::*;
use ssectl_window::{Amount, Digester, Settings, Time};

use crate::against_model::{input, settings};
use crate::harness::{Log, Run, tumbling};
use crate::model::Given;

/// Runs one partition in batches of these sizes: what it said, and how many batches were taken as digests.
fn run(settings: &Settings, given: &[Given], sizes: &[usize]) -> (Vec<String>, usize) {
    let log = Log { ordered: false };
    let spec = settings.spec().expect("the settings are right");
    let digester = Digester::new(&spec, log).filter(|_| !sizes.is_empty());
    let mut run = Run::with(settings, log).partitions(&[0]);
    let (mut left, mut sizes, mut taken) = (given, sizes.iter().cycle(), 0);
    while !left.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).min(left.len());
        let (batch, rest) = left.split_at(size);
        left = rest;
        let events: Vec<(Time, &str, &str)> = batch
            .iter()
            .map(|given| (given.time, given.key, &*given.input))
            .collect();
        if run.digest(digester.as_ref(), &events) {
            taken += 1;
            continue;
        }
        for (time, key, input) in events {
            run.try_at(0, key, time, input).expect("the event is right");
        }
    }
    run.end();
    (run.panes, taken)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn digests_of_any_size_give_the_panes_of_their_events(
        settings in settings(),
        input in input(),
        sizes in prop::collection::vec(1..8_usize, 1..5),
    ) {
        for partition in &input {
            let (expected, _) = run(&settings, partition, &[]);
            let (panes, _) = run(&settings, partition, &sizes);
            prop_assert_eq!(panes, expected);
        }
    }
}

fn given(times: &[Time]) -> Vec<Given> {
    let given = times.iter().map(|time| Given {
        time: *time,
        key: "k",
        input: time.to_string(),
    });
    given.collect()
}

#[test]
fn a_digest_may_close_windows_that_it_began_but_hold_no_late_event() {
    let in_order = given(&[1, 5, 12, 19, 31, 33]);
    let (panes, taken) = run(&tumbling(10), &in_order, &[6]);
    let expected = [
        "k[0,10) on-time0: 1 5",
        "k[10,20) on-time0: 12 19",
        "k[30,40) on-time0: 31 33",
    ];
    assert_eq!((panes, taken), (expected.map(str::to_owned).into(), 1));
    for (times, expected) in [
        // Late within its batch, late by an earlier one, out of order but on time.
        (&[1, 12, 5, 31, 33, 34][..], 1),
        (&[1, 12, 13, 5, 14, 15], 1),
        (&[5, 1, 9, 14, 12, 18], 2),
    ] {
        let (_, taken) = run(&tumbling(10), &given(times), &[3]);
        assert_eq!(taken, expected, "{times:?}");
    }
}

#[test]
fn where_order_matters_there_is_no_digest() {
    let log = |ordered| Log { ordered };
    let has = |settings: &Settings, ordered| {
        let spec = settings.spec().expect("the settings are right");
        Digester::new(&spec, log(ordered)).is_some()
    };
    let minute = tumbling(60);
    assert!(has(&minute, false));
    assert!(!has(&minute, true));
    let early = Some(Amount::Records(2));
    assert!(!has(
        &Settings {
            early,
            ..minute.clone()
        },
        false
    ));
    let max_future = Some(5);
    assert!(!has(
        &Settings {
            max_future,
            ..minute
        },
        false
    ));
}
