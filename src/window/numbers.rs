//! Numbers for partitions that a program names, in the order in which they were seen.

use ssectl_state::{Corrupt, Group, Space, StateError, Table, Value};

/// The numbers by name.
pub(super) struct Numbers {
    table: Table<Number>,
    next: u32,
}

/// All names are in one group, and so is how many there are.
const NAMES: Group = (0, 0);
const COUNT: Group = (1, 0);

impl Numbers {
    /// As they were when the state was kept.
    pub(super) fn open(space: &Space) -> Result<Self, StateError> {
        let mut table = Table::open(space, "partitions")?;
        let next = table.get_mut(COUNT, b"")?.map_or(0, |Number(count)| *count);
        Ok(Self { table, next })
    }

    /// Hands over what changed.
    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.table.save()
    }

    /// The number of a name; the next one if it is new.
    pub(super) fn of(&mut self, name: &[u8]) -> Result<u32, StateError> {
        let next = self.next;
        let Number(number) = *self
            .table
            .get_or_insert_with(NAMES, name, || Number(next))?;
        if number == next {
            self.next += 1;
            self.table.get_or_insert_with(COUNT, b"", || Number(0))?.0 = self.next;
        }
        Ok(number)
    }
}

struct Number(u32);

impl Value for Number {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let bytes = bytes
            .try_into()
            .map_err(|_| Corrupt("the number of a partition"))?;
        Ok(Self(u32::from_le_bytes(bytes)))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
