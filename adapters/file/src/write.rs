//! Writing files.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};

use ssectl_adapter::{Error, ErrorKind, Result, Sink};
use ssectl_framing::{Compression, FramedSink};

use crate::claim::Claim;
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

/// Whether there is something to write behind. A plain file that ends inside a line was cut
/// while it was written, and a record behind it would be lost in that line.
fn seek_to_end(file: &mut File, compression: Compression, path: &str) -> Result<bool> {
    let io = |error| Error::from_io("cannot append", error).with("path", path);
    let size = file.seek(SeekFrom::End(0)).map_err(io)?;
    if size == 0 {
        return Ok(false);
    }
    if compression == Compression::None {
        let mut last = [0];
        file.seek(SeekFrom::End(-1)).map_err(io)?;
        file.read_exact(&mut last).map_err(io)?;
        if last != *b"\n" {
            return Err(Error::new(
                ErrorKind::Data,
                "the file ends inside a line, so an earlier write was cut",
            )
            .with("path", path)
            .hint("remove the torn line, for example with `sed -i '$d' FILE`, then run again"));
        }
    }
    Ok(true)
}
