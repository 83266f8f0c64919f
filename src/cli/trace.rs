//! `--trace` and `--timeline`: what becomes of every record, kept for later or drawn.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ssectl_trace::{Observer, Timeline, TraceError, TraceFile, Tracer, Width};

use super::error::{CliError, CliResult, Exit};
use super::ui::Ui;

/// Where a trace is if nobody says otherwise.
pub(super) const TRACE: &str = "ssectl.trace";

/// `--timeline` without a file.
const TERMINAL: &str = "-";

/// Flags of verbs that can tell what becomes of every record.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What becomes of records")]
pub(super) struct TraceArgs {
    /// Keep what becomes of every record in this file, for `ssectl why` and `why-not`; it holds the
    /// texts of the records [without FILE: ssectl.trace]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = TRACE, value_parser = trace)]
    trace: Option<PathBuf>,
    /// Draw partitions, watermark, windows and late records in event time when it is over: on stderr,
    /// or as a picture in this file
    #[arg(long, value_name = "FILE.svg", num_args = 0..=1, default_missing_value = TERMINAL, value_parser = picture)]
    timeline: Option<PathBuf>,
}

/// Observers of a run.
pub(super) struct Tracing {
    tracer: Arc<Tracer>,
    file: Option<(TraceFile, PathBuf)>,
    timeline: Option<(Timeline, PathBuf)>,
}

impl TraceArgs {
    /// The flag that is set, if one is.
    pub(super) fn flag(&self) -> Option<&'static str> {
        let trace = self.trace.is_some().then_some("--trace");
        trace.or(self.timeline.is_some().then_some("--timeline"))
    }

    /// Begins to observe, if somebody wants it.
    pub(super) fn start(&self) -> CliResult<Option<Tracing>> {
        if self.flag().is_none() {
            return Ok(None);
        }
        let mut observers: Vec<Box<dyn Observer>> = Vec::new();
        let mut file = None;
        if let Some(path) = &self.trace {
            let created = TraceFile::create(path)?;
            observers.push(Box::new(created.clone()));
            file = Some((created, path.clone()));
        }
        let timeline = self.timeline.clone().map(|to| (Timeline::default(), to));
        if let Some((timeline, _)) = &timeline {
            observers.push(Box::new(timeline.clone()));
        }
        Ok(Some(Tracing {
            tracer: Tracer::new(observers),
            file,
            timeline,
        }))
    }
}

impl Tracing {
    /// What pipelines tell.
    pub(super) fn tracer(&self) -> &Arc<Tracer> {
        &self.tracer
    }

    /// The end of the run, however it went.
    pub(super) fn finish(&self, ui: &Ui) -> CliResult {
        if let Some((file, path)) = &self.file {
            file.finish()?;
            ui.say(format!(
                "what became of every record is in {}; ask `ssectl why` and `ssectl why-not`",
                path.display()
            ));
        }
        if let Some((timeline, to)) = &self.timeline {
            draw(timeline, to, ui)?;
        }
        Ok(())
    }
}

fn draw(timeline: &Timeline, to: &Path, ui: &Ui) -> CliResult {
    if to == Path::new(TERMINAL) {
        let width = Width {
            columns: ui.width(),
            plain: ui.is_plain(),
        };
        ui.insist(timeline.text(width).trim_end());
        return Ok(());
    }
    std::fs::write(to, timeline.svg()).map_err(|error| {
        let shown = to.display();
        CliError::new(Exit::Failed, format!("cannot write `{shown}`: {error}"))
    })
}

/// A flag whose value may be left out takes what follows, such as the scenario.
fn trace(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let scenario = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    match scenario || path.is_dir() {
        true => Err("a trace does not go there; name the scenario before `--trace`".to_owned()),
        false => Ok(path),
    }
}

fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match text == TERMINAL || path.extension().is_some_and(|end| end == "svg") {
        true => Ok(path),
        false => Err("the picture is an SVG: use a name that ends in .svg, or name the scenario before `--timeline`".to_owned()),
    }
}

impl From<TraceError> for CliError {
    fn from(error: TraceError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}
