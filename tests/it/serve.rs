//! The gateway as its clients and its operators see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::{eventually, exit_code, run, signal, ssectl};

const FILE: &str = "scenarios/03-rest-kubernetes/gateway.yaml";
const SOON: Duration = Duration::from_secs(60);

/// A running `ssectl serve`; ends with the test.
struct Gateway {
    child: Child,
    address: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateway {
    fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = ssectl(&[&["serve", "--port", "0"], args].concat());
        let mut child = command
            .envs(env.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = lines.next().expect("it says something").unwrap();
        let address = said
            .strip_prefix("gateway http://")
            .and_then(|rest| rest.strip_suffix(" ready"));
        let address = address
            .unwrap_or_else(|| panic!("not ready: {said}"))
            .to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// The status and the body; an error if the connection fails.
    fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: &str,
        more: &str,
    ) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other("no answer"))?;
        Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.try_ask(method, path, body, "").unwrap()
    }

    fn is_ready(&self) -> bool {
        matches!(self.try_ask("GET", "/readyz", "", ""), Ok((200, _)))
    }
}

#[test]
fn players_and_teams_are_served_until_a_signal_comes() {
    let mut gateway = Gateway::start(&[FILE], &[]);
    eventually(SOON, || gateway.is_ready());
    let made = gateway.ask("POST", "/players", r#"{"name":"Ann"}"#);
    assert_eq!(made, (201, json!({"id": 1, "name": "Ann", "team": null})));
    let moved = gateway.ask("PUT", "/players/1/teams", r#"{"team":"Reds"}"#);
    assert_eq!(moved.1["team"], "Reds");
    assert_eq!(gateway.ask("POST", "/teams", r#"{"name":"Reds"}"#).0, 422);
    assert_eq!(
        gateway.ask("GET", "/openapi.json", "").1["openapi"],
        "3.1.0"
    );
    signal(&gateway.child, "TERM");
    assert_eq!(exit_code(&mut gateway.child, SOON), Some(143));
}

#[test]
fn with_a_grace_it_goes_on_while_it_says_that_it_is_not_ready() {
    let mut gateway = Gateway::start(&[FILE, "--grace", "2s"], &[]);
    eventually(SOON, || gateway.is_ready());
    signal(&gateway.child, "TERM");
    eventually(SOON, || !gateway.is_ready());
    assert_eq!(gateway.ask("GET", "/players", "").0, 200);
    assert_eq!(exit_code(&mut gateway.child, SOON), Some(143));
}

#[test]
fn others_need_the_token() {
    let done = run(&["serve", FILE, "--host", "0.0.0.0", "--port", "0"], "").ended(2);
    assert!(
        done.err().contains("SSECTL_GATEWAY_TOKEN"),
        "{}",
        done.err()
    );
    let gateway = Gateway::start(&[FILE], &[("SSECTL_GATEWAY_TOKEN", "open-sesame")]);
    eventually(SOON, || gateway.is_ready());
    assert_eq!(gateway.ask("GET", "/players", "").0, 401);
    let token = "authorization: Bearer open-sesame\r\n";
    assert_eq!(
        gateway.try_ask("GET", "/players", "", token).unwrap().0,
        200
    );
}

#[test]
fn what_is_wrong_with_the_file_is_said_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.yaml");
    let faults = |text: &str, code: i32| {
        std::fs::write(&file, text).unwrap();
        run(&["serve", file.to_str().unwrap(), "--port", "0"], "")
            .ended(code)
            .err()
    };
    let said = faults(
        "apiVersion: ssectl/v1\nresources:\n  things:\n    key: {name: id, type: seriel}\n    fields: {}\n",
        6,
    );
    assert!(
        said.contains("gateway.yaml:4:") && said.contains("serial"),
        "{said}"
    );
    let resource =
        "    key: {name: id, type: serial}\n    fields: {a: , limit: }\n    set: {b: c}\n";
    let said = faults(
        &format!("apiVersion: ssectl/v1\nresources:\n  things:\n{resource}"),
        6,
    );
    assert!(
        said.contains("gateway.yaml:3:3") && said.contains("`limit`"),
        "{said}"
    );
    let said = faults("apiVersion: ssectl/v1\nresources: {}\n", 6);
    assert!(said.contains("at least one resource"), "{said}");
    assert!(faults("", 6).contains("the file is empty"));
}

#[cfg(feature = "file")]
#[test]
fn a_file_is_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.yaml");
    let resources = "resources: {t: {key: {name: id, type: serial}, fields: {}}}";
    std::fs::write(
        &file,
        format!("apiVersion: ssectl/v1\nlog: file:x.ndjson\n{resources}\n"),
    )
    .unwrap();
    let said = run(&["serve", file.to_str().unwrap(), "--port", "0"], "")
        .ended(6)
        .err();
    assert!(said.contains("cannot be the log"), "{said}");
}

#[cfg(all(feature = "kafka", feature = "emulator"))]
mod replicas {
    use super::*;
    use crate::emulator::Emulator;

    /// The file of the exercise, with a log in this topic.
    fn with_log(dir: &std::path::Path, address: &str) -> String {
        let text = std::fs::read_to_string(FILE).unwrap();
        let file = dir.join("gateway.yaml").display().to_string();
        std::fs::write(&file, format!("{text}log: {address}\n")).unwrap();
        file
    }

    fn all(gateway: &Gateway) -> Value {
        gateway.ask("GET", "/players?limit=1000", "").1["items"].clone()
    }

    #[test]
    fn what_was_acknowledged_is_in_every_replica_also_after_a_kill() {
        let kafka = Emulator::start();
        let topic = kafka.stream("pulse");
        run(&["streams", "create", &topic, "--partitions", "1"], "").ended(0);
        let dir = tempfile::tempdir().unwrap();
        let file = with_log(dir.path(), &topic);
        let mut first = Gateway::start(&[&file], &[]);
        let second = Gateway::start(&[&file], &[]);
        eventually(SOON, || first.is_ready() && second.is_ready());
        for number in 0..20 {
            let gateway = if number % 2 == 0 { &first } else { &second };
            let (status, made) = gateway.ask(
                "POST",
                "/players",
                &json!({"name": format!("p{number}")}).to_string(),
            );
            assert_eq!((status, &made["id"]), (201, &json!(number + 1)));
        }
        eventually(SOON, || all(&first) == all(&second));
        first.child.kill().unwrap();
        first.child.wait().unwrap();
        second.ask("PUT", "/players/7/teams", r#""Reds""#);
        let third = Gateway::start(&[&file], &[]);
        eventually(SOON, || third.is_ready());
        assert_eq!(all(&third).as_array().unwrap().len(), 20);
        assert_eq!(all(&third), all(&second));
    }

    #[test]
    fn a_log_with_two_partitions_is_refused() {
        let kafka = Emulator::start();
        let topic = kafka.stream("pulse");
        run(&["streams", "create", &topic, "--partitions", "2"], "").ended(0);
        let dir = tempfile::tempdir().unwrap();
        let file = with_log(dir.path(), &topic);
        let done = run(&["serve", &file, "--port", "0"], "").ended(6);
        assert!(done.err().contains("one partition"), "{}", done.err());
    }
}
