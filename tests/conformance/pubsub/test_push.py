"""Push to an HTTP endpoint."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Endpoint:
    """An endpoint that answers with the given statuses, the last one for ever, and keeps what it got."""

    def __init__(self, *statuses):
        self.statuses, self.got, self.lock = list(statuses), [], threading.Condition()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with endpoint.lock:
                    status = endpoint.statuses[0] if len(endpoint.statuses) == 1 else endpoint.statuses.pop(0)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    endpoint.got.append((self.path, headers, body))
                    endpoint.lock.notify_all()
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/push?token=x"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, number, seconds=60):
        """What came, at least so many requests."""
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.got) >= number, seconds), self.got
            return list(self.got)


@pytest.fixture
def endpoint():
    opened = []

    def open(*statuses):
        opened.append(Endpoint(*(statuses or (204,))))
        return opened[-1]

    yield open
    for one in opened:
        one.server.shutdown()
        one.server.server_close()


def pushed(got):
    return json.loads(got[2])


def test_a_message_is_pushed_in_an_envelope(topic, subscription, publish, endpoint):
    made, there = topic(), endpoint()
    reader = subscription(made, push_config={"push_endpoint": there.url})
    ids = publish(made, "hi", lang="de")
    got = there.wait(1)[0]
    assert got[0] == "/push?token=x" and got[1]["content-type"].startswith("application/json")
    body = pushed(got)
    message = body["message"]
    assert body["subscription"] == reader and message["attributes"] == {"lang": "de"}
    assert base64.b64decode(message["data"]) == b"hi"
    assert message["messageId"] == message["message_id"] == ids[0]
    assert message["publishTime"] == message["publish_time"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_good_answer_acknowledges(topic, subscription, publish, endpoint, status):
    made, there = topic(), endpoint(status)
    subscription(made, push_config={"push_endpoint": there.url})
    publish(made, "a")
    publish(made, "b")
    bodies = [pushed(got)["message"]["data"] for got in there.wait(2)]
    assert sorted(map(base64.b64decode, bodies)) == [b"a", b"b"]


def test_a_message_is_pushed_until_it_is_taken(topic, subscription, publish, endpoint):
    made, there = topic(), endpoint(500, 302, 404, 200)
    subscription(made, push_config={"push_endpoint": there.url})
    publish(made, "a")
    got = there.wait(4)
    assert {path for path, _, _ in got} == {"/push?token=x"}
    assert len({pushed(one)["message"]["messageId"] for one in got}) == 1


@pytest.mark.differs(google="leaves the ordering key out")
def test_messages_of_a_key_are_pushed_one_by_one(topic, subscription, publish, endpoint):
    made, there = topic(), endpoint()
    subscription(made, push_config={"push_endpoint": there.url}, enable_message_ordering=True)
    publish(made, *"abcdef", key="k")
    messages = [pushed(got)["message"] for got in there.wait(6)]
    assert [base64.b64decode(one["data"]).decode() for one in messages] == list("abcdef")
    assert {one["orderingKey"] for one in messages} == {"k"}


def test_a_payload_can_come_without_an_envelope(topic, subscription, publish, endpoint):
    made, there = topic(), endpoint()
    config = {"push_endpoint": there.url, "no_wrapper": {"write_metadata": True}}
    reader = subscription(made, push_config=config)
    ids = publish(made, "plain", lang="de")
    _, headers, body = there.wait(1)[0]
    assert body == b"plain" and headers["lang"] == "de"
    assert headers["x-goog-pubsub-message-id"] == ids[0]
    assert headers["x-goog-pubsub-subscription-name"] == reader


def test_a_push_subscription_becomes_one_for_pulls(subscriber, topic, subscription, publish, pull, endpoint):
    made, there = topic(), endpoint()
    reader = subscription(made, push_config={"push_endpoint": there.url})
    subscriber.modify_push_config(subscription=reader, push_config={})
    publish(made, "a")
    assert len(pull(reader)) == 1
    subscriber.modify_push_config(subscription=reader, push_config={"push_endpoint": there.url})
    publish(made, "b")
    assert base64.b64decode(pushed(there.wait(1)[0])["message"]["data"]) == b"b"
