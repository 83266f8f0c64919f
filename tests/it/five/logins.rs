//! A login that is wanted or refused ends with 4, whichever service wants or refuses it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use ssectl_emulator::kafka::{Config, Emulator};

use crate::command::{Done, ssectl};

/// Runs the verbs that read, write and look, at a target that is described like this; all have to end with 4.
#[track_caller]
fn nobody_is_let_in(target: &str, hint: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("targets:\n  lab: {target}\n");
    fs::write(folder.path().join("ssectl.yaml"), config).expect("written");
    for verb in [
        &["streams", "list", "lab"][..],
        &["tail", "lab:orders"],
        &["generate", "orders", "-n", "3", "--to", "lab:orders"],
    ] {
        let mut command = ssectl(verb);
        command.current_dir(&folder).env("PASSWORD", "guessed");
        let done = Done(command.output().expect("the binary starts"));
        assert_eq!(done.code(), Some(4), "{target} {verb:?}: {}", done.err());
        assert!(
            done.err().contains(hint),
            "{target} {verb:?}: {}",
            done.err()
        );
        assert!(!done.err().contains("guessed"), "{}", done.err());
    }
}

/// Treats everybody who connects like this, on a free port.
fn doorman(treat: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let treat = treat.clone();
            std::thread::spawn(move || treat(stream));
        }
    });
    address
}

/// Reads a request of HTTP, of which the first bytes are known, and answers it.
fn answer(mut stream: TcpStream, begin: &[u8], status: u16, body: &str) {
    let (mut request, mut piece) = (begin.to_vec(), [0; 4096]);
    let is_whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        body.len() >= length.map_or(0, |length| length.trim().parse().expect("a number"))
    };
    while !is_whole(&request) {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let head = format!(
        "HTTP/1.1 {status} No\r\nContent-Length: {}\r\nConnection: close",
        body.len()
    );
    // Who has gone needs no answer.
    write!(stream, "{head}\r\n\r\n{body}").ok();
}

#[test]
fn kafka_wants_a_login_and_refuses_one() {
    let users = [("alice".to_owned(), "secret".to_owned())];
    let emulator = Emulator::start(Config {
        sasl_plain: Some(users.into()),
        ..Config::default()
    });
    let emulator = emulator.expect("it starts");
    let brokers = format!(
        "adapter: kafka, connect-timeout: 2s, brokers: '{}'",
        emulator.address()
    );
    nobody_is_let_in(&format!("{{{brokers}}}"), "it may want `sasl`");
    let sasl = "sasl: {mechanism: PLAIN, username: alice, password: '${PASSWORD}'}";
    nobody_is_let_in(
        &format!("{{{brokers}, {sasl}}}"),
        "check `sasl.mechanism`, user and password",
    );
}

#[test]
fn services_over_http_refuse_a_login() {
    let token =
        r#"{"__type": "UnrecognizedClientException", "message": "The security token is invalid."}"#;
    let google = r#"{"error": {"code": 401, "message": "Invalid credentials.", "status": "UNAUTHENTICATED"}}"#;
    for (adapter, more, status, body, hint) in [
        ("kinesis", "", 400, token, "AWS_ACCESS_KEY_ID"),
        ("sqs", "", 400, token, "AWS_ACCESS_KEY_ID"),
        ("kinesis", "", 403, "no", "(HTTP status 403)"),
        ("sqs", "", 401, "no", "(HTTP status 401)"),
        (
            "pubsub",
            ", project: lab",
            401,
            google,
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
    ] {
        let address = doorman(move |stream| answer(stream, &[], status, body));
        let target = format!("{{adapter: {adapter}, endpoint: 'http://{address}'{more}}}");
        nobody_is_let_in(&target, hint);
    }
}

/// By its HTTP side to who lists, and by SASL to who reads and writes (AMQP 1.0 part 5, section 5.3.3).
#[test]
fn event_hubs_refuses_a_login() {
    const PROTOCOL: &[u8] = b"AMQP\x03\x01\x00\x00";
    const MECHANISMS: &[u8] =
        b"\0\0\0\x1c\x02\x01\0\0\0\x53\x40\xc0\x0f\x01\xe0\x0c\x01\xa3\x09ANONYMOUS";
    const REFUSED: &[u8] = b"\0\0\0\x10\x02\x01\0\0\0\x53\x44\xc0\x03\x01\x50\x01";
    let address = doorman(|mut stream| {
        let mut begin = [0; 8];
        if stream.read_exact(&mut begin).is_err() {
            return;
        }
        if begin != PROTOCOL {
            return answer(
                stream,
                &begin,
                401,
                "<Error><Detail>InvalidSignature</Detail></Error>",
            );
        }
        // Who has gone needs no answer; what comes last is the choice of a mechanism.
        stream.write_all(&[PROTOCOL, MECHANISMS].concat()).ok();
        drop(stream.read(&mut [0; 1024]));
        stream.write_all(REFUSED).ok();
        drop(stream.read(&mut [0; 1024]));
    });
    let target = format!("{{adapter: eventhubs, endpoint: 'amqp://{address}'}}");
    nobody_is_let_in(&target, "EVENTHUBS_CONNECTION_STRING");
}
