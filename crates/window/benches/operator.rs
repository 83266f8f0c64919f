//! What an event costs the operator alone: a count and a sum by one of 100 keys, one event per 10 us of event time.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use ssectl_state::Space;
use ssectl_window::aggregate::{Aggregate, Aggregates, Reduce};
use ssectl_window::{Amount, Event, Settings, Time, Type, WindowOperator};

const EVENTS: u32 = 2_000_000;
const SECOND: Time = 1_000_000_000;

fn main() {
    let minute = Settings {
        size: Some(Amount::Time(60 * SECOND)),
        ..Settings::default()
    };
    let delay = Some(5 * SECOND);
    measure("tumbling", &minute, 1);
    measure(
        "tumbling, 5 s of delay",
        &Settings {
            delay,
            ..minute.clone()
        },
        1,
    );
    measure(
        "tumbling, 4 partitions",
        &Settings {
            delay,
            ..minute.clone()
        },
        4,
    );
    let slide = Some(20 * SECOND);
    measure(
        "sliding, 3 windows",
        &Settings {
            kind: Type::Sliding,
            slide,
            ..minute.clone()
        },
        1,
    );
    let session = Settings {
        kind: Type::Session,
        size: None,
        gap: Some(SECOND),
        ..minute.clone()
    };
    measure("session", &session, 1);
    measure("session, 4 partitions", &session, 4);
    let zone = Some("Europe/Berlin".to_owned());
    measure(
        "days",
        &Settings {
            size: Some(Amount::Time(86_400 * SECOND)),
            zone,
            ..minute
        },
        1,
    );
}

fn measure(name: &str, settings: &Settings, partitions: u32) {
    let parse = |name, text| Aggregate::parse(name, text).expect("an aggregate");
    let aggregates = [parse("n", "count"), parse("total", "sum(.amount)")];
    let refuse = |_: &Reduce| unreachable!("nothing is reduced");
    let aggregates = Aggregates::new::<Infallible>(&aggregates, refuse).expect("no program fails");
    let spec = settings.spec().expect("the settings are right");
    let mut operator =
        WindowOperator::open(&spec, aggregates, &Space::default()).expect("an empty state");
    let ids: Vec<u32> = (0..partitions).collect();
    operator.partitions(&ids).expect("the state holds");
    let keys: Vec<String> = (0..100).map(|key| format!("\"country{key}\"")).collect();
    let amounts: Vec<String> = (0..1000).map(|amount| amount.to_string()).collect();
    let mut panes = 0_u64;
    let begin = Instant::now();
    for nth in 0..EVENTS {
        let inputs = [None, Some(amounts[nth as usize * 7 % 1000].as_bytes())];
        let event = Event {
            time: Time::from(nth) * 10_000,
            partition: nth % partitions,
            key: keys[nth as usize * 13 % 100].as_bytes(),
            inputs: &inputs,
        };
        operator
            .event(black_box(event), &mut |_| panes += 1)
            .expect("the event is right");
    }
    let each = begin.elapsed().as_nanos() / u128::from(EVENTS);
    operator.end(&mut |_| panes += 1).expect("the state holds");
    println!("{name}: {each} ns per event, {panes} panes");
}
