"""Scenarios whose pipelines run on Apache Beam: the same expectations hold as in the engine inside."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from beam.engines import BEAM_PYTHON, FLINK_PYTHON, ROOT, run

SCENARIOS = ["01-kafka-uppercase", "02-pubsub-wordcount"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_direct_runner(scenario, request):
    """`ssectl run --engine beam`: what Beam's DirectRunner writes into the streams is what is expected of them."""
    program = request.config.getoption("--ssectl")
    run([program, "run", ROOT / "scenarios" / scenario, "--engine", "beam"], BEAM_PYTHON=str(BEAM_PYTHON))


def test_wordcount_on_flink(request, tmp_path):
    """The counts of exercise E2 are those that Flink computes of the exported query."""
    program, scenario = request.config.getoption("--ssectl"), ROOT / "scenarios/02-pubsub-wordcount"
    run([program, "export", "flink-sql", scenario, "--dir", tmp_path])
    words = '(.time | sub("[.][0-9]+Z"; "Z") | fromdate * 1000) as $time | .text | ascii_downcase | scan("[a-z]+") | {key: ., time: $time}'
    made = subprocess.Popen([program, "generate", "sentences", "--count", "1000", "--seed", "7"], stdout=subprocess.PIPE)
    with open(tmp_path / "events.ndjson", "wb") as events:
        subprocess.run([program, "--quiet", "transform", words], stdin=made.stdout, stdout=events, check=True)
    assert made.wait() == 0
    run([FLINK_PYTHON, Path(__file__).parent / "sql_on_flink.py", tmp_path / "count.sql", tmp_path / "events.ndjson", tmp_path / "counts.ndjson"])
    assert counts(tmp_path / "counts.ndjson") == counts(scenario / "data/counts.ndjson")


def counts(path):
    """Key, bounds and count of each result, sorted."""
    results = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(results) > 1000
    return sorted((result["key"], result["start"], result["end"], result["n"]) for result in results)


def test_refusals(request, tmp_path):
    """What Beam cannot do is said, with the reason, and nothing runs."""
    (tmp_path / "scenario.yaml").write_text(
        """
apiVersion: ssectl/v1
name: refused
streams: {in: {}, out: {}, late: {}}
pipelines:
  feed: {source: {generate: words, count: 3}, sink: in}
  count:
    source: in
    steps: [{window: {by: .text, time: .time, unit: rfc3339, size: 1m, late: {side: late}, agg: {n: count}}}]
    sink: out
"""
    )
    done = subprocess.run(
        [request.config.getoption("--ssectl"), "run", tmp_path, "--engine", "beam"],
        env={**os.environ, "BEAM_PYTHON": str(BEAM_PYTHON)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 6
    assert "`late: {side}`" in done.stderr and "GroupByKey" in done.stderr
