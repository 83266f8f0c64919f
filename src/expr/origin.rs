//! What a program is called in messages, and where in a file it stands.

use std::fmt;
use std::sync::Arc;

/// From a byte of a program to `file:line:col`.
type Locate = dyn Fn(usize) -> String + Send + Sync;

/// What a program is called: `PROGRAM`, `-f prog.jq`, `scenario.yaml:12:20`.
#[derive(Clone)]
pub struct Origin {
    name: Arc<str>,
    locate: Option<Arc<Locate>>,
}

impl Origin {
    /// A program that is a part of a file; `locate` gives the place in the file, as
    /// `file:line:col`, of a byte of the program.
    pub fn within(name: &str, locate: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            locate: Some(Arc::new(locate)),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Where byte `offset` of the program is, which is `line` and `column` of its own text.
    pub(super) fn place(&self, offset: usize, line: usize, column: usize) -> String {
        match &self.locate {
            Some(locate) => locate(offset),
            None => format!("{}:{line}:{column}", self.name),
        }
    }
}

impl From<&str> for Origin {
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            locate: None,
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
