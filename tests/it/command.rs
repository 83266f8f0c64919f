//! Starting the binary in an environment of its own.

#![cfg_attr(
    not(all(feature = "stdio", feature = "file")),
    expect(dead_code, reason = "most tests pipe, and are left out with the pipes")
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a run may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// The binary with these arguments, without the configuration of whoever runs the tests.
pub(crate) fn ssectl(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    command
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end with this input.
pub(crate) fn run(args: &[&str], input: impl AsRef<[u8]>) -> Done {
    run_in(Path::new("."), args, input)
}

/// The same in a folder.
pub(crate) fn run_in(folder: &Path, args: &[&str], input: impl AsRef<[u8]>) -> Done {
    let started = Instant::now();
    let output = assert_cmd::Command::from_std(ssectl(args))
        .current_dir(folder)
        .write_stdin(input.as_ref().to_vec())
        .timeout(PATIENCE)
        .output();
    assert!(
        started.elapsed() < PATIENCE,
        "{args:?} was killed after {PATIENCE:?}"
    );
    Done(output.expect("the binary starts"))
}

/// Starts it with pipes on both sides.
pub(crate) fn start(args: &[&str]) -> Child {
    let mut command = ssectl(args);
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    pipes.spawn().expect("the binary starts")
}

/// Sends a signal by name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    assert!(sent.expect("kill is there").success());
}

/// Waits until the child has ended; panics when it does not.
pub(crate) fn exit_code(child: &mut Child, within: Duration) -> Option<i32> {
    let mut status = None;
    eventually(within, || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    status.and_then(|status| status.code())
}

/// Looks again and again until it is so.
pub(crate) fn eventually(within: Duration, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !so() {
        assert!(Instant::now() < deadline, "not within {within:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a finished run left behind.
pub(crate) struct Done(pub(crate) Output);

impl Done {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// The distinct lines of stdout.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        self.out().lines().map(str::to_owned).collect()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// Panics with everything it said unless it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            Some(code),
            "stdout: {}\nstderr: {}",
            self.out(),
            self.err()
        );
        self
    }
}
