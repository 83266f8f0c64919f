//! Records that some dialect cannot say by itself, for the tests of all of them.

use bytes::Bytes;

use super::Record;

/// Every odd key with every odd value and all odd headers, at offset 7 and time 5.
pub(crate) fn records() -> Vec<Record> {
    let mut records = Vec::new();
    for key in keys() {
        for value in values() {
            for headers in headers() {
                records.push(Record {
                    offset: 7,
                    timestamp_ms: 5,
                    key: key.clone(),
                    value: value.clone(),
                    headers,
                });
            }
        }
    }
    records
}

fn bytes(bytes: &'static [u8]) -> Option<Bytes> {
    Some(Bytes::from_static(bytes))
}

/// Longer than a partition key, an ordering key and an attribute may be.
fn long() -> Option<Bytes> {
    Some(Bytes::from(vec![b'x'; 2000]))
}

fn keys() -> [Option<Bytes>; 7] {
    [
        None,
        bytes(b"k"),
        bytes(b""),
        bytes(b"\xff"),
        bytes(b"two words"),
        bytes(b"no-key:1"),
        long(),
    ]
}

/// The last one begins as an aggregated record of Kinesis does.
fn values() -> [Option<Bytes>; 6] {
    [
        None,
        bytes(b""),
        bytes(b"v"),
        bytes(b"v\xff"),
        bytes(b"\0\xff"),
        bytes(b"\xf3\x89\x9a\xc2"),
    ]
}

fn headers() -> Vec<Vec<(String, Option<Bytes>)>> {
    let header = |name: &str, value| (name.to_owned(), value);
    let many = (0..11).map(|number| header(&number.to_string(), bytes(b"x")));
    vec![
        Vec::new(),
        vec![header("b", bytes(b"1")), header("a", bytes(b"2"))],
        vec![header("b", bytes(b"1")), header("a", None)],
        vec![header("a", bytes(b"\xff")), header("b", bytes(b""))],
        vec![header("a", bytes(b"1")), header("a", bytes(b"2"))],
        vec![header("a", None), header("a", bytes(b"\xff"))],
        vec![
            header("goog", bytes(b"1")),
            header("ssectl.key", bytes(b"2")),
            header("n\u{e1}me", bytes(b"3")),
        ],
        vec![header("a", long())],
        many.collect(),
    ]
}
