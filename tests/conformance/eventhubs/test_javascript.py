"""Microsoft's client for JavaScript: plain, and over WebSocket with TLS, as it always does that."""

import json
import os
import pathlib
import subprocess

import pytest


def sends_and_receives(namespace, connection_string, *arguments, **environment):
    if not os.environ.get("AZURE_JS"):
        pytest.fail("AZURE_JS is not set; eventhubs.sh gives it")
    hub = namespace.create()
    script = pathlib.Path(__file__).with_name("client.mjs")
    ran = subprocess.run(
        ["node", script, connection_string, hub, "200", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["partitions"] == ["0"] and seen["keys"] == ["key"] and seen["last"] == 199
    assert seen["numbers"] == seen["sequenceNumbers"] == list(range(200))
    assert seen["parities"][:2] == ["even", "odd"]


def test_the_javascript_client_sends_and_receives(namespace):
    sends_and_receives(namespace, namespace.connection_string)


def test_the_javascript_client_uses_web_sockets(namespace):
    trust = {"NODE_EXTRA_CA_CERTS": str(namespace.certificate)}
    sends_and_receives(namespace, namespace.secure_connection_string, "websocket", **trust)
