//! Numbers and byte strings in the state: little-endian, lengths in 32 bits. Keys that must sort are big-endian.

use ssectl_state::{Corrupt, Value};

/// Appends what [`Reader`] takes in the same order.
pub(crate) trait Put {
    fn put_u8(&mut self, number: u8);
    fn put_u32(&mut self, number: u32);
    fn put_u64(&mut self, number: u64);
    fn put_i64(&mut self, number: i64);
    fn put_bytes(&mut self, bytes: &[u8]);
    fn put_value<V: Value>(&mut self, value: &V);
}

impl Put for Vec<u8> {
    fn put_u8(&mut self, number: u8) {
        self.push(number);
    }

    fn put_u32(&mut self, number: u32) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn put_u64(&mut self, number: u64) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn put_i64(&mut self, number: i64) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("a record is far smaller than 4 GiB");
        self.put_u32(length);
        self.extend_from_slice(bytes);
    }

    fn put_value<V: Value>(&mut self, value: &V) {
        let at = self.len();
        self.put_u32(0);
        value.encode(self);
        let length =
            u32::try_from(self.len() - at - 4).expect("state of one key is far smaller than 4 GiB");
        self[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Takes apart what was put together with [`Put`].
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which are called `what` in errors.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, what }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (head, tail) = self.bytes.split_first_chunk().ok_or(Corrupt(self.what))?;
        self.bytes = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Corrupt> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Corrupt> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Corrupt> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Corrupt> {
        self.take().map(i64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = self.u32()? as usize;
        let (head, tail) = self
            .bytes
            .split_at_checked(length)
            .ok_or(Corrupt(self.what))?;
        self.bytes = tail;
        Ok(head)
    }

    pub(crate) fn value<V: Value>(&mut self) -> Result<V, Corrupt> {
        V::decode(self.bytes()?)
    }

    /// All bytes must have been taken.
    pub(crate) fn end(&self) -> Result<(), Corrupt> {
        match self.bytes {
            [] => Ok(()),
            _ => Err(Corrupt(self.what)),
        }
    }
}

/// Bytes that sort as the number does.
pub(crate) fn sortable(number: i64) -> [u8; 8] {
    (number as u64 ^ (1 << 63)).to_be_bytes()
}

/// The number of [`sortable`] bytes.
pub(crate) fn from_sortable(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)) as i64
}

/// A key that is there, or not.
pub(crate) struct Present;

impl Value for Present {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        Reader::new(bytes, "a timer").end().map(|()| Self)
    }

    fn size(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sortable_bytes_sort_as_numbers() {
        let numbers = [i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX];
        assert!(numbers.map(sortable).is_sorted());
        assert_eq!(numbers.map(sortable).map(from_sortable), numbers);
    }

    #[test]
    fn cut_bytes_are_corrupt() {
        let mut out = Vec::new();
        out.put_bytes(b"abc");
        assert_eq!(Reader::new(&out, "x").bytes().unwrap(), b"abc");
        assert!(Reader::new(&out[..6], "x").bytes().is_err());
        assert!(Reader::new(&out[..3], "x").bytes().is_err());
    }
}
