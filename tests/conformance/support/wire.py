"""One connection that speaks the protocol itself, for what no client sends: repeats, corruption, garbage, old versions.

Requests and responses are built from the schemas that kafka-python carries (`kafka.protocol`).
"""

import socket
import struct

from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.producer import ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

from support.wait import DEADLINE, eventually

CODEC_BITS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

_NOT_LEADER = 6


class Closed(Exception):
    """The broker closed the connection."""


class Wire:
    """A connection; use it in a `with` block."""

    def __init__(self, bootstrap, timeout=DEADLINE):
        host, port = bootstrap.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self._correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request):
        """Sends one request (`SomeRequest[version](...)`) and returns its decoded response."""
        return self.answer(self.tell(request))

    def tell(self, request):
        """Sends a request without waiting; `answer` takes what this returns."""
        self._correlation += 1
        request.with_header(correlation_id=self._correlation, client_id="wire")
        self.socket.sendall(request.encode(framed=True, header=True))
        return request

    def answer(self, request):
        """The response to a request that was sent with `tell`."""
        frame = self.frame()
        found = struct.unpack_from(">i", frame)[0]
        wanted = request.header.correlation_id
        assert found == wanted, f"response carries correlation id {found} instead of {wanted}"
        return request.header.get_response_class().decode(frame, header=True)

    def frame(self):
        """The next length-prefixed frame from the broker."""
        size = struct.unpack(">i", self._exactly(4))[0]
        return self._exactly(size)

    def raw(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def drained(self):
        """Ends our side and waits until the broker ends its own; whatever it says before is dropped."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the broker was faster
        return self.closed_by_broker()

    def closed_by_broker(self):
        """Waits until the broker closes the connection; whatever it says before is dropped."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return True

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionError:
                more = b""
            if not more:
                raise Closed(f"after {len(data)} of {size} bytes")
            data += more
        return data


def api_versions(bootstrap):
    """What the broker says it speaks: {api key: (lowest version, highest version)}."""
    with Wire(bootstrap) as wire:
        found = wire.ask(ApiVersionsRequest[0]())
        assert found.error_code == 0
        return {api.api_key: (api.min_version, api.max_version) for api in found.api_keys}


def batch(values, *, codec="none", producer_id=-1, epoch=-1, sequence=-1, transactional=False, key=b"k"):
    """An encoded record batch (magic 2) with one record for each value."""
    builder = DefaultRecordBatchBuilder(2, CODEC_BITS[codec], transactional, producer_id, epoch, sequence, 1 << 20)
    for offset, value in enumerate(values):
        builder.append(offset, timestamp=None, key=key, value=value, headers=[])
    return bytes(builder.build())


def produce(wire, topic, records, *, version=7, acks=-1, partition=0, transactional_id=None):
    """Sends encoded batches with one Produce request; returns the partition's answer (None when acks=0).

    A partition that is so new that its leader does not know it yet is asked again, as every client does.
    """
    if acks == 0:
        wire.tell(produce_request(topic, records, version, acks, partition, transactional_id))
        return None

    def answered():
        request = produce_request(topic, records, version, acks, partition, transactional_id)
        answer, = wire.ask(request).responses
        return answer.partition_responses[0].error_code != _NOT_LEADER and answer.partition_responses[0]

    return eventually(answered, f"{topic} has a leader")


def produce_request(topic, records, version=7, acks=-1, partition=0, transactional_id=None):
    """A Produce request that carries encoded batches for one partition."""
    data = {"name": topic, "partition_data": [{"index": partition, "records": records}]}
    return build(ProduceRequest, version, transactional_id=transactional_id, acks=acks, timeout_ms=10_000,
                 topic_data=[data])


def build(request, version, **fields):
    """A request from plain dictionaries and lists; fields that the version does not have are left out."""
    return _struct(request[version], request._struct.fields, version, fields)


def _struct(make, schema, version, fields):
    converted = {}
    for name, value in fields.items():
        field = schema[name]
        if not field.for_version_q(version):
            continue
        if field.is_struct_array() and value is not None:
            value = [_struct(field.data_class, field.fields, version, item) for item in value]
        elif field.is_struct() and value is not None:
            value = _struct(field.data_class, field.fields, version, value)
        converted[name] = value
    return make(version=version, **converted)


def error_codes(answer):
    """Every error code in a response, wherever it stands: {"path": code} for those that are not zero."""
    return {path: code for path, code in _codes(answer.to_dict(), "") if code}


def _codes(tree, path):
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, (dict, list)):
            yield from _codes(value, f"{path}{name}.")
        elif str(name).endswith("error_code"):
            yield f"{path}{name}", value
