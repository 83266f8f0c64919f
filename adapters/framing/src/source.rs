//! Reading a byte stream on a thread of its own.

use std::collections::VecDeque;
use std::io::Read;

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Commit, Error, ErrorKind, Fault, Fetched, Limit, Lines, Record, Result, Source,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::decode::Decode;

/// Bytes asked from the input at once; a pipe gives what it has.
const CHUNK: usize = 256 << 10;

/// Chunks that may wait for the engine.
const AHEAD: usize = 4;

/// A byte stream and what it is called in messages.
pub struct Input {
    /// Name for messages.
    pub name: String,
    /// Opens the stream; called on the reading thread, since opening may block (a named pipe).
    pub open: Box<dyn FnOnce() -> Result<Box<dyn Read + Send>> + Send>,
    /// How to split it.
    pub decoder: Box<dyn Decode>,
}

/// Records of a byte stream, in order.
pub struct FramedSource {
    batches: mpsc::Receiver<Result<Batch>>,
    records: VecDeque<Record>,
    faults: VecDeque<Fault>,
    /// What is handed over before them, without records of it.
    lines: Option<Lines>,
    /// Whether that may be.
    lines_allowed: bool,
    /// An error that came after the records before it.
    ended: bool,
}

impl FramedSource {
    /// Starts the reading thread. It ends with the stream, or when the source is dropped.
    pub fn open(input: Input) -> Result<Self> {
        let (sender, batches) = mpsc::channel(AHEAD);
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || read(input, &sender))
            .map_err(|error| Error::from_io("cannot start a reading thread", error))?;
        Ok(Self {
            batches,
            records: VecDeque::new(),
            faults: VecDeque::new(),
            lines: None,
            lines_allowed: false,
            ended: false,
        })
    }

    fn take(&mut self, limit: Limit) -> Batch {
        if let Some(lines) = &mut self.lines {
            let lines = Some(lines.take(limit.records, limit.bytes));
            self.lines.take_if(|lines| lines.is_empty());
            return Batch {
                lines,
                ..Batch::default()
            };
        }
        let mut bytes = 0;
        let mut count = 0;
        for record in self.records.iter().take(limit.records) {
            bytes += record.size();
            if bytes > limit.bytes && count > 0 {
                break;
            }
            count += 1;
        }
        let all = count == self.records.len();
        let mut faults = Vec::new();
        while let Some(fault) = self.faults.pop_front_if(|fault| all || fault.index < count) {
            faults.push(fault);
        }
        for fault in &mut self.faults {
            fault.index -= count;
        }
        Batch {
            records: match all {
                true => std::mem::take(&mut self.records).into(),
                false => self.records.drain(..count).collect(),
            },
            faults,
            ..Batch::default()
        }
    }
}

#[async_trait]
impl Source for FramedSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        loop {
            if self.lines.is_some() || !self.records.is_empty() || !self.faults.is_empty() {
                return Ok(Fetched::Batch(self.take(limit)));
            }
            if self.ended {
                return Ok(Fetched::End);
            }
            // `recv` is cancel-safe, and what it gives is kept before the next await.
            match timeout(limit.wait, self.batches.recv()).await {
                Err(_) => return Ok(Fetched::Idle),
                Ok(None) => self.ended = true,
                Ok(Some(Ok(mut batch))) => {
                    if !self.lines_allowed {
                        batch.make_records();
                    }
                    self.lines = batch.lines;
                    self.records = batch.records.into();
                    self.faults = batch.faults.into();
                }
                Ok(Some(Err(error))) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }

    fn allow_lines(&mut self) {
        self.lines_allowed = true;
    }

    async fn bound(&mut self) -> Result<()> {
        Ok(())
    }

    async fn commit(&mut self, _commit: &Commit) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// Runs on the reading thread until the stream ends or nobody listens.
fn read(input: Input, batches: &mpsc::Sender<Result<Batch>>) {
    let Input {
        name,
        open,
        mut decoder,
    } = input;
    let mut stream = match open() {
        Ok(stream) => stream,
        Err(error) => {
            let _ = batches.blocking_send(Err(error));
            return;
        }
    };
    let mut chunk = vec![0; CHUNK];
    loop {
        let mut batch = Batch::default();
        let count = match stream.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = batches.blocking_send(Err(broken(&name, decoder.line(), error)));
                return;
            }
        };
        if count == 0 {
            decoder.finish(&mut batch);
        } else {
            decoder.feed(&chunk[..count], &mut batch);
        }
        let found = batch.count() > 0;
        if found && batches.blocking_send(Ok(batch)).is_err() || count == 0 {
            return;
        }
    }
}

fn broken(name: &str, line: i64, error: std::io::Error) -> Error {
    let cut = error.kind() == std::io::ErrorKind::UnexpectedEof;
    let what = if cut {
        "the compressed stream is cut short"
    } else {
        "cannot read on"
    };
    let kind = match Error::from_io("", std::io::Error::from(error.kind())).kind() {
        // What a decompressor says of bytes it cannot read.
        ErrorKind::Other if error.raw_os_error().is_none() => ErrorKind::Data,
        kind => kind,
    };
    let found = Error::new(kind, what)
        .with("stream", name)
        .with("line", line)
        .caused_by(error);
    if cut {
        found.hint("the records before it were read; fetch the file again")
    } else {
        found
    }
}
