//! One error for all adapters: what kind, whether it may pass, where, and what to do.

use std::fmt;

/// A result of an adapter.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The options of a target or URI are wrong.
    Config,
    /// The stream, group or file does not exist.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// Credentials are missing or refused.
    Authentication,
    /// Known, but not allowed.
    Permission,
    /// The other side cannot be reached.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// The record is larger than the target takes.
    TooLarge,
    /// The bytes cannot be read as what they should be (truncated gzip, torn frame).
    Data,
    /// The asked position is gone or was never there.
    OutOfRange,
    /// This adapter cannot do it.
    Unsupported,
    /// The reader of our output went away (closed pipe).
    Closed,
    /// No space left where the data should go.
    Full,
    /// What was done since the last commit was undone; begun again, it goes on behind that.
    Aborted,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// The kind in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "invalid configuration",
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::Authentication => "authentication failed",
            Self::Permission => "permission denied",
            Self::Unavailable => "target unavailable",
            Self::Timeout => "timed out",
            Self::TooLarge => "record too large",
            Self::Data => "damaged data",
            Self::OutOfRange => "position out of range",
            Self::Unsupported => "not supported",
            Self::Closed => "closed by the other side",
            Self::Full => "no space left",
            Self::Aborted => "rolled back",
            Self::Other => "failed",
        }
    }
}

/// An adapter's error. Build it with [`Error::new`] and the `with_*` methods.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    temporary: bool,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// `message` is a lower-case fragment without a final period.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                temporary: false,
                message: message.into(),
                context: Vec::new(),
                hint: None,
                source: None,
            }),
        }
    }

    /// Says that the same call may work later; the engine backs off and tries again.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.inner.temporary = true;
        self
    }

    /// Adds where it happened (`uri`, `stream`, `partition`, `offset`, `line` ...).
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.inner.context.push((name, value.to_string()));
        self
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    /// Adds the error below.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// An I/O error with its kind mapped.
    pub fn from_io(message: impl Into<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::NotFound,
            Io::AlreadyExists => ErrorKind::AlreadyExists,
            Io::PermissionDenied => ErrorKind::Permission,
            Io::BrokenPipe | Io::ConnectionReset => ErrorKind::Closed,
            Io::StorageFull | Io::QuotaExceeded => ErrorKind::Full,
            Io::TimedOut => ErrorKind::Timeout,
            Io::UnexpectedEof | Io::InvalidData => ErrorKind::Data,
            Io::ConnectionRefused | Io::HostUnreachable | Io::NetworkUnreachable => {
                ErrorKind::Unavailable
            }
            _ => ErrorKind::Other,
        };
        Self::new(kind, message).caused_by(error)
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether trying again may help.
    pub fn is_temporary(&self) -> bool {
        self.inner.temporary
    }

    /// Where it happened, in the order it was added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.inner.context
    }

    /// How to fix it.
    pub fn hint_text(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        for (index, (name, value)) in self.inner.context.iter().enumerate() {
            let open = if index == 0 { " (" } else { ", " };
            write!(f, "{open}{name} `{value}`")?;
        }
        if !self.inner.context.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|source| source.as_ref() as _)
    }
}
