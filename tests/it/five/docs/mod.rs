//! README.md and docs/ tell the truth: every command that they show runs, and prints what they say.
//!
//! A command stands in a `console` block: `$ ` starts it, `> ` goes on with it, the lines below are what a terminal
//! shows. A page is one shell session in an empty folder that has `scenarios/` and `fixtures/` in it, so a block may use
//! what an earlier one left. `[..]` stands for any text within a line, `...` alone on a line for any lines. A command
//! must end with 0, unless the next one is `echo $?`. A command that ends in `&` runs until the end of the page; the
//! lines below it are waited for. Port 9092 stands for a free one.
//!
//! The first line of a block may mark it, visibly for readers:
//!
//! - `# Needs kcat, jq` runs it only where these are installed; with `CI` in the environment they must be.
//! - `# Not run by the tests: REASON` has only its `ssectl` command lines parsed.
//!
//! `SNAPSHOTS=overwrite cargo test --test it docs` writes what was printed into the pages.

mod page;
mod shell;

use std::path::{Path, PathBuf};
use std::{fs, thread};

use page::{Block, Mark, Page};
use shell::{Outcome, Shell};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and everything in docs/.
fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .expect("docs/ is there")
        .map(|entry| entry.expect("docs/ can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    paths.push(root().join("README.md"));
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}

/// Fails with all faults at once.
fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_command_prints_what_its_page_says() {
    let pages = pages();
    let faults: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(|| check(page)))
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().expect("a page's thread ends"))
            .collect()
    });
    report(&faults);
}

/// Runs the blocks of a page and compares.
fn check(page: &Page) -> Vec<String> {
    let blocks = page.consoles();
    let (run, parse): (Vec<&Block>, Vec<&Block>) =
        blocks.iter().partition(|block| runs(page, block));
    let mut faults = Shell::new(page.name()).parse(parse.iter().flat_map(|block| &block.steps));
    let steps: Vec<_> = run.iter().flat_map(|block| &block.steps).collect();
    let outcomes = match Shell::new(page.name()).run(&steps) {
        Ok(outcomes) => outcomes,
        Err(fault) => {
            faults.push(fault);
            return faults;
        }
    };
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite");
    let mut news = Vec::new();
    for (i, (step, Outcome { printed, statuses })) in steps.iter().zip(outcomes).enumerate() {
        let status_is_shown = steps
            .get(i + 1)
            .is_some_and(|next| next.command == "echo $?");
        if !status_is_shown && statuses.iter().any(|status| *status != 0) {
            faults.push(format!(
                "{}:{}: `{}` ended with {statuses:?}:\n{printed}",
                page.name(),
                step.line,
                step.command
            ));
            continue;
        }
        match step.compare(&printed) {
            Ok(()) => {}
            Err((_, written)) if overwrite => news.push((*step, written)),
            Err((difference, _)) => {
                faults.push(format!(
                    "{}:{}: `{}` prints something else:\n{difference}",
                    page.name(),
                    step.line,
                    step.command
                ));
            }
        }
    }
    page.rewrite(&news);
    faults
}

/// Whether a block is to be run here; if not, it is parsed.
#[expect(clippy::print_stderr, reason = "what is left out must be seen")]
fn runs(page: &Page, block: &Block) -> bool {
    match &block.mark {
        Mark::None => true,
        Mark::NotRun => false,
        Mark::Needs(programs) => {
            let missing: Vec<_> = programs
                .iter()
                .filter(|program| !shell::has(program))
                .collect();
            let strict = std::env::var_os("CI").is_some();
            if !missing.is_empty() && !strict {
                eprintln!(
                    "skipped: {}:{}: {missing:?} not installed",
                    page.name(),
                    block.line
                );
            }
            missing.is_empty() || strict
        }
    }
}

#[test]
fn commands_stand_in_console_blocks() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile is there");
    let target = |name: &str| {
        makefile
            .lines()
            .any(|line| line.starts_with(&format!("{name}:")))
    };
    let mut faults = Vec::new();
    for page in pages() {
        for (info, number, line) in page.fenced_lines() {
            let fault = match line.trim_start_matches("$ ").split_once(' ') {
                _ if info == "console" => None,
                Some(("ssectl", _)) => Some("is not in a `console` block".to_owned()),
                Some(("make", rest)) => {
                    let name = rest.split_whitespace().next().unwrap_or_default();
                    (!target(name))
                        .then(|| format!("names the target `{name}`, which the Makefile lacks"))
                }
                _ if line.starts_with("$ ") => Some("is not in a `console` block".to_owned()),
                _ => None,
            };
            faults.extend(fault.map(|fault| format!("{}:{number}: `{line}` {fault}", page.name())));
        }
    }
    report(&faults);
}

#[test]
fn every_link_leads_to_a_file() {
    let mut faults = Vec::new();
    for page in pages() {
        for (number, link) in page.links() {
            let path = link.split('#').next().unwrap_or_default();
            if !path.contains("://") && !path.is_empty() && !page.folder().join(path).exists() {
                faults.push(format!("{}:{number}: `{link}` leads nowhere", page.name()));
            }
        }
    }
    report(&faults);
}
