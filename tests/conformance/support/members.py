"""Several consumers of one group, driven together from one thread."""

from collections import Counter

from confluent_kafka import KafkaError, KafkaException

from support.wait import DEADLINE, eventually


class Group:
    """Members of one consumer group over a target; remembers what each of them read."""

    def __init__(self, target, topics, **config):
        self.target = target
        self.id = target.name("group")
        self.topics = [topics] if isinstance(topics, str) else topics
        self.config = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 500, **config}
        self.members = []
        self.read = Counter()
        self.rebalances = Counter()

    def join(self, **config):
        """A new member that has subscribed; it has partitions only after `balanced`."""
        merged = {"enable_partition_eof": False, "group_id": self.id, **self.config, **config}
        member = self.target.consumer(**merged)
        number = len(self.rebalances)
        self.rebalances[number] = 0

        def assigned(_, partitions):
            self.rebalances[number] += 1

        member.subscribe(self.topics, on_assign=assigned)
        self.members.append(member)
        return member

    def poll(self):
        """Serves every member once and counts what they read."""
        for member in self.members:
            for message in member.consume(1000, timeout=0.02):
                if message.error() is None:
                    self.read[(message.topic(), message.partition(), message.offset())] += 1
                elif message.error().code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(message.error())

    def shares(self):
        """How many partitions each member has, in the order they joined."""
        return [len(member.assignment()) for member in self.members]

    def balanced(self, *shares):
        """Polls until the members have these numbers of partitions (in any order) and no partition is held twice."""

        def right():
            self.poll()
            held = [(p.topic, p.partition) for member in self.members for p in member.assignment()]
            return sorted(self.shares()) == sorted(shares) and len(held) == len(set(held))

        eventually(right, f"members share partitions as {shares}", deadline=2 * DEADLINE, pause=0)

    def read_at_least(self, count):
        """Polls until `count` different records were read."""

        def enough():
            self.poll()
            return len(self.read) >= count

        eventually(enough, f"{count} different records read", deadline=2 * DEADLINE, pause=0)

    def leave(self, member):
        """Closes one member."""
        self.members.remove(member)
        member.close()

    def close(self):
        """Closes all members."""
        while self.members:
            self.leave(self.members[-1])
