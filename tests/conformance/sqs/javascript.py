"""The AWS SDK for JavaScript 3, called as boto3 is, so that the same tests go through both."""

import base64
import itertools
import json
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path

DEADLINE = 60
"""Seconds until a request without an answer has failed."""


class JavaScriptClient:
    """`client.cjs` in a process of its own. Several threads may call at once."""

    def __init__(self, modules, endpoint, exceptions, region="us-east-1"):
        """`exceptions` are those of a client of boto3: what the service refuses is raised as one of them."""
        self.exceptions = exceptions
        command = ["node", str(Path(__file__).with_name("client.cjs")), modules, endpoint, region]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __getattr__(self, name):
        """`client.send_message(...)`, as boto3 names operations."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **parameters: self._call(_operation(name), parameters)

    def get_paginator(self, name):
        """The pages of an operation, as boto3 gives them."""
        return _Paginator(lambda size, parameters: self._call(_operation(name), parameters, pageSize=size))

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait(DEADLINE)
        self._reader.join(DEADLINE)

    def _call(self, operation, parameters, **more):
        request = {"id": next(self._numbers), "operation": operation, "input": parameters, **more}
        waiting = Future()
        with self._lock:
            self._waiting[request["id"]] = waiting
            self._process.stdin.write(json.dumps(request, default=_to_json) + "\n")
            self._process.stdin.flush()
        answer = waiting.result(DEADLINE)
        if error := answer.get("error"):
            assert error["status"], f"{operation} was not refused by the service: {error}"
            raise self._exception(error, operation)
        return answer["output"]

    def _exception(self, error, operation):
        response = {
            "Error": {"Code": error["code"], "Message": error["message"]},
            "ResponseMetadata": {"HTTPStatusCode": error["status"]},
        }
        return self.exceptions.from_code(error["code"])(response, operation)

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line, object_hook=_of_json)
            with self._lock:
                waiting = self._waiting.pop(answer["id"])
            waiting.set_result(answer)
        with self._lock:
            left, self._waiting = self._waiting, {}
        for waiting in left.values():
            waiting.set_exception(RuntimeError("the client for JavaScript has ended"))


class _Paginator:
    def __init__(self, pages):
        self._pages = pages

    def paginate(self, PaginationConfig, **parameters):
        return self._pages(PaginationConfig["PageSize"], parameters)


def _operation(name):
    """`send_message` as `SendMessage`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _to_json(value):
    return {"base64": base64.b64encode(value).decode()}


def _of_json(value):
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value
