//! Which Beam, which of its runners, and where the files between are.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ssectl_beam::{RUNTIME, Refusal};
use ssectl_state::StateError;
use tempfile::TempDir;

use super::job::{job, runs_on_beam};
use super::operator::Outside;
use crate::engine::{Encoding, Open, Segment, Step, Steps};
use crate::expr::{Options, Program};
use crate::scenario::{self, Pipeline, Scenario};

/// What runs a pipeline of Beam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// In one process of Python.
    Direct,
    /// Flink: with `--flink_master` or `--job_endpoint` a cluster, else one that Beam starts.
    Flink,
    /// Spark: with `--job_endpoint` a cluster, else one that Beam starts.
    Spark,
    /// Google's service.
    Dataflow,
}

/// Apache Beam on this machine.
#[derive(Debug)]
pub struct Beam {
    python: PathBuf,
    ssectl: PathBuf,
    runner: Runner,
    options: Vec<String>,
    folder: TempDir,
}

/// How one pipeline is run.
pub(super) struct Call {
    pub(super) input: PathBuf,
    pub(super) output: PathBuf,
    log: PathBuf,
    command: Command,
}

impl Beam {
    /// With this interpreter, this program as the worker for jq, and more options of the runner's own.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new(
        python: PathBuf,
        ssectl: PathBuf,
        runner: Runner,
        options: Vec<String>,
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in RUNTIME {
            fs::write(folder.path().join(name), text)?;
        }
        Ok(Self {
            python,
            ssectl,
            runner,
            options,
            folder,
        })
    }

    /// Whether this pipeline runs there.
    pub fn takes(&self, pipeline: &Pipeline) -> bool {
        runs_on_beam(pipeline)
    }

    /// The steps that take the place of the pipeline's own: the first ones run in parallel.
    ///
    /// # Errors
    /// All that Beam, or the runner, cannot do.
    pub fn segments(
        &self,
        scenario: &Scenario,
        pipeline: &Pipeline,
        (input, output): (Encoding, Encoding),
    ) -> Result<(Steps, Vec<Segment>), Vec<Refusal>> {
        self.refuses(pipeline)?;
        let text = ssectl_beam::python(&job(scenario, pipeline))?;
        let call = self.call(pipeline, &text);
        let failed = |error: io::Error| StateError::Store(error.to_string());
        let open: Open = Box::new(move |_| {
            let outside = call.and_then(Outside::new).map_err(failed)?;
            Ok(Box::new(outside))
        });
        let mut then = vec![Segment::Keyed {
            name: "beam".to_owned(),
            open,
        }];
        if output == Encoding::Text {
            then.push(Segment::Stateless(Steps::new(
                vec![Step::Map(program("."))],
                Encoding::Json,
                output,
            )));
        }
        Ok((
            Steps::new(vec![Step::Map(program(ENVELOPE))], input, Encoding::Json),
            then,
        ))
    }

    /// What the runner cannot do.
    fn refuses(&self, pipeline: &Pipeline) -> Result<(), Vec<Refusal>> {
        match self.runner {
            Runner::Dataflow => match self.missing() {
                missing if missing.is_empty() => Ok(()),
                missing => Err(missing),
            },
            Runner::Spark if needs_order(pipeline) => Err(vec![Refusal {
                what: "results before or after the end of a window on Spark".to_owned(),
                why: "its runner reads a bounded source as one batch, in which no record is early or late: take `direct` or \
                      `flink`"
                    .to_owned(),
            }]),
            Runner::Direct | Runner::Flink | Runner::Spark => Ok(()),
        }
    }

    /// What Dataflow has to be told and is not.
    fn missing(&self) -> Vec<Refusal> {
        DATAFLOW
            .iter()
            .filter(|(option, variable)| !self.given(option) && env::var_os(variable).is_none())
            .map(|(option, variable)| Refusal {
                what: "`--runner dataflow`".to_owned(),
                why: format!(
                    "needs `--beam-option={option}=...`, or {variable} in the environment"
                ),
            })
            .collect()
    }

    fn given(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.starts_with(name))
    }

    fn call(&self, pipeline: &Pipeline, text: &str) -> io::Result<Call> {
        let folder = self.folder.path();
        let file = |extension: &str| folder.join(format!("{}.{extension}", pipeline.name));
        let (script, input, output) = (file("py"), file("ndjson"), file("results"));
        fs::write(&script, text)?;
        fs::create_dir(&output)?;
        let mut command = Command::new(&self.python);
        command
            .arg(&script)
            .args([
                "--input".as_ref(),
                input.as_os_str(),
                "--output".as_ref(),
                output.as_os_str(),
            ])
            .args(self.arguments())
            .args(&self.options)
            .env("SSECTL", &self.ssectl)
            .stdin(Stdio::null());
        Ok(Call {
            input,
            output,
            log: file("log"),
            command,
        })
    }

    fn arguments(&self) -> Vec<String> {
        let runner = match self.runner {
            Runner::Direct => "DirectRunner",
            Runner::Flink | Runner::Spark if self.given("--job_endpoint") => "PortableRunner",
            Runner::Flink => "FlinkRunner",
            Runner::Spark => "SparkRunner",
            Runner::Dataflow => "DataflowRunner",
        };
        let mut arguments = vec![format!("--runner={runner}")];
        match self.runner {
            Runner::Dataflow => {
                let told = DATAFLOW.iter().filter(|(option, _)| !self.given(option));
                arguments.extend(told.filter_map(|(option, variable)| {
                    Some(format!("{option}={}", env::var(variable).ok()?))
                }));
            }
            // Workers on this machine, which has the files and this program.
            Runner::Flink | Runner::Spark if !self.given("--environment_type") => {
                arguments.push("--environment_type=LOOPBACK".to_owned());
            }
            Runner::Direct | Runner::Flink | Runner::Spark => {}
        }
        arguments
    }
}

/// What Dataflow has to be told: its option, and the variable that may say it.
const DATAFLOW: [(&str, &str); 3] = [
    ("--project", "GOOGLE_CLOUD_PROJECT"),
    ("--region", "GOOGLE_CLOUD_REGION"),
    ("--temp_location", "DATAFLOW_TEMP_LOCATION"),
];

/// Whether a window gives results before or after its end.
fn needs_order(pipeline: &Pipeline) -> bool {
    pipeline.steps.iter().any(|step| match step {
        scenario::Step::Window(window) => {
            let spec = window.plan.spec();
            spec.lateness != 0 || spec.trigger.early_count.is_some()
        }
        _ => false,
    })
}

/// A record with all that is known of it.
const ENVELOPE: &str = "{key: $key, headers: $headers, stream: $stream, partition: $partition, offset: $offset, \
                        time_ns: $time_ns, value: .}";

fn program(text: &str) -> Program {
    Program::compile("beam", text, &Options::default()).expect("a program of ours")
}

impl Call {
    /// Runs it to its end. What it says goes to a log, whose end tells why it failed.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let log = fs::File::create(&self.log)?;
        let status = self
            .command
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .map_err(|error| {
                let python = Path::new(self.command.get_program()).display().to_string();
                io::Error::new(error.kind(), format!("cannot start {python}: {error}"))
            })?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(&self.log)?;
        let last = log
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing");
        Err(io::Error::other(format!(
            "Beam ended with {status}: {last}"
        )))
    }
}
