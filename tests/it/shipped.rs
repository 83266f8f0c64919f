//! The scenarios that come with ssectl: they pass, their starters do not, and their pages are true.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Done, run, run_in};

fn on_memory(scenario: &str, more: &[&str]) -> Done {
    let arguments = ["run", scenario, "--target", "memory:"];
    run(&[&arguments, more].concat(), "")
}

fn pages() -> Vec<PathBuf> {
    let folders = fs::read_dir("scenarios").expect("the scenarios");
    let pages = folders.map(|folder| folder.expect("a folder").path().join("README.md"));
    let pages: Vec<PathBuf> = pages.filter(|page| page.is_file()).collect();
    assert!(pages.len() >= 3, "{pages:?}");
    pages
}

#[test]
fn upper_case_passes_and_its_starter_does_not() {
    on_memory("scenarios/01-kafka-uppercase", &[]).ended(0);
    let starter = on_memory("scenarios/01-kafka-uppercase/starter", &[]).ended(3);
    assert!(
        starter.err().contains("not true of 1000 of 1000 records"),
        "{}",
        starter.err()
    );
}

#[test]
fn change_is_right_for_every_amount_and_its_starter_is_not() {
    for amount in ["1.34", "0.05", "1.3", "5", "9.03", "1.15"] {
        on_memory(
            "scenarios/07-make-change",
            &["--set", &format!("amount={amount}")],
        )
        .ended(0);
    }
    on_memory("scenarios/07-make-change/starter", &[]).ended(3);
    let wrong = on_memory("scenarios/07-make-change", &["--set", "amount=1.345"]).ended(1);
    assert!(
        wrong
            .err()
            .contains("1.345 is no amount of dollars and cents"),
        "{}",
        wrong.err()
    );
    on_memory("scenarios/07-make-change", &["--set", "amount=abc"]).ended(6);
}

#[test]
fn cents_by_floating_point_are_found_out() {
    let scenario = fs::read_to_string("scenarios/07-make-change/scenario.yaml").expect("a file");
    let (before, rest) = scenario
        .split_once("          | (.amount | split")
        .expect("the digits");
    let (_, after) = rest.split_once("      # The greedy").expect("the coins");
    let float = "          | .cents = (.amount | tonumber | . * 100 | floor)\n      # The greedy";
    let folder = tempfile::tempdir().expect("a folder");
    let broken = format!("{before}{float}{after}");
    fs::write(folder.path().join("scenario.yaml"), broken).expect("written");
    let done = run_in(folder.path(), &["run", ".", "--target", "memory:"], "").ended(3);
    assert!(
        done.err().contains("not true of 28 of 501 records"),
        "{}",
        done.err()
    );
}

#[cfg(feature = "file")]
#[test]
fn phones_are_normalised_as_jq_does_it_and_the_starter_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("table.csv");
    let set = format!("table={}", table.display());
    let done = on_memory("scenarios/08-phone-normalise", &["--set", &set]).ended(0);
    assert!(
        done.err().contains("expected.ndjson: 40 records"),
        "{}",
        done.err()
    );
    let table = fs::read_to_string(table).expect("the table");
    let columns = "time,accelerometer-x,accelerometer-y,accelerometer-z,accelerometer-total";
    assert_eq!(
        (table.lines().next(), table.lines().count()),
        (Some(columns), 41)
    );
    on_memory("scenarios/08-phone-normalise/starter", &[]).ended(3);
}

#[test]
fn the_recording_comes_from_the_generator() {
    let recorded = fs::read("scenarios/08-phone-normalise/data/phone.ndjson").expect("a file");
    let made = run(&["generate", "phone", "--count", "160", "--seed", "8"], "").ended(0);
    assert!(
        made.0.stdout == recorded,
        "the generator gives other messages now"
    );
}

/// Each command is given to a shell in which `ssectl` only explains the arguments it got: unknown
/// verbs and flags are errors all the same.
#[test]
fn commands_of_the_pages_exist() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("$ ssectl "))
            .collect();
        assert!(!commands.is_empty(), "{}", page.display());
        for command in commands {
            let binary = env!("CARGO_BIN_EXE_ssectl");
            let script =
                format!("ssectl() {{ {binary} \"$@\" --help >/dev/null; }}; ssectl {command}");
            let status = Command::new("sh")
                .args(["-c", &script])
                .stdin(std::process::Stdio::null())
                .output();
            let output = status.expect("a shell");
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && error.is_empty(),
                "{}: {command}: {error}",
                page.display()
            );
        }
    }
}

/// The commands whose output a page shows really print it.
#[test]
fn outputs_of_the_pages_are_real() {
    let mut shown = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for block in text.split("```console\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let [command, output @ ..] = &block.lines().collect::<Vec<_>>()[..] else {
                continue;
            };
            if output.is_empty() || output.iter().any(|line| line.starts_with("$ ")) {
                continue;
            }
            shown += 1;
            assert_eq!(shell(command), output.join("\n"), "{}", page.display());
        }
    }
    assert!(shown >= 4, "only {shown} outputs");
}

fn shell(command: &str) -> String {
    let command = command.strip_prefix("$ ").expect("a command");
    let folder = Path::new(env!("CARGO_BIN_EXE_ssectl"))
        .parent()
        .expect("a folder");
    let path = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-c", command])
        .env("PATH", path)
        .output();
    String::from_utf8(output.expect("a shell").stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}
