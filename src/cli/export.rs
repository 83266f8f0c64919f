//! `export`: a scenario's pipelines for another engine, as text.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ssectl_beam::{RUNTIME, Refusal};

use super::error::{CliError, CliResult, Exit};
use super::lint::loaded;
use super::run::params;
use super::session::Session;
use crate::beam::{job, runs_on_beam};
use crate::scenario::{Pipeline, Scenario};

/// Write a scenario's pipelines for another engine
///
/// Examples:
///   ssectl export beam scenarios/02-pubsub-wordcount
///   ssectl export beam scenarios/02-pubsub-wordcount --dir wordcount
///   ssectl export flink-sql scenarios/02-pubsub-wordcount
///
/// Pipelines that only feed streams are left out. What the other engine cannot do is refused, with
/// the reason; see docs/beam.md.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ExportArgs {
    /// beam: Apache Beam's Python SDK; flink-sql: Flink SQL
    #[arg(value_enum)]
    engine: Language,
    /// The scenario file, or its folder
    scenario: PathBuf,
    /// Only this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Write a file per pipeline into this folder instead of stdout
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Value of a parameter; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = params::pair)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Beam,
    FlinkSql,
}

impl Language {
    fn extension(self) -> &'static str {
        match self {
            Self::Beam => "py",
            Self::FlinkSql => "sql",
        }
    }
}

/// Runs the verb.
pub(super) async fn run(args: ExportArgs, session: &Session) -> CliResult {
    let params = params::ask(&args.scenario, &args.set, session)?;
    let scenario = loaded(&args.scenario, &params, session)?;
    let mut texts = Vec::new();
    let mut refused = 0;
    for pipeline in chosen(&scenario, args.pipeline.as_deref())? {
        match text(args.engine, &scenario, pipeline) {
            Ok(text) => texts.push((pipeline.name.clone(), text)),
            Err(refusals) => {
                refused += 1;
                for refusal in refusals {
                    session.ui.insist(format!("{}: {refusal}", pipeline.name));
                }
            }
        }
    }
    if refused > 0 {
        return Err(CliError::new(
            Exit::Invalid,
            format!("{refused} pipelines cannot be said there"),
        ));
    }
    match &args.dir {
        Some(dir) => write(dir, args.engine, &texts).map_err(|error| {
            CliError::new(
                Exit::Failed,
                format!("cannot write to {}: {error}", dir.display()),
            )
        }),
        None => print(&texts, session),
    }
}

fn text(
    engine: Language,
    scenario: &Scenario,
    pipeline: &Pipeline,
) -> Result<String, Vec<Refusal>> {
    let job = job(scenario, pipeline);
    match engine {
        Language::Beam => ssectl_beam::python(&job),
        Language::FlinkSql => ssectl_beam::flink_sql(&job),
    }
}

/// The pipeline of that name, or all that another engine can run.
fn chosen<'a>(scenario: &'a Scenario, name: Option<&str>) -> CliResult<Vec<&'a Pipeline>> {
    let wanted = |pipeline: &&Pipeline| match name {
        Some(name) => pipeline.name == name,
        None => runs_on_beam(pipeline),
    };
    let chosen: Vec<&Pipeline> = scenario.pipelines.iter().filter(wanted).collect();
    match (chosen.is_empty(), name) {
        (false, _) => Ok(chosen),
        (true, Some(name)) => Err(CliError::usage(format!(
            "the scenario has no pipeline `{name}`"
        ))),
        (true, None) => Err(CliError::usage(
            "no pipeline of the scenario reads a stream and has steps",
        )),
    }
}

fn write(dir: &Path, engine: Language, texts: &[(String, String)]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    for (name, text) in texts {
        fs::write(dir.join(format!("{name}.{}", engine.extension())), text)?;
    }
    let runtime = if engine == Language::Beam {
        RUNTIME
    } else {
        &[]
    };
    runtime
        .iter()
        .try_for_each(|(name, text)| fs::write(dir.join(name), text))
}

fn print(texts: &[(String, String)], session: &Session) -> CliResult {
    if texts.len() > 1 {
        let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
        return Err(
            CliError::usage(format!("there are several pipelines: {}", names.join(", ")))
                .hint("choose one with `--pipeline`, or write all with `--dir`"),
        );
    }
    texts.iter().try_for_each(|(_, text)| session.ui.data(text))
}
