"""Windows: a tumbling count and sum by one key, for ssectl, a program written by hand, DuckDB and Polars."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import measure
from measure import Command, Sample

HERE = Path(__file__).parent
SIZE_MS = 60_000
SAMPLE_LINES = 5_000


class Windows:
    """The programs that are there, each on all cores or on one."""

    def __init__(self, ssectl: str, limits: str | None, analytics: Path | None):
        self._ssectl = ssectl
        self._limits = limits
        self._analytics = analytics
        self._one_core = shutil.which("taskset")

    def names(self) -> list[str]:
        """What the columns of the table are called."""
        hand = ["by hand"] if self._limits else []
        return ["ssectl", *hand, *(["DuckDB", "Polars"] if self._analytics else [])]

    def cores(self) -> list[str]:
        """How the processor can be shared out."""
        return ["one core", "all cores"] if self._one_core else ["all cores"]

    def compare(self, data: Path, head: Path, cores: str, repeats: int) -> dict[str, Sample]:
        """Times all programs, after making sure that all of them print the same."""
        results = {name: self._result(name, head, cores) for name in self.names()}
        for name, result in results.items():
            if result != results["ssectl"]:
                raise RuntimeError(f"windows: {name} and ssectl print different results")
        runs = {name: lambda name=name: measure.run(self._command(name, data, cores)) for name in self.names()}
        return measure.interleaved(runs, repeats)

    def _command(self, name: str, data: Path, cores: str) -> Command:
        one = cores == "one core"
        threads = "1" if one else str(os.cpu_count())
        words = {
            "ssectl": [self._ssectl, "window", "--quiet", *self._flags()],
            "by hand": [self._limits, str(data), str(SIZE_MS)],
            "DuckDB": self._python("duckdb_window.py", data, threads),
            "Polars": self._python("polars_window.py", data),
        }[name]
        if one:
            words = [self._one_core, "-c", "0", *words]
        if name == "Polars":
            words = ["env", f"POLARS_MAX_THREADS={threads}", *words]
        return Command(words, stdin=data)

    @staticmethod
    def _flags() -> list[str]:
        window = ["--by", ".country", "--time", ".ts", "--unit", "ms", "--type", "tumbling", "--size", f"{SIZE_MS}ms"]
        return [*window, "--agg", "n: count", "--agg", "total: sum(.amount)"]

    def _python(self, script: str, data: Path, *more: str) -> list[str]:
        path = f"PYTHONPATH={self._analytics}"
        return ["env", path, sys.executable, str(HERE / "analytics" / script), str(data), str(SIZE_MS), *more]

    def _result(self, name: str, data: Path, cores: str) -> list:
        command = self._command(name, data, cores)
        with open(data, "rb") as stdin:
            printed = subprocess.run(command.words, stdin=stdin, stdout=subprocess.PIPE, check=True).stdout
        rows = [json.loads(line) for line in printed.splitlines()]
        return sorted((row["start"], row["key"], row["n"], row["total"]) for row in rows)
