"""The AWS CLI, as people use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def aws(endpoint):
    """Runs `aws` and returns what it printed, as JSON where it is."""

    def aws(*arguments):
        program = Path(sys.executable).with_name("aws")
        settings = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [program, "--endpoint-url", endpoint, "--output", "json", *arguments],
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
    url = aws("sqs", "create-queue", "--queue-name", name())["QueueUrl"]
    assert url in aws("sqs", "list-queues")["QueueUrls"]
    aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    [message] = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "5")["Messages"]
    assert message["Body"] == "hello"
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    aws("sqs", "delete-queue", "--queue-url", url)


def test_caller_identity(aws):
    assert aws("sts", "get-caller-identity").keys() == {"UserId", "Account", "Arn"}
