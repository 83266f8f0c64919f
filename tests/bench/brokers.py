"""The emulator beside Apache Kafka, and our adapter beside kcat, in the same minutes on the same lines."""

import contextlib
import itertools
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import measure
from measure import Command, Sample

PEERS = Path(__file__).parents[1] / "peers"


@contextlib.contextmanager
def emulator(ssectl: str, *options: str) -> Iterator[str]:
    """Our emulator; gives its address."""
    words = [ssectl, "emulator", "--only", "kafka", "--kafka-port", "0", *options]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        ready = re.match(r"kafka (\S+) ready", process.stderr.readline())
        if ready is None:
            raise RuntimeError("the emulator does not start")
        yield ready[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextlib.contextmanager
def kafka() -> Iterator[str]:
    """A real broker that tests/peers/kafka.sh runs; gives its address."""
    with tempfile.TemporaryDirectory(prefix="bench-kafka-") as folder:
        script = [str(PEERS / "kafka.sh")]
        said = subprocess.run([*script, "start", "--data", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        try:
            yield re.search(r"^BOOTSTRAP=(\S+)", said, re.M)[1]
        finally:
            subprocess.run([*script, "stop", "--data", folder], check=True, stdout=subprocess.DEVNULL)


class Broker:
    """A broker and the fresh topics that runs use."""

    def __init__(self, address: str, kcat: str, ssectl: str):
        self.address = address
        self._kcat = kcat
        self._ssectl = ssectl
        self._topics = (f"bench-{number}" for number in itertools.count())
        self._filled: str | None = None

    def topic(self) -> str:
        """The name of a new topic."""
        name = next(self._topics)
        address = f"kafka://{self.address}/{name}"
        subprocess.run([self._ssectl, "streams", "create", "--quiet", address], check=True)
        return name

    def produce_kcat(self, lines: Path) -> Sample:
        """kcat sends every line; the topic is kept for consumers."""
        self._filled = self.topic()
        return measure.run(Command([self._kcat, "-b", self.address, "-P", "-t", self._filled, "-l", str(lines)]))

    def produce_ssectl(self, lines: Path) -> Sample:
        """ssectl copies the file to a topic."""
        to = f"kafka://{self.address}/{self.topic()}"
        return measure.run(Command([self._ssectl, "copy", "--quiet", "-I", "text", f"file:{lines}", to]))

    def consume_kcat(self, count: int) -> Sample:
        """kcat reads the topic that kcat filled.

        Whenever its queue holds 100,000 messages, librdkafka stops fetching for a second; with a longer queue brokers are
        compared, not pauses.
        """
        words = [self._kcat, "-b", self.address, "-C", "-t", self._filled, "-o", "beginning", "-e", "-q"]
        words += ["-X", "queued.min.messages=10000000"]
        return self._all_there(words, count)

    def consume_ssectl(self, count: int) -> Sample:
        """ssectl reads the same."""
        address = f"kafka://{self.address}/{self._filled}"
        return self._all_there([self._ssectl, "tail", "--quiet", "-F", "text", address], count)

    def _all_there(self, words: list[str], count: int) -> Sample:
        with tempfile.NamedTemporaryFile() as out:
            sample = measure.run(Command(words, stdout=Path(out.name)))
            found = sum(1 for _ in out)
        if found != count:
            raise RuntimeError(f"{words[0]} reads {found} of {count} messages from {self.address}")
        return sample
