"""Runs actions of kafkajs (`kafkajs/actions.cjs`) and translates their records."""

import base64
import json
import os

from support.programs import PEERS, SUITE, run
from support.records import Record


def action(target, name, code=0, **options):
    """The answer of one action; with another exit code, what it said on standard error."""
    modules = PEERS / "js" / "node_modules"
    assert (modules / "kafkajs").is_dir(), "kafkajs is missing: run tests/peers/install.sh"
    os.environ["NODE_PATH"] = str(modules)
    options = {"brokers": [target.bootstrap], **options}
    result = run(["node", SUITE / "kafkajs" / "actions.cjs", name], stdin=json.dumps(options), code=code)
    return json.loads(result.out) if code == 0 else result.err.decode()


def plain(record):
    """A Record as JSON; bytes become base64."""
    return {"key": _text(record.key), "value": _text(record.value), "timestamp": record.timestamp,
            "partition": record.partition, "headers": [[name, _text(value)] for name, value in record.headers]}


def record(found):
    """A record that an action returned, as a Record."""
    headers = tuple((name, _bytes(value)) for name, value in found["headers"])
    return Record(_bytes(found["key"]), _bytes(found["value"]), headers, found["timestamp"], found["partition"],
                  found["offset"])


def _text(data):
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text):
    return None if text is None else base64.b64decode(text)
