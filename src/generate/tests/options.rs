//! What the options promise, and how a spec is read.

use super::*;

/// The key of each of the first `count` events.
fn keys_of(spec: &Spec, count: u64) -> Vec<String> {
    let generator = Generator::new(spec).unwrap();
    (0..count)
        .map(|i| {
            let (value, account) = event(&generator, i);
            String::from_utf8(account.key.unwrap().bytes(&value).to_vec()).unwrap()
        })
        .collect()
}

/// Pearson's chi-square of the keys of 50,000 events against rank^-skew; p = 0.001 at 49 degrees of
/// freedom is 85.4.
#[test]
fn keys_are_as_skewed_as_asked() {
    for skew in [0.0, 0.8, 1.0, 1.5] {
        let keys = Keys {
            count: Some(50),
            skew,
            field: None,
        };
        let spec = Spec {
            seed: 3,
            keys: Some(keys),
            ..Spec::new(Kind::Orders)
        };
        let mut counts = std::collections::HashMap::new();
        for key in keys_of(&spec, 50_000) {
            *counts.entry(key).or_insert(0u32) += 1;
        }
        let total: f64 = (1..=50).map(|rank| f64::from(rank).powf(-skew)).sum();
        let chi: f64 = (1..=50)
            .map(|rank| {
                let expected = 50_000.0 * f64::from(rank).powf(-skew) / total;
                let seen = counts
                    .get(&format!("customer-{}", rank - 1))
                    .copied()
                    .unwrap_or(0);
                (f64::from(seen) - expected).powi(2) / expected
            })
            .sum();
        assert!(chi < 85.4, "skew {skew}: chi-square {chi}");
        assert!(counts.len() <= 50);
    }
}

#[test]
fn the_key_is_the_field_asked_for() {
    let with = |kind, field: &str| {
        let keys = Keys {
            count: Some(3),
            skew: 0.0,
            field: Some(field.to_owned()),
        };
        Spec {
            keys: Some(keys),
            ..Spec::new(kind)
        }
    };
    assert!(
        keys_of(&with(Kind::Orders, "product"), 50)
            .iter()
            .any(|key| key == "desk lamp")
    );
    assert_eq!(keys_of(&with(Kind::Words, "seq"), 3), ["0", "1", "2"]);
    assert!(
        keys_of(&with(Kind::Words, "key"), 50)
            .iter()
            .all(|key| ["key-0", "key-1", "key-2"].contains(&key.as_str()))
    );
    let (value, account) = event(&Generator::new(&with(Kind::Iot, "none")).unwrap(), 0);
    assert_eq!(account.key, None);
    assert!(
        String::from_utf8(value)
            .unwrap()
            .contains(r#""device":"sensor-"#),
        "the entity stays in the text"
    );
}

#[test]
fn every_field_listed_can_be_the_key() {
    for spec in all_kinds() {
        for field in spec.generate.info().fields {
            let keys = Keys {
                count: None,
                skew: 0.0,
                field: Some((*field).to_owned()),
            };
            let found = keys_of(
                &Spec {
                    keys: Some(keys),
                    ..spec.clone()
                },
                20,
            );
            assert!(
                found.iter().all(|key| !key.is_empty()),
                "{} {field}",
                spec.generate
            );
        }
    }
}

#[test]
fn a_template_has_the_key_whether_it_shows_it_or_not() {
    let with = |template: &str, keys| Spec {
        template: Some(template.to_owned()),
        keys,
        ..Spec::new(Kind::Template)
    };
    let shown = keys_of(&with("{{key}}", None), 20);
    assert_eq!(keys_of(&with("{{seq}}", Some(Keys::default())), 20), shown);
    let silent = Generator::new(&with("{{seq}}", None)).unwrap();
    assert_eq!(event(&silent, 0).1.key, None);
}

#[test]
fn disorder_changes_the_order_and_nothing_else() {
    for spec in all_kinds() {
        let in_order = Generator::new(&spec).unwrap();
        let time = Time {
            start: None,
            period: Some(duration("10ms")),
            jitter: None,
        };
        let spec = Spec {
            time: Some(time),
            ..spec
        };
        let in_order_too = Generator::new(&spec).unwrap();
        let disorder = Disorder {
            share: 0.3,
            by: duration("500ms"),
        };
        let disordered = Generator::new(&Spec {
            disorder: Some(disorder),
            ..spec.clone()
        })
        .unwrap();
        assert!((0..100).all(|i| event(&in_order, i).1.seq == i));

        let mut arrived: Vec<_> = (0..1_000).map(|i| event(&disordered, i)).collect();
        let (mut latest, mut late) = (i128::MIN, 0);
        for (_, account) in &arrived {
            if account.time_ns < latest {
                late += 1;
                assert!(latest - account.time_ns <= 500_000_000, "{}", spec.generate);
            }
            latest = latest.max(account.time_ns);
        }
        assert_eq!(late, 300, "{}", spec.generate);
        arrived.sort_by_key(|(_, account)| account.seq);
        assert!(
            (0..1_000).all(|i| event(&in_order_too, i) == arrived[i as usize]),
            "{}",
            spec.generate
        );
    }
}

#[test]
fn a_spec_reads_from_a_mapping_and_prints_back() {
    let text = r#"{"generate": "orders", "count": 1000, "seed": 7, "from": 5, "rate": "200/s", "duration": "1m",
        "keys": {"count": 100, "skew": 1.1, "field": "product"},
        "time": {"start": "2024-02-29T12:00:00Z", "period": "250ms", "jitter": 0.25},
        "disorder": {"share": 0.1, "by": "30s"}, "bad": {"share": 0.01, "kinds": ["truncated", "invalid-utf8"], "size": 9}}"#;
    let spec: Spec = serde_json::from_str(text).unwrap();
    assert_eq!(
        (spec.generate, spec.count, spec.from),
        (Kind::Orders, Some(1_000), 5)
    );
    assert_eq!(spec.time.as_ref().unwrap().period, Some(duration("250ms")));
    let printed = serde_json::to_value(&spec).unwrap();
    assert_eq!(
        serde_json::from_value::<Spec>(printed.clone()).unwrap(),
        spec
    );
    assert_eq!(
        printed,
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
    Generator::new(&spec).unwrap();
}

#[test]
fn faults_of_a_mapping_are_named() {
    for (text, problem) in [
        (
            r#"{"generate": "wrods"}"#,
            "there is no kind `wrods`; did you mean `words`?; kinds are words, sentences,",
        ),
        (
            r#"{"generate": "words", "conut": 3}"#,
            "unknown field `conut`",
        ),
        (r#"{"count": 3}"#, "missing field `generate`"),
        (
            r#"{"generate": "words", "rate": "200"}"#,
            "`rate`: `200` has no unit",
        ),
        (
            r#"{"generate": "words", "disorder": {"share": 0.1, "by": "soon"}}"#,
            "`soon` is not a duration",
        ),
        (
            r#"{"generate": "words", "keys": {"field": "x", "n": 1}}"#,
            "unknown field `n`",
        ),
        (
            r#"{"generate": "words", "bad": {"share": 1, "kinds": ["odd"]}}"#,
            "unknown variant `odd`",
        ),
    ] {
        let error = serde_json::from_str::<Spec>(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn faults_of_a_spec_are_named() {
    let words = || Spec::new(Kind::Words);
    let keys = |count, skew, field: Option<&str>| {
        Some(Keys {
            count,
            skew,
            field: field.map(str::to_owned),
        })
    };
    let time = |period: &str, jitter| {
        Some(Time {
            start: None,
            period: Some(duration(period)),
            jitter: Some(jitter),
        })
    };
    for (spec, fault) in [
        (
            Spec {
                keys: keys(Some(0), 0.0, None),
                ..words()
            },
            "`keys.count`: 0 is out of range; `words` can have 1 to ",
        ),
        (
            Spec {
                keys: keys(None, -1.0, None),
                ..words()
            },
            "`keys.skew`: -1 is out of range",
        ),
        (
            Spec {
                keys: keys(None, f64::NAN, None),
                ..words()
            },
            "`keys.skew`: NaN is out of range",
        ),
        (
            Spec {
                keys: keys(None, 0.0, Some("txet")),
                ..words()
            },
            "`keys.field`: `words` has no field `txet`; did you mean `text`?; it can be text, seq, key or none",
        ),
        (
            Spec {
                time: time("1s", 1.5),
                ..words()
            },
            "`time.jitter`: 1.5 is out of range",
        ),
        (
            Spec {
                count: Some(1 << 40),
                ..words()
            },
            "`count`: event 1099511627775 would happen after the year 9999",
        ),
        (
            Spec {
                count: Some(9),
                from: u64::MAX,
                ..words()
            },
            "`count`: 9 events from index 18446744073709551615",
        ),
        (
            Spec {
                template: Some("x".into()),
                ..words()
            },
            "`template`: `words` has no use for a text",
        ),
        (
            Spec::new(Kind::Template),
            "`template`: the kind `template` needs a text",
        ),
        (
            Spec {
                disorder: Some(Disorder {
                    share: 0.1,
                    by: duration("1s"),
                }),
                ..words()
            },
            "`disorder.by`: 1s is too short for an event to be late",
        ),
    ] {
        let error = Generator::new(&spec).unwrap_err();
        assert!(error.to_string().starts_with(fault), "{error}");
        assert!(fault.starts_with(&format!("`{}`: ", error.path())));
    }
}

#[test]
fn the_schema_names_every_option_and_kind() {
    let schema = serde_json::to_value(schemars::schema_for!(Spec)).unwrap();
    let text = schema.to_string();
    assert!(
        kinds()
            .iter()
            .all(|info| text.contains(&format!(r#""const":"{}""#, info.name)))
    );
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["generate"]));
    let options: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        options,
        [
            "bad", "count", "disorder", "duration", "from", "generate", "keys", "rate", "seed",
            "template", "time"
        ]
    );
}

#[test]
fn the_table_of_kinds_is_complete_and_right() {
    for info in kinds() {
        assert_eq!(info.name.parse::<Kind>().unwrap(), info.kind);
        assert_eq!(info.kind.to_string(), info.name);
        assert!(info.fields.contains(&info.entity), "{}", info.name);
        assert!(
            !info.about.ends_with('.') && info.about.len() < 90,
            "{}",
            info.name
        );
    }
    // Any kind that is not in the table would panic here.
    let all = [
        Kind::Words,
        Kind::Sentences,
        Kind::Phone,
        Kind::Orders,
        Kind::Clicks,
        Kind::Iot,
        Kind::Http,
        Kind::Combined,
        Kind::Players,
        Kind::Teams,
        Kind::Amounts,
        Kind::Template,
    ];
    assert!(all.iter().all(|kind| kind.info().kind == *kind));
    assert_eq!(all.len(), kinds().len());
}
