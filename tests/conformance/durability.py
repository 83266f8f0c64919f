"""Kills a broker again and again while clients write to it, then looks for every record it had acknowledged.

    durability.py --emulator 'ssectl emulator --only kafka --kafka-port {port} --data-dir {data}' [--rounds 20]
    durability.py --kafka [--rounds 3]        the same against Apache Kafka, to prove the check

Four loads run without a pause: an idempotent producer, a plain one (acks=all), transactions, and offset commits. Each
round waits until all of them got further, sends SIGKILL, and starts the broker on the same data and port. In the last
round the broker also finds a torn tail: bytes of a batch that was never finished, behind the newest segments.
"""

import argparse
import random
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from support.load import PARTITIONS, Commits, Sequence, Transactions
from support.programs import PEERS, PEERS_SCRIPTS
from support.target import Target
from support.wait import eventually


def free_port():
    """A port to be bound again after each kill: nobody else who asks for any port is given it, as those begin at 32768."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as free:
                return free.getsockname()[1]
        except OSError:
            pass


class Emulator:
    """The broker under test: a command that prints `kafka HOST:PORT ready` on its standard error."""

    def __init__(self, command, data):
        port = free_port()
        self.command = shlex.split(command.format(port=port, data=data))
        self.data, self.address, self.notes = Path(data), f"127.0.0.1:{port}", []

    def start(self):
        """Starts it and returns once it is ready."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("kafka ") and line.rstrip().endswith("ready"):
                return
            self.notes.append(line.rstrip())
        raise SystemExit(f"durability: the emulator ended: {self.notes[-3:]}")

    def kill(self):
        """SIGKILL; what it still had to say is kept."""
        self.process.kill()
        self.process.wait()
        self.notes.extend(self.process.stderr.read().splitlines())

    def stop(self):
        """A clean stop."""
        self.process.terminate()
        self.process.wait(30)

    def tear(self):
        """Appends the beginning of a batch to the newest segment of every partition."""
        newest = {}
        for path in sorted(self.data.rglob("*.log")):
            newest[path.parent] = path
        torn = 0
        for path in newest.values():
            if head := path.read_bytes()[:40]:
                with path.open("ab") as segment:
                    segment.write(head)
                torn += 1
        return torn


class ApacheKafka:
    """The same for a real broker."""

    def __init__(self, data):
        self.data, self.notes = Path(data), []

    def start(self):
        done = subprocess.run([PEERS_SCRIPTS / "kafka.sh", "start", "--data", self.data], check=True,
                              capture_output=True, text=True)
        self.address = dict(line.split("=", 1) for line in done.stdout.splitlines())["BOOTSTRAP"]

    def kill(self):
        subprocess.run([PEERS_SCRIPTS / "kafka.sh", "kill", "--data", self.data], check=True)

    def stop(self):
        subprocess.run([PEERS_SCRIPTS / "kafka.sh", "stop", "--data", self.data], check=True)


def loads_on(target):
    """The four loads, each on a topic of its own."""
    def topic(what):
        return target.topic(partitions=PARTITIONS, what=what)

    plain = {"acks": "all", "max.in.flight.requests.per.connection": 1}
    return [
        Sequence(target, topic("idempotent"), "idempotent", True, **{"enable.idempotence": True}),
        Sequence(target, topic("plain"), "plain", False, **plain),
        Transactions(target, topic("transactions")),
        Commits(target, topic("commits")),
    ]


def progress(loads, amount):
    """Waits until every load has got `amount` further acknowledgements."""
    before = [load.done for load in loads]

    def further():
        for load in loads:
            assert load.fault is None, f"{load.name}: {load.fault}"
        return all(load.done >= start + amount for load, start in zip(loads, before))

    eventually(further, f"{amount} more acknowledgements for each of {[load.name for load in loads]}", pause=0.005)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator", help="command with {port} and {data}")
    parser.add_argument("--kafka", action="store_true", help="Apache Kafka instead")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if bool(options.emulator) == options.kafka:
        parser.error("one of --emulator and --kafka is needed")
    data = PEERS / "run" / "durability"
    subprocess.run([PEERS_SCRIPTS / "kafka.sh", "kill", "--data", data], check=True)  # of a run that was interrupted
    shutil.rmtree(data, ignore_errors=True)
    broker = ApacheKafka(data) if options.kafka else Emulator(options.emulator, data)
    broker.start()
    try:
        report(broker, options)
    except AssertionError as error:
        sys.exit(f"durability: {error}")
    finally:
        broker.stop()


def report(broker, options):
    """Kills, restarts, checks; prints what was found."""
    target, chance = Target(broker.address, "durability"), random.Random(options.seed)
    loads = loads_on(target)
    for load in loads:
        load.start()
    restarts, torn = [], 0
    for number in range(options.rounds):
        progress(loads, chance.randrange(5, 40))
        broker.kill()
        if number == options.rounds - 1 and isinstance(broker, Emulator):
            torn = broker.tear()
        began = time.monotonic()
        broker.start()
        restarts.append(time.monotonic() - began)
    progress(loads, 5)
    for load in loads:
        load.finish()
    found = [load.check() for load in loads]
    broker.stop()
    broker.start()
    for load in loads:
        load.check()
    if broker.notes:
        print(f"durability: the broker gave {len(broker.notes)} notes at its starts, the last: {broker.notes[-1]}")
    if isinstance(broker, Emulator):
        assert torn, "no segment was found whose tail could be torn"
        assert any("torn" in note or "cut" in note for note in broker.notes), "the cut of a torn tail was not reported"
    restart = statistics.median(restarts) * 1000
    print(f"durability: {options.rounds} kills, {torn} torn tails, restart median {restart:.0f} ms;"
          f" acknowledged and there: {', '.join(found)}")


if __name__ == "__main__":
    main()
