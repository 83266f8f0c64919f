//! A trace as a file: one JSON object per line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::event::{Event, VERSION};
use super::tracer::Observer;

/// Writes the events of a run to a file. What could not be written is told at the end.
#[derive(Clone)]
pub struct TraceFile(Arc<Mutex<Output>>);

struct Output {
    path: PathBuf,
    to: BufWriter<File>,
    failed: Option<io::Error>,
}

/// Why a trace cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file system says no.
    #[error("the trace `{}`: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no trace, or one of another version.
    #[error("the trace `{}`: line {line} is no event of this version: {reason}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
}

impl TraceFile {
    /// Begins a new file; one that was there is gone.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> Result<Self, TraceError> {
        let file = File::create(path).map_err(|error| failed(path, error))?;
        Ok(Self(Arc::new(Mutex::new(Output {
            path: path.to_owned(),
            to: BufWriter::new(file),
            failed: None,
        }))))
    }

    /// Everything is in the file then.
    ///
    /// # Errors
    /// Not everything could be written.
    pub fn finish(&self) -> Result<(), TraceError> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let flushed = output.to.flush();
        match output.failed.take().map_or(flushed, Err) {
            Ok(()) => Ok(()),
            Err(error) => Err(failed(&output.path, error)),
        }
    }
}

impl Observer for TraceFile {
    fn see(&mut self, event: &Event) {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if output.failed.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut output.to, event)
            .map_err(io::Error::from)
            .and_then(|()| output.to.write_all(b"\n"));
        output.failed = written.err();
    }
}

/// Reads a trace, event by event.
///
/// # Errors
/// The file cannot be read, or holds something else. The last line of a run that was killed may be cut off; it is left out.
pub fn read(path: &Path, mut each: impl FnMut(Event)) -> Result<(), TraceError> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    let mut lines = BufReader::new(file);
    let (mut text, mut line) = (Vec::new(), 0);
    loop {
        text.clear();
        line += 1;
        let length = lines.read_until(b'\n', &mut text);
        if length.map_err(|error| failed(path, error))? == 0 {
            return Ok(());
        }
        let wrong = |reason: String| TraceError::Format {
            path: path.to_owned(),
            line,
            reason,
        };
        match serde_json::from_slice(&text) {
            Ok(Event::Trace { version }) if version != VERSION => {
                return Err(wrong(format!("version {version} instead of {VERSION}")));
            }
            Ok(Event::Trace { .. }) => {}
            Ok(_) if line == 1 => return Err(wrong("the first line names no version".to_owned())),
            Ok(event) => each(event),
            Err(_) if line > 1 && !text.ends_with(b"\n") => return Ok(()),
            Err(error) => return Err(wrong(error.to_string())),
        }
    }
}

fn failed(path: &Path, error: io::Error) -> TraceError {
    TraceError::Io {
        path: path.to_owned(),
        error,
    }
}
