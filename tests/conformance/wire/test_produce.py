"""Produce requests as a faulty or hostile client may send them: stored or refused, with which error."""

import struct

import crc32c
import pytest
from kafka.protocol.metadata import ApiVersionsRequest

from support.records import CODECS
from support.wire import Wire, batch, produce, produce_request

CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUIRED_ACKS = 2, 3, 21
UNSUPPORTED_COMPRESSION_TYPE, INVALID_RECORD = 76, 87
_LENGTH, _MAGIC, _CRC, _ATTRIBUTES, _LAST_DELTA, _COUNT = 8, 16, 17, 22, 23, 57


@pytest.fixture
def wire(target):
    with Wire(target.bootstrap) as connection:
        yield connection


def patched(data, at, new, *, mend_crc=True):
    """A batch with bytes replaced, its checksum made right again unless told otherwise."""
    data = bytearray(data)
    data[at:at + len(new)] = new
    if mend_crc:
        data[_CRC:_CRC + 4] = struct.pack(">I", crc32c.crc32c(bytes(data[_CRC + 4:])))
    return bytes(data)


def int32(number):
    return struct.pack(">i", number)


@pytest.mark.parametrize("version", range(3, 10))
@pytest.mark.parametrize("codec", CODECS)
def test_every_version_stores_every_codec_or_says_it_is_too_old_for_it(target, wire, version, codec):
    topic = target.topic()
    values = [b"%d" % i * 100 for i in range(20)]
    answer = produce(wire, topic, batch(values, codec=codec), version=version)
    if codec == "zstd" and version < 7:
        assert answer.error_code == UNSUPPORTED_COMPRESSION_TYPE
        assert target.read(topic) == []
    else:
        assert (answer.error_code, answer.base_offset) == (0, 0)
        assert [r.value for r in target.read(topic)] == values


def test_no_acknowledgement_means_no_response(target, wire):
    topic = target.topic()
    produce(wire, topic, batch([b"silent"]), acks=0)
    assert wire.ask(ApiVersionsRequest[0]()).error_code == 0  # checks the correlation id
    assert [r.value for r in target.read(topic)] == [b"silent"]


def test_pipelined_requests_are_stored_and_answered_in_order(target, wire):
    topic = target.topic()
    sent = [wire.tell(produce_request(topic, batch([b"%d" % i]))) for i in range(200)]
    offsets = [wire.answer(request).responses[0].partition_responses[0].base_offset for request in sent]
    assert offsets == list(range(200))
    assert [r.value for r in target.read(topic)] == [b"%d" % i for i in range(200)]


REFUSED = {
    "with a wrong checksum": (lambda b: patched(b, len(b) - 1, b"!", mend_crc=False), CORRUPT_MESSAGE),
    "shorter than a batch header": (lambda b: patched(b, _LENGTH, int32(5), mend_crc=False), CORRUPT_MESSAGE),
    "of an old message format": (lambda b: patched(b, _MAGIC, b"\x01"), INVALID_RECORD),
    "marked as a control batch": (lambda b: patched(b, _ATTRIBUTES, b"\x20"), INVALID_RECORD),
    "that counts more records than it has": (lambda b: patched(b, _COUNT, int32(5)), INVALID_RECORD),
    "whose last offset does not match its count": (lambda b: patched(b, _LAST_DELTA, int32(5)), INVALID_RECORD),
    "followed by a second batch": (lambda b: b + b, INVALID_RECORD),
    "that is empty": (lambda b: b"", INVALID_RECORD),
    "with an unknown codec": (lambda b: patched(b, _ATTRIBUTES, b"\x07"), None),
    "called gzip but not gzip": (lambda b: patched(b, _ATTRIBUTES, b"\x01"), None),
    "longer than what was sent": (lambda b: patched(b, _LENGTH, int32(2**31 - 1), mend_crc=False), None),
}


@pytest.mark.parametrize("what", REFUSED)
def test_batch_is_refused_and_nothing_stored(target, wire, what):
    topic = target.topic()
    spoil, code = REFUSED[what]
    answer = produce(wire, topic, spoil(batch([b"a", b"b"])))
    assert answer.error_code == code if code is not None else answer.error_code != 0
    assert produce(wire, topic, batch([b"good"])).base_offset == 0
    assert [r.value for r in target.read(topic)] == [b"good"]


def test_damaged_compressed_records_are_refused(target, wire):
    topic = target.topic()
    whole = batch([b"a" * 500] * 9, codec="gzip")
    answer = produce(wire, topic, patched(whole, len(whole) - 20, b"????"))
    assert answer.error_code != 0
    assert target.read(topic) == []


def test_unknown_topic_and_partition_are_refused(target, wire):
    topic = target.topic()
    for name, partition in ((target.name(), 0), (topic, 1), (topic, -1)):
        answer = produce(wire, name, batch([b"x"]), partition=partition)
        assert answer.error_code == UNKNOWN_TOPIC_OR_PARTITION


def test_unknown_number_of_acknowledgements_is_refused(target, wire):
    assert produce(wire, target.topic(), batch([b"x"]), acks=2).error_code == INVALID_REQUIRED_ACKS
