//! SubscribeToShard: when a subscription ends.

use super::*;

/// Subscribes a new consumer to the first shard of the stream, and reads the begin of the answer.
fn subscribe(emulator: &Emulator, client: &mut Client) -> TcpStream {
    let described = call(client, "DescribeStreamSummary", &json!({"StreamName": "s"}));
    let arn = &described["StreamDescriptionSummary"]["StreamARN"];
    let consumer = json!({"StreamARN": arn, "ConsumerName": "c"});
    let consumer = call(client, "RegisterStreamConsumer", &consumer);
    let wish = json!({"ConsumerARN": consumer["Consumer"]["ConsumerARN"], "ShardId": SHARD,
        "StartingPosition": {"Type": "LATEST"}})
    .to_string();
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}: {}\r\nX-Amz-Target: \
         Kinesis_20131202.SubscribeToShard\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{wish}",
        SIGNED.0,
        SIGNED.1,
        wish.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    stream
}

/// Reads until a text has come.
fn until(stream: &mut TcpStream, text: &str) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "the stream ended before `{text}` came");
        seen.extend_from_slice(&piece[..read]);
    }
}

/// What comes until the end of the connection.
fn rest(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    String::from_utf8_lossy(&rest).into_owned()
}

#[test]
fn a_subscription_ends_with_the_emulator() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let stream = subscribe(&emulator, &mut client);
    let begun = std::time::Instant::now();
    emulator.shutdown();
    let rest = rest(stream);
    // By itself it would last for five minutes.
    assert!(begun.elapsed() < PATIENCE);
    assert!(rest.contains("initial-response"), "{rest}");
    assert!(
        rest.contains("application/vnd.amazon.eventstream"),
        "{rest}"
    );
}

#[test]
fn a_subscription_lasts_five_minutes() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let mut stream = subscribe(&emulator, &mut client);
    clock.advance(Duration::from_secs(299));
    put(&mut client, "AAAA");
    until(&mut stream, "AAAA");
    clock.advance(Duration::from_secs(1));
    put(&mut client, "BBBB");
    let rest = rest(stream);
    assert!(!rest.contains("BBBB"), "{rest}");
}

#[test]
fn a_subscription_ends_with_its_stream() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let stream = subscribe(&emulator, &mut client);
    let all = json!({"StreamName": "s", "EnforceConsumerDeletion": true});
    call(&mut client, "DeleteStream", &all);
    let rest = rest(stream);
    assert!(rest.contains(":exception-type"), "{rest}");
    assert!(rest.contains("ResourceNotFoundException"), "{rest}");
}
