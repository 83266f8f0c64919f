//! Events that wait until those of other partitions that come before them are there.

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use crate::codec::{Put, Reader};
use crate::watermark::Place;
use crate::windows::Part;
use crate::{Event, Time};

const ALL: Group = (0, 0);

/// Events in the order of their places; of one place, in the order in which they came.
pub(crate) struct Queue {
    first: Option<Group>,
    /// How many were ever held.
    count: u64,
    held: Table<Held>,
    counts: Table<Count>,
}

/// An event that waits.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) time: Time,
    pub(crate) key: Box<[u8]>,
    pub(crate) inputs: Vec<Option<Box<[u8]>>>,
    /// Whether it was taken into its open windows already.
    placed: bool,
}

impl Held {
    pub(crate) fn part(&self) -> Part {
        if self.placed { Part::Late } else { Part::All }
    }
}

struct Count(u64);

impl Queue {
    pub(crate) fn open(space: &Space) -> Result<Self, StateError> {
        let held = Table::open(space, "held")?;
        let mut counts: Table<Count> = Table::open(space, "held-count")?;
        let count = counts.get_mut(ALL, b"")?.map_or(0, |count| count.0);
        Ok(Self {
            first: held.first_group(),
            count,
            held,
            counts,
        })
    }

    /// Hands the changes of all tables over.
    pub(crate) fn save(&mut self) -> Result<(), StateError> {
        self.held.save()?;
        self.counts.save()
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<Place> {
        self.first.map(|(time, partition)| (time, partition as u32))
    }

    pub(crate) fn push(
        &mut self,
        place: Place,
        event: &Event<'_>,
        part: Part,
    ) -> Result<(), StateError> {
        let group = (place.0, i64::from(place.1));
        self.count += 1;
        let count = self.count;
        self.counts.get_or_insert_with(ALL, b"", || Count(0))?.0 = count;
        self.held
            .get_or_insert_with(group, &count.to_be_bytes(), || Held {
                time: event.time,
                key: event.key.into(),
                inputs: event
                    .inputs
                    .iter()
                    .map(|input| input.map(Box::from))
                    .collect(),
                placed: part == Part::Late,
            })?;
        self.first = Some(self.first.map_or(group, |first| first.min(group)));
        Ok(())
    }

    /// Takes out all events of the first place.
    pub(crate) fn pop(&mut self) -> Result<Vec<Held>, StateError> {
        let mut events = Vec::new();
        if let Some(group) = self.first {
            self.held.visit(group, |_, held| {
                events.push(std::mem::take(held));
                Ok::<_, StateError>(Keep::No)
            })?;
            self.first = self.held.first_group();
        }
        Ok(events)
    }
}

impl Value for Held {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.time);
        out.put_u8(self.placed.into());
        out.put_bytes(&self.key);
        out.put_u32(u32::try_from(self.inputs.len()).expect("a window has few aggregates"));
        for input in &self.inputs {
            out.put_u8(input.is_some().into());
            if let Some(input) = input {
                out.put_bytes(input);
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "an event");
        let (time, placed, key) = (reader.i64()?, reader.u8()? != 0, reader.bytes()?.into());
        let mut inputs = Vec::new();
        for _ in 0..reader.u32()? {
            let input = if reader.u8()? == 0 {
                None
            } else {
                Some(reader.bytes()?.into())
            };
            inputs.push(input);
        }
        reader.end()?;
        Ok(Self {
            time,
            key,
            inputs,
            placed,
        })
    }

    fn size(&self) -> usize {
        let inputs = self
            .inputs
            .iter()
            .map(|input| input.as_ref().map_or(0, |input| input.len()) + 16);
        size_of::<Self>() + self.key.len() + inputs.sum::<usize>()
    }
}

impl Value for Count {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.0);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a number of events");
        let count = reader.u64()?;
        reader.end()?;
        Ok(Self(count))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
