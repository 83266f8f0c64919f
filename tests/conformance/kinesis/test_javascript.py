"""The AWS SDK for JavaScript 3: SubscribeToShard to the end of a shard."""

import json
import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.differs(
    moto="has no SubscribeToShard",
    kinesalite="has no registered consumers",
    kinesis_local="sends no initial response",
)
def test_events_are_pushed_until_the_shard_ends(endpoint, name):
    program = Path(__file__).with_name("subscribe.cjs")
    done = subprocess.run(
        ["node", str(program), os.environ["KINESIS_JS"], endpoint, name()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["found"] == [[number, 255] for number in range(10)] + [[99]]
    assert seen["children"] == ["shardId-000000000001", "shardId-000000000002"]
