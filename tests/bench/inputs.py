"""The files that the programs read. They are made once and kept."""

import subprocess
from pathlib import Path

FLAT_TEMPLATE = (
    '{"id":{{seq}},"user":"u{{int 1000000 1019999}}","ts":{{time ms}},'
    '"type":"{{pick click order visit}}","amount":{{int 100 999}},"country":"{{pick DE FR GB IT PL}}"}'
)
"""94 bytes a record, line feed included, with an `id` of six digits."""


class Inputs:
    """Where the input files are, made with the program under test or copied from a recording."""

    def __init__(self, folder: Path, ssectl: str, nested: Path | None, scale: float):
        self._folder = folder
        self._ssectl = ssectl
        self._recording = nested
        self._scale = scale
        folder.mkdir(parents=True, exist_ok=True)

    def flat(self, share: float = 1) -> Path:
        """A million small flat records."""
        count = int(1_000_000 * self._scale * share)
        template = ["template", "--template", FLAT_TEMPLATE, "--seed", "7"]
        return self._generated(f"flat-{count}.ndjson", [*template, "--from-index", "100000", "--count", str(count)])

    def nested(self) -> Path:
        """Some 65 MB of messages with nested sensor readings: a recording, or made-up ones of the same shape."""
        if self._recording is None:
            count = int(40_000 * self._scale)
            return self._generated(f"phone-{count}.ndjson", ["phone", "--seed", "7", "--count", str(count)])
        times = max(1, int(200 * self._scale))
        path = self._folder / f"{self._recording.stem}-{times}.ndjson"
        if not path.exists():
            once = self._recording.read_bytes()
            path.write_bytes((once if once.endswith(b"\n") else once + b"\n") * times)
        return path

    def messages(self) -> Path:
        """300,000 lines of 200 bytes, for brokers."""
        count = int(300_000 * self._scale)
        template = "{{hex 64}}" * 3 + "{{hex 7}}"
        options = ["template", "--template", template, "--seed", "7", "--count", str(count), "--format", "text"]
        return self._generated(f"messages-{count}.txt", options)

    def head(self, path: Path, lines: int) -> Path:
        """The first lines of a file."""
        head = self._folder / f"head-{lines}-{path.name}"
        with open(path, "rb") as source:
            head.write_bytes(b"".join(line for _, line in zip(range(lines), source)))
        return head

    def _generated(self, name: str, options: list[str]) -> Path:
        path = self._folder / name
        if not path.exists():
            part = path.with_suffix(".part")
            with open(part, "wb") as out:
                subprocess.run([self._ssectl, "generate", *options, "--quiet"], stdout=out, check=True)
            part.rename(path)
        return path
