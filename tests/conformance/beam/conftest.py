"""A cluster of Flink for the tests of this folder."""

import subprocess

import pytest

from beam.engines import PEERS, ROOT, Cluster

SCRIPT = ROOT / "tests/peers/flink.sh"


@pytest.fixture(scope="session")
def cluster():
    """A job manager, two task managers and Beam's job server, each a process of its own."""
    data = PEERS / "run/beam/flink"
    told = subprocess.run([SCRIPT, "start", "--data", data, "--workers", "2"], stdout=subprocess.PIPE, text=True, check=True)
    yield Cluster(dict(line.split("=", 1) for line in told.stdout.splitlines()))
    subprocess.run([SCRIPT, "stop", "--data", data], check=True)
