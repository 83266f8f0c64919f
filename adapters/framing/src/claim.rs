//! Which files this process reads and writes, so that a run does not destroy or chase its own input.

use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};

use same_file::Handle;
use ssectl_adapter::{Error, ErrorKind, Result};

/// The files in use. They are compared by identity: a link or another spelling is the same file.
static CLAIMS: Mutex<Vec<(Handle, Use)>> = Mutex::new(Vec::new());

/// What a file is open for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Read,
    Write,
}

/// One use of a file, until it is dropped. Pipes and devices are nobody's.
#[derive(Debug)]
pub struct Claim(Option<(Handle, Use)>);

impl Claim {
    /// Reads a file, also one that is being written.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn to_read(file: &File, path: &str) -> Result<Self> {
        Self::new(file, path, Use::Read)
    }

    /// Writes a file alone.
    ///
    /// # Errors
    /// This process reads or writes it already.
    pub fn to_write(file: &File, path: &str) -> Result<Self> {
        Self::new(file, path, Use::Write)
    }

    /// What a shell has opened as stdin, if that is a file.
    pub fn of_stdin() -> Option<Self> {
        let file = standard(&std::io::stdin())?;
        Self::to_read(&file, "-").ok()
    }

    /// That stdout is no file which this process reads. Several may write to it.
    ///
    /// # Errors
    /// It is.
    pub fn check_stdout() -> Result<()> {
        let out = standard(&std::io::stdout()).and_then(|file| Handle::from_file(file).ok());
        match out.is_some_and(|out| claims().contains(&(out, Use::Read))) {
            true => Err(read_and_written("-")),
            false => Ok(()),
        }
    }

    fn new(file: &File, path: &str, wanted: Use) -> Result<Self> {
        let io = |error| Error::from_io("cannot open", error).with("path", path);
        if !file.metadata().map_err(io)?.is_file() {
            return Ok(Self(None));
        }
        let handle = || Handle::from_file(file.try_clone()?);
        let claim = (handle().map_err(io)?, wanted);
        let mut claims = claims();
        let others = claims.iter().filter(|(other, _)| *other == claim.0);
        match others.map(|(_, other)| *other).max() {
            Some(Use::Write) if wanted == Use::Write => return Err(written_twice(path)),
            Some(Use::Read) if wanted == Use::Write => return Err(read_and_written(path)),
            // Who reads what is being written sees what there is.
            _ => {}
        }
        claims.push((handle().map_err(io)?, wanted));
        Ok(Self(Some(claim)))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = claims();
        if let Some(own) = &self.0
            && let Some(index) = claims.iter().position(|claim| claim == own)
        {
            claims.swap_remove(index);
        }
    }
}

/// A stream that came with the process, as a file.
#[cfg(unix)]
fn standard(stream: &impl std::os::fd::AsFd) -> Option<File> {
    stream.as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(not(unix))]
fn standard<T>(_stream: &T) -> Option<File> {
    None
}

fn claims() -> MutexGuard<'static, Vec<(Handle, Use)>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_and_written(path: &str) -> Error {
    Error::new(ErrorKind::Config, "this file would be read and written")
        .with("path", path)
        .hint("write another file, and move it over this one afterwards")
}

fn written_twice(path: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        "this file would be written twice at once",
    )
    .with("path", path)
    .hint("give every output a file of its own")
}
