"""The AWS CLI, as people use it."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def aws(endpoint):
    """Runs `aws kinesis` and returns what it printed, as JSON where it is."""

    def aws(*arguments):
        program = Path(sys.executable).with_name("aws")
        settings = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [program, "--endpoint-url", endpoint, "--output", "json", "kinesis", *arguments],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return aws


def test_from_creation_to_deletion(aws, name):
    made = name()
    aws("create-stream", "--stream-name", made, "--shard-count", "1")
    aws("wait", "stream-exists", "--stream-name", made)
    assert made in aws("list-streams")["StreamNames"]
    put = aws("put-record", "--stream-name", made, "--partition-key", "k", "--data", "hello")
    place = aws(
        *("get-shard-iterator", "--stream-name", made, "--shard-id", put["ShardId"]),
        *("--shard-iterator-type", "TRIM_HORIZON"),
    )["ShardIterator"]
    records = aws("get-records", "--shard-iterator", place)["Records"]
    assert [base64.b64decode(record["Data"]) for record in records] == [b"hello"]
    aws("delete-stream", "--stream-name", made)
