//! Event i is a function of the spec and i, and good events are what they claim to be.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn order_threads_clones_and_starts_change_nothing() {
    for spec in all_kinds().flat_map(|spec| [spec.clone(), with_all_options(spec)]) {
        let generator = Generator::new(&spec).unwrap();
        let straight: Vec<_> = (0..400).map(|i| event(&generator, i)).collect();
        let mut backwards: Vec<_> = (0..400).rev().map(|i| event(&generator, i)).collect();
        backwards.reverse();
        assert_eq!(straight, backwards, "{}", spec.generate);

        let threads: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let generator = generator.clone();
                    scope.spawn(move || {
                        (worker..400)
                            .step_by(4)
                            .map(|i| event(&generator, i))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .collect()
        });
        let woven: Vec<_> = (0..400).map(|i| threads[i % 4][i / 4].clone()).collect();
        assert_eq!(straight, woven, "{}", spec.generate);

        let later = Generator::new(&Spec {
            from: 137,
            count: Some(10),
            ..spec.clone()
        })
        .unwrap();
        assert_eq!((later.first(), later.len()), (137, Some(10)));
        assert!(
            (137..147).all(|i| event(&later, i) == straight[i as usize]),
            "{}",
            spec.generate
        );
    }
}

#[test]
fn events_are_appended_whatever_the_buffer_holds() {
    for spec in all_kinds() {
        let generator = Generator::new(&spec).unwrap();
        for before in [&b"{"[..], b"[", b"\"", b"\xff"] {
            let mut out = before.to_vec();
            let account = generator.write(5, &mut out);
            let (alone, expected) = event(&generator, 5);
            assert_eq!(
                (&out[before.len()..], &account),
                (&alone[..], &expected),
                "{}",
                spec.generate
            );
        }
    }
}

#[test]
fn other_seeds_give_other_events() {
    for spec in all_kinds() {
        let other = Spec {
            seed: 8,
            ..spec.clone()
        };
        let (one, two) = (
            Generator::new(&spec).unwrap(),
            Generator::new(&other).unwrap(),
        );
        let same = (0..100)
            .filter(|&i| event(&one, i).0 == event(&two, i).0)
            .count();
        assert!(
            same < 5,
            "{}: {same} of 100 events are equal",
            spec.generate
        );
    }
}

#[test]
fn good_events_are_json_with_their_number_time_and_key() {
    for spec in all_kinds().filter(|spec| spec.generate != Kind::Combined) {
        let generator = Generator::new(&spec).unwrap();
        let info = spec.generate.info();
        for i in (0..3_000).chain([u64::from(u32::MAX), 1 << 40]) {
            let (value, account) = event(&generator, i);
            let object: Value = serde_json::from_slice(&value).unwrap_or_else(|error| {
                panic!(
                    "{}: {error}: {}",
                    info.name,
                    String::from_utf8_lossy(&value)
                )
            });
            assert_eq!(account.seq, i);
            if let (Some(seq), Some(time)) = (object.get("seq"), object.get("time")) {
                assert_eq!(seq, i);
                let time: Timestamp = time.as_str().unwrap().parse().unwrap();
                assert_eq!(time.as_nanosecond(), account.time_ns, "{}", info.name);
            }
            let key = account
                .key
                .as_ref()
                .map(|key| String::from_utf8(key.bytes(&value).to_vec()).unwrap());
            match object.get(info.entity) {
                Some(Value::String(text)) => assert_eq!(key.as_ref(), Some(text), "{}", info.name),
                Some(number) => assert_eq!(key, Some(number.to_string()), "{}", info.name),
                None if info.kind == Kind::Template => {
                    assert_eq!(key.as_deref(), object["who"].as_str())
                }
                None => assert_eq!(key, None, "{}", info.name),
            }
        }
    }
}

#[test]
fn combined_log_lines_have_their_nine_parts() {
    let generator = Generator::new(&Spec::new(Kind::Combined)).unwrap();
    for i in 0..1_000 {
        let (value, account) = event(&generator, i);
        let line = String::from_utf8(value.clone()).unwrap();
        let quoted: Vec<&str> = line.split('"').collect();
        assert_eq!(quoted.len(), 7, "{line}");
        let client = line.split(' ').next().unwrap();
        assert_eq!(account.key.unwrap().bytes(&value), client.as_bytes());
        assert!(client.parse::<std::net::Ipv4Addr>().unwrap().is_private());
        let status: u16 = quoted[2]
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((200..600).contains(&status), "{line}");
        assert!(
            quoted[1].ends_with(" HTTP/1.1") && !quoted[5].is_empty(),
            "{line}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked: a precise refusal or events, never a panic, at both ends of the index
    /// range.
    #[test]
    fn any_spec_is_refused_or_works(
        kind in 0..kinds().len(), seed: u64, index: u64,
        count in proptest::option::of(any::<u64>()),
        keys in proptest::option::of((any::<u64>(), -1.0..30.0f64)),
        period in any::<u64>(), jitter in -0.1..1.1f64,
        disorder in proptest::option::of((-0.1..1.1f64, any::<u64>())),
        bad in proptest::option::of((-0.1..1.1f64, 0..100_000usize)),
    ) {
        let spec = Spec {
            seed,
            count,
            from: index,
            keys: keys.map(|(count, skew)| Keys { count: Some(count >> (count % 64)), skew, field: None }),
            time: Some(Time {
                start: None,
                period: Some(std::time::Duration::from_nanos(period >> (period % 64)).into()),
                jitter: Some(jitter),
            }),
            disorder: disorder.map(|(share, by)| Disorder { share, by: std::time::Duration::from_nanos(by).into() }),
            bad: bad.map(|(share, size)| Bad { share, kinds: vec![], size: Some(size) }),
            ..all_kinds().nth(kind).unwrap()
        };
        match Generator::new(&spec) {
            Err(error) => prop_assert!(!error.problem().is_empty()),
            Ok(generator) => {
                for i in [0, 1, index, index.wrapping_add(1), u64::MAX - 1, u64::MAX] {
                    let (value, account) = event(&generator, i);
                    if let Some(key) = account.key {
                        prop_assert!(!key.bytes(&value).is_empty());
                    }
                    prop_assert!(account.bad.is_some() || !value.is_empty());
                }
            }
        }
    }
}
