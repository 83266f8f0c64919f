"""The AWS SDK for Java 2: CBOR in both directions, and SubscribeToShard over HTTP/2."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.differs(
    moto="has no SubscribeToShard", kinesalite="has no registered consumers"
)
def test_cbor_in_both_directions(endpoint, name):
    jars = os.environ["AWSSDK_JARS"]
    program = Path(__file__).with_name("KinesisCbor.java")
    done = subprocess.run(
        ["java", "-cp", f"{jars}/*", str(program), endpoint, name()],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "created ACTIVE true",
        "written 100 failed 0",
        "read 100 same true behind 0",
        "refused ResourceNotFoundException 400",
        "refused true 400",
        "pushed 101 last pushed",
        "types application/x-amz-cbor-1.1",
    ]
