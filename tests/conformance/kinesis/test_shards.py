"""Splitting and merging shards, and reading across that: parents before children."""

import pytest

from .errors import VALIDATION, refused

HALF = 2**127


def ids(shards):
    return [shard["ShardId"] for shard in shards]


def put(kinesis, stream, data, at):
    kinesis.put_record(StreamName=stream, Data=data, PartitionKey="k", ExplicitHashKey=str(at))


def split(kinesis, active, stream, shard="shardId-000000000000", at=HALF):
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=str(at))
    active(stream)


@pytest.mark.differs(moto="numbers records from 0 in every shard")
def test_a_split_makes_two_children(kinesis, stream, active, shards):
    made = stream()
    split(kinesis, active, made)
    parent, left, right = shards(made)
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert left["ParentShardId"] == right["ParentShardId"] == parent["ShardId"]
    assert left["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HALF - 1)}
    assert right["HashKeyRange"] == {"StartingHashKey": str(HALF), "EndingHashKey": str(2**128 - 1)}
    starts = [int(shard["SequenceNumberRange"]["StartingSequenceNumber"]) for shard in (parent, left, right)]
    assert starts[0] < min(starts[1:])
    assert active(made)["OpenShardCount"] == 2


def test_a_merge_makes_one_child_of_two(kinesis, stream, active, shards):
    made = stream(2)
    kinesis.merge_shards(
        StreamName=made, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001"
    )
    active(made)
    child = shards(made)[2]
    assert {child["ParentShardId"], child["AdjacentParentShardId"]} == {"shardId-000000000000", "shardId-000000000001"}
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}


def test_what_cannot_be_split_or_merged(kinesis, stream, active):
    made = stream(3)
    with refused("InvalidArgumentException"):
        kinesis.merge_shards(
            StreamName=made, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000002"
        )
    with refused("ResourceNotFoundException"):
        split(kinesis, active, made, "shardId-000000000007")
    with refused("InvalidArgumentException"):
        split(kinesis, active, made, at=2**128 - 1)


@pytest.mark.differs(kinesalite="splits it again")
def test_a_closed_shard_is_not_split_again(kinesis, stream, active):
    made = stream()
    split(kinesis, active, made)
    with refused("InvalidArgumentException", "ResourceInUseException"):
        split(kinesis, active, made, at=2**126)


@pytest.mark.differs(
    moto="gives iterators without end and no children",
    kinesalite="gives no children, an API of 2020",
)
def test_a_parent_is_read_to_its_end_and_then_its_children(kinesis, stream, active, iterator, read):
    made = stream()
    put(kinesis, made, b"before", 1)
    split(kinesis, active, made)
    put(kinesis, made, b"left", 1)
    put(kinesis, made, b"right", HALF)
    seen, place, children = [], iterator(made), []
    for _ in range(50):
        if not place:
            break
        answer = kinesis.get_records(ShardIterator=place)
        seen += [record["Data"] for record in answer["Records"]]
        place, children = answer.get("NextShardIterator"), answer.get("ChildShards", [])
    assert seen == [b"before"] and not place
    assert ids(children) == ["shardId-000000000001", "shardId-000000000002"]
    assert all(child["ParentShards"] == ["shardId-000000000000"] for child in children)
    assert [[record["Data"] for record in read(made, child["ShardId"])] for child in children] == [[b"left"], [b"right"]]


@pytest.mark.differs(moto="wants the name again with a token", kinesalite="does not see MaxResults")
def test_shards_are_listed_in_pages(kinesis, stream, shards):
    made = stream(5)
    page = kinesis.list_shards(StreamName=made, MaxResults=2)
    assert len(page["Shards"]) == 2
    found = ids(page["Shards"])
    while page.get("NextToken"):
        page = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=2)
        found += ids(page["Shards"])
    assert found == ids(shards(made)) and len(found) == 5
    rest = kinesis.list_shards(StreamName=made, ExclusiveStartShardId="shardId-000000000002")["Shards"]
    assert ids(rest) == found[3:]


@pytest.mark.differs(
    kinesalite="has no filters, an API of 2020",
    moto="lists children at TRIM_HORIZON, too",
    kinesis_local="lists children at TRIM_HORIZON, too",
)
def test_filters_choose_shards(kinesis, stream, active):
    made = stream()
    split(kinesis, active, made)

    def filtered(**choice):
        return ids(kinesis.list_shards(StreamName=made, ShardFilter=choice)["Shards"])

    parent, *children = (f"shardId-{number:012}" for number in range(3))
    assert filtered(Type="AT_LATEST") == children
    assert filtered(Type="FROM_TRIM_HORIZON") == [parent, *children]
    assert filtered(Type="AFTER_SHARD_ID", ShardId=parent) == children
    assert filtered(Type="AT_TRIM_HORIZON") == [parent]


@pytest.mark.differs(kinesalite="has no UpdateShardCount")
def test_the_number_of_shards_can_be_changed(kinesis, stream, active, shards):
    made = stream(2)
    answer = kinesis.update_shard_count(StreamName=made, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 4)
    assert active(made)["OpenShardCount"] == 4
    open_now = [shard for shard in shards(made) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    ranges = sorted((int(one["HashKeyRange"]["StartingHashKey"]), int(one["HashKeyRange"]["EndingHashKey"])) for one in open_now)
    assert ranges[0][0] == 0 and ranges[-1][1] == 2**128 - 1
    assert all(left[1] + 1 == right[0] for left, right in zip(ranges, ranges[1:]))
    kinesis.update_shard_count(StreamName=made, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert active(made)["OpenShardCount"] == 3


@pytest.mark.differs(kinesalite="has no UpdateShardCount", moto="has no such limit")
def test_a_stream_is_at_most_doubled(kinesis, stream):
    made = stream(2)
    with refused("LimitExceededException", *VALIDATION):
        kinesis.update_shard_count(StreamName=made, TargetShardCount=5, ScalingType="UNIFORM_SCALING")
