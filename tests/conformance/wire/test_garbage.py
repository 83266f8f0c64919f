"""Bytes that are no request: the broker drops the connection at most, and serves everyone else."""

import os
import random
import resource
import struct

import pytest
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest

from support.records import Record
from support.wire import Closed, Wire, batch, build, produce, produce_request

_METADATA, _FETCH, _UNKNOWN = 3, 1, 9999


@pytest.fixture
def bystander(target):
    """A connection that was there before; it must still be served when the test is over."""
    with Wire(target.bootstrap) as wire:
        wire.ask(ApiVersionsRequest[0]())
        yield wire
        assert wire.ask(ApiVersionsRequest[0]()).error_code == 0
    topic = target.topic()
    target.produce(topic, [Record(None, b"still here")])
    assert [r.value for r in target.read(topic)] == [b"still here"]


def frame(body):
    return struct.pack(">i", len(body)) + body


def header(key, version, correlation=1):
    return struct.pack(">hhi", key, version, correlation) + struct.pack(">h", 4) + b"wire"


GARBAGE = {
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a TLS hello": bytes.fromhex("16030100ca010000c60303") + bytes(200),
    "a length of 2 GiB": struct.pack(">i", 2**31 - 1) + bytes(100),
    "a negative length": struct.pack(">i", -5) + bytes(100),
    "an empty frame": frame(b""),
    "a frame shorter than a header": frame(b"\x00\x03"),
    "an unknown request": frame(header(_UNKNOWN, 0)),
    "a negative request key": frame(header(-1, 0)),
    "a version from the future": frame(header(_FETCH, 999)),
    "a negative version": frame(header(_METADATA, -3)),
    "a client id longer than the frame": frame(struct.pack(">hhih", _METADATA, 1, 1, 30_000) + b"short"),
    "an array of 2^31 entries": frame(header(_METADATA, 1) + struct.pack(">i", 2**31 - 1)),
    "an array of -5 entries": frame(header(_METADATA, 1) + struct.pack(">i", -5)),
    "a string longer than the frame": frame(header(_METADATA, 1) + struct.pack(">ih", 1, 32_000) + b"x"),
    "a compact array of 2^31 entries": frame(header(_METADATA, 12) + b"\x00" + b"\xff\xff\xff\xff\x07" + bytes(8)),
    "a number that never ends": frame(header(_METADATA, 12) + b"\x00" + b"\xff" * 40),
    "bytes that are not UTF-8": frame(header(_METADATA, 1) + struct.pack(">ih", 1, 4) + b"\xff\xfe\xfd\xfc"),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_connection_is_dropped_or_answered_and_others_are_served(target, bystander, what):
    with Wire(target.bootstrap) as wire:
        wire.raw(GARBAGE[what])
        assert wire.drained()


def test_half_a_request_may_wait_for_its_rest(target, bystander):
    with Wire(target.bootstrap) as wire:
        request = ApiVersionsRequest[0]()
        request.with_header(correlation_id=1, client_id="wire")
        data = request.encode(framed=True, header=True)
        for byte in data[:-1]:
            wire.raw(bytes([byte]))
        bystander.ask(ApiVersionsRequest[0]())
        wire.raw(data[-1:])
        assert wire.frame()[:4] == b"\x00\x00\x00\x01"


def test_client_that_leaves_in_the_middle_of_a_batch_stores_nothing(target, bystander):
    topic = target.topic()
    with Wire(target.bootstrap) as wire:
        request = produce_request(topic, batch([b"x" * 10_000]))
        request.with_header(correlation_id=1, client_id="wire")
        wire.raw(request.encode(framed=True, header=True)[:-100])
    assert target.read(topic) == []
    with Wire(target.bootstrap) as wire:
        assert produce(wire, topic, batch([b"y"])).base_offset == 0


def test_random_bytes_in_well_formed_frames(target, bystander):
    """Random bodies behind every known request header; a fixed seed makes a failure repeatable."""
    source = random.Random(int(os.environ.get("CONFORMANCE_SEED", "7")))
    for key in range(0, 76):
        for version in (0, 1, 4, 9):
            with Wire(target.bootstrap) as wire:
                wire.raw(frame(header(key, version) + source.randbytes(source.randrange(1, 120))))
                assert wire.drained()


def test_valid_requests_with_flipped_bits(target, bystander):
    source = random.Random(int(os.environ.get("CONFORMANCE_SEED", "7")))
    topic = target.topic()
    request = build(MetadataRequest, 12, topics=[{"name": topic}], allow_auto_topic_creation=False)
    request.with_header(correlation_id=1, client_id="wire")
    good = request.encode(header=True)
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(source.randrange(1, 4)):
            bad[source.randrange(2, len(bad))] ^= 1 << source.randrange(8)
        with Wire(target.bootstrap) as wire:
            wire.raw(frame(bytes(bad)))
            assert wire.drained()


def test_a_thousand_idle_connections_do_not_keep_others_out(target, bystander):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    idle = []
    try:
        for _ in range(1000):
            idle.append(Wire(target.bootstrap))
        with Wire(target.bootstrap) as wire:
            assert wire.ask(ApiVersionsRequest[0]()).error_code == 0
        assert idle[0].ask(ApiVersionsRequest[0]()).error_code == 0
        assert idle[999].ask(ApiVersionsRequest[0]()).error_code == 0
    except Closed as error:
        raise AssertionError("an idle connection was closed") from error
    finally:
        for wire in idle:
            wire.socket.close()
