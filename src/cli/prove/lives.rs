//! The side of the parent: it starts the process, kills it, and starts it again.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ssectl_adapter::Options;
use tokio_util::sync::CancellationToken;

use crate::prove::{Kill, Life, Moment};

/// A life may take so long: a queue gives what was leased again only after seconds.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often the parent looks.
const GLANCE: Duration = Duration::from_micros(500);
/// So many lives in a row may fail by themselves, for instance while a broker is away.
const FAILURES: usize = 5;

/// How the lives went.
#[derive(Debug, Default)]
pub(super) struct Lived {
    /// The kills that hit.
    pub(super) hit: Vec<Kill>,
    /// Processes that were started.
    pub(super) started: usize,
    /// Those of them that ended with an error, and were started again.
    pub(super) failed: usize,
}

/// How processes are started.
pub(super) struct Lives<'a> {
    /// Arguments of the program but for the life itself.
    pub(super) arguments: Vec<String>,
    /// Where the streams are.
    pub(super) target: (String, Options),
    /// Records that are read at once.
    pub(super) records: usize,
    /// A directory of its own.
    pub(super) scratch: &'a Path,
    /// Whether what steps remember is kept there.
    pub(super) state: bool,
    /// Whether the processes have the planted fault.
    pub(super) commits_early: bool,
    /// Whether the proof is to stop.
    pub(super) stop: CancellationToken,
}

/// How a life ended.
enum End {
    Killed,
    Done,
    Failed(String),
}

impl Lives<'_> {
    /// One life after the other, until all is done. Blocks.
    pub(super) fn run(&self, kills: &[Kill]) -> io::Result<Lived> {
        let mut lived = Lived::default();
        let mut left = kills.iter();
        let mut failures = 0;
        let mut next = left.next();
        while !self.stop.is_cancelled() {
            lived.started += 1;
            match self.live(next, lived.started)? {
                End::Done => break,
                End::Killed => {
                    lived.hit.extend(next);
                    next = left.next();
                    failures = 0;
                }
                End::Failed(why) if failures == FAILURES => return Err(io::Error::other(why)),
                End::Failed(_) => {
                    lived.failed += 1;
                    failures += 1;
                }
            }
        }
        Ok(lived)
    }

    fn live(&self, kill: Option<&Kill>, number: usize) -> io::Result<End> {
        let sign = self.scratch.join(format!("sign-{number}"));
        let log = self.scratch.join(format!("log-{number}"));
        let life = Life {
            target: self.target.clone(),
            records: self.records,
            state: self.state.then(|| self.scratch.join("state")),
            commits_early: self.commits_early,
            changelog: None,
            kill: kill.map(|kill| (*kill, sign.clone())),
        };
        let told = self.scratch.join("life");
        std::fs::write(&told, serde_json::to_string(&life)?)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(&self.arguments)
            .arg("--life")
            .arg(&told)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let end = watch(&mut child, kill, &sign, &self.stop);
        if end.is_err() {
            child.kill()?;
            child.wait()?;
        }
        match end? {
            Some(true) => Ok(End::Done),
            Some(false) => Ok(End::Failed(last_words(&log))),
            None => Ok(End::Killed),
        }
    }
}

/// Waits for the end of a process, or for the moment to kill it; whether it succeeded, if it was
/// not killed.
fn watch(
    child: &mut Child,
    kill: Option<&Kill>,
    sign: &Path,
    stop: &CancellationToken,
) -> io::Result<Option<bool>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if let Some(kill) = kill
            && sign.exists()
        {
            if let Moment::After(micros) = kill.moment {
                sleep(Duration::from_micros(micros.into()));
            }
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if Instant::now() > deadline || stop.is_cancelled() {
            let message = format!("a process did not end within {PATIENCE:?}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        sleep(GLANCE);
    }
}

/// What a process said before it ended.
fn last_words(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let said = said.trim();
    match said.is_empty() {
        true => "a process ended without a word".to_owned(),
        false => said.to_owned(),
    }
}
