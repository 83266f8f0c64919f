//! Documents in CBOR, and hostile ones.

use super::*;

#[test]
fn cbor_has_bytes_and_milliseconds() {
    use ciborium::value::Value as Cbor;
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let text = |text: &str| Cbor::Text(text.to_owned());
    let mut put = Vec::new();
    let record = Cbor::Map(vec![
        (text("StreamName"), text("s")),
        (text("PartitionKey"), text("k")),
        (text("Data"), Cbor::Bytes(vec![0, 255])),
    ]);
    ciborium::into_writer(&record, &mut put).unwrap();
    let answer = cbor(&emulator, "PutRecord", &put);
    assert_eq!(field(&answer, "ShardId"), &text(SHARD));
    let place = iterator(&mut client, "TRIM_HORIZON");
    let mut wanted = Vec::new();
    let wish = Cbor::Map(vec![(text("ShardIterator"), text(place.as_str().unwrap()))]);
    ciborium::into_writer(&wish, &mut wanted).unwrap();
    let answer = cbor(&emulator, "GetRecords", &wanted);
    let records = field(&answer, "Records").as_array().unwrap();
    assert_eq!(field(&records[0], "Data"), &Cbor::Bytes(vec![0, 255]));
    let Cbor::Tag(1, time) = field(&records[0], "ApproximateArrivalTimestamp") else {
        panic!("no time: {answer:?}");
    };
    assert!(i128::from(time.as_integer().unwrap()) > 1_700_000_000_000);
    let answer = cbor(&emulator, "DescribeStream", b"\xa1\x6aStreamName\x64none");
    assert_eq!(field(&answer, "__type"), &text("ResourceNotFoundException"));
}

/// Asks in CBOR, over a connection of its own.
fn cbor(emulator: &Emulator, operation: &str, body: &[u8]) -> ciborium::value::Value {
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}: {}\r\nX-Amz-Target: Kinesis_20131202.{operation}\r\n\
         Content-Type: application/x-amz-cbor-1.1\r\nContent-Length: {}\r\n\r\n",
        SIGNED.0,
        SIGNED.1,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    assert!(
        head.contains("content-type: application/x-amz-cbor-1.1"),
        "{head}"
    );
    ciborium::from_reader(&answer[end + 4..]).unwrap()
}

fn field<'a>(map: &'a ciborium::value::Value, name: &str) -> &'a ciborium::value::Value {
    let entries = map.as_map().unwrap();
    let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
    &found.unwrap_or_else(|| panic!("no {name}: {map:?}")).1
}

#[test]
fn hostile_documents_are_refused() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "[]",
        "{\"StreamName\": 1}",
        "{\"StreamName\": \"s\", \"Records\": \"x\"}",
        &deep,
    ] {
        let headers = [
            SIGNED,
            ("X-Amz-Target", "Kinesis_20131202.PutRecords"),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let answer = client.request("POST", "/", &headers, body.as_bytes());
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let nested = b"\x81".repeat(100_000);
    for body in [
        &b"\xff"[..],
        b"\xa1",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x64Data\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        &nested,
    ] {
        let answer = cbor(&emulator, "PutRecords", body);
        assert!(field(&answer, "__type").as_text().is_some());
    }
    let bad = json!({"StreamName": "s", "PartitionKey": "k", "Data": "not base64"});
    assert!(refusal(&mut client, "PutRecord", &bad).ends_with("SerializationException"));
    assert_eq!(
        refusal(&mut client, "Nothing", &json!({})),
        "UnknownOperationException"
    );
    assert!(read(&mut client).is_empty());
}
