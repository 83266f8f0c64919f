"""Our own adapters as clients: `ssectl generate` writes what `ssectl tail` reads back, as whole processes."""

import tempfile
from pathlib import Path

import measure
from measure import Command

FIRST = 100_000
"""Sequence numbers begin here, so that all have six digits and all records 200 bytes."""
TEMPLATE = '{"seq":{{seq}},"pad":"{{hex 64}}{{hex 64}}{{hex 49}}"}'


def records(count: int) -> list[str]:
    """Options of `ssectl generate` for this many records of 200 bytes that begin with a sequence number."""
    what = ["template", "--template", TEMPLATE, "--seed", "7"]
    return [*what, "--from-index", str(FIRST), "--count", str(count), "--quiet"]


class Adapter:
    """ssectl at a server. Streams that keep their records are read from start to end, the others as a group."""

    def __init__(self, ssectl: str, service: str, address: str):
        self._ssectl = ssectl
        self._service = service
        self._address = address

    def write(self, stream: str, count: int) -> float:
        """Seconds that writing takes."""
        return measure.run(Command([self._ssectl, "generate", *records(count), "--to", self._stream(stream)])).wall

    def read(self, stream: str, count: int) -> tuple[float, list[bytes]]:
        """Seconds that reading takes, and what was read."""
        leased = self._service in ("pubsub", "sqs")
        what = ["--group", stream, "--count", str(count)] if leased else ["--offset", "start:end"]
        words = [self._ssectl, "tail", "--quiet", "--timeout", "5m", "--format", "text", *what, self._stream(stream)]
        with tempfile.NamedTemporaryFile() as out:
            sample = measure.run(Command(words, stdout=Path(out.name)))
            return sample.wall, out.read().splitlines()

    def _stream(self, name: str) -> str:
        """Its address, with options where a default is made for the cloud and not for this machine."""
        match self._service:
            case "pubsub":
                # pstest has no administration by REST.
                return f"pubsub://{self._address}/{name}?project=bench&data-only=true"
            case "kinesis":
                # No server here bounds how often a shard is read, as Amazon does.
                return f"kinesis://{self._address}/{name}?reads-per-second=100"
            case service:
                return f"{service}://{self._address}/{name}"
