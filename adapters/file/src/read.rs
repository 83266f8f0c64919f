//! Reading files.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{Bound, Commit, Error, ErrorKind, Fetched, Limit, Result, Source, SourceSpec};
use ssectl_framing::{Claim, FramedSource, Input, decompress};

use crate::config::FileOptions;

/// How often a followed file is looked at for more.
const POLL: Duration = Duration::from_millis(100);

pub(crate) fn open(options: &FileOptions, spec: &SourceSpec) -> Result<Box<dyn Source>> {
    let path = spec.stream.clone();
    if !matches!(spec.range.from, Bound::Start | Bound::Stored) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a file can only be read from its start",
        )
        .with("path", &path));
    }
    if !spec.partitions.is_empty() {
        return Err(Error::new(ErrorKind::Config, "a file has no partitions").with("path", &path));
    }
    let file = check(&path)?;
    let claim = Claim::to_read(&file, &path)?;
    let listener = Arc::new(Listener::default());
    let follow = spec.range.to.is_none().then(|| Arc::downgrade(&listener));
    let name = path.clone();
    let framed = FramedSource::open(Input {
        decoder: options.framing().decoder(&path),
        open: Box::new(move || {
            let stream: Box<dyn Read + Send> = match follow {
                Some(listener) => Box::new(Follow { file, listener }),
                None => Box::new(file),
            };
            decompress(stream)
                .map_err(|error| Error::from_io("cannot read", error).with("path", path))
        }),
        name,
    })?;
    Ok(Box::new(FileSource {
        framed,
        listener,
        claim: Some(claim),
    }))
}

fn check(path: &str) -> Result<File> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.is_dir(), file)));
    match opened {
        Ok((true, _)) => {
            Err(Error::new(ErrorKind::Config, "this is a directory").with("path", path))
        }
        Ok((false, file)) => Ok(file),
        Err(error) => Err(Error::from_io("cannot open", error).with("path", path)),
    }
}

struct FileSource {
    framed: FramedSource,
    listener: Arc<Listener>,
    /// Held until the end, or until the source is dropped.
    claim: Option<Claim>,
}

/// What the reading thread of a followed file looks at; gone when nobody listens any more.
#[derive(Default)]
struct Listener {
    /// The next end of the file is the end.
    bounded: AtomicBool,
}

#[async_trait]
impl Source for FileSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let fetched = self.framed.fetch(limit).await?;
        if matches!(fetched, Fetched::End) {
            self.claim = None;
        }
        Ok(fetched)
    }

    fn allow_lines(&mut self) {
        self.framed.allow_lines();
    }

    async fn bound(&mut self) -> Result<()> {
        self.listener.bounded.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        self.framed.commit(commit).await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// A file whose end is not the end while somebody listens and did not bound the read.
struct Follow {
    file: File,
    listener: Weak<Listener>,
}

impl Read for Follow {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.file.read(buf)?;
            let ended = || match self.listener.upgrade() {
                Some(listener) => listener.bounded.load(Ordering::Relaxed),
                None => true,
            };
            if count > 0 || ended() {
                return Ok(count);
            }
            std::thread::sleep(POLL);
        }
    }
}
