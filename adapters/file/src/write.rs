//! Writing files.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};

use ssectl_adapter::{Error, ErrorKind, Result, Sink};
use ssectl_framing::{Claim, Compression, FramedSink, whole};

use crate::config::FileOptions;

pub(crate) fn open(options: &FileOptions, path: &str) -> Result<Box<dyn Sink>> {
    let io = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = Error::from_io("cannot write", error).with("path", path);
        if missing {
            error.hint("make its directory first")
        } else {
            error
        }
    };
    let mut file = OpenOptions::new()
        .read(options.append)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    let claim = Claim::to_write(&file, path)?;
    let compression = Compression::of_path(path);
    let regular = file.metadata().map_err(io)?.is_file();
    if !options.append && regular {
        file.set_len(0).map_err(io)?;
    }
    let headed = options.append && regular && seek_to_end(&mut file, compression, path)?;
    let encoder = options.framing().encoder(path, headed)?;
    let handle = file.try_clone().map_err(io)?;
    let sync = move || {
        // The claim lasts as long as the sink.
        let _ = &claim;
        if regular { handle.sync_data() } else { Ok(()) }
    };
    let output = compression.compress(file).map_err(io)?;
    Ok(Box::new(FramedSink::new(
        path,
        encoder,
        output,
        Box::new(sync),
    )))
}

/// Whether there is something to write behind. What an earlier write left unfinished is cut off a
/// compressed file: it was never flushed, so nobody counts on it.
fn seek_to_end(file: &mut File, compression: Compression, path: &str) -> Result<bool> {
    let io = |error| Error::from_io("cannot append", error).with("path", path);
    let size = file.seek(SeekFrom::End(0)).map_err(io)?;
    if size == 0 {
        return Ok(false);
    }
    let last = match compression {
        Compression::None => last_byte(file).map_err(io)?,
        _ => cut_back(file, size, compression, path)?,
    };
    if last.is_some_and(|last| last != b'\n') {
        return Err(Error::new(
            ErrorKind::Data,
            "the file ends inside a line, so an earlier write was cut",
        )
        .with("path", path)
        .hint("remove the torn line, for example with `sed -i '$d' FILE`, then run again"));
    }
    Ok(last.is_some())
}

fn last_byte(file: &mut File) -> std::io::Result<Option<u8>> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(Some(last[0]))
}

/// Cuts an unfinished member off and gives the last byte of what the others hold.
fn cut_back(
    file: &mut File,
    size: u64,
    compression: Compression,
    path: &str,
) -> Result<Option<u8>> {
    let io = |error| Error::from_io("cannot append", error).with("path", path);
    file.rewind().map_err(io)?;
    let found = whole(compression, &mut *file).map_err(io)?;
    if found.bytes == 0 && !found.begun {
        let error = Error::new(
            ErrorKind::Data,
            "the file is not compressed as its name says",
        );
        return Err(error
            .with("path", path)
            .hint("give it another name, or write another file"));
    }
    if found.bytes < size {
        log::warn!(
            "`{path}`: the last {} bytes are of a write that was cut, and were removed",
            size - found.bytes
        );
        file.set_len(found.bytes).map_err(io)?;
    }
    file.seek(SeekFrom::End(0)).map_err(io)?;
    Ok(found.last)
}
