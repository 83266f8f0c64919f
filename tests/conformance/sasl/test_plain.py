"""SASL PLAIN with every client: the right password works, a wrong one or none is refused."""

import struct

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from kafka.errors import KafkaError as KafkaPythonError
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from support.js import action, plain
from support.kpy import Clients
from support.programs import run, tool_command
from support.records import TRICKY, Record
from support.target import Target
from support.wire import Closed, Wire, build

ILLEGAL_SASL_STATE, UNSUPPORTED_SASL_MECHANISM, SASL_AUTHENTICATION_FAILED = 34, 33, 58


@pytest.fixture
def secured(sasl, request):
    """The target behind its SASL listener, with the right credentials."""
    target = Target(sasl.address, request.node.name, **sasl.librdkafka())
    yield target
    target.clean_up()


@pytest.fixture
def wrong(sasl):
    """Credentials that nobody has."""
    return sasl._replace(password="not the password")


def kcat(login, *arguments, **options):
    settings = [part for key, value in login.librdkafka().items() for part in ("-X", f"{key}={value}")]
    return run(["kcat", "-b", login.address, *settings, *arguments], **options)


def test_confluent_kafka_produces_and_consumes(secured):
    topic = secured.topic()
    secured.produce(topic, TRICKY)
    assert [r.content() for r in secured.read(topic)] == [r.content() for r in TRICKY]


def test_confluent_kafka_is_told_of_a_wrong_password(wrong):
    errors = []
    config = {"bootstrap.servers": wrong.address, "log_level": 0, "error_cb": lambda e: errors.append(e.code())}
    admin = AdminClient({**config, **wrong.librdkafka()})
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=15)
    admin.poll(0)
    assert KafkaError._AUTHENTICATION in errors


def test_kcat_with_right_and_wrong_password(secured, sasl, wrong):
    topic = secured.topic()
    kcat(sasl, "-P", "-t", topic, stdin="hello\n")
    assert kcat(sasl, "-C", "-q", "-e", "-t", topic).lines == ["hello"]
    refused = kcat(wrong, "-L", code=None)
    assert refused.code != 0 and "uthentication" in refused.said


def test_kafka_python_with_right_and_wrong_password(secured, sasl, wrong):
    topic = secured.topic()
    clients = Clients(secured, **sasl.kafka_python())
    clients.produce(topic, [Record(b"k", b"v")])
    assert [r.value for r in clients.read(topic, 1)] == [b"v"]
    with pytest.raises(KafkaPythonError):
        Clients(secured, **wrong.kafka_python(), bootstrap_timeout_ms=15000).produce(topic, [Record(b"k", b"no")])


def test_kafkajs_with_right_and_wrong_password(secured, sasl, wrong):
    topic = secured.topic()
    action(secured, "produce", sasl=sasl.kafkajs(), topic=topic, records=[plain(Record(b"k", b"v"))])
    assert [r.value for r in secured.read(topic)] == [b"v"]
    refused = action(secured, "admin", sasl=wrong.kafkajs(), calls=[["listTopics", None]], code=1)
    assert "SASL" in refused


def test_java_tools_with_right_and_wrong_password(secured, sasl, wrong, tmp_path):
    topic = secured.topic()
    listing = ["--list", "--command-config", tmp_path / "login"]
    (tmp_path / "login").write_text(sasl.java())
    assert topic in run(tool_command("kafka-topics", "--bootstrap-server", sasl.address, *listing)).lines
    (tmp_path / "login").write_text(wrong.java())
    refused = run(tool_command("kafka-topics", "--bootstrap-server", sasl.address, *listing), code=None)
    assert refused.code != 0 and "SaslAuthenticationException" in refused.said


def test_requests_before_authentication_are_not_carried_out(sasl):
    with Wire(sasl.address) as wire:
        assert wire.ask(ApiVersionsRequest[0]()).error_code == 0
        wire.tell(build(MetadataRequest, 1, topics=None))
        with pytest.raises(Closed):
            wire.frame()


def authenticate(wire, data):
    return wire.ask(build(SaslAuthenticateRequest, 1, auth_bytes=data))


def test_handshake_offers_plain_and_refuses_unknown_mechanisms(sasl):
    with Wire(sasl.address) as wire:
        answer = wire.ask(build(SaslHandshakeRequest, 1, mechanism="ROT13"))
        assert answer.error_code == UNSUPPORTED_SASL_MECHANISM and "PLAIN" in answer.mechanisms


@pytest.mark.parametrize("token", [b"", b"\0", b"\0alice\0wrong", b"no zeros", b"\0\0\0\0", b"\xff\xfe\0a\0b"])
def test_malformed_or_wrong_token_is_refused(sasl, token):
    with Wire(sasl.address) as wire:
        assert wire.ask(build(SaslHandshakeRequest, 1, mechanism="PLAIN")).error_code == 0
        assert authenticate(wire, token).error_code == SASL_AUTHENTICATION_FAILED
        assert wire.closed_by_broker()


def test_right_token_opens_the_connection(sasl):
    with Wire(sasl.address) as wire:
        assert wire.ask(build(SaslHandshakeRequest, 1, mechanism="PLAIN")).error_code == 0
        assert authenticate(wire, f"\0{sasl.user}\0{sasl.password}".encode()).error_code == 0
        assert wire.ask(build(MetadataRequest, 1, topics=None)).brokers


def test_handshake_of_version_zero_is_followed_by_a_bare_token(sasl):
    """Clients from before KIP-152 send the token without a request around it."""
    with Wire(sasl.address) as wire:
        assert wire.ask(build(SaslHandshakeRequest, 0, mechanism="PLAIN")).error_code == 0
        token = f"\0{sasl.user}\0{sasl.password}".encode()
        wire.raw(struct.pack(">i", len(token)) + token)
        assert wire.frame() == b""
        assert wire.ask(build(MetadataRequest, 1, topics=None)).brokers
