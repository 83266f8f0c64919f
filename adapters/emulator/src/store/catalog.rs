//! All streams of one emulator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use super::data_dir::DataDir;
use super::frame::Header;
use super::ledger::{Ledger, forget_stream};
use super::log::{Log, Place};
use super::recovery::open_segments;
use super::stream::{Attributes, StreamFact};
use super::{
    Budget, Change, Clock, Facts, Fsync, LogSettings, Partition, RwLockExt, StoreError, Stream,
};

/// The table of streams, by name.
const STREAMS: u8 = 0;

/// The table of first offsets, by stream id and partition, where they are not those of a segment.
const STARTS: u8 = 1;

/// The table of streams whose deletion has begun: the id in hexadecimal, and the name.
const DOOMED: u8 = 2;

/// Where a store keeps everything.
#[derive(Clone, Debug)]
pub enum Medium {
    /// In memory, at most so many bytes.
    Memory {
        /// The limit in bytes; appends beyond it are refused.
        limit: u64,
    },
    /// In a directory, which is created if it is missing.
    Directory {
        /// Where it is.
        path: PathBuf,
        /// When bytes are forced to disk.
        fsync: Fsync,
    },
}

/// What a dialect learns when a store is opened, so that it can rebuild what it does not store itself.
pub trait Visitor {
    /// The settings of a stream, from its attributes.
    fn settings(&mut self, stream: &str, attributes: &Attributes) -> LogSettings;

    /// A frame of a partition, in order; of its payload the first 128 bytes.
    fn frame(&mut self, stream: &str, partition: u32, header: &Header, payload: &[u8]);
}

/// A set of streams.
#[derive(Debug)]
pub struct Store {
    clock: Arc<dyn Clock>,
    facts: Arc<Facts>,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    /// How many streams were created and deleted.
    generation: AtomicU64,
    home: Home,
}

/// Where new logs go.
#[derive(Debug)]
enum Home {
    Memory(Arc<Budget>),
    Directory {
        directory: DataDir,
        sync_appends: bool,
    },
}

impl Store {
    /// Opens the store; also tells what had to be mended, one line each.
    ///
    /// # Errors
    /// The directory is in use, cannot be written, or is damaged.
    pub fn open(
        medium: Medium,
        clock: Arc<dyn Clock>,
        visitor: &mut dyn Visitor,
    ) -> Result<(Self, Vec<String>), StoreError> {
        let (home, facts, note) = match medium {
            Medium::Memory { limit } => (
                Home::Memory(Arc::new(Budget::new(limit))),
                Facts::in_memory(),
                None,
            ),
            Medium::Directory { path, fsync } => {
                let directory = DataDir::open(&path)?;
                let sync_appends = fsync == Fsync::EveryAppend;
                let (facts, note) = Facts::open(directory.journal(), sync_appends)?;
                (
                    Home::Directory {
                        directory,
                        sync_appends,
                    },
                    facts,
                    note,
                )
            }
        };
        let store = Self {
            clock,
            facts: Arc::new(facts),
            streams: RwLock::default(),
            generation: AtomicU64::new(0),
            home,
        };
        let mut notes = Vec::from_iter(note);
        store.recover(visitor, &mut notes)?;
        Ok((store, notes))
    }

    /// The store's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// What is remembered besides the streams. Tables 0 to 15 are the store's own.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The stream of that name.
    pub fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        self.streams.reading().get(name).cloned()
    }

    /// Whether an append was refused for the first time since memory was free; true once.
    pub fn is_newly_full(&self) -> bool {
        match &self.home {
            Home::Memory(budget) => budget.take_refusal(),
            Home::Directory { .. } => false,
        }
    }

    /// What to tell the person who runs this about a disk that takes nothing; once for as long as that lasts. To be asked
    /// every second or so.
    pub(crate) fn take_trouble(&self) -> Option<String> {
        self.facts.trouble().take()
    }

    /// All streams, by name.
    pub fn streams(&self) -> Vec<Arc<Stream>> {
        self.streams.reading().values().cloned().collect()
    }

    /// A number that changes whenever a stream is created or deleted, so that a dialect learns what others do.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Creates a stream, or returns `None` if the name is taken.
    ///
    /// # Errors
    /// It cannot be remembered.
    pub fn create(
        &self,
        name: &str,
        id: u128,
        partitions: u32,
        settings: LogSettings,
        attributes: Attributes,
    ) -> Result<Option<Arc<Stream>>, StoreError> {
        let mut streams = self.streams.writing();
        if streams.contains_key(name) {
            return Ok(None);
        }
        let fact = StreamFact {
            id,
            created_ms: self.clock.now_ms(),
            partitions,
            attributes,
        };
        self.facts.apply(vec![Change::put(STREAMS, name, &fact)])?;
        let logs = (0..partitions)
            .map(|number| self.empty_partition(name, id, number, settings))
            .collect();
        let stream = Arc::new(Stream::new(name.to_owned(), fact, logs));
        streams.insert(name.to_owned(), Arc::clone(&stream));
        self.generation.fetch_add(1, Ordering::Release);
        Ok(Some(stream))
    }

    /// Gives a stream more partitions, up to `total`.
    ///
    /// # Errors
    /// They cannot be remembered.
    pub fn grow(
        &self,
        stream: &Stream,
        total: u32,
        settings: LogSettings,
    ) -> Result<(), StoreError> {
        let _streams = self.streams.writing();
        let fact = stream.fact(total, stream.attributes());
        self.facts
            .apply(vec![Change::put(STREAMS, stream.name(), &fact)])?;
        let numbers = stream.partition_count()..total;
        let new = numbers
            .map(|number| self.empty_partition(stream.name(), stream.id(), number, settings));
        stream.add_partitions(new.collect());
        Ok(())
    }

    /// Changes a stream's settings.
    ///
    /// # Errors
    /// They cannot be remembered.
    pub fn configure(
        &self,
        stream: &Stream,
        settings: LogSettings,
        attributes: Attributes,
    ) -> Result<(), StoreError> {
        let _streams = self.streams.writing();
        let fact = stream.fact(stream.partition_count(), attributes.clone());
        self.facts
            .apply(vec![Change::put(STREAMS, stream.name(), &fact)])?;
        stream.set_attributes(attributes);
        stream
            .partitions()
            .iter()
            .for_each(|partition| partition.configure(settings));
        Ok(())
    }

    /// Changes some of a stream's attributes, and nothing of what others wrote there in the meantime.
    ///
    /// # Errors
    /// They cannot be remembered.
    pub fn amend(
        &self,
        stream: &Stream,
        change: impl FnOnce(&mut Attributes),
    ) -> Result<(), StoreError> {
        let _streams = self.streams.writing();
        let mut attributes = stream.attributes();
        change(&mut attributes);
        let fact = stream.fact(stream.partition_count(), attributes.clone());
        self.facts
            .apply(vec![Change::put(STREAMS, stream.name(), &fact)])?;
        stream.set_attributes(attributes);
        Ok(())
    }

    /// Deletes a stream with its records; false if there is none of that name.
    ///
    /// # Errors
    /// The deletion cannot be remembered, or the files not be removed.
    pub fn delete(&self, name: &str) -> Result<bool, StoreError> {
        let mut streams = self.streams.writing();
        let Some(stream) = streams.get(name).cloned() else {
            return Ok(false);
        };
        let starts = (0..stream.partition_count())
            .map(|number| Change::remove(STARTS, start_key(&stream, number)));
        let doomed = Change::put(DOOMED, format!("{:032x}", stream.id()), &name);
        self.facts.apply(
            starts
                .chain([Change::remove(STREAMS, name), doomed])
                .collect(),
        )?;
        streams.remove(name);
        self.generation.fetch_add(1, Ordering::Release);
        stream
            .partitions()
            .iter()
            .for_each(|partition| partition.mark_deleted());
        drop(streams);
        self.remove_doomed(stream.id(), name)?;
        Ok(true)
    }

    /// Drops the records of a partition before `offset`; returns its new first offset.
    ///
    /// # Errors
    /// The offset is past the end, or the deletion cannot be remembered.
    pub fn truncate_front(
        &self,
        stream: &Stream,
        number: u32,
        offset: i64,
    ) -> Result<i64, StoreError> {
        let partition = stream.partition(number as i32).ok_or(StoreError::Deleted)?;
        let (start, end) = partition.bounds();
        if offset > end {
            return Err(StoreError::OutOfRange {
                asked: offset,
                start,
                end,
            });
        }
        self.facts.apply(vec![Change::put(
            STARTS,
            start_key(stream, number),
            &offset.max(start),
        )])?;
        partition.truncate_front(offset)
    }

    /// Forces everything written so far to disk.
    ///
    /// # Errors
    /// The disk refuses; the partitions concerned accept nothing more.
    pub fn sync(&self) -> Result<(), StoreError> {
        let synced = self.try_sync();
        synced.inspect_err(|error| self.facts.trouble().note(error))
    }

    fn try_sync(&self) -> Result<(), StoreError> {
        let partitions = self
            .streams()
            .into_iter()
            .flat_map(|stream| stream.partitions());
        let results: Vec<_> = partitions.map(|partition| partition.sync()).collect();
        self.facts.sync()?;
        results.into_iter().collect()
    }

    fn recover(
        &self,
        visitor: &mut dyn Visitor,
        notes: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let Home::Directory { directory, .. } = &self.home else {
            return Ok(());
        };
        for (id, name) in self.facts.table::<String>(DOOMED)? {
            self.remove_doomed(u128::from_str_radix(&id, 16).unwrap_or_default(), &name)?;
        }
        let starts = BTreeMap::from_iter(self.facts.table::<i64>(STARTS)?);
        let mut directories = Vec::new();
        for (name, fact) in self.facts.table::<StreamFact>(STREAMS)? {
            directories.push(directory.stream(&name, fact.id));
            let settings = visitor.settings(&name, &fact.attributes);
            let mut partitions = Vec::new();
            for number in 0..fact.partitions {
                let place = self.place(&name, fact.id, number);
                let start = starts
                    .get(&format!("{:032x}/{number}", fact.id))
                    .copied()
                    .unwrap_or_default();
                let mut visit =
                    |header: &Header, payload: &[u8]| visitor.frame(&name, number, header, payload);
                partitions.push(Arc::new(Partition::new(open_log(
                    place, settings, start, &mut visit, notes,
                )?)));
            }
            let stream = Stream::new(name.clone(), fact, partitions);
            self.streams.writing().insert(name, Arc::new(stream));
        }
        notes.extend(directory.strangers(&directories)?);
        Ok(())
    }

    /// Removes the files of a stream that is no longer listed, and the memory of having to.
    fn remove_doomed(&self, id: u128, name: &str) -> Result<(), StoreError> {
        if let Home::Directory { directory, .. } = &self.home {
            directory.remove_stream(&directory.stream(name, id))?;
        }
        forget_stream(&self.facts, id)?;
        self.facts
            .apply(vec![Change::remove(DOOMED, format!("{id:032x}"))])
    }

    fn empty_partition(
        &self,
        name: &str,
        id: u128,
        number: u32,
        settings: LogSettings,
    ) -> Arc<Partition> {
        let place = self.place(name, id, number);
        Arc::new(Partition::new(Log::new(
            Default::default(),
            0,
            settings,
            place,
        )))
    }

    fn place(&self, name: &str, id: u128, number: u32) -> Place {
        match &self.home {
            Home::Memory(budget) => Place::Memory(Arc::clone(budget)),
            Home::Directory {
                directory,
                sync_appends,
            } => Place::Directory {
                path: directory.stream(name, id).join(number.to_string()),
                sync_appends: *sync_appends,
                ledger: Ledger::new(Arc::clone(&self.facts), id, number),
            },
        }
    }
}

fn start_key(stream: &Stream, number: u32) -> String {
    format!("{:032x}/{number}", stream.id())
}

fn open_log(
    place: Place,
    settings: LogSettings,
    start: i64,
    visit: &mut dyn FnMut(&Header, &[u8]),
    notes: &mut Vec<String>,
) -> Result<Log, StoreError> {
    let Place::Directory { path, ledger, .. } = &place else {
        return Ok(Log::new(Default::default(), start, settings, place));
    };
    let recovered = open_segments(path, visit)?;
    let found: Vec<_> = recovered
        .segments
        .iter()
        .map(|segment| segment.base_offset)
        .collect();
    notes.extend(recovered.notes);
    notes.extend(ledger.check(path, &found)?);
    Ok(Log::new(recovered.segments, start, settings, place))
}
