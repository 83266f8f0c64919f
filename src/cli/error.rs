//! Errors as a user reads them, and the exit code each one has.

use std::fmt::Write as _;

use ssectl_adapter::ErrorKind;

use crate::engine::PipelineError;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Failed at run time.
    Failed = 1,
    /// Wrong flags or arguments.
    Usage = 2,
    /// An expectation, a verification or a lint did not pass.
    Check = 3,
    /// Authentication or permission.
    Authentication = 4,
    /// The target cannot be reached.
    Unavailable = 5,
    /// The scenario or the configuration is wrong.
    Invalid = 6,
    /// Bad data under `--strict`, or records that vanished.
    Data = 7,
    /// Nothing went wrong that is ours: the reader of our output closed the pipe.
    Quiet = 0,
    /// `--timeout` ran out.
    Timeout = 124,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// What is printed: `error: what`, `  at: where`, `hint: how to fix`.
#[derive(Debug)]
pub(super) struct CliError {
    /// The exit code.
    pub(super) exit: Exit,
    message: String,
    places: Vec<String>,
    hints: Vec<String>,
    /// Ends without a word (a closed pipe, a report that was printed already).
    pub(super) quiet: bool,
}

/// Only what happened; [`CliError::render`] has the rest.
impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// A result of a verb.
pub(super) type CliResult<T = ()> = Result<T, CliError>;

impl CliError {
    /// `message` is a lower-case fragment without a final period.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            places: Vec::new(),
            hints: Vec::new(),
            quiet: false,
        }
    }

    /// Wrong flags or arguments.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Everything was said already; only the code is left.
    pub(super) fn silent(exit: Exit) -> Self {
        Self {
            quiet: true,
            ..Self::new(exit, "")
        }
    }

    /// Adds how to fix it.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds where it happened.
    #[must_use]
    pub(super) fn at(mut self, place: impl Into<String>) -> Self {
        self.places.push(place.into());
        self
    }

    /// The process's exit code.
    pub(super) fn code(&self) -> u8 {
        self.exit as u8
    }

    /// The whole text for stderr; `label` prints `error:` and `hint:`, perhaps in colour.
    pub(super) fn render(&self, label: impl Fn(&str) -> String) -> String {
        let mut text = format!("{} {}\n", label("error:"), self.message);
        for place in &self.places {
            let _ = writeln!(text, "  at: {place}");
        }
        for hint in &self.hints {
            let _ = writeln!(text, "{} {hint}", label("hint:"));
        }
        text
    }
}

pub(super) fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Authentication | ErrorKind::Permission => Exit::Authentication,
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Aborted => Exit::Unavailable,
        ErrorKind::Config => Exit::Invalid,
        ErrorKind::Closed => Exit::Quiet,
        _ => Exit::Failed,
    }
}

impl From<ssectl_adapter::Error> for CliError {
    fn from(error: ssectl_adapter::Error) -> Self {
        let mut found = Self::new(exit_of(error.kind()), chain(&error));
        found.hints.extend(error.hint_text().map(str::to_owned));
        // Whoever read our output has gone: that is how `| head` ends a pipe.
        found.quiet = error.kind() == ErrorKind::Closed;
        found
    }
}

impl From<PipelineError> for CliError {
    fn from(error: PipelineError) -> Self {
        let exit = match &error {
            PipelineError::Record { .. } | PipelineError::Worker(_) => Exit::Failed,
            other => other
                .adapter()
                .map_or(Exit::Failed, |below| exit_of(below.kind())),
        };
        let mut found = Self::new(exit, chain(&error));
        if let Some(below) = error.adapter() {
            found.hints.extend(below.hint_text().map(str::to_owned));
            found.quiet = below.kind() == ErrorKind::Closed;
        }
        found
    }
}

impl CliError {
    /// The error of a pipeline, with a hint on what to do about a bad record.
    pub(super) fn of_pipeline(error: PipelineError, policy: &str) -> Self {
        let bad = matches!(error, PipelineError::Record { .. });
        let found = Self::from(error);
        match bad && found.hints.is_empty() {
            true => found.hint(policy),
            false => found,
        }
    }
}

/// The error and all that caused it, on one line as far as they are one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !text.ends_with(&more) {
            let _ = write!(text, ": {more}");
        }
        below = error.source();
    }
    text
}
