//! What is read is what was written, bit for bit.

use ::bytes::Bytes;
use ssectl_adapter::{Order, Record, Timestamp};

use crate::{Rig, records};

/// Lines of text, also beyond ASCII.
pub async fn text_survives(rig: &Rig) {
    let texts = [
        "a",
        "{\"a\":1}",
        "with  spaces\tand tabs",
        "žluťoučký 馬 🐎",
    ];
    let stream = rig.stream(1).await;
    let written: Vec<_> = texts.iter().map(|text| Record::from_value(*text)).collect();
    rig.write(&stream, &written).await;
    let read = records::values(&rig.read_all(&stream).await);
    rig.assert_read(read, texts.map(str::to_owned).to_vec());
}

/// Every byte, NUL first, line ends and broken UTF-8 among them.
pub async fn any_bytes_survive(rig: &Rig) {
    let every: Vec<u8> = (0..=255).collect();
    let values: [&[u8]; 6] = [&every, b"\0", b"\n", b"a\r\nb\n", b"\xff\xfe\xc3\x28", b" "];
    let stream = rig.stream(1).await;
    let written: Vec<_> = values
        .iter()
        .map(|value| Record::from_value(Bytes::copy_from_slice(value)))
        .collect();
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    let read: Vec<_> = read
        .iter()
        .map(|r| r.value.as_deref().unwrap_or_default())
        .collect();
    rig.assert_read(read, values.to_vec());
}

/// Keys of any bytes; no key is different from an empty one.
pub async fn keys_survive(rig: &Rig) {
    let keys = [None, Some(&b""[..]), Some(b"key"), Some(b"\0\xff\n")];
    let stream = rig.stream(1).await;
    let written: Vec<_> = keys
        .iter()
        .map(|key| Record {
            key: key.map(Bytes::copy_from_slice),
            ..Record::from_value("value")
        })
        .collect();
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    let read = read.iter().map(|r| r.key.as_deref()).collect();
    rig.assert_read(read, keys.to_vec());
}

/// A tombstone is not an empty value.
pub async fn null_and_empty_values_differ(rig: &Rig) {
    let values = [None, Some(&b""[..]), Some(b"x"), None];
    let stream = rig.stream(1).await;
    let written: Vec<_> = values
        .iter()
        .map(|value| Record {
            key: Some(Bytes::from_static(b"key")),
            value: value.map(Bytes::copy_from_slice),
            ..Record::default()
        })
        .collect();
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    let read = read.iter().map(|r| r.value.as_deref()).collect();
    rig.assert_read(read, values.to_vec());
}

/// A value as large as the target takes, or 1 MiB, between two small ones.
pub async fn large_values_survive(rig: &Rig) {
    let size = rig.has.max_record_bytes.unwrap_or(usize::MAX).min(1 << 20);
    let large = if rig.has.binary {
        records::noise(size)
    } else {
        Bytes::from(vec![b'x'; size])
    };
    let values: [Bytes; 3] = ["before".into(), large, "after".into()];
    let written = values.clone().map(Record::from_value);
    let stream = rig.stream(1).await;
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    assert_eq!(read.len(), 3);
    let mut read: Vec<_> = read.into_iter().filter_map(|record| record.value).collect();
    let mut values = values.to_vec();
    if rig.has.order == Order::None {
        read.sort_unstable();
        values.sort_unstable();
    }
    // Not `assert_eq`, which would print megabytes.
    assert!(read == values, "a value came back changed");
}

/// Two of a name, an empty value, bytes that are no text, and none at all.
pub async fn headers_keep_order_and_duplicates(rig: &Rig) {
    let pair =
        |name: &str, value: &'static [u8]| (name.to_owned(), Some(Bytes::from_static(value)));
    let headers = [
        vec![
            pair("z", b"1"),
            pair("a", b"2"),
            pair("z", b"3"),
            pair("z", b"1"),
        ],
        vec![],
        vec![
            ("null".to_owned(), None),
            pair("empty", b""),
            pair("bytes", b"\0\xff"),
            pair("náme", b"x"),
        ],
    ];
    let stream = rig.stream(1).await;
    let written: Vec<_> = headers
        .iter()
        .map(|headers| Record {
            headers: headers.clone(),
            ..Record::from_value("value")
        })
        .collect();
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    let read = read.into_iter().map(|record| record.headers).collect();
    rig.assert_read(read, headers.to_vec());
}

/// The producer's time comes back to the millisecond, not the time of arrival.
pub async fn timestamps_survive(rig: &Rig) {
    let times = [1, 999, 946_684_800_000, 1_715_254_403_007].map(Timestamp::from_millis);
    let stream = rig.stream(1).await;
    let written = times.map(|time| Record {
        timestamp: Some(time),
        ..Record::from_value("value")
    });
    rig.write(&stream, &written).await;
    let read = rig.read_all(&stream).await;
    let read: Vec<_> = read
        .iter()
        .map(|r| r.timestamp.expect("a timestamp"))
        .collect();
    rig.assert_read(read, times.to_vec());
}

/// As many records as make a difference between a queue and its limits.
pub async fn a_hundred_thousand_records_survive(rig: &Rig) {
    const COUNT: usize = 100_000;
    let stream = rig.stream(4).await;
    let written = if rig.has.keys {
        records::keyed(0..COUNT, 1000)
    } else {
        records::numbered(0..COUNT)
    };
    rig.write(&stream, &written).await;
    let read = records::sorted(&rig.read_all(&stream).await);
    assert_eq!(read.len(), COUNT);
    records::assert_all(&read, 0..COUNT);
}
