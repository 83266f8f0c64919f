//! A record as bytes that wait in the state. Numbers are little-endian; what may be missing has a length of `u32::MAX`.

use bytes::{Buf, BufMut, Bytes};
use ssectl_adapter::{Record, Timestamp};

const MISSING: u32 = u32::MAX;

/// The record without its origin, which results do not have.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) {
    match record.timestamp {
        Some(time) => {
            out.put_u8(1);
            out.put_i128_le(time.as_nanos());
        }
        None => out.put_u8(0),
    }
    put(out, record.key.as_deref());
    put(out, record.value.as_deref());
    out.put_u32_le(length(record.headers.len()));
    for (name, value) in &record.headers {
        put(out, Some(name.as_bytes()));
        put(out, value.as_deref());
    }
}

/// What [`write()`] wrote; `None` if it is nothing of that kind.
pub(super) fn read(bytes: &[u8]) -> Option<Record> {
    let mut rest = bytes;
    let timestamp = match rest.try_get_u8().ok()? {
        0 => None,
        _ => Some(Timestamp::from_nanos(rest.try_get_i128_le().ok()?)),
    };
    let (key, value) = (take(&mut rest)?, take(&mut rest)?);
    let mut headers = Vec::new();
    for _ in 0..rest.try_get_u32_le().ok()? {
        let name = String::from_utf8(take(&mut rest)??.to_vec()).ok()?;
        headers.push((name, take(&mut rest)?));
    }
    Some(Record {
        key,
        value,
        headers,
        timestamp,
        ..Record::default()
    })
}

fn put(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.put_u32_le(bytes.map_or(MISSING, |bytes| length(bytes.len())));
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a record is far smaller than 4 GiB")
}

fn take(rest: &mut &[u8]) -> Option<Option<Bytes>> {
    let length = rest.try_get_u32_le().ok()?;
    if length == MISSING {
        return Some(None);
    }
    let (taken, left) = rest.split_at_checked(length as usize)?;
    *rest = left;
    Some(Some(Bytes::copy_from_slice(taken)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_is_empty_stay_different() {
        let record = Record {
            key: Some(Bytes::new()),
            value: None,
            headers: vec![("a".into(), None), ("a".into(), Some("x".into()))],
            timestamp: Some(Timestamp::from_nanos(-5)),
            ..Record::default()
        };
        let mut bytes = Vec::new();
        write(&record, &mut bytes);
        assert_eq!(read(&bytes), Some(record));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        bytes.clear();
        write(&Record::from_value("v"), &mut bytes);
        assert_eq!(read(&bytes), Some(Record::from_value("v")));
    }
}
