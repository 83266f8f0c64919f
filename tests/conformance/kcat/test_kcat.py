"""kcat of the distribution (librdkafka 2.0): produce, consume, query, metadata, groups, transactions."""

import json

import pytest

from support.programs import kcat
from support.records import (
    CODECS, RECENT, TRICKY, VOLUME, Record, assert_complete_and_ordered, number_of, numbered,
)
from support.wait import eventually


def consume(target, topic, *arguments):
    return kcat(target, "-C", "-t", topic, "-e", *arguments).lines


def test_metadata_lists_brokers_topics_and_partitions(target):
    topic = target.topic(partitions=3)
    found = json.loads(kcat(target, "-L", "-J", "-t", topic).out)
    assert target.bootstrap.rsplit(":", 1)[1] in found["brokers"][0]["name"]
    listed, = found["topics"]
    assert listed["topic"] == topic
    assert [(p["partition"], p["leader"]) for p in listed["partitions"]] == [
        (p, found["brokers"][0]["id"]) for p in range(3)]


@pytest.mark.parametrize("codec", CODECS)
def test_lines_go_through_every_codec(target, codec):
    topic = target.topic()
    lines = [f"line {i} " + "x" * (i % 50) for i in range(1000)]
    kcat(target, "-P", "-t", topic, "-z", codec, stdin="\n".join(lines))
    assert consume(target, topic) == lines


@pytest.mark.parametrize("codec", CODECS)
def test_reads_what_another_client_wrote(target, codec):
    topic = target.topic()
    records = [r for r in TRICKY if len(r.value or b"") < 1000]
    target.produce(topic, records, compression_type=codec, linger_ms=50)
    found = kcat(target, "-C", "-t", topic, "-e", "-f", r"%K %S %T %p %o\n").lines

    def size(data):
        return -1 if data is None else len(data)

    assert found == [f"{size(r.key)} {size(r.value)} {r.timestamp} 0 {i}" for i, r in enumerate(records)]


def test_keys_headers_and_null_values_are_written(target):
    topic = target.topic()
    kcat(target, "-P", "-t", topic, "-K", ":", "-Z", "-H", "a=1", "-H", "b=2", "-H", "a=3", stdin="k1:v1\nk2:\n:v3\n")
    headers = (("a", b"1"), ("b", b"2"), ("a", b"3"))
    found = [(r.key, r.value, r.headers) for r in target.read(topic)]
    assert found[:2] == [(b"k1", b"v1", headers), (b"k2", None, headers)]
    assert found[2][1:] == (b"v3", headers)


def test_whole_file_is_one_message(target, tmp_path):
    topic = target.topic()
    content = bytes(range(256)) * 3500
    (tmp_path / "file").write_bytes(content)
    kcat(target, "-P", "-t", topic, tmp_path / "file")
    assert [r.value for r in target.read(topic)] == [content]


def test_offsets_beginning_end_absolute_and_relative(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i) for i in range(20)])
    everything = [str(i) for i in range(20)]
    assert consume(target, topic, "-o", "beginning") == everything
    assert consume(target, topic, "-o", "end") == []
    assert consume(target, topic, "-p", "0", "-o", "15") == everything[15:]
    assert consume(target, topic, "-o", "-3") == everything[17:]
    assert consume(target, topic, "-o", "5", "-c", "4") == everything[5:9]


def test_offsets_by_time_bound_both_ends(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i, timestamp=RECENT + i * 10) for i in range(20)], linger_ms=50)
    assert consume(target, topic, "-o", f"s@{RECENT + 95}") == [str(i) for i in range(10, 20)]
    assert consume(target, topic, "-o", f"s@{RECENT + 50}", "-o", f"e@{RECENT + 100}") == [str(i) for i in range(5, 10)]


def test_query_answers_offsets_for_times(target):
    topic = target.topic(partitions=2)
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + i * 10) for i in range(20)], linger_ms=50)
    for when, expected in ((RECENT + 95, 10), (RECENT + 1000, -1), (-1, 20), (-2, 0)):
        assert f"{topic} [0] offset {expected}" in kcat(target, "-Q", "-t", f"{topic}:0:{when}").text
    assert f"{topic} [1] offset 0" in kcat(target, "-Q", "-t", f"{topic}:1:-1").text


def test_producing_creates_the_topic(target):
    topic = target.name()
    target.adopt(topic)
    kcat(target, "-P", "-t", topic, stdin="hello\n")
    assert consume(target, topic) == ["hello"]


def test_consuming_an_unknown_topic_fails_with_its_name(target):
    topic = target.name()
    result = kcat(target, "-C", "-t", topic, "-e", "-X", "allow.auto.create.topics=false", code=None)
    assert result.code != 0 and topic in result.said and "nknown topic" in result.said


def test_group_reads_once_and_resumes_after_its_commit(target):
    topic, group = target.topic(partitions=2), target.name("group")
    target.produce(topic, [Record(None, b"%d" % i, partition=i % 2) for i in range(10)])
    arguments = ["-G", group, "-e", "-X", "auto.offset.reset=earliest", topic]
    assert sorted(kcat(target, *arguments).lines, key=int) == [str(i) for i in range(10)]
    assert kcat(target, *arguments).lines == []
    target.produce(topic, [Record(None, b"10", partition=1)])
    assert kcat(target, *arguments).lines == ["10"]


def test_transaction_is_committed_at_the_end_of_input(target):
    topic = target.topic()
    kcat(target, "-P", "-t", topic, "-X", f"transactional.id={target.name('txn')}", stdin="one\ntwo\n")
    eventually(lambda: consume(target, topic, "-X", "isolation.level=read_committed") == ["one", "two"], "the commit")


def test_message_that_is_too_large_is_refused(target):
    topic = target.topic(max_message_bytes=2000)
    result = kcat(target, "-P", "-t", topic, stdin="x" * 5000, code=None, quiet=False)
    assert result.code != 0 and "too large" in result.said
    assert consume(target, topic) == []


@pytest.mark.volume
@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_volume_arrives_complete_and_in_order(target, codec):
    topic = target.topic(partitions=4)
    lines = b"".join(b"%d\t%s\n" % (i % 97, numbered(i)) for i in range(VOLUME))
    kcat(target, "-P", "-t", topic, "-K", r"\t", "-z", codec, "-X", "enable.idempotence=true", stdin=lines)
    numbers = {p: [] for p in range(4)}
    for line in kcat(target, "-C", "-t", topic, "-e", "-f", r"%p %s\n").out.splitlines():
        partition, value = line.split(b" ", 1)
        numbers[int(partition)].append(number_of(value))
    assert_complete_and_ordered(numbers, VOLUME)
