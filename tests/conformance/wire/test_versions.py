"""Every version that the broker advertises, of every request that clients live on, carries out what was asked.

A response that has a field its version lacks, or lacks one it has, does not decode; clients would hang on it.
Each test walks one life cycle once for every version: an interface with fewer versions is used at its highest.
"""

from uuid import UUID

from confluent_kafka import TopicPartition
from kafka.protocol import admin, consumer, metadata, producer
from kafka.protocol.sasl import SaslHandshakeRequest

from support.wait import DEADLINE, eventually
from support.wire import Wire, api_versions, batch, build, error_codes

_LOWEST = {producer.ProduceRequest.API_KEY: 3}  # Kafka 4 lists 0 for old clients' sake and refuses below 3
_RETRY = {6, 14, 15, 16, 51}  # no leader yet; coordinator loading, not available, moved; concurrent transactions


class Level:
    """A connection that uses version `level` of every interface, or the nearest one the broker has."""

    def __init__(self, wire, versions, level):
        self.wire, self.versions, self.level = wire, versions, level
        self.version = None

    def ask(self, request, expect=(0,), **fields):
        """The response; fails the test when it carries an error code that is not expected."""
        low, high = self.versions[request.API_KEY]
        low = max(low, _LOWEST.get(request.API_KEY, 0))
        self.version = max(low, min(self.level, high, request.max_version))
        what = f"{request.__name__} version {self.version}"
        seen = {}

        def answered():
            try:
                answer = self.wire.ask(build(request, self.version, **fields))
            except Exception as error:
                raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
            seen["answer"] = answer
            return not set(error_codes(answer).values()) & _RETRY

        eventually(answered, f"{what} is carried out")
        codes = error_codes(seen["answer"])
        assert set(codes.values()) <= set(expect), f"{what}: {codes}"
        return seen["answer"]


def levels(target, *requests):
    """A Level for every version that any of these requests has."""
    versions = api_versions(target.bootstrap)
    missing = [request.__name__ for request in requests if request.API_KEY not in versions]
    assert not missing, f"the broker does not offer {missing}"
    highest = max(min(versions[request.API_KEY][1], request.max_version) for request in requests)
    with Wire(target.bootstrap) as wire:
        for level in range(highest + 1):
            yield Level(wire, versions, level)


def topic_id(level, topic):
    """The topic's id, or zeros when the broker has none."""
    highest = level.versions[metadata.MetadataRequest.API_KEY][1]
    if highest < 10:
        return UUID(int=0)
    at = Level(level.wire, level.versions, 12)
    return at.ask(metadata.MetadataRequest, topics=[{"name": topic}]).topics[0].topic_id


def test_handshake_and_cluster_requests(target):
    for level in levels(target, metadata.ApiVersionsRequest, metadata.MetadataRequest, admin.DescribeClusterRequest):
        versions = level.ask(metadata.ApiVersionsRequest, client_software_name="wire", client_software_version="1")
        assert len(versions.api_keys) == len(level.versions)
        assert level.ask(metadata.MetadataRequest, topics=None).brokers
        assert level.ask(admin.DescribeClusterRequest).brokers[0].port == int(target.bootstrap.rsplit(":", 1)[1])
        for kind in (0, 1):
            found = level.ask(metadata.FindCoordinatorRequest, key="x", key_type=kind, coordinator_keys=["x"])
            assert (found.coordinators[0] if level.version >= 4 else found).port > 0
        level.ask(SaslHandshakeRequest, mechanism="PLAIN", expect=(0, 33, 34))


def test_unsupported_version_of_api_versions_is_answered_in_version_zero(target):
    """KIP-511: a newer client learns from error 35 and the list what it may ask."""
    with Wire(target.bootstrap) as wire:
        request = metadata.ApiVersionsRequest[3]()
        request.with_header(correlation_id=7, client_id="wire")
        frame = bytearray(request.encode(framed=True, header=True))
        frame[6:8] = (99).to_bytes(2, "big")
        wire.raw(bytes(frame))
        body = wire.frame()
        assert body[:6] == b"\x00\x00\x00\x07\x00\x23"
        found = metadata.ApiVersionsResponse[0].decode(body[4:])
        assert metadata.ApiVersionsRequest.API_KEY in {api.api_key for api in found.api_keys}


def test_topic_requests(target):
    requests = (admin.CreateTopicsRequest, admin.DeleteTopicsRequest, admin.CreatePartitionsRequest,
                admin.DescribeConfigsRequest, admin.AlterConfigsRequest, admin.IncrementalAlterConfigsRequest)
    for level in levels(target, *requests):
        name = target.name()
        new = {"name": name, "num_partitions": 1, "replication_factor": 1,
               "configs": [{"name": "retention.ms", "value": "5000"}]}
        level.ask(admin.CreateTopicsRequest, topics=[new], timeout_ms=10_000)
        target.adopt(name)
        eventually(lambda: target.partitions(name) == [0], "topic is there")
        level.ask(admin.CreatePartitionsRequest, topics=[{"name": name, "count": 2}], timeout_ms=10_000)
        eventually(lambda: target.partitions(name) == [0, 1], "partition is there")
        resource = {"resource_type": 2, "resource_name": name}
        entry = {"name": "retention.ms", "value": "6000", "config_operation": 0}
        level.ask(admin.IncrementalAlterConfigsRequest, resources=[{**resource, "configs": [entry]}])
        entry = {"name": "retention.ms", "value": "7000"}
        level.ask(admin.AlterConfigsRequest, resources=[{**resource, "configs": [entry]}])

        def retention():
            found = level.ask(admin.DescribeConfigsRequest, resources=[{**resource, "configuration_keys": None}])
            return {config.name: config.value for config in found.results[0].configs}["retention.ms"]

        eventually(lambda: retention() == "7000", "config is altered")
        level.ask(admin.DeleteTopicsRequest, topics=[{"name": name, "topic_id": UUID(int=0)}], topic_names=[name],
                  timeout_ms=10_000)
        eventually(lambda: target.partitions(name) == [], "topic is gone")


def test_data_requests(target):
    topic = target.topic()
    requests = (producer.ProduceRequest, consumer.FetchRequest, consumer.ListOffsetsRequest,
                consumer.OffsetForLeaderEpochRequest, admin.DeleteRecordsRequest)
    for number, level in enumerate(levels(target, *requests)):
        identity = topic_id(level, topic)
        data = {"name": topic, "topic_id": identity, "partition_data": [{"index": 0, "records": batch([b"x" * 50])}]}
        sent = level.ask(producer.ProduceRequest, transactional_id=None, acks=-1, timeout_ms=10_000, topic_data=[data])
        assert sent.responses[0].partition_responses[0].base_offset == number
        asked = {"partition": 0, "current_leader_epoch": -1, "fetch_offset": number, "last_fetched_epoch": -1,
                 "log_start_offset": -1, "partition_max_bytes": 100_000}
        fetched = level.ask(consumer.FetchRequest, replica_id=-1, max_wait_ms=5000, min_bytes=1, max_bytes=1_000_000,
                            isolation_level=0, session_id=0, session_epoch=-1, forgotten_topics_data=[], rack_id="",
                            topics=[{"topic": topic, "topic_id": identity, "partitions": [asked]}])
        part = fetched.responses[0].partitions[0]
        assert part.high_watermark == number + 1 and b"x" * 50 in bytes(part.records)
        for when, expected in ((-1, number + 1), (-2, max(0, number - 1))):
            asked = {"partition_index": 0, "current_leader_epoch": -1, "timestamp": when, "max_num_offsets": 1}
            found = level.ask(consumer.ListOffsetsRequest, replica_id=-1, isolation_level=0, timeout_ms=10_000,
                              topics=[{"name": topic, "partitions": [asked]}])
            assert found.topics[0].partitions[0].offset == expected
        asked = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}
        found = level.ask(consumer.OffsetForLeaderEpochRequest, replica_id=-1,
                          topics=[{"topic": topic, "partitions": [asked]}])
        assert found.topics[0].partitions[0].end_offset == number + 1
        found = level.ask(admin.DeleteRecordsRequest, timeout_ms=10_000, topics=[
            {"name": topic, "partitions": [{"partition_index": 0, "offset": number}]}])
        assert found.topics[0].partitions[0].low_watermark == number


def test_group_requests(target):
    topic = target.topic()
    requests = (consumer.JoinGroupRequest, consumer.SyncGroupRequest, consumer.HeartbeatRequest,
                consumer.LeaveGroupRequest, consumer.OffsetCommitRequest, consumer.OffsetFetchRequest,
                admin.DescribeGroupsRequest, admin.ListGroupsRequest, admin.DeleteGroupsRequest,
                consumer.OffsetDeleteRequest)
    for level in levels(target, *requests):
        group, identity = target.name("group"), topic_id(level, topic)
        join = {"group_id": group, "session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000,
                "group_instance_id": None, "protocol_type": "consumer",
                "protocols": [{"name": "range", "metadata": b"m"}]}
        joined = level.ask(consumer.JoinGroupRequest, expect=(0, 79), member_id="", **join)
        member = joined.member_id
        if joined.error_code == 79:
            joined = level.ask(consumer.JoinGroupRequest, member_id=member, **join)
        assert joined.leader == joined.member_id == member and joined.protocol_name == "range"
        assert [(m.member_id, bytes(m.metadata)) for m in joined.members] == [(member, b"m")]
        who = {"group_id": group, "generation_id": joined.generation_id, "member_id": member,
               "group_instance_id": None}
        synced = level.ask(consumer.SyncGroupRequest, protocol_type="consumer", protocol_name="range", **who,
                           assignments=[{"member_id": member, "assignment": b"mine"}])
        assert bytes(synced.assignment) == b"mine"
        level.ask(consumer.HeartbeatRequest, **who)
        part = {"partition_index": 0, "committed_offset": 5, "committed_leader_epoch": -1, "committed_metadata": "note"}
        level.ask(consumer.OffsetCommitRequest, group_id=group, generation_id_or_member_epoch=joined.generation_id,
                  member_id=member, group_instance_id=None, retention_time_ms=-1,
                  topics=[{"name": topic, "topic_id": identity, "partitions": [part]}])
        asked = {"name": topic, "partition_indexes": [0]}
        found = level.ask(consumer.OffsetFetchRequest, group_id=group, topics=[asked], require_stable=False, groups=[
            {"group_id": group, "member_id": None, "member_epoch": -1, "topics": [{**asked, "topic_id": identity}]}])
        found = (found.groups[0] if level.version >= 8 else found).topics[0].partitions[0]
        assert (found.committed_offset, found.metadata) == (5, "note")
        found = level.ask(admin.DescribeGroupsRequest, groups=[group]).groups[0]
        assert (found.group_state, found.protocol_type, found.protocol_data) == ("Stable", "consumer", "range")
        assert [bytes(m.member_assignment) for m in found.members] == [b"mine"]
        assert group in {g.group_id for g in level.ask(admin.ListGroupsRequest, states_filter=[]).groups}
        level.ask(consumer.LeaveGroupRequest, group_id=group, member_id=member,
                  members=[{"member_id": member, "group_instance_id": None}])
        level.ask(consumer.OffsetDeleteRequest, group_id=group,
                  topics=[{"name": topic, "partitions": [{"partition_index": 0}]}])
        level.ask(admin.DeleteGroupsRequest, groups_names=[group], expect=(0, 69))


def test_transaction_requests(target):
    topic, group = target.topic(), target.name("group")
    requests = (producer.InitProducerIdRequest, producer.AddPartitionsToTxnRequest, producer.AddOffsetsToTxnRequest,
                producer.TxnOffsetCommitRequest, producer.EndTxnRequest, admin.DescribeProducersRequest,
                admin.DescribeTransactionsRequest, admin.ListTransactionsRequest)
    for number, level in enumerate(levels(target, *requests)):
        name = target.name("txn")
        begun = level.ask(producer.InitProducerIdRequest, transactional_id=name, transaction_timeout_ms=60_000,
                          producer_id=-1, producer_epoch=-1)
        who = {"transactional_id": name, "producer_id": begun.producer_id, "producer_epoch": begun.producer_epoch}
        topics = [{"name": topic, "partitions": [0]}]
        level.ask(producer.AddPartitionsToTxnRequest,
                  transactions=[{**who, "verify_only": False, "topics": topics}], v3_and_below_topics=topics,
                  **{f"v3_and_below_{key}": value for key, value in who.items()})
        records = batch([b"x"], producer_id=begun.producer_id, epoch=begun.producer_epoch, sequence=0,
                        transactional=True)
        level.ask(producer.ProduceRequest, transactional_id=name, acks=-1, timeout_ms=10_000, topic_data=[
            {"name": topic, "topic_id": topic_id(level, topic), "partition_data": [{"index": 0, "records": records}]}])
        level.ask(producer.AddOffsetsToTxnRequest, group_id=group, **who)
        part = {"partition_index": 0, "committed_offset": number, "committed_leader_epoch": -1,
                "committed_metadata": None}
        level.ask(producer.TxnOffsetCommitRequest, group_id=group, generation_id=-1, member_id="",
                  group_instance_id=None, topics=[{"name": topic, "partitions": [part]}], **who)
        found = level.ask(admin.DescribeProducersRequest, topics=[{"name": topic, "partition_indexes": [0]}])
        active = {p.producer_id: p.current_txn_start_offset for p in found.topics[0].partitions[0].active_producers}
        assert active[begun.producer_id] >= 0
        found = level.ask(admin.DescribeTransactionsRequest, transactional_ids=[name]).transaction_states[0]
        assert found.transaction_state == "Ongoing" and topic in {t.topic for t in found.topics}
        found = level.ask(admin.ListTransactionsRequest, state_filters=[], producer_id_filters=[], duration_filter=-1)
        assert name in {t.transactional_id for t in found.transaction_states}
        level.ask(producer.EndTxnRequest, committed=True, **who)
        eventually(lambda: committed(target, group, topic) == number, "offsets of the transaction", DEADLINE)


def committed(target, group, topic):
    client = target.consumer(group_id=group)
    offset = client.committed([TopicPartition(topic, 0)], timeout=DEADLINE)[0].offset
    client.close()
    return offset
