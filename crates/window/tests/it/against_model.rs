//! The operator says what the definitions say, for every interleaving of the partitions.

use proptest::prelude::*;
use ssectl_window::{Accumulation, Amount, Fate, Late, Settings, Time, Type};

use crate::harness::{Log, Run};
use crate::model::{Given, Said, evaluate};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Times that mostly grow, with steps back.
fn partition(name: char) -> impl Strategy<Value = Vec<Given>> {
    let event = (-12..16_i64, 0..KEYS.len());
    (-40..40_i64, prop::collection::vec(event, 0..14)).prop_map(move |(start, steps)| {
        let mut time = start;
        let given = steps.into_iter().enumerate().map(|(nth, (step, key))| {
            time += step;
            Given {
                time,
                key: KEYS[key],
                input: format!("{name}{nth:02}"),
            }
        });
        given.collect()
    })
}

pub(crate) fn input() -> impl Strategy<Value = Vec<Vec<Given>>> {
    prop_oneof![
        partition('p').prop_map(|only| vec![only]),
        (partition('p'), partition('q')).prop_map(|(p, q)| vec![p, q]),
        (partition('p'), partition('q'), partition('r')).prop_map(|(p, q, r)| vec![p, q, r]),
    ]
}

fn kind() -> impl Strategy<Value = Settings> {
    let time = |time: Time| Some(Amount::Time(time));
    let offset = prop_oneof![Just(None), (-7..30_i64).prop_map(Some)];
    prop_oneof![
        (1..20_i64, offset.clone()).prop_map(move |(size, offset)| Settings {
            size: time(size),
            offset,
            ..Settings::default()
        }),
        (1..10_i64, 0..15_i64, offset.clone()).prop_map(move |(slide, more, offset)| Settings {
            kind: Type::Sliding,
            size: time(slide + more),
            slide: Some(slide),
            offset,
            ..Settings::default()
        }),
        (1..6_i64, 1..5_i64, offset).prop_map(move |(step, times, offset)| Settings {
            kind: Type::Cumulate,
            size: time(step * times),
            step: Some(step),
            offset,
            ..Settings::default()
        }),
        (1..20_i64).prop_map(|gap| Settings {
            kind: Type::Session,
            gap: Some(gap),
            ..Settings::default()
        }),
        (1..5_u64, prop::option::of(1..30_i64)).prop_map(|(size, timeout)| Settings {
            kind: Type::Count,
            size: Some(Amount::Records(size)),
            timeout,
            unit: Some(1),
            ..Settings::default()
        }),
        pace().prop_map(|trigger| Settings {
            kind: Type::Global,
            trigger,
            ..Settings::default()
        }),
    ]
}

fn pace() -> impl Strategy<Value = Option<Amount>> {
    prop_oneof![
        2 => Just(None),
        1 => (1..4_u64).prop_map(|count| Some(Amount::Records(count))),
        1 => (1..12_i64).prop_map(|every| Some(Amount::Time(every))),
    ]
}

pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    let watermark = (prop::option::of(0..25_i64), prop::option::of(5..40_i64));
    let late = (
        prop::option::of(0..40_i64),
        prop::option::of(1..4_u64),
        any::<bool>(),
    );
    let accumulation = prop_oneof![
        Just(None),
        Just(Some(Accumulation::Accumulating)),
        Just(Some(Accumulation::Discarding)),
        Just(Some(Accumulation::Retracting)),
    ];
    (kind(), watermark, late, pace(), accumulation).prop_map(
        |(kind, (delay, max_future), (lateness, late_count, refire), early, accumulation)| {
            let bounded = !matches!(kind.kind, Type::Count | Type::Global);
            let lasts = bounded && (refire || lateness.is_some_and(|lateness| lateness > 0));
            Settings {
                delay,
                max_future,
                lateness: lateness.filter(|_| bounded),
                late_count: late_count.filter(|_| lasts),
                late: if refire && bounded {
                    Late::Refire
                } else {
                    Late::Drop
                },
                early: early.filter(|_| bounded),
                accumulation: accumulation.filter(|_| kind.kind != Type::Count),
                ..kind
            }
        },
    )
}

/// Runs the operator over the partitions, of which `turns` says whose next event comes next.
fn run(settings: &Settings, ordered: bool, input: &[Vec<Given>], turns: &[usize]) -> Said {
    let ids: Vec<u32> = (0..input.len() as u32).collect();
    let mut run = Run::with(settings, Log { ordered }).partitions(&ids);
    let mut fates: Vec<Vec<Fate>> = vec![Vec::new(); input.len()];
    for (turn, extra) in turns.iter().zip(turns.iter().rev()) {
        let left: Vec<usize> = (0..input.len())
            .filter(|of| fates[*of].len() < input[*of].len())
            .collect();
        let Some(&of) = left.get(turn % left.len().max(1)) else {
            break;
        };
        let given = &input[of][fates[of].len()];
        let fate = run
            .try_at(of as u32, given.key, given.time, &given.input)
            .expect("the event is right");
        fates[of].push(fate);
        // Some partitions are said to be at their end as soon as they are, some are not.
        if fates[of].len() == input[of].len() && extra % 2 == 0 {
            run.end_partition(of as u32);
        }
    }
    run.end();
    Said {
        panes: run.panes,
        fates,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_interleaving_gives_what_the_definitions_say(
        settings in settings(),
        ordered in any::<bool>(),
        input in input(),
        orders in prop::collection::vec(prop::collection::vec(any::<usize>(), 42), 3),
    ) {
        let expected = evaluate(&settings, ordered, &input);
        for turns in &orders {
            let said = run(&settings, ordered, &input, turns);
            prop_assert_eq!(&said.fates, &expected.fates);
            prop_assert_eq!(&said.panes, &expected.panes);
        }
    }
}
