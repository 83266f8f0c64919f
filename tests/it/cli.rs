//! Help, versions, completions and manuals.

use crate::command::{run, run_in};

const VERBS: [&str; 24] = [
    "generate",
    "replay",
    "transform",
    "window",
    "tail",
    "copy",
    "run",
    "why",
    "why-not",
    "verify",
    "prove",
    "lint",
    "export",
    "beam",
    "streams",
    "state",
    "cloud",
    "emulator",
    "serve",
    "config",
    "doctor",
    "schema",
    "completions",
    "man",
];

#[test]
fn every_verb_has_help_with_examples() {
    for verb in VERBS {
        let done = run(&[verb, "--help"], "").ended(0);
        assert!(
            done.out().contains("Examples:") && done.out().contains(&format!("ssectl {verb}")),
            "{verb}: {}",
            done.out()
        );
    }
}

#[test]
fn every_verb_below_a_verb_has_help_with_examples() {
    let streams = ["create", "list", "describe", "delete", "lag", "seek"];
    let streams = streams.map(|verb| ["streams", verb]);
    let cloud = ["plan", "up", "down"].map(|verb| ["cloud", verb]);
    let state = ["ls", "dump", "diff", "savepoint", "restore"].map(|verb| ["state", verb]);
    for verbs in streams
        .iter()
        .chain(&cloud)
        .chain(&state)
        .chain(&[["emulator", "coverage"], ["config", "show"]])
    {
        let help = run(&[verbs[0], verbs[1], "--help"], "").ended(0).out();
        let example = format!("Examples:\n  ssectl {}", verbs.join(" "));
        assert!(help.contains(&example), "{verbs:?}: {help}");
    }
}

#[test]
fn examples_fit_a_terminal_of_80_columns_and_keep_their_lines_in_the_manual() {
    for verb in VERBS {
        let help = run(&[verb, "--help"], "").ended(0).out();
        let examples: Vec<_> = help
            .lines()
            .skip_while(|line| *line != "Examples:")
            .skip(1)
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(!examples.is_empty(), "{verb}");
        for example in examples {
            assert!(example.chars().count() <= 80, "{example}");
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    run_in(dir.path(), &["man", "--dir", "."], "").ended(0);
    let page = std::fs::read_to_string(dir.path().join("ssectl-tail.1")).expect("a page");
    let examples = ".SH EXAMPLES\n.nf\n  ssectl tail kafka://localhost:9092/orders\n";
    assert!(page.contains(examples), "{page}");
    assert!(page.contains(".SH \"EXIT STATUS\""), "{page}");
}

#[test]
fn without_a_verb_it_shows_help_as_an_error_of_usage() {
    let done = run(&[], "").ended(2);
    assert!(done.err().contains("Usage: ssectl"));
    assert_eq!(done.out(), "");
}

#[test]
fn completions_and_manual_name_every_verb() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = run(&["completions", shell], "").ended(0);
        assert!(
            VERBS.iter().all(|verb| done.out().contains(verb)),
            "{shell}"
        );
    }
    let dir = tempfile::tempdir().expect("a folder");
    run_in(dir.path(), &["man", "--dir", "."], "").ended(0);
    for verb in VERBS {
        assert!(
            dir.path().join(format!("ssectl-{verb}.1")).exists(),
            "{verb}"
        );
    }
    assert!(run(&["man"], "").ended(0).out().contains(".TH ssectl 1"));
}

#[test]
fn schemas_are_json() {
    for of in ["scenario", "config"] {
        let done = run(&["schema", of], "").ended(0);
        let schema: serde_json::Value = serde_json::from_str(&done.out()).expect("JSON");
        assert!(schema.get("properties").is_some(), "{of}");
    }
}

#[test]
fn settings_say_where_they_come_from() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = "targets:\n  cloud: {adapter: memory}\non-error: skip\n";
    std::fs::write(dir.path().join("ssectl.yaml"), file).expect("a file");
    let done = run_in(
        dir.path(),
        &["config", "show", "--origin", "--timeout", "5s"],
        "",
    )
    .ended(0);
    for text in [
        "on-error: skip",
        "ssectl.yaml:3:",
        "targets.cloud.adapter: memory",
        "--timeout",
        "built-in default",
    ] {
        assert!(done.out().contains(text), "{text}: {}", done.out());
    }
}

#[cfg(feature = "stdio")]
#[test]
fn settings_hold_for_every_verb() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("ssectl.yaml"), "on-error: skip\n").expect("a file");
    let done = run_in(dir.path(), &["transform", ".a"], "1\n{\"a\":2}\n").ended(0);
    assert_eq!(done.out(), "2\n");
}

#[test]
fn a_wrong_configuration_ends_with_6_and_its_place() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("ssectl.yaml"), "targtes: {}\n").expect("a file");
    let done = run_in(dir.path(), &["transform", "."], "").ended(6);
    assert!(
        done.err().contains("ssectl.yaml:1:1") && done.err().contains("did you mean `targets`?"),
        "{}",
        done.err()
    );
}
