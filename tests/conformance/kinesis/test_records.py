"""Writing and reading records: routing, sequence numbers, iterators, limits of requests."""

import datetime
import hashlib
import time

import pytest

from .errors import VALIDATION, refused

MIB = 1 << 20


def put(kinesis, stream, *data, key="k"):
    """Puts records and returns their sequence numbers."""
    return [kinesis.put_record(StreamName=stream, Data=one, PartitionKey=key)["SequenceNumber"] for one in data]


def bodies(records):
    return [record["Data"] for record in records]


def test_bytes_and_keys_survive(kinesis, stream, read):
    made = stream()
    everything = bytes(range(256))
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
    put(kinesis, made, everything, b"\0", key="ключ ☃")
    records = read(made)
    assert bodies(records) == [everything, b"\0"]
    assert {record["PartitionKey"] for record in records} == {"ключ ☃"}
    assert all(before < record["ApproximateArrivalTimestamp"] for record in records)


def test_the_md5_of_the_key_finds_the_shard(kinesis, stream, shards):
    made = stream(5)
    ranges = [shard["HashKeyRange"] for shard in shards(made)]
    for number in range(50):
        key = f"key-{number}"
        at = int(hashlib.md5(key.encode()).hexdigest(), 16)
        answer = kinesis.put_record(StreamName=made, Data=b"x", PartitionKey=key)
        bounds = ranges[int(answer["ShardId"].removeprefix("shardId-"))]
        assert int(bounds["StartingHashKey"]) <= at <= int(bounds["EndingHashKey"])


@pytest.mark.differs(moto="answers with an error of its own")
def test_an_explicit_hash_key_overrides_it(kinesis, stream, shards):
    made = stream(3)
    for shard in shards(made):
        for at in shard["HashKeyRange"].values():
            answer = kinesis.put_record(StreamName=made, Data=b"x", PartitionKey="same", ExplicitHashKey=at)
            assert answer["ShardId"] == shard["ShardId"]
    with refused("InvalidArgumentException"):
        kinesis.put_record(StreamName=made, Data=b"x", PartitionKey="k", ExplicitHashKey=str(2**128))


@pytest.mark.differs(moto="accepts any text", kinesalite="accepts leading zeros")
def test_a_hash_key_is_a_number(kinesis, stream):
    with refused(*VALIDATION):
        kinesis.put_record(StreamName=stream(), Data=b"x", PartitionKey="k", ExplicitHashKey="01")


@pytest.mark.differs(moto="numbers records from 1")
def test_sequence_numbers_grow_and_have_56_digits(kinesis, stream):
    made = stream()
    numbers = put(kinesis, made, *[b"x"] * 20)
    assert all(len(number) == 56 for number in numbers)
    assert [int(number) for number in numbers] == sorted({int(number) for number in numbers})
    later = kinesis.put_record(StreamName=made, Data=b"x", PartitionKey="k", SequenceNumberForOrdering=numbers[-1])
    assert int(later["SequenceNumber"]) > int(numbers[-1])


@pytest.mark.differs(moto="numbers records from 1 in every shard")
def test_put_records_answers_for_each(kinesis, stream, read):
    made = stream(2)
    entries = [{"Data": b"%d" % number, "PartitionKey": str(number)} for number in range(500)]
    answer = kinesis.put_records(StreamName=made, Records=entries)
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 500
    found = {record["SequenceNumber"]: record["Data"] for number in range(2) for record in read(made, f"shardId-{number:012}")}
    assert len(found) == 500
    assert [found[one["SequenceNumber"]] for one in answer["Records"]] == [entry["Data"] for entry in entries]


@pytest.mark.differs(kinesis_local="accepts more than 500 records")
def test_requests_have_limits(kinesis, stream):
    made = stream()
    with refused(*VALIDATION):
        kinesis.put_records(StreamName=made, Records=[{"Data": b"x", "PartitionKey": "k"}] * 501)
    with refused(*VALIDATION):
        kinesis.put_record(StreamName=made, Data=b"x", PartitionKey="k" * 257)


@pytest.mark.differs(moto="accepts more")
def test_a_record_has_a_mebibyte(kinesis, stream, read):
    made = stream()
    put(kinesis, made, b"x" * MIB)
    with refused(*VALIDATION):
        put(kinesis, made, b"x" * (MIB + 1))
    assert bodies(read(made)) == [b"x" * MIB]


@pytest.mark.differs(
    kinesalite="knows no greater records, an API of 2025",
    moto="knows no greater records, an API of 2025",
)
def test_a_record_can_have_ten(kinesis, stream, arn, active, read):
    made = stream()
    kinesis.update_max_record_size(StreamARN=arn(made), MaxRecordSizeInKiB=10240)
    assert active(made)["MaxRecordSizeInKiB"] == 10240
    put(kinesis, made, b"x" * 5 * MIB)
    assert [len(body) for body in bodies(read(made))] == [5 * MIB]


def test_every_kind_of_iterator(kinesis, stream, iterator, read):
    made = stream()
    numbers = put(kinesis, made, b"0", b"1", b"2")
    latest = iterator(made, kind="LATEST")
    assert bodies(read(made, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == [b"1", b"2"]
    assert bodies(read(made, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == [b"2"]
    assert bodies(read(made, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])) == []
    put(kinesis, made, b"3")
    assert bodies(kinesis.get_records(ShardIterator=latest)["Records"]) == [b"3"]


def test_the_shards_own_number_is_before_its_first_record(kinesis, stream, shards, read):
    made = stream()
    put(kinesis, made, b"0", b"1")
    start = shards(made)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert bodies(read(made, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=start)) == [b"0", b"1"]


def test_an_iterator_at_a_time(kinesis, stream, read):
    made = stream()
    put(kinesis, made, b"early")
    time.sleep(1.1)
    put(kinesis, made, b"late")
    early, late = read(made)
    middle = late["ApproximateArrivalTimestamp"] - datetime.timedelta(milliseconds=500)
    assert bodies(read(made, kind="AT_TIMESTAMP", Timestamp=middle)) == [b"late"]
    past = early["ApproximateArrivalTimestamp"] - datetime.timedelta(seconds=60)
    assert bodies(read(made, kind="AT_TIMESTAMP", Timestamp=past)) == [b"early", b"late"]


@pytest.mark.differs(
    kinesalite="does not tell how far behind",
    kinesis_local="does not tell how far behind",
)
def test_reads_have_limits_and_tell_how_far_behind_they_are(kinesis, stream, iterator):
    made = stream()
    for _ in range(2):
        kinesis.put_records(StreamName=made, Records=[{"Data": b"x", "PartitionKey": "k"}] * 50)
        # Servers that count in whole seconds are behind by one, too.
        time.sleep(1.1)
    answer = kinesis.get_records(ShardIterator=iterator(made), Limit=30)
    assert len(answer["Records"]) == 30 and answer["MillisBehindLatest"] > 0
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert len(answer["Records"]) == 70 and answer["MillisBehindLatest"] == 0
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert answer["Records"] == [] and answer["NextShardIterator"]


@pytest.mark.differs(moto="accepts more")
def test_ten_thousand_records_are_the_most(kinesis, stream, iterator):
    with refused(*VALIDATION):
        kinesis.get_records(ShardIterator=iterator(stream()), Limit=10_001)


@pytest.mark.differs(moto="answers with an error of its own", kinesis_local="answers with an error of its own")
def test_iterators_and_sequence_numbers_are_checked(kinesis, stream, iterator):
    made = stream(2)
    with refused("InvalidArgumentException"):
        kinesis.get_records(ShardIterator="AAAAAAAAAAFoobar")
    with refused("ResourceNotFoundException"):
        iterator(made, "shardId-000000000009")
    number = put(kinesis, made, b"x")[0]
    other = kinesis.put_record(StreamName=made, Data=b"x", PartitionKey="k")["ShardId"]
    wrong = "shardId-000000000001" if other.endswith("0") else "shardId-000000000000"
    with refused("InvalidArgumentException"):
        iterator(made, wrong, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    with refused(*VALIDATION):
        iterator(made, kind="AT_SEQUENCE_NUMBER")
    with refused(*VALIDATION):
        iterator(made, kind="AT_TIMESTAMP")


def test_an_iterator_can_be_used_again(kinesis, stream, iterator):
    made = stream()
    put(kinesis, made, b"x")
    place = iterator(made)
    assert bodies(kinesis.get_records(ShardIterator=place)["Records"]) == [b"x"]
    assert bodies(kinesis.get_records(ShardIterator=place)["Records"]) == [b"x"]
