"""Push to an HTTP endpoint."""

import base64
import json
import os
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.api_core.exceptions import InvalidArgument
from google.auth import jwt


class Endpoint:
    """An endpoint that answers with the given statuses, the last one for ever, and keeps what it got."""

    def __init__(self, *statuses, certificate=None):
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
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/push?token=x"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, number, seconds=60):
        """What came, at least so many requests."""
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.got) >= number, seconds), self.got
            return list(self.got)


@pytest.fixture
def endpoint():
    opened = []

    def open(*statuses, **options):
        opened.append(Endpoint(*(statuses or (204,)), **options))
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


@pytest.fixture
def public_keys(address):
    """The keys that the server publishes, as Google's library for tokens wants them: PEM by id."""

    def number(text):
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    def pem(key):
        public = RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    keys = requests.get(f"http://{address}/oauth2/v3/certs", timeout=10).json()["keys"]
    return {key["kid"]: pem(key) for key in keys}


def token_of(got):
    scheme, token = got[1]["authorization"].split(" ")
    assert scheme == "Bearer"
    return token


@pytest.mark.differs(google="sends no tokens")
@pytest.mark.parametrize("audience", ["", "https://receiver.example.com"])
def test_a_push_carries_a_token_that_can_be_verified(topic, subscription, publish, endpoint, public_keys, audience):
    made, there = topic(), endpoint()
    email = "push@project.iam.gserviceaccount.com"
    oidc = {"service_account_email": email, "audience": audience}
    subscription(made, push_config={"push_endpoint": there.url, "oidc_token": oidc})
    publish(made, "a")
    token = token_of(there.wait(1)[0])
    claims = jwt.decode(token, certs=public_keys, audience=audience or there.url)
    assert (claims["iss"], claims["email"], claims["email_verified"]) == ("https://accounts.google.com", email, True)
    assert claims["exp"] - claims["iat"] == 3600 and abs(claims["iat"] - time.time()) < 120
    assert claims["sub"].isdecimal() and jwt.decode_header(token)["alg"] == "RS256"
    with pytest.raises(ValueError, match="udience"):
        jwt.decode(token, certs=public_keys, audience="https://another.example.com")
    head, signature = token.rsplit(".", 1)
    swapped = ("B" if signature[0] == "A" else "A") + signature[1:]
    with pytest.raises(ValueError, match="ignature"):
        jwt.decode(f"{head}.{swapped}", certs=public_keys, audience=audience or there.url)


@pytest.mark.differs(google="sends no tokens")
def test_a_token_comes_with_a_payload_without_an_envelope_too(topic, subscription, publish, endpoint, public_keys):
    made, there = topic(), endpoint()
    oidc = {"service_account_email": "push@project.iam.gserviceaccount.com"}
    subscription(made, push_config={"push_endpoint": there.url, "oidc_token": oidc, "no_wrapper": {"write_metadata": True}})
    publish(made, "plain", authorization="Bearer mine")
    got = there.wait(1)[0]
    assert got[2] == b"plain" and jwt.decode(token_of(got), certs=public_keys, audience=there.url)


def test_without_metadata_a_payload_comes_alone(topic, subscription, publish, endpoint):
    made, there = topic(), endpoint()
    subscription(made, push_config={"push_endpoint": there.url, "no_wrapper": {"write_metadata": False}})
    publish(made, "plain", lang="de")
    _, headers, body = there.wait(1)[0]
    assert body == b"plain" and "lang" not in headers
    assert not [name for name in headers if name.startswith("x-goog-pubsub") or name == "authorization"]


@pytest.mark.differs(google="takes any")
@pytest.mark.parametrize("email", ["", "nobody", "@"])
def test_a_token_is_for_a_service_account(topic, subscription, email):
    config = {"push_endpoint": "http://127.0.0.1:9/", "oidc_token": {"service_account_email": email, "audience": "a"}}
    with pytest.raises(InvalidArgument):
        subscription(topic(), push_config=config)


@pytest.fixture
def authority():
    """The directory with a certificate that the server under test trusts."""
    directory = os.environ.get("PUBSUB_TLS", "")
    if not os.path.exists(f"{directory}/server.pem"):
        pytest.skip("the server runs already: nothing is known of whom it trusts (--emulator)")
    return directory


@pytest.mark.differs(google="trusts the authorities of Java")
def test_messages_are_pushed_over_https(topic, subscription, publish, endpoint, authority):
    made, there = topic(), endpoint(500, 204, certificate=f"{authority}/server.pem")
    subscription(made, push_config={"push_endpoint": there.url})
    publish(made, "a")
    got = there.wait(2)
    assert {base64.b64decode(pushed(one)["message"]["data"]) for one in got} == {b"a"}


def test_nothing_is_pushed_to_a_stranger(topic, subscription, publish, endpoint, tmp_path, subscriber, pull):
    stranger = tmp_path / "stranger.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", stranger, "-out", tmp_path / "crt"], check=True, capture_output=True)
    stranger.write_bytes(stranger.read_bytes() + (tmp_path / "crt").read_bytes())
    made, there, known = topic(), endpoint(certificate=stranger), endpoint()
    reader = subscription(made, push_config={"push_endpoint": there.url})
    other = subscription(made, push_config={"push_endpoint": known.url})
    assert reader != other
    publish(made, "a")
    known.wait(1)
    subscriber.modify_push_config(subscription=reader, push_config={})
    assert len(pull(reader, seconds=20)) == 1 and there.got == []
