"""Streams: making, describing, listing and deleting them, and what is attached to them."""

import datetime

import pytest

from .errors import VALIDATION, refused


@pytest.mark.differs(moto="does not see ExclusiveStartShardId", kinesalite="does not see Limit")
def test_a_stream_is_described(kinesis, stream, arn):
    made = stream(2)
    described = kinesis.describe_stream(StreamName=made)["StreamDescription"]
    assert described["StreamARN"].endswith(f":stream/{made}")
    assert described["StreamARN"].startswith("arn:aws:kinesis:us-east-1:")
    assert [shard["ShardId"] for shard in described["Shards"]] == ["shardId-000000000000", "shardId-000000000001"]
    assert described["Shards"][0]["HashKeyRange"]["StartingHashKey"] == "0"
    assert described["Shards"][1]["HashKeyRange"]["EndingHashKey"] == str(2**128 - 1)
    assert described["RetentionPeriodHours"] == 24 and not described["HasMoreShards"]
    assert described["EncryptionType"] == "NONE"
    age = datetime.datetime.now(datetime.timezone.utc) - described["StreamCreationTimestamp"]
    assert abs(age.total_seconds()) < 60
    first = kinesis.describe_stream(StreamName=made, Limit=1)["StreamDescription"]
    assert len(first["Shards"]) == 1 and first["HasMoreShards"]
    rest = kinesis.describe_stream(StreamName=made, ExclusiveStartShardId="shardId-000000000000")["StreamDescription"]
    assert [shard["ShardId"] for shard in rest["Shards"]] == ["shardId-000000000001"]


@pytest.mark.differs(moto="does not count consumers", kinesalite="knows no capacity modes")
def test_a_summary_counts_shards_and_consumers(kinesis, stream, active):
    summary = active(stream(3))
    assert summary["OpenShardCount"] == 3 and summary["ConsumerCount"] == 0
    assert summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED"


@pytest.mark.differs(
    kinesalite="has no ARNs in requests, an API of 2022",
    moto="answers with an error of its own for foreign ARNs",
    kinesis_local="answers with an error of its own for foreign ARNs",
)
def test_the_arn_names_a_stream_too(kinesis, stream, arn):
    made = stream()
    by_arn = kinesis.describe_stream_summary(StreamARN=arn(made))["StreamDescriptionSummary"]
    assert by_arn["StreamName"] == made
    with refused(*VALIDATION, "ResourceNotFoundException"):
        kinesis.describe_stream_summary(StreamARN="arn:aws:sqs:us-east-1:000000000000:nothing")


def test_what_is_there_or_not_is_told(kinesis, stream, name):
    made = stream()
    with refused("ResourceInUseException"):
        kinesis.create_stream(StreamName=made, ShardCount=1)
    with refused("ResourceNotFoundException"):
        kinesis.describe_stream(StreamName=name())
    with refused("ResourceNotFoundException"):
        kinesis.delete_stream(StreamName=name())


def test_a_deleted_stream_is_gone(kinesis, stream, name):
    made = stream()
    kinesis.delete_stream(StreamName=made)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=made, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


@pytest.mark.differs(moto="accepts any name")
def test_names_follow_their_pattern(kinesis):
    for bad in ("a b", "a/b", "x" * 129):
        with refused(*VALIDATION):
            kinesis.create_stream(StreamName=bad, ShardCount=1)


@pytest.mark.differs(kinesalite="knows no capacity modes")
def test_a_stream_on_demand_begins_with_four_shards(kinesis, name, active):
    made = name()
    kinesis.create_stream(StreamName=made, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = active(made)
    assert summary["OpenShardCount"] == 4 and summary["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    kinesis.delete_stream(StreamName=made)


@pytest.mark.differs(kinesalite="knows no capacity modes")
def test_the_mode_can_be_changed(kinesis, stream, arn, active):
    made = stream(2)
    kinesis.update_stream_mode(StreamARN=arn(made), StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert active(made)["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"


@pytest.mark.differs(
    moto="lists them as they were made",
    kinesalite="gives no tokens for pages, an API of 2020",
    kinesis_local="loses streams between pages",
)
def test_streams_are_listed_by_name_in_pages(kinesis, stream):
    made = sorted(stream() for _ in range(3))
    listed = []
    for page in kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2}):
        listed += page["StreamNames"]
    assert listed == sorted(listed) and set(made) <= set(listed)


@pytest.mark.differs(kinesalite="has one region")
def test_regions_have_streams_of_their_own(client_of, stream):
    made = stream()
    with refused("ResourceNotFoundException"):
        client_of("eu-west-1").describe_stream(StreamName=made)


def test_the_retention_has_bounds_and_a_direction(kinesis, stream, active):
    made = stream()
    kinesis.increase_stream_retention_period(StreamName=made, RetentionPeriodHours=48)
    assert active(made)["RetentionPeriodHours"] == 48
    with refused("InvalidArgumentException"):
        kinesis.increase_stream_retention_period(StreamName=made, RetentionPeriodHours=25)
    with refused("InvalidArgumentException"):
        kinesis.decrease_stream_retention_period(StreamName=made, RetentionPeriodHours=72)
    with refused("InvalidArgumentException"):
        kinesis.decrease_stream_retention_period(StreamName=made, RetentionPeriodHours=23)
    kinesis.decrease_stream_retention_period(StreamName=made, RetentionPeriodHours=24)
    assert active(made)["RetentionPeriodHours"] == 24


@pytest.mark.differs(kinesalite="has a shorter maximum, that of 2020")
def test_a_year_is_the_longest_retention(kinesis, stream, active):
    made = stream()
    kinesis.increase_stream_retention_period(StreamName=made, RetentionPeriodHours=8760)
    assert active(made)["RetentionPeriodHours"] == 8760
    with refused("InvalidArgumentException"):
        kinesis.increase_stream_retention_period(StreamName=made, RetentionPeriodHours=8761)


@pytest.mark.differs(moto="does not see ExclusiveStartTagKey")
def test_tags_of_a_stream(kinesis, stream):
    made = stream()
    kinesis.add_tags_to_stream(StreamName=made, Tags={"a": "1", "b": "2", "c": ""})
    kinesis.remove_tags_from_stream(StreamName=made, TagKeys=["b"])
    first = kinesis.list_tags_for_stream(StreamName=made, Limit=1)
    assert first["Tags"] == [{"Key": "a", "Value": "1"}] and first["HasMoreTags"]
    rest = kinesis.list_tags_for_stream(StreamName=made, ExclusiveStartTagKey="a")
    assert rest["Tags"] == [{"Key": "c", "Value": ""}] and not rest["HasMoreTags"]


@pytest.mark.differs(kinesalite="has no TagResource, an operation of 2025", moto="has no TagResource")
def test_tags_of_a_resource(kinesis, stream, arn):
    made = arn(stream())
    kinesis.tag_resource(ResourceARN=made, Tags={"a": "1", "b": "2"})
    kinesis.untag_resource(ResourceARN=made, TagKeys=["a"])
    assert kinesis.list_tags_for_resource(ResourceARN=made)["Tags"] == [{"Key": "b", "Value": "2"}]


@pytest.mark.differs(kinesalite="has no encryption")
def test_encryption_is_shown(kinesis, stream, active):
    made = stream()
    kinesis.start_stream_encryption(StreamName=made, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = active(made)
    assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", "alias/aws/kinesis")
    kinesis.stop_stream_encryption(StreamName=made, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert active(made)["EncryptionType"] == "NONE"


@pytest.mark.differs(kinesalite="has no enhanced monitoring")
def test_monitoring_tells_before_and_after(kinesis, stream, active):
    made = stream()
    changed = kinesis.enable_enhanced_monitoring(StreamName=made, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    assert changed["CurrentShardLevelMetrics"] == []
    assert sorted(changed["DesiredShardLevelMetrics"]) == ["IncomingBytes", "OutgoingBytes"]
    active(made)
    changed = kinesis.disable_enhanced_monitoring(StreamName=made, ShardLevelMetrics=["IncomingBytes"])
    assert changed["DesiredShardLevelMetrics"] == ["OutgoingBytes"]


@pytest.mark.differs(kinesalite="has no policies", kinesis_local="deletes a policy that is not there")
def test_policies_are_kept(kinesis, stream, arn):
    made, policy = arn(stream()), '{"Version":"2012-10-17","Statement":[]}'
    kinesis.put_resource_policy(ResourceARN=made, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=made)["Policy"] == policy
    kinesis.delete_resource_policy(ResourceARN=made)
    with refused("ResourceNotFoundException"):
        kinesis.delete_resource_policy(ResourceARN=made)


@pytest.mark.differs(moto="does not count", kinesalite="has no DescribeLimits")
def test_limits_are_described(kinesis, stream):
    stream(2)
    limits = kinesis.describe_limits()
    assert limits["ShardLimit"] >= limits["OpenShardCount"] >= 2
