//! `prove`: what is claimed for the results holds when the process is killed.

mod child;
mod lives;
mod report;
mod shrink;

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, CliResult, Exit};
use super::lint::loaded;
use super::run::{ReportFormat, params, start};
use super::session::Session;
use crate::engine::trial::Point;
use crate::places::TargetDecl;
use crate::prove::{Claim, Plan};
use crate::runner::{Emulators, tried};
use crate::scenario::{Scenario, SourceKind};
use crate::timeline::Clock;

/// Prove by kill -9 that a scenario keeps its delivery guarantee
///
/// Examples:
///   ssectl prove scenarios/01-kafka-uppercase
///   ssectl prove scenarios/01-kafka-uppercase --kills 20 --seed 3
///   ssectl prove scenarios/01-kafka-uppercase --target kafka://localhost:9092
///   ssectl prove scenarios/01-kafka-uppercase --plan prove-kafka-uppercase-1.json
///
/// The pipelines that read streams of the scenario run in a child process, which is killed between
/// reading, writing and committing, at points that the seed gives, and started again until all is
/// done. What is in the streams then is held against a run that nobody disturbed. Exits with 3
/// when a claim fails; a smaller plan that shows it is written to a file.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ProveArgs {
    /// The scenario file, or its folder
    scenario: PathBuf,
    /// How often the process is killed
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: usize,
    /// What the kills are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Kill as this file says, which an earlier proof wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kills", "seed"])]
    plan: Option<PathBuf>,
    /// Prove at-least-once, effectively-once or exactly-once [default: as the scenario says]
    #[arg(long, value_name = "GUARANTEE")]
    claim: Option<Claim>,
    /// Keep what steps remember from process to process, as `run --state` does
    ///
    /// Without it windows are made anew from what was not committed.
    #[arg(long)]
    state: bool,
    /// Where its streams live: a target of ssectl.yaml, or an address such as kafka://localhost:9092
    #[arg(long, short, value_name = "TARGET")]
    target: Option<String>,
    /// Value of a parameter; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = params::pair)]
    set: Vec<(String, String)>,
    /// Where a plan that shows a fault is written [default: prove-SCENARIO-SEED.json]
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// text for people on stderr, or json on stdout
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// Commit a batch before it is written, so that a test sees a proof fail
    #[arg(long, hide = true)]
    planted_fault: bool,
    /// What a child process is told about its life
    #[arg(long, hide = true)]
    life: Option<PathBuf>,
    /// What the names of the streams of a life begin with
    #[arg(long, hide = true, default_value = "")]
    prefix: String,
}

/// What stays the same from trial to trial.
struct Proof<'a> {
    args: &'a ProveArgs,
    session: &'a Session,
    scenario: Scenario,
    target: TargetDecl,
}

/// Runs the verb.
pub(super) async fn run(args: ProveArgs, session: &Session) -> CliResult {
    let params = params::ask(&args.scenario, &args.set, session)?;
    let scenario = loaded(&args.scenario, &params, session)?;
    if let Some(life) = &args.life {
        return child::run(life, &args.prefix, &scenario, session).await;
    }
    if scenario.clock != Clock::Wall {
        return Err(CliError::new(
            Exit::Invalid,
            "a process that is killed has no virtual clock, and the scenario wants one",
        )
        .hint("take `clock` out of the scenario"));
    }
    let mut target = session.target(args.target.as_deref())?;
    if tried(&scenario).is_empty() {
        return Err(CliError::new(
            Exit::Invalid,
            "nothing to prove: no pipeline goes from a stream of the scenario to another",
        ));
    }
    let plan = plan(&args)?;
    let mut emulators = Emulators::default();
    let faults = scenario.faults.clone();
    start(&mut emulators, &mut target, faults, None, session)?;
    let proof = Proof {
        args: &args,
        session,
        scenario,
        target,
    };
    let outcome = proof.run(plan).await;
    tokio::task::block_in_place(|| emulators.shutdown());
    outcome
}

/// The plan of the flags.
fn plan(args: &ProveArgs) -> CliResult<Plan> {
    let Some(path) = &args.plan else {
        let points: &[Point] = match args.state {
            true => &Point::WITH_STATE,
            false => &Point::ALL,
        };
        return Ok(Plan::seeded(args.kills, args.seed, points));
    };
    let wrong = |error: &dyn std::fmt::Display| {
        CliError::usage(format!(
            "cannot read the plan `{}`: {error}",
            path.display()
        ))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

impl Proof<'_> {
    async fn run(&self, plan: Plan) -> CliResult {
        let trial = self.trial(&plan, 0).await?;
        let faulty = !trial.holds();
        let saved = match faulty {
            true => Some(self.shrink(plan).await?),
            false => None,
        };
        match self.args.format {
            ReportFormat::Text => report::text(&trial, saved.as_deref(), &self.session.ui),
            ReportFormat::Json => report::json(self, &trial, saved.as_deref())?,
        }
        if faulty {
            return Err(CliError::new(
                Exit::Check,
                "the process was killed, and a claim does not hold",
            ));
        }
        report::enough(&trial)
    }

    /// The scenario with no more records than a plan has.
    fn capped(&self, plan: &Plan) -> Scenario {
        let mut scenario = self.scenario.clone();
        for pipeline in &mut scenario.pipelines {
            if let (SourceKind::Generate(spec), Some(most)) =
                (&mut pipeline.source.kind, plan.records)
            {
                spec.count = Some(spec.count.map_or(most, |count| count.min(most)));
            }
        }
        scenario
    }

    /// Most records that a generator of the scenario makes.
    fn records(&self) -> u64 {
        let counts = self
            .scenario
            .pipelines
            .iter()
            .map(|pipeline| match &pipeline.source.kind {
                SourceKind::Generate(spec) => spec.count.unwrap_or(0),
                _ => 0,
            });
        counts.max().unwrap_or(0)
    }
}
