"""Scenarios whose pipelines run on Apache Beam: the same expectations hold as in the engine inside."""

import json
import os
import socket
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from beam.engines import BEAM_PYTHON, FLINK_PYTHON, ROOT, again, run

SCENARIOS = ["01-kafka-uppercase", "02-pubsub-wordcount"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_direct_runner(scenario, request):
    """`ssectl run --engine beam`: what Beam's DirectRunner writes into the streams is what is expected of them."""
    program = request.config.getoption("--ssectl")
    run([program, "run", ROOT / "scenarios" / scenario, "--engine", "beam"], BEAM_PYTHON=str(BEAM_PYTHON))


@again
def test_cluster_of_flink(cluster, request):
    """`ssectl run --engine beam --runner flink`: a cluster counts the words, and both task managers hold some of them."""
    program, before = request.config.getoption("--ssectl"), set(cluster.jobs())
    command = [program, "run", ROOT / "scenarios/02-pubsub-wordcount", "--engine", "beam", "--runner", "flink"]
    for option in cluster.options("--parallelism=2"):
        command.append(f"--beam-option={option}")
    run(command, BEAM_PYTHON=str(BEAM_PYTHON))
    both_counted(cluster, before)


def both_counted(cluster, before):
    """Checks that one job was added, and that two task managers shared its 3,438 groups."""
    (job,) = set(cluster.jobs()) - before
    grouped = cluster.grouped(job)
    assert len(grouped) == 2 and min(grouped.values()) > 500, grouped
    assert sum(grouped.values()) == 3438


@pytest.fixture
def broker(request, tmp_path):
    """The address of our emulator of Kafka, which lives as long as the test."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [request.config.getoption("--ssectl"), "emulator", "--only", "kafka", "--kafka-port", str(port)]
    with open(tmp_path / "emulator.log", "w", encoding="utf-8") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"kafka://127.0.0.1:{port}"
        process.terminate()


@again
def test_a_worker_reads_and_writes_streams(cluster, broker, request, tmp_path):
    """The exported pipeline on a cluster: its worker reads both partitions of a stream, and writes another one."""
    program, scenario = request.config.getoption("--ssectl"), ROOT / "scenarios/02-pubsub-wordcount"
    sentences, results = (f"{broker}/{uuid.uuid4()}" for _ in range(2))
    run([program, "streams", "create", sentences, "--partitions", "2"])
    run([program, "streams", "create", results, "--partitions", "2"])
    run([program, "generate", "sentences", "--count", "1000", "--seed", "7", "--to", sentences])
    run([program, "export", "beam", scenario, "--dir", tmp_path])
    # With two workers in one process Beam 2.50 hangs up on one of them, three times out of four.
    options = ["--runner=PortableRunner", *cluster.options("--parallelism=1")]
    run([BEAM_PYTHON, tmp_path / "count.py", "--input", sentences, "--output", results, *options], SSECTL=program)
    (tmp_path / "counts.ndjson").write_text(run([program, "--quiet", "tail", results, "--format", "ndjson"]))
    assert counts(tmp_path / "counts.ndjson") == counts(scenario / "data/counts.ndjson")


def test_wordcount_in_flink_sql(request, tmp_path):
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
