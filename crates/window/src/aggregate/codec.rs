//! Bytes of accumulators: numbers of variable length, and bytes with their length before them.

use ssectl_state::Corrupt;

/// What cannot be read, in messages.
const WHAT: &str = "an aggregate";

/// Appends a number, seven bits a byte, the lowest first.
pub(super) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a number that may be negative: its distance from zero in the upper bits, its sign in the lowest.
pub(super) fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_number((number << 1 ^ number >> 63) as u64, out);
}

/// Appends bytes and their length.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads what was put.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Corrupt> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn number(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Corrupt(WHAT))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Corrupt> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number that must be a small one.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Corrupt> {
        T::try_from(self.number()?).map_err(|_| Corrupt(WHAT))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = self.small()?;
        self.take(length)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Corrupt(WHAT))?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A list of what `read` reads, its length before it.
    pub(super) fn list<T, C: FromIterator<T>>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Corrupt>,
    ) -> Result<C, Corrupt> {
        let length = self.number()?;
        (0..length).map(|_| read(self)).collect()
    }

    /// The error of bytes that make no sense.
    pub(super) fn corrupt() -> Corrupt {
        Corrupt(WHAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut out = Vec::new();
        let signed = [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN];
        signed
            .iter()
            .for_each(|&number| put_signed(number, &mut out));
        put_number(u64::MAX, &mut out);
        put_bytes(b"abc", &mut out);
        let mut reader = Reader(&out);
        for number in signed {
            assert_eq!(reader.signed().unwrap(), number);
        }
        assert_eq!(reader.number().unwrap(), u64::MAX);
        assert_eq!(reader.bytes().unwrap(), b"abc");
        assert!(reader.byte().is_err());
        assert!(Reader(&[0x80; 20]).number().is_err());
        assert!(Reader(&[200, 1, 2]).bytes().is_err());
    }
}
