//! An emulator in a process of its own, for tests that need a broker.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::time::{Duration, Instant};

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
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match Self::try_start(service, &args) {
                Ok(emulator) => return emulator,
                // Clients that knock at the port of one that was killed may have it themselves for a moment.
                Err(said) => assert!(
                    said.contains("another process listens there") && Instant::now() < deadline,
                    "it ended before it was ready: {said}"
                ),
            }
        }
    }

    /// What it said if it ended before it was ready.
    fn try_start(service: &str, args: &[&str]) -> Result<Self, String> {
        let mut child = ssectl(args)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = BufReader::new(child.stderr.take().expect("piped"));
        let mut started = Self {
            child,
            address: String::new(),
            said,
        };
        let mut before = String::new();
        loop {
            let mut line = String::new();
            if started.said.read_line(&mut line).expect("text") == 0 {
                return Err(before);
            }
            if let Some(rest) = line.trim_end().strip_prefix(&format!("{service} ")) {
                started.address = rest.strip_suffix(" ready").expect("ready").to_owned();
                return Ok(started);
            }
            before += &line;
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
        let code = exit_code(&mut self.child, Duration::from_secs(60));
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
