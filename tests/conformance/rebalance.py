"""Lets members join a group of `ssectl copy --delivery exactly-once` on Apache Kafka while the others have transactions open.

    rebalance.py SSECTL [--members 5]

A foreign producer writes numbers all the time. Each member that joins takes partitions from the others, which have to roll back what
they read there and go on behind their last commit; none may end. In the end confluent-kafka, reading committed records, must see each
number exactly once.
"""

import argparse
import itertools
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

import delivery
from support.programs import PEERS
from support.wait import eventually

PARTITIONS = 8
PATIENCE = 150.0
ROLLED_BACK = "was rolled back"
DATA = PEERS / "run" / "rebalance"


class Feed(threading.Thread):
    """Writes numbers until it is told to stop, a thousand a second or so."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "log_level": 0})
        self.stopped, self.count = threading.Event(), 0

    def run(self):
        for number in itertools.count():
            if number % 100 == 0 and self.stopped.wait(0.1):
                break
            self.producer.produce("from", key=str(number % 97), value=str(number))
            self.producer.poll(0)
            self.count = number + 1

    def stop(self):
        self.stopped.set()
        self.join()
        assert self.producer.flush(PATIENCE) == 0, "the numbers were not written"
        return self.count


class Member:
    """`ssectl copy` with a name of its own in the group."""

    def __init__(self, ssectl, address, number):
        self.log = DATA / f"member-{number}.log"
        name = f"group-instance=member-{number}"
        command = [ssectl, "copy", f"kafka://{address}/from?{name}", f"kafka://{address}/to?{name}", "--group", "g",
                   "--delivery", "exactly-once", "--follow"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log.open("wb"))

    def said(self):
        return self.log.read_text(errors="replace")

    def is_there(self):
        """Whether it runs; it must not end by itself."""
        assert self.process.poll() is None, f"a member ended: {self.said()[-500:]}"
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ssectl", type=Path)
    parser.add_argument("--members", type=int, default=5)
    options = parser.parse_args()
    delivery.DATA, delivery.PARTITIONS = DATA, PARTITIONS
    delivery.kafka("kill")  # of a run that was interrupted
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    address = delivery.kafka("start")["BOOTSTRAP"]
    members = []
    try:
        admin = AdminClient({"bootstrap.servers": address})
        made = admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in ("from", "to")])
        for future in made.values():
            future.result(60)
        feed = Feed(address)
        feed.start()
        for number in range(options.members):
            before = delivery.written(address)
            members.append(Member(options.ssectl.resolve(), address, number))
            eventually(lambda: all(member.is_there() for member in members) and delivery.written(address) > before + 2000,
                       f"records with {len(members)} members", deadline=PATIENCE)
        fed = feed.stop()
        eventually(lambda: all(member.is_there() for member in members) and len(delivery.committed(address)) >= fed,
                   f"all of {fed} numbers", deadline=PATIENCE, pause=1)
        for member in members:
            member.process.send_signal(signal.SIGINT)
            member.process.wait(PATIENCE)
        seen = delivery.committed(address)
        rolled_back = sum(member.said().count(ROLLED_BACK) for member in members)
    finally:
        for member in members:
            member.process.kill()
        delivery.kafka("kill")
    lost, repeated = set(range(fed)) - set(seen), len(seen) - len(set(seen))
    print(f"rebalance: {len(members)} members, {rolled_back} said that they were rolled back, {fed} records, {len(lost)} lost, {repeated} repeated")
    if lost or repeated or set(seen) - set(range(fed)):
        sys.exit(f"rebalance: not exactly once; lost: {sorted(lost)[:10]}")
    if not rolled_back:
        sys.exit("rebalance: no transaction was open when the group moved partitions, which shows nothing")


if __name__ == "__main__":
    main()
