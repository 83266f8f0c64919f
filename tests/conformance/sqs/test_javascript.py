"""What the SDK for JavaScript does for the tests that go through it: it compares digests."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqs.conftest import client_of
from sqs.javascript import JavaScriptClient


class Liar(BaseHTTPRequestHandler):
    """A service whose digests are wrong."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        answers = {
            "SendMessage": {"MessageId": "m", "MD5OfMessageBody": "0" * 32},
            "SendMessageBatch": {"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "0" * 32}], "Failed": []},
            "ReceiveMessage": {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "x", "MD5OfBody": "0" * 32}]},
        }
        answer = json.dumps(answers[operation]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def liar():
    server = HTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = JavaScriptClient(os.environ["SQS_JS"], url, client_of("sqs", url).exceptions)
    yield client
    client.close()
    server.shutdown()


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("send_message", {"MessageBody": "x"}),
        ("send_message_batch", {"Entries": [{"Id": "0", "MessageBody": "x"}]}),
        ("receive_message", {}),
    ],
)
def test_a_wrong_digest_is_noticed(liar, operation, parameters):
    with pytest.raises(AssertionError, match="(?i)checksum|md5"):
        getattr(liar, operation)(QueueUrl="http://127.0.0.1/1/q", **parameters)
