//! What goes wrong with state.

use std::path::PathBuf;

/// Bytes that are no value of a table.
#[derive(Debug, thiserror::Error)]
#[error("the state holds {0} that cannot be read")]
pub struct Corrupt(pub &'static str);

/// Why state cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The bytes of a value make no sense.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The disk, or the store on it.
    #[error("the state cannot be kept: {0}")]
    Store(String),
    /// Another process works with the same directory.
    #[error(
        "the state in `{}` is in use by another process; stop it, or use another directory",
        .0.display()
    )]
    Locked(PathBuf),
    /// Files that are damaged, or parts of them missing.
    #[error(
        "the state in `{}` is damaged: {what}; restore a savepoint, or remove the directory and begin anew",
        dir.display()
    )]
    Damaged {
        /// The directory of the pipeline.
        dir: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A savepoint that is damaged, or cut off.
    #[error("the savepoint `{}` cannot be used: {what}", path.display())]
    Unreadable {
        /// The file, or the directory of the process that sent it.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// No state.
    #[error("there is no state in `{}`", .0.display())]
    None(PathBuf),
    /// State where there should be none.
    #[error("there is state in `{}` already; remove it, or use another directory", .0.display())]
    Exists(PathBuf),
    /// The process that works with it does not answer.
    #[error("the process that works with the state in `{}` does not answer: {error}", dir.display())]
    Silent {
        /// The directory of the pipeline.
        dir: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It was written by another version of the program.
    #[error("the state in `{}` has format {found}, and this version reads format {known}", dir.display())]
    Format {
        /// The directory of the pipeline, or the file of a savepoint.
        dir: PathBuf,
        /// The format it has.
        found: u64,
        /// The format that can be read.
        known: u64,
    },
    /// It belongs to other steps.
    #[error(
        "the state in `{}` belongs to other steps than these (`{found}`, and these are `{wanted}`); \
         use another directory, or change the steps back",
        dir.display()
    )]
    Fingerprint {
        /// The directory of the pipeline.
        dir: PathBuf,
        /// The fingerprint it was written with.
        found: String,
        /// The fingerprint of the steps now.
        wanted: String,
    },
    /// A key that no store takes.
    #[error("a key of {0} bytes is too long for state, which takes {MAX} at most", MAX = crate::place::LONGEST_KEY)]
    Key(usize),
    /// Two tables of one step have the same name.
    #[error("the step `{step}` has two tables `{table}`")]
    Twice {
        /// The step.
        step: String,
        /// The table.
        table: String,
    },
    /// A checkpoint was asked for before a table handed over what changed.
    #[error("the table `{table}` of the step `{step}` was not saved before a checkpoint")]
    Unsaved {
        /// The step.
        step: String,
        /// The table.
        table: String,
    },
    /// Files beside the store: the directory, the lock.
    #[error("cannot {action} `{}`: {error}", path.display())]
    Io {
        /// What was to be done, such as `create`.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
}

impl StateError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io {
            action,
            path,
            error,
        }
    }
}

impl From<fjall::Error> for StateError {
    fn from(error: fjall::Error) -> Self {
        use fjall::Error;
        Self::Store(match error {
            Error::Io(error) => error.to_string(),
            Error::Storage(fjall::LsmError::Io(error)) => error.to_string(),
            Error::Storage(error) => format!("its tables do not read back: {error}"),
            Error::JournalRecovery(error) => format!("its journal does not read back: {error}"),
            Error::Poisoned => "an earlier write failed".to_owned(),
            Error::Locked => "it is in use by another process".to_owned(),
            other => other.to_string(),
        })
    }
}
