"""Peak memory of the verbs at one and at ten times the input: it must not grow."""

from pathlib import Path

import measure
from measure import Command


def commands(ssectl: str, data: Path, out: Path) -> dict[str, Command]:
    """A command of each verb that reads a file of JSON lines."""
    address = f"file:{data}"
    return {
        "transform": Command([ssectl, "transform", "--quiet", "{id, user}"], stdin=data),
        "copy": Command([ssectl, "copy", "--quiet", address, f"file:{out}"]),
        "replay": Command([ssectl, "replay", "--quiet", str(data), "--time", ".ts", "--speed", "max"]),
        "tail": Command([ssectl, "tail", "--quiet", address]),
        "generate": Command([ssectl, "generate", "words", "--quiet", "--count", str(count_lines(data))]),
    }


def count_lines(path: Path) -> int:
    """How many records a file has."""
    with open(path, "rb") as lines:
        return sum(1 for _ in lines)


def peaks(ssectl: str, data: Path, out: Path) -> dict[str, int]:
    """Peak bytes of each verb."""
    return {verb: measure.peak_memory(command) for verb, command in commands(ssectl, data, out).items()}
