"""Runs whole processes and says how long they took, and on how much processor time; or what memory they needed."""

import dataclasses
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Command:
    """A program with its arguments, and the files it reads and writes instead of the terminal."""

    words: Sequence[str]
    stdin: Path | None = None
    stdout: Path | None = None


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: wall-clock seconds, processor seconds."""

    wall: float
    cpu: float


def run(command: Command) -> Sample:
    """Runs a command to its end; an exit code other than 0 is an error."""
    reads = open(command.stdin or os.devnull, "rb")
    writes = open(command.stdout or os.devnull, "wb")
    with reads, writes:
        start = time.perf_counter()
        process = subprocess.Popen(command.words, stdin=reads, stdout=writes, stderr=subprocess.PIPE)
        with process.stderr:
            said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command.words)} ended with {process.returncode}: {said.decode()}")
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def peak_memory(command: Command) -> int:
    """Runs a command and answers its peak resident bytes.

    Read from /proc every few milliseconds: `ru_maxrss` would start at the size of this program, which the kernel counts
    until the new one is loaded.
    """
    peak = 0
    with open(command.stdin or os.devnull, "rb") as reads, open(command.stdout or os.devnull, "wb") as writes:
        process = subprocess.Popen(command.words, stdin=reads, stdout=writes)
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.M):
                peak = max(peak, int(found[1]) * 1024)
            time.sleep(0.002)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command.words)} ended with {process.returncode}")
    return peak


def interleaved(jobs: dict[str, Callable[[], Sample]], repeats: int) -> dict[str, Sample]:
    """Runs the jobs in turn, so that a slow minute of the machine hits all of them, and takes the medians."""
    samples: dict[str, list[Sample]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            samples[name].append(job())
    return {name: median(taken) for name, taken in samples.items()}


def median(samples: list[Sample]) -> Sample:
    """The median of each figure."""
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.cpu for sample in samples),
    )
