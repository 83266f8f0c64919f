//! Checks messages in Avro's binary encoding: walks over the bytes and keeps nothing.

use super::types::{Type, Types};

/// How deep values may lie in each other.
const DEPTH: usize = 100;

/// Values of a message, at most: a small schema can stand for a huge value that takes no bytes.
const VALUES: usize = 20_000_000;

/// Checks that `data` is one value of the schema, and nothing more.
///
/// # Errors
/// It is not; says why.
pub(super) fn check(types: &Types, data: &[u8]) -> Result<(), String> {
    let mut walk = Walk {
        types,
        data,
        values: 0,
    };
    walk.value(types.root(), 0)?;
    match walk.data {
        [] => Ok(()),
        _ => Err("Too much data to parse for schema".to_owned()),
    }
}

struct Walk<'a> {
    types: &'a Types,
    data: &'a [u8],
    values: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, kind: &Type, depth: usize) -> Result<(), String> {
        self.values += 1;
        if depth > DEPTH || self.values > VALUES {
            return Err("values lie too deep in each other, or are too many".to_owned());
        }
        let types = self.types;
        match types.resolve(kind) {
            Type::Null | Type::Named(_) => Ok(()),
            Type::Boolean => match self.take(1)? {
                [0 | 1] => Ok(()),
                _ => Err("a boolean is neither 0 nor 1".to_owned()),
            },
            Type::Int => {
                let number = i32::try_from(self.long()?);
                number
                    .map(drop)
                    .map_err(|_| "an int has more than 32 bits".to_owned())
            }
            Type::Long => self.long().map(drop),
            Type::Float => self.take(4).map(drop),
            Type::Double => self.take(8).map(drop),
            Type::Bytes => self.sized().map(drop),
            Type::String => self.string(),
            Type::Fixed(size) => self.take(*size).map(drop),
            Type::Enum(symbols) => self.index(symbols.len()).map(drop),
            Type::Array(items) => self.blocks(|walk| walk.value(items, depth + 1)),
            Type::Map(values) => self.blocks(|walk| {
                walk.string()?;
                walk.value(values, depth + 1)
            }),
            Type::Union(branches) => {
                let index = self.index(branches.len())?;
                self.value(&branches[index].1, depth + 1)
            }
            Type::Record(fields) => {
                let mut fields = fields.iter();
                fields.try_for_each(|(_, kind)| self.value(kind, depth + 1))
            }
        }
    }

    /// Items in blocks, each of which says how many it has; the last one has none.
    fn blocks(&mut self, item: impl Fn(&mut Self) -> Result<(), String>) -> Result<(), String> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The block's size in bytes, for those who skip it.
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                let before = self.data.len();
                item(self)?;
                if self.data.len() == before {
                    // Items that take no bytes are all alike, however many there are.
                    break;
                }
            }
        }
    }

    /// One of so many.
    fn index(&mut self, count: usize) -> Result<usize, String> {
        let index = usize::try_from(self.long()?).ok();
        let index = index.filter(|index| *index < count);
        index.ok_or_else(|| "a symbol or branch is none that there is".to_owned())
    }

    fn string(&mut self) -> Result<(), String> {
        let text = std::str::from_utf8(self.sized()?);
        text.map(drop)
            .map_err(|_| "a string is not UTF-8".to_owned())
    }

    /// Bytes behind their number.
    fn sized(&mut self) -> Result<&'a [u8], String> {
        let size = usize::try_from(self.long()?);
        self.take(size.map_err(|_| "a length is negative".to_owned())?)
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], String> {
        let split = self.data.split_at_checked(size);
        let (taken, rest) =
            split.ok_or_else(|| "Not enough data to parse for schema".to_owned())?;
        self.data = rest;
        Ok(taken)
    }

    /// A number in groups of 7 bits, the lowest first, with its sign in the lowest bit.
    fn long(&mut self) -> Result<i64, String> {
        let mut bits = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            bits |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((bits >> 1) as i64 ^ -((bits & 1) as i64));
            }
        }
        Err("a number has more than 64 bits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::Schema;

    use super::*;

    fn types(schema: &str) -> Types {
        Types::compile(&Schema::parse_str(schema).unwrap()).unwrap()
    }

    #[test]
    fn a_value_is_neither_longer_nor_shorter() {
        let types = types(
            r#"{"type": "record", "name": "R", "fields": [
                {"name": "a", "type": "string"}, {"name": "b", "type": ["null", "int"]},
                {"name": "c", "type": {"type": "map", "values": {"type": "fixed", "name": "F", "size": 2}}},
                {"name": "d", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"]}}]}"#,
        );
        let good = b"\x02x\x02\x04\x02\x02k\x01\x02\x00\x02";
        assert_eq!(check(&types, good), Ok(()));
        for end in 0..good.len() {
            assert!(check(&types, &good[..end]).is_err(), "{end}");
        }
        assert!(check(&types, b"\x02x\x02\x04\x00\x02\x00").is_err());
        assert!(check(&types, b"\x02x\x04\x00\x02").is_err());
        assert!(check(&types, b"\x02\xff\x00\x00\x02").is_err());
        assert!(check(&types, b"\x02x\x00\x00\x04").is_err());
        // A block that says its size.
        assert_eq!(
            check(&types, b"\x02x\x00\x01\x08\x02k\x01\x02\x00\x02"),
            Ok(())
        );
    }

    #[test]
    fn small_data_cannot_make_much_work() {
        let nulls = types(r#"{"type": "array", "items": "null"}"#);
        let most = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00";
        assert_eq!(check(&nulls, most), Ok(()));
        let endless = types(
            r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "R"}, {"name": "b", "type": "R"}]}"#,
        );
        assert!(check(&endless, b"").is_err());
        let list = types(
            r#"{"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}"#,
        );
        assert_eq!(check(&list, b"\x02\x02\x00"), Ok(()));
        assert!(check(&list, &[2; 1_000_000]).is_err());
    }
}
