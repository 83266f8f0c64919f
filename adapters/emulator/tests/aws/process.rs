//! The emulator in a process of its own, to be killed: the test's own program, started again with `serve`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ssectl_emulator::aws::{Config, Emulator};
use ssectl_emulator::store::{Fsync, Medium};

/// Runs the emulator until the standard input ends.
pub(crate) fn serve(directory: &Path) {
    let medium = Medium::Directory {
        path: directory.to_owned(),
        fsync: Fsync::Every(Duration::from_millis(50)),
    };
    let emulator = Emulator::start(Config {
        medium,
        ..Config::default()
    })
    .unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", emulator.address()).unwrap();
    out.flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// An emulator in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(directory: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve").arg(directory);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().parse().expect("the emulator did not start");
        Self { child, address }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
