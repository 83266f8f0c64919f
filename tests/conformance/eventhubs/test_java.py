"""Microsoft's client for Java: producers, consumers, the event processor; plain and with TLS."""

import os
import subprocess
from pathlib import Path

import pytest

CLIENT = [
    "hub partitions 0 1 2 3 new true",
    "partition 1 empty true",
    "partition 1 from 0 to 49 offset 49 empty false",
    "read true sequence numbers true",
    "batch of 1048576 takes 10 and gives 10",
    "keyed true partitions 1 keys [key]",
    "spread over 4",
    "properties true text/plain m c last 1",
    "sequence 10 inclusive 9 offset 10 time 50 earlier 0",
    "latest true",
    "owner 0 amqp:link:stolen",
    "no partition IllegalArgumentException",
    "no group amqp:not-found",
    "other group 0",
]

PROCESSOR = ["all seen true checkpoints 4", "continued true times 40", "shares [2, 2]", "shared true"]


def java(program, *arguments, options=()):
    """The lines that a program prints."""
    if not os.environ.get("AZURESDK_JARS"):
        pytest.fail("AZURESDK_JARS is not set; eventhubs.sh gives it")
    source = Path(__file__).with_name(program)
    done = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", *options, "-cp", f"{os.environ['AZURESDK_JARS']}/*", source, *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def trust(namespace, tmp_path_factory):
    """Options that make Java trust the server's certificate."""
    store = tmp_path_factory.mktemp("trust") / "store"
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-file", namespace.certificate, "-keystore", store, "-storepass", "secret"],
        capture_output=True,
        check=True,
    )
    return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=secret"]


def test_producer_and_consumer(namespace):
    hub = namespace.create(partitions=4, groups=["other"])
    assert java("Client.java", namespace.connection_string, hub, "amqp") == CLIENT


def test_producer_and_consumer_with_tls(namespace, trust):
    hub = namespace.create(partitions=4, groups=["other"])
    assert java("Client.java", namespace.secure_connection_string, hub, "amqp", options=trust) == CLIENT


def test_processors_share_partitions_and_continue(namespace):
    hub = namespace.create(partitions=4)
    assert java("Processor.java", namespace.connection_string, hub) == PROCESSOR
