//! Trials, and the search for a smaller one that fails as well.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Proof;
use super::lives::{Lived, Lives};
use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::run::failed;
use crate::engine::trial;
use crate::prove::{Finding, Plan, claimed};
use crate::runner::{RunError, Runner, StateOptions, tried};
use crate::verify::Tally;

/// So many smaller plans are tried; each trial takes about as long as its share of kills.
const TRIES: usize = 16;
/// A smaller plan must fail so often: one that failed by chance shows nothing to who tries it again.
const TIMES: usize = 3;

/// A trial that is over.
pub(super) struct Trial {
    pub(super) planned: usize,
    pub(super) lived: Lived,
    pub(super) seconds: f64,
    pub(super) findings: Vec<Finding>,
}

impl Trial {
    /// Whether every claim holds.
    pub(super) fn holds(&self) -> bool {
        self.findings.iter().all(Finding::holds)
    }
}

impl Proof<'_> {
    /// Runs the scenario undisturbed, then with kills, and compares.
    pub(super) async fn trial(&self, plan: &Plan, number: usize) -> CliResult<Trial> {
        let scenario = self.capped(plan);
        let name = format!("prove-{}-{number}", std::process::id());
        let undisturbed = self.runner(format!("{name}-whole-"));
        let report = undisturbed.run(&scenario).await.map_err(failed)?;
        if let Some(error) = report.pipelines.into_iter().find_map(|one| one.error) {
            return Err(CliError::from(error).at("the run without kills"));
        }
        let began = Instant::now();
        let killed = self.runner(format!("{name}-"));
        let most = report.contents.values().map(|found| found.count()).max();
        let lives = self.lives(&killed.prefix, plan, most.unwrap_or(0));
        let (lived, remains) = killed.around(&scenario, lives).await.map_err(failed)?;
        let findings = tried(&scenario).into_iter().filter_map(|stream| {
            let (wanted, found) = (
                report.contents.get(&stream)?,
                remains.contents.get(&stream)?,
            );
            let claim = self
                .args
                .claim
                .unwrap_or_else(|| claimed(&scenario, &stream));
            let told = remains.repeated.get(&stream).copied().unwrap_or(0);
            let tally = Tally::of(wanted, found);
            Some(Finding::new(&stream, claim, wanted.count(), told, tally))
        });
        let trial = Trial {
            planned: plan.kills.len(),
            findings: findings.collect(),
            seconds: began.elapsed().as_secs_f64(),
            lived,
        };
        for runner in [undisturbed, killed] {
            runner.clear(&scenario).await.map_err(failed)?;
        }
        match trial.findings.is_empty() {
            true => Err(CliError::new(
                Exit::Check,
                "nothing was proven: no stream that the pipelines write can be read back beside them",
            )
            .hint("write to a stream that no other pipeline reads, or expect something of it")),
            false => Ok(trial),
        }
    }

    fn runner(&self, prefix: String) -> Runner<'_> {
        Runner {
            beam: None,
            tracer: None,
            settings: trial::settings(),
            timeline: None,
            places: &self.session.places,
            target: self.target.clone(),
            prefix,
            control: self.session.control(),
            follow: false,
            collect: true,
            state: StateOptions::default(),
            watch: &|_, _| {},
        }
    }

    async fn lives(&self, prefix: &str, plan: &Plan, records: u64) -> Result<Lived, RunError> {
        let broken = |error: std::io::Error| {
            RunError::pipeline(&self.scenario.name, format!("on trial: {error}"))
        };
        let scratch = tempfile::tempdir().map_err(broken)?;
        let mut arguments = vec!["prove".to_owned(), self.args.scenario.display().to_string()];
        let set = self
            .args
            .set
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        arguments.extend(set.flat_map(|pair| ["--set".to_owned(), pair]));
        let more = ["--prefix", prefix, "--quiet"];
        arguments.extend(more.map(str::to_owned));
        // A life passes a point about twice, so that there is something left for the last one. While a checkpoint is
        // being written, several batches pass.
        let passed = if self.args.state { 16 } else { 4 };
        let share = records / (passed * plan.kills.len().max(1) as u64);
        let lives = Lives {
            arguments,
            target: (self.target.adapter.clone(), self.target.options.clone()),
            records: usize::try_from(share).unwrap_or(1).max(1),
            scratch: scratch.path(),
            state: self.args.state,
            commits_early: self.args.planted_fault,
            stop: self.session.stop(),
        };
        tokio::task::block_in_place(|| lives.run(&plan.kills)).map_err(broken)
    }

    /// Whether a plan fails each time.
    async fn fails(&self, plan: &Plan, number: usize) -> CliResult<bool> {
        for time in 0..TIMES {
            if self.trial(plan, number * TIMES + time).await?.holds() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks for a smaller plan that fails, and writes it to a file.
    pub(super) async fn shrink(&self, mut plan: Plan) -> CliResult<PathBuf> {
        let mut number = 0;
        'smaller: while number < TRIES {
            for candidate in plan.smaller(self.records()) {
                number += 1;
                if self.fails(&candidate, number).await? {
                    plan = candidate;
                    continue 'smaller;
                }
            }
            break;
        }
        let usual = || format!("prove-{}-{}.json", self.scenario.name, plan.seed).into();
        let path: PathBuf = self.args.save.clone().unwrap_or_else(usual);
        save(&plan, &path).map_err(|error| {
            CliError::new(
                Exit::Failed,
                format!("cannot write the plan `{}`: {error}", path.display()),
            )
        })?;
        Ok(path)
    }
}

fn save(plan: &Plan, path: &Path) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(plan)?;
    std::fs::write(path, text + "\n")
}
