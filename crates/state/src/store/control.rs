//! How other processes look at state that one works with: a Unix socket in the directory, on which the state of the last
//! checkpoint is written to whoever connects.

use std::fs;
use std::io::BufWriter;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::folder::Header;
use crate::StateError;
use crate::contents::{of_disk, write};
use crate::disk::Disk;

/// The longest address of a socket that all systems take.
const LONGEST: usize = 100;
/// How long someone who asked may read nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers others as long as it lives.
pub(crate) struct Control {
    link: PathBuf,
    socket: PathBuf,
    /// Where the socket is if the directory's path is too long for one.
    _elsewhere: Option<tempfile::TempDir>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where the process that works with a directory listens.
pub(crate) fn address(dir: &Path) -> PathBuf {
    let link = dir.join("control");
    fs::read_link(&link).unwrap_or(link)
}

impl Control {
    /// Begins to listen. The directory must be locked: a socket that is there belongs to nobody.
    pub(crate) fn start(dir: &Path, header: Header, disk: Disk) -> Result<Self, StateError> {
        let link = dir.join("control");
        let failed = |error| StateError::io("listen on", &link)(error);
        let (socket, elsewhere) = place(&link).map_err(failed)?;
        let listener = UnixListener::bind(&socket).map_err(failed)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let run = move || listen(&listener, &flag, &header, &disk);
        let thread = std::thread::Builder::new().name("state-control".to_owned());
        let thread = thread.spawn(run).map_err(failed)?;
        Ok(Self {
            link,
            socket,
            _elsewhere: elsewhere,
            stopped,
            thread: Some(thread),
        })
    }
}

/// Where the socket can be: in the directory, or elsewhere with a link to it.
fn place(link: &Path) -> std::io::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match fs::remove_file(link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if link.as_os_str().len() <= LONGEST {
        return Ok((link.to_owned(), None));
    }
    let folder = tempfile::Builder::new().prefix("ssectl-").tempdir()?;
    let socket = folder.path().join("control");
    std::os::unix::fs::symlink(&socket, link)?;
    Ok((socket, Some(folder)))
}

fn listen(listener: &UnixListener, stopped: &Arc<AtomicBool>, header: &Header, disk: &Disk) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::Acquire) {
            return;
        }
        let answered = stream.map_err(StateError::io("listen on", "control"));
        if let Err(error) = answered.and_then(|stream| answer(stream, stopped, header, disk)) {
            log::debug!("somebody looked at the state and left: {error}");
        }
    }
}

fn answer(
    stream: UnixStream,
    stopped: &Arc<AtomicBool>,
    header: &Header,
    disk: &Disk,
) -> Result<(), StateError> {
    let timeout = stream.set_write_timeout(Some(PATIENCE));
    timeout.map_err(StateError::io("listen on", "control"))?;
    let mut contents = of_disk(header.clone(), disk)?;
    // A process that ends does not wait for who reads: what is missing at the end tells them.
    let stopped = Arc::clone(stopped);
    let entries = contents
        .entries
        .map(move |entry| match stopped.load(Ordering::Acquire) {
            true => Err(StateError::Store("the process ends".to_owned())),
            false => entry,
        });
    contents.entries = Box::new(entries);
    write(contents, BufWriter::new(stream), Path::new("control")).map(|_| ())
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread, which then sees that it is over.
        let woken = UnixStream::connect(&self.socket);
        if let Some(thread) = self.thread.take()
            && woken.is_ok()
        {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.link);
    }
}
