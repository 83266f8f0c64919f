//! Runs the commands of a page in one bash, and tells apart what each of them printed.

use std::fmt::Write as _;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

use super::page::Step;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Stands between what two commands print (ASCII: record separator).
const SEPARATOR: char = '\u{1e}';

/// `__mark STATUS STATUSES`: ends the output of a command, and leaves `$?` as it was.
/// `__ready FILE LINES`: waits until a background command has printed so many lines, and shows them.
const PRELUDE: &str = r#"
exec 2>&1
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
__mark() { local status="$1"; shift; printf '\036%s\n' "$*"; return "$status"; }
__ready() {
  local end=$((SECONDS + 120))
  until (($(wc -l <"$1") >= $2)) || ((SECONDS > end)); do sleep 0.02; done
  cat "$1"
}
"#;

/// Makes `ssectl` a function that asks for help behind the flags it is given, and says whether they were right.
/// Other commands do nothing.
const PARSER: &str = r#"
exec 3>&1 2>/dev/null
PATH=/nowhere
ssectl() { 'BINARIES/ssectl' "$@" --help 2>&3 >/dev/null && echo ok >&3; }
"#;

/// What one command did.
pub(super) struct Outcome {
    pub(super) printed: String,
    /// The exit codes of the parts of its last pipe.
    pub(super) statuses: Vec<i32>,
}

/// A folder to run commands in, with scenarios and fixtures.
pub(super) struct Shell {
    page: String,
    folder: tempfile::TempDir,
    port: u16,
}

impl Shell {
    pub(super) fn new(page: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        Self { page, folder, port }
    }

    /// Runs the steps one after the other.
    pub(super) fn run(&self, steps: &[&Step]) -> Result<Vec<Outcome>, String> {
        let mut script = PRELUDE.to_owned();
        for (i, step) in steps.iter().enumerate() {
            let command = self.with_free_port(&step.command);
            let _ = match command.strip_suffix('&') {
                Some(command) => writeln!(
                    script,
                    ": >.background.{i}\n{command} >>.background.{i} 2>&1 &\n__ready .background.{i} {}",
                    step.expected.lines().count()
                ),
                None => writeln!(script, "{command}"),
            };
            script.push_str("__mark \"$?\" \"${PIPESTATUS[@]}\"\n");
        }
        for inputs in ["scenarios", "fixtures"].map(|name| super::root().join(name)) {
            if inputs.exists() {
                let copied = Command::new("cp")
                    .arg("-R")
                    .arg(inputs)
                    .arg(self.folder.path())
                    .status();
                assert!(
                    copied.is_ok_and(|status| status.success()),
                    "the inputs can be copied"
                );
            }
        }
        let printed = self.bash(&script)?;
        let printed = printed
            .replace(&format!(":{}", self.port), ":9092")
            .replace(&self.folder.path().display().to_string(), "[..]");
        self.outcomes(&printed, steps)
    }

    fn outcomes(&self, printed: &str, steps: &[&Step]) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        let mut rest = printed;
        for step in steps {
            let Some((printed, (statuses, after))) = rest
                .split_once(SEPARATOR)
                .and_then(|(printed, rest)| Some((printed, rest.split_once('\n')?)))
            else {
                return Err(format!(
                    "{}:{}: `{}` ended the shell:\n{rest}",
                    self.page, step.line, step.command
                ));
            };
            outcomes.push(Outcome {
                printed: printed.to_owned(),
                statuses: statuses
                    .split(' ')
                    .map(|status| status.parse().expect("bash prints numbers"))
                    .collect(),
            });
            rest = after;
        }
        Ok(outcomes)
    }

    /// Lets `ssectl` check its part of the command lines, without running anything. Answers the faults.
    pub(super) fn parse<'a>(&self, steps: impl Iterator<Item = &'a Step>) -> Vec<String> {
        let mut faults = Vec::new();
        for step in steps {
            let command = step.command.trim_end_matches(['&', ' ']);
            let script = PARSER.replace("BINARIES", &binaries().display().to_string());
            let said = self.bash(&format!("{script}{command}\n"));
            match said.unwrap_or_else(|fault| fault).trim_end() {
                "" => faults.push(format!(
                    "{}:{}: `{command}` cannot be parsed",
                    self.page, step.line
                )),
                said if said.lines().all(|line| line == "ok") => {}
                said => faults.push(format!("{}:{}: `{command}`: {said}", self.page, step.line)),
            }
        }
        faults
    }

    /// Runs a script and answers what it printed.
    fn bash(&self, script: &str) -> Result<String, String> {
        let file = self.folder.path().join(".script");
        fs::write(&file, script).expect("the folder can be written");
        let path = env::join_paths([binaries()].into_iter().chain(env::split_paths(&path())))
            .expect("PATH is a list");
        let mut bash = Command::new("bash")
            .arg(&file)
            .current_dir(&self.folder)
            .env_clear()
            .envs([
                ("PATH", path.as_os_str()),
                ("HOME", self.folder.path().as_os_str()),
            ])
            .envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("TERM", "dumb")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("bash is installed");
        let mut stdout = bash.stdout.take().expect("it is piped");
        let (sender, printed) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        let result = printed.recv_timeout(PATIENCE);
        end(&mut bash);
        result.map_err(|_| format!("{}: the commands take more than {PATIENCE:?}", self.page))
    }

    fn with_free_port(&self, command: &str) -> String {
        command
            .replace(":9092", &format!(":{}", self.port))
            .replace("-port 9092", &format!("-port {}", self.port))
    }
}

/// A port that nobody listens on, and that nobody who asks for any port is given before the page's commands bind it:
/// those begin at 32768 (`net.ipv4.ip_local_port_range`).
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 10_000;
    let mut candidates = (0..10_000).map(|_| {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        20_000 + (first + next % 10_000) % 10_000
    });
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.find(free).expect("a free port")
}

/// Ends bash and all that it started.
fn end(bash: &mut Child) {
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", bash.id())])
        .stderr(Stdio::null())
        .status();
    let _ = bash.wait();
}

/// The folder of the binary under test.
fn binaries() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_ssectl"))
        .parent()
        .expect("a file is in a folder")
        .to_owned()
}

fn path() -> std::ffi::OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Whether a program is installed.
pub(super) fn has(program: &str) -> bool {
    env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}
