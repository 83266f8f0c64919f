"""Kills `ssectl copy --delivery exactly-once`, Apache Kafka, and both, then reads with a foreign client what came out.

    delivery.py SSECTL [--kills 12] [--seed 1]

A foreign producer writes numbered records; `ssectl` copies them from topic to topic, is killed by SIGKILL at random moments
after it has begun to write, and started again. Every fourth kill is one of the broker, every fourth one of both. In the end confluent-kafka, reading
committed records, must see each number exactly once.
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from support.programs import PEERS, PEERS_SCRIPTS
from support.wait import eventually

RECORDS = 40_000
PARTITIONS = 3
PATIENCE = 150.0
MOMENTS = 0.0, 1.2
"""Seconds from the first record that a life writes to its kill, from and to: it commits once a second."""
DATA = PEERS / "run" / "delivery"


def kafka(verb):
    """Runs `kafka.sh`; the facts it prints."""
    done = subprocess.run([PEERS_SCRIPTS / "kafka.sh", verb, "--data", DATA], check=True, capture_output=True, text=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def writer(address):
    """Both topics, and a producer."""
    admin = AdminClient({"bootstrap.servers": address})
    made = admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in ("from", "to")])
    for future in made.values():
        future.result(60)
    # Without its log: a line for every try while the broker is down.
    return Producer({"bootstrap.servers": address, "enable.idempotence": True, "queue.buffering.max.messages": RECORDS + 1,
                     "log_level": 0})


def write(producer, numbers):
    """Hands them over; they are written meanwhile."""
    for number in numbers:
        producer.produce("from", key=str(number % 97), value=str(number))


def written(address):
    """The end of `to`, where open transactions and markers count as well."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "watch", "isolation.level": "read_uncommitted"})

    def ends():
        try:
            return [consumer.get_watermark_offsets(TopicPartition("to", number), 30)[1] for number in range(PARTITIONS)]
        except KafkaException:  # no leader yet, after a start
            return None

    try:
        return sum(eventually(ends, "the ends of `to`"))
    finally:
        consumer.close()


class Copier:
    """`ssectl copy`, life after life."""

    def __init__(self, ssectl, address):
        self.command = [ssectl, "copy", f"kafka://{address}/from", f"kafka://{address}/to", "--group", "g",
                        "--delivery", "exactly-once", "--quiet"]
        self.log = DATA / "copy.log"
        self.lives, self.process = 0, None

    def start(self, *more):
        self.lives += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*self.command, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def writes(self, address, before):
        """Whether it has written beyond that end; one that gave a transaction up is started again."""
        if self.process.poll() is not None:
            self.start("--follow")
        return written(address) > before

    def kill(self):
        self.process.kill()
        self.process.wait()

    def finish(self):
        """Starts it until it comes to its end: a transaction that the broker gave up is begun again by the next life."""
        for _ in range(5):
            self.start()
            if self.process.wait(PATIENCE) == 0:
                return
        raise AssertionError(f"it does not end: {self.log.read_text()[-500:]}")


def committed(address):
    """Every number that a reader of committed records sees, as often as it sees it."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "foreign", "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.subscribe(["to"])
    seen, ended, deadline = [], set(), time.monotonic() + PATIENCE
    while len(ended) < PARTITIONS:
        assert time.monotonic() < deadline, f"no end after {len(seen)} records"
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            ended.add(message.partition())
        else:
            seen.append(int(message.value()))
    consumer.close()
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ssectl", type=Path)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    kafka("kill")  # of a run that was interrupted
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    address = kafka("start")["BOOTSTRAP"]
    copier, kills = Copier(options.ssectl.resolve(), address), {"ssectl": 0, "broker": 0, "both": 0}
    try:
        producer, share = writer(address), RECORDS // options.kills
        for number in range(options.kills):
            victim = ("ssectl", "broker", "ssectl", "both")[number % 4]
            before = written(address)
            copier.start("--follow")
            begin = number * share
            write(producer, range(begin, RECORDS if number == options.kills - 1 else begin + share))
            eventually(lambda: copier.writes(address, before), f"a record of life {copier.lives}", deadline=PATIENCE)
            time.sleep(chance.uniform(*MOMENTS))
            if victim != "broker":
                copier.kill()
            if victim != "ssectl":
                kafka("kill")
                kafka("start")
            if victim == "broker":
                copier.kill()
            kills[victim] += 1
        assert producer.flush(PATIENCE) == 0, "the numbers were not written"
        copier.finish()
        seen = committed(address)
    finally:
        if copier.process and copier.process.poll() is None:
            copier.kill()
        kafka("kill")
    lost, repeated = set(range(RECORDS)) - set(seen), len(seen) - len(set(seen))
    print(f"delivery: {kills} killed, {copier.lives} processes, {RECORDS} records, {len(lost)} lost, {repeated} repeated")
    if lost or repeated or set(seen) - set(range(RECORDS)):
        sys.exit(f"delivery: not exactly once; lost: {sorted(lost)[:10]}")


if __name__ == "__main__":
    main()
