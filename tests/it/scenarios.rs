//! `run` and `lint`, on streams in memory.

use crate::command::run_in;

const UPPERCASE: &str = "
apiVersion: ssectl/v1
name: uppercase
streams:
  words:   {partitions: 2}
  shouted: {partitions: 2}
pipelines:
  feed:  {source: {generate: words, count: 1000, seed: 7}, sink: words}
  shout: {source: words, steps: [{map: '.text |= ascii_upcase'}], sink: shouted}
expect:
  shouted: {count: COUNT, every: '.text == (.text | ascii_upcase)'}
";

fn folder(scenario: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("scenario.yaml"), scenario).expect("a file");
    dir
}

#[test]
fn a_scenario_runs_and_its_expectations_decide() {
    let dir = folder(&UPPERCASE.replace("COUNT", "1000"));
    let done = run_in(dir.path(), &["run", ".", "--target", "memory:"], "").ended(0);
    assert_eq!(done.out(), "");
    assert!(
        done.err().contains("feed     1000 read, 1000 written"),
        "{}",
        done.err()
    );
    let dir = folder(&UPPERCASE.replace("COUNT", "999"));
    let done = run_in(dir.path(), &["run", ".", "--target", "memory:"], "").ended(3);
    assert!(
        done.err().contains("expected 999, found 1000"),
        "{}",
        done.err()
    );
}

#[test]
fn the_report_can_be_json() {
    let dir = folder(&UPPERCASE.replace("COUNT", "1000"));
    let done = run_in(
        dir.path(),
        &["run", ".", "--target", "memory:", "--format", "json"],
        "",
    )
    .ended(0);
    let report: serde_json::Value = serde_json::from_str(&done.out()).expect("JSON");
    assert_eq!(report["passed"], true);
    assert_eq!(report["pipelines"][1]["counts"]["written"], 1000);
}

#[test]
fn all_faults_are_shown_at_once() {
    let dir = folder(
        &UPPERCASE
            .replace("COUNT", "x")
            .replace("words, count", "wrods, count")
            .replace("steps", "stps"),
    );
    for (verb, code) in [("lint", 3), ("run", 6)] {
        let done = run_in(dir.path(), &[verb, "scenario.yaml"], "").ended(code);
        for text in [
            "scenario.yaml:8:",
            "scenario.yaml:9:",
            "scenario.yaml:11:",
            "did you mean `words`?",
            "^",
        ] {
            assert!(done.err().contains(text), "{verb}, {text}: {}", done.err());
        }
    }
}

#[test]
fn a_failing_pipeline_is_named_and_ends_the_others() {
    let dir = folder(
        &UPPERCASE
            .replace("COUNT", "1000")
            .replace(".text |= ascii_upcase", ".text + 1"),
    );
    let done = run_in(dir.path(), &["run", ".", "--target", "memory:"], "").ended(1);
    assert!(
        done.err().contains("at: pipeline `shout`") && done.err().contains("bad record at words["),
        "{}",
        done.err()
    );
}

#[test]
fn an_error_in_a_program_is_placed_in_the_file() {
    let dir = folder(
        "apiVersion: ssectl/v1
name: sums
streams:
  words: {partitions: 1}
  sums: {partitions: 1}
pipelines:
  feed: {source: {generate: words, count: 10, seed: 7}, sink: words}
  sum:
    source: words
    steps:
      - map: |
          .text as $text
          | 1 + $text
    sink: sums
",
    );
    let done = run_in(dir.path(), &["run", ".", "--target", "memory:"], "").ended(1);
    assert!(
        done.err()
            .contains("scenario.yaml:13:13: number (1) and string (")
            && done.err().contains("  | 1 + $text\n    ^"),
        "{}",
        done.err()
    );
}

#[test]
fn a_dry_run_moves_nothing() {
    let dir = folder(&UPPERCASE.replace("COUNT", "1000"));
    let done = run_in(
        dir.path(),
        &["run", ".", "--target", "memory:", "--dry-run"],
        "",
    )
    .ended(0);
    assert!(
        done.err().contains("create words with 2 partitions"),
        "{}",
        done.err()
    );
}

#[test]
fn an_unknown_target_is_an_error_with_a_suggestion() {
    let dir = folder(&UPPERCASE.replace("COUNT", "1000"));
    let done = run_in(dir.path(), &["run", ".", "--target", "loacl"], "").ended(6);
    assert!(
        done.err().contains("did you mean `local`?"),
        "{}",
        done.err()
    );
}
