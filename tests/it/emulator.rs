//! An emulator in a process of its own, for tests that need a broker.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use crate::command::{exit_code, signal, ssectl};

/// A running `ssectl emulator`; ends with the test.
pub(crate) struct Emulator {
    child: Child,
    address: String,
    said: BufReader<ChildStderr>,
}

impl Emulator {
    /// Kafka in memory, on a free port.
    pub(crate) fn start() -> Self {
        Self::of("kafka", "--kafka-port")
    }

    /// Of this service, on a free port.
    pub(crate) fn of(service: &str, port_flag: &str) -> Self {
        Self::with(service, &[port_flag, "0"])
    }

    /// Of Kafka, with a data directory, on this port.
    pub(crate) fn durable(dir: &Path, port: u16) -> Self {
        let dir = dir.display().to_string();
        Self::with(
            "kafka",
            &["--kafka-port", &port.to_string(), "--data-dir", &dir],
        )
    }

    /// Of this service, with these flags.
    pub(crate) fn with(service: &str, more: &[&str]) -> Self {
        let args = [&["emulator", "--only", service], more].concat();
        let mut child = ssectl(&args)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let address = loop {
            let mut line = String::new();
            assert_ne!(
                said.read_line(&mut line).expect("text"),
                0,
                "it ended before it was ready"
            );
            if let Some(rest) = line.trim_end().strip_prefix(&format!("{service} ")) {
                break rest.strip_suffix(" ready").expect("ready").to_owned();
            }
        };
        Self {
            child,
            address,
            said,
        }
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// `kafka://HOST:PORT/STREAM`.
    pub(crate) fn stream(&self, name: &str) -> String {
        format!("kafka://{}/{name}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok())
            .expect("a port")
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it lives");
        self.child.wait().expect("a child");
    }

    /// SIGTERM; gives the exit code and the rest of what it said.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        signal(&self.child, "TERM");
        let code = exit_code(&mut self.child, Duration::from_secs(20));
        let rest = std::io::read_to_string(&mut self.said).expect("text");
        (code, rest)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
