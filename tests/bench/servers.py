"""Our emulators, and the servers of others that speak the same protocols, each for as long as it is measured."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import brokers

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "peers"
PEERS = Path(os.environ.get("PEERS_DIR", ROOT / ".peers"))
SERVICES = ("kafka", "pubsub", "kinesis", "sqs", "eventhubs")


@contextlib.contextmanager
def emulators(ssectl: str) -> Iterator[dict[str, str]]:
    """All five emulators in one process; gives their addresses."""
    ports = [word for name in ("kafka", "pubsub", "aws", "eventhubs") for word in (f"--{name}-port", "0")]
    process = subprocess.Popen([ssectl, "emulator", *ports], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        addresses = {}
        while set(SERVICES) - set(addresses):
            ready = re.match(r"(\S+) (\S+) ready", process.stderr.readline())
            if ready is None:
                raise RuntimeError("the emulators do not start")
            addresses[ready[1]] = ready[2]
        yield addresses
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextlib.contextmanager
def pstest() -> Iterator[str]:
    """Google's fake of its Go client; gives its address."""
    process = subprocess.Popen([PEERS / "bin" / "pstest"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield re.match(r"pstest (\S+) ready", process.stderr.readline())[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextlib.contextmanager
def scripted(script: str, *server: str) -> Iterator[str]:
    """A server that a script of tests/peers runs; gives its address."""
    with tempfile.TemporaryDirectory(prefix="bench-server-") as folder:
        run = [str(SCRIPTS / script)]
        said = subprocess.run([*run, "start", *server, "--data", folder], check=True, stdout=subprocess.PIPE, text=True)
        try:
            yield re.search(r"^ENDPOINT=http://(\S+)", said.stdout, re.M)[1]
        finally:
            subprocess.run([*run, "stop", "--data", folder], check=True, stdout=subprocess.DEVNULL)


def others(service: str) -> dict[str, Callable[[], contextlib.AbstractContextManager[str]]]:
    """How to start each independent server of a service that is installed."""
    modules = PEERS / "kinesis-js" / "node_modules"
    moto = (PEERS / "moto", lambda: scripted("kinesis.sh", "moto"))
    known = {
        "kafka": {"Apache Kafka": (PEERS / "kafka" / "jars", brokers.kafka)},
        "pubsub": {"pstest": (PEERS / "bin" / "pstest", pstest)},
        "kinesis": {
            "kinesis-local": (modules / "kinesis-local", lambda: scripted("kinesis.sh", "kinesis-local")),
            "kinesalite": (modules / "kinesalite", lambda: scripted("kinesis.sh", "kinesalite")),
            "moto": moto,
        },
        "sqs": {"ElasticMQ": (PEERS / "elasticmq" / "jars", lambda: scripted("sqs.sh")), "moto": moto},
        "eventhubs": {},
    }
    return {name: start for name, (place, start) in known[service].items() if place.exists()}
