//! Targets: what they resolve to, and their faults.

use super::*;

#[test]
fn a_target_of_another_adapter_replaces_the_one_below() {
    let setup = Setup::new()
        .user("targets: {x: {adapter: kafka, brokers: b}, local: {adapter: kafka, brokers: mine}}")
        .project("targets: {x: {adapter: memory}}");
    assert!(setup.resolve("x").options.is_empty());
    let local = setup.resolve("local");
    assert!(!local.emulator, "of the built-in target nothing is left");
    assert_eq!(local.options["brokers"], "mine");
}

#[test]
fn a_target_with_unset_variables_does_not_stand_in_the_way_of_others() {
    let setup = Setup::new().project(
        "targets:\n  cloud: {adapter: kafka, brokers: '${BROKERS}', replicas: '${R:-5}'}\n  near: {adapter: memory}\n",
    );
    assert_eq!(setup.resolve("near").adapter, "memory");
    assert_eq!(
        setup.refused(Some("cloud")),
        "ssectl.yaml:2:37: environment variable `BROKERS` is not set\n  \
         2 |   cloud: {adapter: kafka, brokers: '${BROKERS}', replicas: '${R:-5}'}\n    \
         |                                     ^\n  \
         hint: set it, or give a default: `${BROKERS:-...}`"
    );
    assert!(
        setup
            .shown()
            .iter()
            .any(|line| line.starts_with("targets.cloud.brokers = ${BROKERS} ("))
    );
    let set = setup.env("BROKERS", "b:9092").resolve("cloud");
    assert_eq!(
        (&set.options["brokers"], &set.options["replicas"]),
        (&"b:9092".into(), &5.into())
    );
}

#[test]
fn unknown_targets_are_told_where_they_were_named() {
    let setup = Setup::new().project("target: locla\ntargets: {confluent: {adapter: kafka}}\n");
    let known = format!(
        "the targets are `{}`, `confluent`",
        built_in_targets().join("`, `")
    );
    assert_eq!(
        setup.refused(None),
        format!(
            "ssectl.yaml:1:9: unknown target `locla`\n  1 | target: locla\n    |         ^^^^^\n  \
             hint: did you mean `local`? {known}"
        )
    );
    assert_eq!(
        setup.refused(Some("aws")),
        format!("--target: unknown target `aws`\n  hint: {known}")
    );
}

#[test]
fn faults_of_a_target_are_reported_together() {
    let setup = Setup::new().project(
        "targets:\n  a:\n    adapter: kafak\n  b:\n    adapter: kafka\n    borkers: x\n    replicas: many\n    sasl: {password: hunter2, user: me}\n  c: {brokers: x}\n  d: {adapter: pubsub}\n",
    );
    assert_eq!(
        setup.refused(Some("a")),
        "ssectl.yaml:3:14: unknown adapter `kafak`\n  3 |     adapter: kafak\n    |              ^^^^^\n  \
         hint: did you mean `kafka`? this build has `kafka`, `memory`"
    );
    assert_eq!(
        setup.refused(Some("b")),
        "ssectl.yaml:6:5: unknown field `borkers` in `targets.b`\n  6 |     borkers: x\n    |     ^^^^^^^\n  \
         hint: did you mean `brokers`? the fields are `brokers`, `replicas`, `sasl`\n\
         ssectl.yaml:7:15: expected an integer, found text `many`\n  7 |     replicas: many\n    |               ^^^^\n\
         ssectl.yaml:8:5: missing field `mechanism` in `targets.b.sasl`\n  8 |     sasl: {password: ***, user: me}\n    |     ^^^^\n\
         ssectl.yaml:8:31: unknown field `user` in `targets.b.sasl`\n  8 |     sasl: {password: ***, user: me}\n    |                           ^^^^\n  \
         hint: did you mean `username`? the fields are `mechanism`, `password`, `username`"
    );
    assert_eq!(
        setup.refused(Some("c")),
        "ssectl.yaml:9:3: target `c` has no `adapter`\n  9 |   c: {brokers: x}\n    |   ^\n  hint: this build has `kafka`, `memory`"
    );
    assert_eq!(
        setup.refused(Some("d")),
        "ssectl.yaml:10:16: adapter `pubsub` is not in this build\n  10 |   d: {adapter: pubsub}\n     |                ^^^^^^\n  \
         hint: build with `--features pubsub`; this build has `kafka`, `memory`"
    );
    let all = setup.config().check(&registry());
    assert_eq!(all.len(), 7, "{all:?}");
}

#[test]
fn lint_only_warns_of_unset_variables() {
    let setup = Setup::new().project("targets: {x: {adapter: kafka, brokers: '${NOPE}'}}");
    let faults = setup.config().check(&registry());
    let [fault] = &faults[..] else {
        panic!("{faults:?}")
    };
    assert_eq!(fault.severity, crate::document::Severity::Warning);
}

#[test]
fn the_schema_knows_the_options_of_each_adapter() {
    let schema = schema(&registry());
    jsonschema::meta::validate(&schema).expect("valid by its own schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let valid = |target: serde_json::Value| {
        validator.is_valid(&serde_json::json!({"targets": {"x": target}}))
    };
    assert!(valid(
        serde_json::json!({"adapter": "kafka", "brokers": "b", "replicas": 3})
    ));
    assert!(valid(
        serde_json::json!({"adapter": "kafka", "emulator": true, "replicas": "${R}"})
    ));
    assert!(valid(
        serde_json::json!({"adapter": "kafka", "sasl": {"mechanism": "PLAIN"}})
    ));
    assert!(valid(
        serde_json::json!({"brokers": "one layer alone need not name the adapter"})
    ));
    assert!(!valid(
        serde_json::json!({"adapter": "kafka", "borkers": "b"})
    ));
    assert!(!valid(
        serde_json::json!({"adapter": "kafka", "sasl": {"mechanism": 5}})
    ));
    assert!(!valid(
        serde_json::json!({"adapter": "memory", "brokers": "b"})
    ));
    assert!(!validator.is_valid(&serde_json::json!({"tarjets": {}})));
    assert!(!validator.is_valid(&serde_json::json!({"color": "blue"})));
}

/// Every value of a sound file, replaced by each kind of value in turn.
#[test]
fn every_value_may_be_of_any_kind() {
    let whole = "target: x\ncolor: auto\ntimeout: 5s\ntargets: {x: {adapter: kafka, emulator: true, brokers: b, replicas: 3, sasl: {mechanism: P}}}\n";
    for (at, _) in whole.match_indices(": ") {
        let (before, rest) = whole.split_at(at + 2);
        let after = &rest[rest.find([',', '}', '\n']).unwrap_or(rest.len())..];
        for value in [
            "",
            "~",
            "5",
            "true",
            "word",
            "[]",
            "[a]",
            "{}",
            "{a: b}",
            "'${NOPE}'",
        ] {
            let setup = Setup::new().project(&format!("{before}{value}{after}"));
            if let Ok(config) = setup.load() {
                let _ = (
                    config.resolve_target(None, &registry()),
                    config.check(&registry()),
                );
                let _ = (
                    config.resolve_target(Some("x"), &registry()),
                    config.shown(),
                );
            }
        }
    }
}
