"""Filters of JSON lines: the same job for ssectl, jq, jaq, gojq and Miller, on the same bytes."""

import dataclasses
import json
import subprocess
from pathlib import Path

import measure
from measure import Command, Sample

HERE = Path(__file__).parent
SAMPLE_LINES = 5_000


@dataclasses.dataclass(frozen=True)
class Job:
    """What is done: a jq program, and the same in Miller's words if it has them."""

    title: str
    program: str
    miller: list[str] | None = None


FLAT = [
    Job("pass through, flat", ".", ["cat"]),
    Job("one field, flat", ".user"),
    Job(
        "filter and project, flat",
        "select(.amount > 500) | {id, user, amount}",
        ["filter", "$amount > 500", "then", "cut", "-o", "-f", "id,user,amount"],
    ),
]
NESTED = [
    Job("one field, nested", ".messageId"),
    Job("filter on a field, nested", "select(.messageId % 10 == 0)"),
    Job("exercise E8, nested", (HERE / "normalise.jq").read_text()),
]


class Filters:
    """The programs that are there."""

    def __init__(self, ssectl: str, tools: dict[str, str]):
        self._ssectl = ssectl
        self._tools = tools

    def names(self) -> list[str]:
        """What the columns of the table are called."""
        return ["ssectl", *(tool for tool in ("jq", "jaq", "gojq", "mlr") if tool in self._tools)]

    def words(self, tool: str, job: Job) -> list[str] | None:
        """The command line of a tool for a job; None if it cannot do it."""
        if tool == "ssectl":
            return [self._ssectl, "transform", "--quiet", job.program]
        if tool == "mlr":
            return job.miller and [self._tools["mlr"], "--ijsonl", "--ojsonl", *job.miller]
        return [self._tools[tool], "-c", job.program]

    def compare(self, job: Job, data: Path, head: Path, repeats: int) -> dict[str, Sample]:
        """Times a job with every tool, after making sure that all of them print the same."""
        commands = {tool: words for tool in self.names() if (words := self.words(tool, job))}
        results = {tool: self._result(words, head) for tool, words in commands.items()}
        for tool, result in results.items():
            if result != results["ssectl"]:
                raise RuntimeError(f"{job.title}: {tool} and ssectl print different results")
        runs = {tool: lambda words=words: measure.run(Command(words, stdin=data)) for tool, words in commands.items()}
        return measure.interleaved(runs, repeats)

    def start(self, repeats: int) -> dict[str, Sample]:
        """How long one record takes from start to end."""
        runs = {}
        for tool in self.names():
            words = self.words(tool, FLAT[0])
            runs[tool] = lambda words=words: measure.run(Command(words, stdin=HERE / "one.ndjson"))
        return measure.interleaved(runs, repeats)

    @staticmethod
    def _result(words: list[str], data: Path) -> list:
        with open(data, "rb") as stdin:
            printed = subprocess.run(words, stdin=stdin, stdout=subprocess.PIPE, check=True).stdout
        return [json.loads(line) for line in printed.splitlines()]
