//! Opening the segments of a partition after a clean or an unclean end.
//!
//! A crash can only tear the end of the last segment: what follows its last intact frame is cut off, and said. Anything
//! else that does not fit together is damage, which is an error: it must not look like a short log.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::StoreError;
use super::frame::{HEADER_LEN, Header, is_intact};
use super::segment::Segment;
use super::storage::{SegmentFile, Storage};

/// How many bytes of every payload a visitor sees.
pub(crate) const VISIBLE: usize = 128;

/// Bytes read at a time.
const READ_AHEAD: usize = 256 * 1024;

/// Called with the header and the first [`VISIBLE`] bytes of the payload of every frame.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&Header, &[u8]);

/// What a directory held.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) segments: VecDeque<Segment>,
    /// What had to be mended, one line each.
    pub(crate) notes: Vec<String>,
}

/// Opens all segments in `directory`, which need not exist.
pub(crate) fn open_segments(directory: &Path, visit: Visit<'_>) -> Result<Recovered, StoreError> {
    let mut recovered = Recovered {
        segments: VecDeque::new(),
        notes: Vec::new(),
    };
    let files = list_segments(directory)?;
    let last = files.len().saturating_sub(1);
    for (number, (base_offset, path)) in files.into_iter().enumerate() {
        let previous = recovered
            .segments
            .back()
            .map_or(0, |segment| segment.next_offset);
        if base_offset < previous {
            return Err(StoreError::damaged(
                &path,
                0,
                "it overlaps the segment before it",
            ));
        }
        let segment = open_segment(
            &path,
            base_offset,
            number == last,
            visit,
            &mut recovered.notes,
        )?;
        recovered.segments.push_back(segment);
    }
    Ok(recovered)
}

/// The segment files by base offset, and an end to what a compaction left unfinished.
fn list_segments(directory: &Path) -> Result<Vec<(i64, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(StoreError::io("list", directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        let base_offset = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse::<i64>().ok());
        if let (true, Some(base_offset)) = (is_log, base_offset) {
            files.push((base_offset, path));
        }
    }
    files.sort();
    Ok(files)
}

fn open_segment(
    path: &Path,
    base_offset: i64,
    is_last: bool,
    visit: Visit<'_>,
    notes: &mut Vec<String>,
) -> Result<Segment, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let metadata = file.metadata().map_err(StoreError::io("inspect", path))?;
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    let modified_ms = i64::try_from(modified.as_millis()).unwrap_or(i64::MAX);
    let placeholder = Storage::File(SegmentFile::existing(path.to_owned(), 0));
    let mut segment = Segment::new(base_offset, modified_ms, placeholder);
    let mut scan = Scan {
        file: BufReader::with_capacity(READ_AHEAD, file),
        position: 0,
        end: metadata.len(),
        frame: Vec::new(),
    };
    while let Some(header) = scan.next(is_last).map_err(StoreError::io("read", path))? {
        if header.base_offset < segment.next_offset {
            return Err(StoreError::damaged(path, scan.position, "offsets go back"));
        }
        segment.note(&header, scan.position);
        visit(&header, scan.visible());
        scan.position += header.frame_len();
    }
    if scan.position < scan.end {
        if !is_last {
            return Err(StoreError::damaged(
                path,
                scan.position,
                "there is no intact frame",
            ));
        }
        notes.push(cut_tail(path, &scan, segment.next_offset)?);
    }
    segment.storage = Storage::File(SegmentFile::existing(path.to_owned(), scan.position));
    Ok(segment)
}

/// Cuts a torn tail off, unless intact frames lie in it: then the file is damaged, not torn.
fn cut_tail(path: &Path, scan: &Scan, next_offset: i64) -> Result<String, StoreError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(StoreError::io("open", path))?;
    let mut tail = Vec::new();
    let read = file
        .seek(SeekFrom::Start(scan.position))
        .and_then(|_| file.read_to_end(&mut tail));
    read.map_err(StoreError::io("read", path))?;
    if (1..tail.len()).any(|at| starts_intact_frame(&tail[at..], next_offset)) {
        return Err(StoreError::damaged(
            path,
            scan.position,
            "there is no intact frame, but further on there is",
        ));
    }
    let cut = file.set_len(scan.position).and_then(|()| file.sync_all());
    cut.map_err(StoreError::io("truncate", path))?;
    let torn = tail.len();
    Ok(format!(
        "`{}`: cut {torn} bytes of an unfinished write, the next offset is {next_offset}",
        path.display()
    ))
}

fn starts_intact_frame(bytes: &[u8], next_offset: i64) -> bool {
    let frame = |header: Header| bytes.get(..usize::try_from(header.frame_len()).ok()?);
    Header::decode(bytes)
        .filter(|header| header.base_offset >= next_offset)
        .and_then(frame)
        .is_some_and(is_intact)
}

/// A pass over the frames of a file.
struct Scan {
    file: BufReader<File>,
    position: u64,
    end: u64,
    /// The current frame, or as much of it as was wanted.
    frame: Vec<u8>,
}

impl Scan {
    /// The header of the frame at `position`, or `None` if no intact frame is there. Only with `whole` is all of the
    /// payload read and the checksum verified; a closed segment's checksums are verified when it is read from.
    fn next(&mut self, whole: bool) -> io::Result<Option<Header>> {
        self.frame.clear();
        self.read(HEADER_LEN as u64)?;
        let left = self.end - self.position;
        let Some(header) = Header::decode(&self.frame).filter(|header| header.frame_len() <= left)
        else {
            return Ok(None);
        };
        let length = u64::from(header.length);
        let wanted = if whole {
            length
        } else {
            length.min(VISIBLE as u64)
        };
        self.read(wanted)?;
        if whole && !is_intact(&self.frame) {
            return Ok(None);
        }
        let rest = i64::try_from(length - wanted).map_err(io::Error::other)?;
        self.file.seek_relative(rest)?;
        Ok(Some(header))
    }

    /// The part of the payload that a visitor sees.
    fn visible(&self) -> &[u8] {
        let payload = &self.frame[HEADER_LEN..];
        &payload[..payload.len().min(VISIBLE)]
    }

    fn read(&mut self, len: u64) -> io::Result<()> {
        self.file
            .by_ref()
            .take(len)
            .read_to_end(&mut self.frame)
            .map(drop)
    }
}
