//! What every verb that moves records shares: adapters, signals, the time-out, progress.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use ssectl_adapter::{ErrorKind, Options, StreamUri};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::{CliError, CliResult, Exit};
use super::progress::{Progress, Total};
use super::signals;
use super::ui::Ui;
use crate::config::Config;
use crate::document::Env;
use crate::engine::{Control, Counts, Pipeline};
use crate::places::{Place, Places, TargetDecl};

/// How long a verb without records under way may take to end by itself.
const MOMENT: Duration = Duration::from_millis(200);

/// How long a target may take to get what was read.
const DRAIN: Duration = Duration::from_secs(30);

/// What to do about a bad record.
const POLICY_HINT: &str = "leave bad records out with `--on-error skip`, or keep them with `--on-error dead-letter=file:bad.ndjson`";

/// How often somebody looks whether stdout is still read.
const GLANCE: Duration = Duration::from_millis(500);

/// One run of a verb.
pub(super) struct Session {
    /// The terminal.
    pub(super) ui: Ui,
    /// Adapters and targets by name.
    pub(super) places: Places,
    /// The environment, for `${VAR}` in files.
    pub(super) env: Env,
    stop: CancellationToken,
    /// Whether records are under way, which a stop lets come to their end.
    draining: AtomicBool,
    /// Why it was asked to stop, once it was.
    stopped: watch::Receiver<Option<Exit>>,
}

/// A pipeline of the command line.
pub(super) struct Job {
    /// What runs.
    pub(super) pipeline: Pipeline,
    /// For the progress bar.
    pub(super) total: Total,
    /// Bad records are a failure, whatever the policy.
    pub(super) strict: bool,
    /// Whether the results stand on stdout, so that nobody needs to be told of them.
    pub(super) to_stdout: bool,
}

impl Session {
    /// Starts to listen for signals and for the time-out. Call it inside the runtime.
    pub(super) fn new(ui: Ui, env: Env, config: Config) -> Self {
        let timeout = config.timeout();
        let stop = CancellationToken::new();
        let (seen, stopped) = watch::channel(None);
        tokio::spawn(signals::listen(stop.clone(), seen.clone(), ui.clone()));
        if let Some(timeout) = timeout {
            let stop = stop.clone();
            tokio::spawn(async move {
                tokio::time::sleep(timeout).await;
                seen.send_if_modified(|exit| {
                    exit.is_none() && exit.replace(Exit::Timeout).is_none()
                });
                stop.cancel();
            });
        }
        Self {
            ui,
            places: Places::new(crate::registry::registry(), config),
            env,
            stop,
            draining: AtomicBool::new(false),
            stopped,
        }
    }

    /// Runs a verb. One that was asked to stop ends with the code of the reason, unless it
    /// failed; one that does not stop by itself is given up after a while.
    pub(super) async fn run(&self, verb: impl Future<Output = CliResult>) -> CliResult {
        let result = tokio::select! {
            biased;
            result = verb => result,
            result = self.overdue() => result,
        };
        result.and_then(|()| match *self.stopped.borrow() {
            None => Ok(()),
            Some(Exit::Timeout) => Err(CliError::new(
                Exit::Timeout,
                "the time that `--timeout` gives ran out",
            )),
            Some(exit) => Err(CliError::silent(exit)),
        })
    }

    /// From here on a stop lets what was read come to its end.
    pub(super) fn records_are_under_way(&self) {
        self.draining.store(true, Relaxed);
    }

    /// Comes when nobody waits any longer: a little after the stop, or, with records under way, a
    /// good while after it.
    async fn overdue(&self) -> CliResult {
        self.stop.cancelled().await;
        tokio::time::sleep(MOMENT).await;
        if !self.draining.load(Relaxed) {
            return Ok(());
        }
        tokio::time::sleep(DRAIN).await;
        Err(CliError::new(
            Exit::Failed,
            "gave up waiting for the target to take what was read",
        )
        .hint("what a group had not committed comes again next time"))
    }

    /// Finds the place of an address from the command line: a wrong one is an error of usage.
    pub(super) fn find(&self, address: &str, options: &Options) -> CliResult<Place> {
        let found = self.places.find(address, options);
        found.map_err(|error| self.blame(address, error))
    }

    /// The same for an address that has to name a stream.
    pub(super) fn find_stream(&self, address: &str, options: &Options) -> CliResult<Place> {
        let place = self.find(address, options)?;
        match place.stream.is_empty() {
            true => Err(self.blame(address, place.nameless())),
            false => Ok(place),
        }
    }

    /// What does not fit is an error of the command line, unless a file describes the target.
    pub(super) fn blame(&self, address: &str, error: ssectl_adapter::Error) -> CliError {
        let scheme = address.split(':').next().unwrap_or_default();
        let described = self.places.config().targets().contains(&scheme);
        let usage = error.kind() == ErrorKind::Config && !described;
        let mut error = CliError::from(error);
        if usage {
            error.exit = Exit::Usage;
        }
        error
    }

    /// The target of that name or address; without one, that of the configuration.
    pub(super) fn target(&self, name: Option<&str>) -> CliResult<TargetDecl> {
        let name = name.unwrap_or_else(|| self.places.config().target());
        if !name.contains(':') {
            return Ok(self.places.target(name)?);
        }
        let usage = |error: ssectl_adapter::Error| {
            let mut error = CliError::from(error);
            error.exit = Exit::Usage;
            error
        };
        let uri: StreamUri = name.parse().map_err(usage)?;
        let adapter = self.places.registry().get(&uri.scheme).map_err(usage)?;
        let location = adapter.locate(&uri).map_err(usage)?;
        if !location.stream.is_empty() {
            return Err(CliError::usage(format!(
                "`{name}` names the stream `{}`, and a target has none",
                location.stream
            )));
        }
        Ok(TargetDecl {
            adapter: uri.scheme,
            options: location.options,
            emulator: false,
        })
    }

    /// Cancelled when the user wants to stop.
    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The handles of a pipeline that ends with its own source.
    pub(super) fn control(&self) -> Control {
        let ui = self.ui.clone();
        Control {
            stop: self.stop.clone(),
            notify: Arc::new(move |notice| {
                let line = format!("{}: {}", notice.pipeline, notice.message);
                match notice.warns {
                    true => ui.warn(line),
                    false => ui.say(line),
                }
            }),
        }
    }

    /// Runs one pipeline with a progress bar and says what became of its records.
    pub(super) async fn pipe(&self, job: Job) -> CliResult {
        let stats = job.pipeline.stats.clone();
        let progress = Progress::start(
            &self.ui,
            &job.pipeline.name,
            stats.clone(),
            job.total,
            job.to_stdout,
        );
        self.records_are_under_way();
        let stop = self.stop.clone();
        let result = tokio::select! {
            result = job.pipeline.run(self.control()) => result,
            never = stop_when_unread(stop), if job.to_stdout => never,
        };
        progress.finish();
        let counts = stats.counts();
        let result = result.map_err(|error| CliError::of_pipeline(error, POLICY_HINT));
        if !matches!(&result, Err(error) if error.quiet) {
            let told = job.to_stdout || !self.ui.shows_progress();
            if counts.bad() + counts.late + counts.dropped > 0 || result.is_err() || !told {
                self.ui.say(counts.line());
            }
        }
        result?;
        check(&counts, job.strict)
    }
}

/// Stops the reading when nobody reads stdout any more: without a new record no write would tell.
async fn stop_when_unread<T>(stop: CancellationToken) -> T {
    while !super::ui::output_is_closed() {
        tokio::time::sleep(GLANCE).await;
    }
    stop.cancel();
    std::future::pending().await
}

/// Records that vanished are a defect; bad ones are one under `--strict`.
pub(super) fn check(counts: &Counts, strict: bool) -> CliResult {
    match counts.missing() {
        0 if strict && counts.bad() > 0 => Err(CliError::new(
            Exit::Data,
            format!("{} bad records, and `--strict` allows none", counts.bad()),
        )),
        0 => Ok(()),
        missing => Err(CliError::new(
            Exit::Data,
            format!("{missing} of {} records are not accounted for", counts.read),
        )
        .hint("this is a defect of ssectl; please report it with the command")),
    }
}
