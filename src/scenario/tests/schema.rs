//! The schema that editors get, held against files by a validator that is not ours.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::document::{Faults, Text, parse};
use crate::scenario::schema;

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path.display().to_string()));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
    found
}

/// As an editor sees it: not interpolated.
fn json(path: &Path) -> Option<Json> {
    let text = fs::read_to_string(path).expect("text");
    let mut faults = Faults::default();
    let root = parse(&Text::file("f", text), &mut faults)?;
    (!faults.has_errors()).then(|| root.to_json())
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema()).expect("a valid schema")
}

#[test]
fn it_is_a_schema_of_the_2020_draft() {
    let schema = schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::meta::validate(&schema).expect("valid by its own schema");
}

#[test]
fn shipped_scenarios_are_valid() {
    let scenarios = validator();
    let gateways = jsonschema::validator_for(&crate::gateway::schema()).expect("a valid schema");
    let files = files("scenarios");
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let json = json(&path).expect("sound YAML");
        let validator = match path.ends_with("gateway.yaml") {
            true => &gateways,
            false => &scenarios,
        };
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|e| format!("{} at {}", e, e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn what_is_wrong_in_shape_is_invalid() {
    let validator = validator();
    for name in [
        "api-version",
        "formats",
        "generate-options",
        "missing-fields",
        "missing-in-pipeline",
        "numbers-out-of-range",
        "on-error",
        "replay-options",
        "steps",
        "unknown-fields",
        "wrong-types",
    ] {
        let json = json(Path::new(&format!("fixtures/faults/{name}.yaml"))).expect("sound YAML");
        assert!(!validator.is_valid(&json), "{name}");
    }
}

#[test]
fn what_is_wrong_in_meaning_only_is_valid() {
    let validator = validator();
    for name in [
        "endless",
        "jq-errors",
        "missing-files",
        "unknown-streams",
        "warnings",
    ] {
        let json = json(Path::new(&format!("fixtures/faults/{name}.yaml"))).expect("sound YAML");
        assert!(
            validator.is_valid(&json),
            "{name}: {:?}",
            validator.validate(&json).err()
        );
    }
}

#[test]
fn variables_may_stand_for_numbers_names_and_booleans() {
    let validator = validator();
    let scenario = |partitions: Json, rest: Json| {
        serde_json::json!({
            "apiVersion": "ssectl/v1",
            "name": "x",
            "streams": {"a": {"partitions": partitions}},
            "pipelines": {"p": {"source": rest, "sink": "a"}},
        })
    };
    let valid = |partitions: &str, source: &str| {
        let partitions = serde_json::from_str(partitions).expect("JSON");
        let source = serde_json::from_str(source).expect("JSON");
        validator.is_valid(&scenario(partitions, source))
    };
    assert!(valid("3", r#""a""#));
    assert!(valid(r#""${N:-3}""#, r#""a""#));
    assert!(!valid(r#""three""#, r#""a""#));
    assert!(!valid("0", r#""a""#));
    assert!(valid("1", r#"{"generate": "${KIND}", "count": "${N}"}"#));
    assert!(!valid("1", r#"{"generate": "nonsense"}"#));
    assert!(valid(
        "1",
        r#"{"replay": "f", "loop": "${L}", "time": ".ts", "unit": "${U}"}"#
    ));
    assert!(!valid("1", r#"{"replay": "f", "loop": "yes"}"#));
}
