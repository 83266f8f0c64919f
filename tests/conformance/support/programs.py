"""Runs the clients that are programs: kcat, Apache Kafka's tools, Node.js scripts."""

import os
import shutil
import subprocess
from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent
PEERS_SCRIPTS = SUITE.parent / "peers"
PEERS = Path(os.environ.get("PEERS_DIR", SUITE.parent.parent / ".peers"))

TIMEOUT = 240
"""Seconds until a program that has not ended is killed and its test fails."""


class Result:
    """What a program that ended left behind."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    @property
    def text(self):
        """Standard output as text."""
        return self.out.decode()

    @property
    def lines(self):
        """The lines of standard output."""
        return self.text.splitlines()

    @property
    def said(self):
        """Both outputs as text, to look for a message in."""
        return self.out.decode(errors="replace") + self.err.decode(errors="replace")


def run(command, stdin=b"", code=0, timeout=TIMEOUT):
    """Runs a command to its end; fails the test when it ends with another exit code (None: any)."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    command = [str(part) for part in command]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout)
    result = Result(command, done.returncode, done.stdout, done.stderr)
    assert code is None or result.code == code, (
        f"`{' '.join(command)}` ended with {result.code}, expected {code}:\n{result.said[-3000:]}")
    return result


def start(command, log):
    """Starts a command that keeps running; what it says is appended to a file."""
    with open(log, "a") as output:
        return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT)


def kcat(target, *arguments, quiet=True, **options):
    """Runs kcat against the target."""
    assert shutil.which("kcat"), "kcat is missing: run tests/peers/install.sh"
    return run(["kcat", "-b", target.bootstrap, *(["-q"] if quiet else []), *arguments], **options)


def tool_command(name, *arguments):
    """The command line of one of Apache Kafka's tools."""
    return [PEERS_SCRIPTS / "tools.sh", name, *arguments]


def tool(target, name, *arguments, **options):
    """Runs one of Apache Kafka's tools against the target."""
    return run(tool_command(name, "--bootstrap-server", target.bootstrap, *arguments), **options)
