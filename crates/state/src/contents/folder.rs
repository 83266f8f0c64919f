//! What the directory of a pipeline holds: read from it, or told by the process that works with it.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{Contents, Entries, Stored, Summary, TableName, savepoint};
use crate::disk::Disk;
use crate::place::{behind_table, parse};
use crate::store::{FORMAT, Folder, Header, checkpoint, control, read_header, tables};
use crate::{Corrupt, StateError};

/// Reading needs little memory.
const MEMORY: usize = 32 << 20;
/// How long a process that works with the directory may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn open(dir: &Path) -> Result<Contents, StateError> {
    let Some(header) = read_header(dir)? else {
        return Err(StateError::None(dir.to_owned()));
    };
    if header.format != FORMAT {
        return Err(StateError::Format {
            dir: dir.to_owned(),
            found: header.format,
            known: FORMAT,
        });
    }
    let folder = match Folder::again(dir) {
        Err(StateError::Locked(_)) => return ask(dir),
        folder => folder?,
    };
    let disk = Disk::open(&folder.database(), MEMORY, true);
    let disk = disk.map_err(|error| folder.damaged(error))?;
    let found = checkpoint(&disk)?;
    folder.check(found.as_ref().map_or(0, |found| found.number))?;
    let mut contents = of_disk(header, &disk)?;
    // The lock is held until the last value was read.
    let held = move |entry| {
        let _ = (&folder, &disk);
        entry
    };
    contents.entries = Box::new(contents.entries.map(held));
    Ok(contents)
}

/// What a store holds, as its last checkpoint left it, whatever is written meanwhile.
pub(crate) fn of_disk(header: Header, disk: &Disk) -> Result<Contents, StateError> {
    let view = disk.view();
    let checkpoint = checkpoint(&view)?;
    let mut known = tables(&view)?;
    known.sort_by(|(_, a), (_, b)| a.cmp(b));
    let (ids, names): (Vec<u32>, Vec<TableName>) = known.into_iter().unzip();
    let entries = ids.into_iter().enumerate().flat_map(move |(table, id)| {
        let found = view.scan(id.to_be_bytes().to_vec(), behind_table(id));
        found.map(move |found| {
            let (place, value) = found?;
            let (_, group, key) = parse(&place).ok_or(Corrupt("a place"))?;
            Ok(Stored {
                table,
                group,
                key: key.to_vec(),
                value: value.to_vec(),
            })
        })
    });
    let entries: Entries = Box::new(entries);
    let summary = Summary::new(header, checkpoint, names);
    Ok(Contents { summary, entries })
}

/// Asks the process that works with a directory.
fn ask(dir: &Path) -> Result<Contents, StateError> {
    let socket = control::address(dir);
    let connect = || {
        let stream = UnixStream::connect(&socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    let stream = connect().map_err(|error: std::io::Error| StateError::Silent {
        dir: dir.to_owned(),
        error,
    })?;
    savepoint::read(stream, dir)
}
