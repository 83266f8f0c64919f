//! Bad records are bad in the way they say, and nothing else changes.

use super::*;

fn spec(kinds: &[BadKind]) -> Spec {
    let bad = Bad {
        share: 0.05,
        kinds: kinds.to_vec(),
        size: Some(5_000),
    };
    Spec {
        seed: 7,
        bad: Some(bad),
        ..Spec::new(Kind::Orders)
    }
}

/// How many of the first 20,000 events are bad, after `check` has looked at each of them beside its
/// good self.
fn bad_events(spec: &Spec, check: impl Fn(&[u8], &[u8])) -> usize {
    let (bad, good) = (
        Generator::new(spec).unwrap(),
        Generator::new(&Spec {
            bad: None,
            ..spec.clone()
        })
        .unwrap(),
    );
    let mut count = 0;
    for i in 0..20_000 {
        let (mut spoilt, mut whole) = (b"before".to_vec(), Vec::new());
        let (event, twin) = (bad.write(i, &mut spoilt), good.write(i, &mut whole));
        assert!(spoilt.starts_with(b"before"));
        let spoilt = &spoilt[6..];
        assert_eq!(
            event.key.as_ref().unwrap().bytes(spoilt),
            twin.key.as_ref().unwrap().bytes(&whole)
        );
        assert_eq!(event.time_ns, twin.time_ns);
        match event.bad {
            None => assert_eq!(spoilt, whole),
            Some(kind) => {
                assert!(spec.bad.as_ref().unwrap().kinds.contains(&kind));
                count += 1;
                check(spoilt, &whole);
            }
        }
    }
    count
}

fn object(record: &[u8]) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_slice(record).unwrap()
}

/// Four standard deviations of a binomial with 20,000 trials of 0.05 are 123.
fn about_a_twentieth(count: usize) {
    assert!(
        count.abs_diff(1_000) < 123,
        "{count} bad events of 20,000, 1,000 expected"
    );
}

#[test]
fn truncated_records_are_a_strict_beginning() {
    about_a_twentieth(bad_events(&spec(&[BadKind::Truncated]), |bad, good| {
        assert!(!bad.is_empty() && bad.len() < good.len() && good.starts_with(bad));
        assert!(serde_json::from_slice::<serde_json::Value>(bad).is_err());
    }));
}

#[test]
fn invalid_utf8_is_only_that() {
    about_a_twentieth(bad_events(&spec(&[BadKind::InvalidUtf8]), |bad, _| {
        assert!(std::str::from_utf8(bad).is_err());
        object(String::from_utf8_lossy(bad).as_bytes());
    }));
}

#[test]
fn a_wrong_type_is_one_field_of_another_type() {
    about_a_twentieth(bad_events(&spec(&[BadKind::WrongType]), |bad, good| {
        let (bad, good) = (object(bad), object(good));
        let wrong = good.iter().filter(|(name, value)| {
            std::mem::discriminant(*value) != std::mem::discriminant(&bad[*name])
        });
        assert_eq!((wrong.count(), bad.len()), (1, good.len()));
    }));
}

#[test]
fn a_missing_field_is_one_field_less() {
    about_a_twentieth(bad_events(&spec(&[BadKind::MissingField]), |bad, good| {
        let (bad, good) = (object(bad), object(good));
        assert_eq!(bad.len() + 1, good.len());
        assert!(bad.iter().all(|(name, value)| good[name] == *value));
    }));
}

#[test]
fn empty_is_no_bytes_and_huge_is_the_size_asked_for() {
    about_a_twentieth(bad_events(&spec(&[BadKind::Empty]), |bad, _| {
        assert!(bad.is_empty())
    }));
    about_a_twentieth(bad_events(&spec(&[BadKind::Huge]), |bad, good| {
        let mut bad_object = object(bad);
        assert_eq!(bad.len(), 5_000);
        assert!(bad_object.remove("padding").is_some());
        assert_eq!(bad_object, object(good));
    }));
}

#[test]
fn kinds_take_equal_parts() {
    let generator = Generator::new(&spec(&BadKind::ALL)).unwrap();
    let mut counts = std::collections::HashMap::new();
    for bad in (0..20_000).filter_map(|i| generator.write(i, &mut Vec::new()).bad) {
        *counts.entry(bad).or_insert(0usize) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Expected 167 each; four standard deviations are 51.
    assert!(
        counts.values().all(|count| count.abs_diff(167) < 51),
        "{counts:?}"
    );
}

#[test]
fn without_kinds_all_that_apply_but_huge() {
    let found = |kind, template: Option<&str>| {
        let bad = Bad {
            share: 1.0,
            kinds: vec![],
            size: None,
        };
        let spec = Spec {
            bad: Some(bad),
            template: template.map(str::to_owned),
            ..Spec::new(kind)
        };
        let generator = Generator::new(&spec).unwrap();
        let mut kinds: Vec<_> = (0..200)
            .filter_map(|i| generator.write(i, &mut Vec::new()).bad)
            .collect();
        assert_eq!(kinds.len(), 200, "a share of 1 spoils all");
        kinds.sort_by_key(|kind| kind.name());
        kinds.dedup();
        kinds
            .into_iter()
            .map(BadKind::name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let all = "empty invalid-utf8 missing-field truncated wrong-type";
    assert_eq!(found(Kind::Words, None), all);
    assert_eq!(found(Kind::Template, Some(r#"{"n": {{seq}}}"#)), all);
    assert_eq!(found(Kind::Combined, None), "empty invalid-utf8 truncated");
    assert_eq!(
        found(Kind::Template, Some("n={{seq}}")),
        "empty invalid-utf8 truncated"
    );
}

#[test]
fn templates_that_are_not_always_objects_are_spoilt_all_the_same() {
    let bad = Bad {
        share: 1.0,
        kinds: vec![BadKind::MissingField],
        size: None,
    };
    let template = Some(r#"{{pick "{\"a\":1}" "{}" "plain"}}"#.to_owned());
    for seed in 0..20 {
        let spec = Spec {
            seed,
            bad: Some(bad.clone()),
            template: template.clone(),
            ..Spec::new(Kind::Template)
        };
        let Ok(generator) = Generator::new(&spec) else {
            continue;
        };
        for i in 0..50 {
            let mut out = Vec::new();
            generator.write(i, &mut out);
            assert!(
                !matches!(out.as_slice(), br#"{"a":1}"# | b"plain"),
                "{}",
                String::from_utf8_lossy(&out)
            );
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |kind, share, kinds: &[BadKind], size| {
        let bad = Bad {
            share,
            kinds: kinds.to_vec(),
            size,
        };
        Generator::new(&Spec {
            bad: Some(bad),
            ..Spec::new(kind)
        })
        .unwrap_err()
        .to_string()
    };
    assert!(refused(Kind::Words, 1.5, &[], None).starts_with("`bad.share`: 1.5 is out of range"));
    assert!(
        refused(Kind::Words, f64::NAN, &[], None).starts_with("`bad.share`: NaN is out of range")
    );
    assert!(refused(Kind::Words, 0.1, &[], Some(usize::MAX)).starts_with("`bad.size`: "));
    let text = refused(Kind::Combined, 0.1, &[BadKind::WrongType], None);
    assert_eq!(
        text,
        "`bad.kinds`: `wrong-type` is of no use here: the records are not JSON objects"
    );
    let unknown = "truncate".parse::<BadKind>().unwrap_err().to_string();
    assert!(unknown.contains("did you mean `truncated`?"), "{unknown}");
    for kind in BadKind::ALL {
        assert_eq!(kind.name().parse::<BadKind>().unwrap(), kind);
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}
