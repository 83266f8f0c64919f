"""Helper of produce_rate.sh: topics, message counts and medians.

rate.py create BOOTSTRAP TOPIC | check-and-delete BOOTSTRAP TOPIC COUNT | report OURS THEIRS
"""

import statistics
import sys
from pathlib import Path

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

PARTITIONS, DEADLINE = 4, 30


def create(bootstrap, topic):
    """A topic of four partitions, ready to be written to."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(DEADLINE)


def check_and_delete(bootstrap, topic, count):
    """Fails when the topic does not hold exactly `count` messages; then deletes it."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    asked = {TopicPartition(topic, p): OffsetSpec.latest() for p in range(PARTITIONS)}
    found = sum(future.result(DEADLINE).offset for future in admin.list_offsets(asked).values())
    if found != int(count):
        sys.exit(f"produce_rate: {found} of {count} messages are in {topic} at {bootstrap}")
    admin.delete_topics([topic])[topic].result(DEADLINE)


def report(*files):
    """Medians, spreads and their ratio."""
    rates = [sorted(map(int, Path(name).read_text().split())) for name in files]
    for name, found in zip(("emulator", "Apache Kafka"), rates):
        print(f"produce rate: {name} {statistics.median(found):,.0f} messages/s"
              f" (median of {len(found)}, {found[0]:,} to {found[-1]:,})")
    print(f"produce rate: ratio of medians {statistics.median(rates[0]) / statistics.median(rates[1]):.2f}")


if __name__ == "__main__":
    {"create": create, "check-and-delete": check_and_delete, "report": report}[sys.argv[1]](*sys.argv[2:])
