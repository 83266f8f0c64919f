"""Kills a consumer again and again in mid-stream, on every service, then looks for every record in what it wrote.

    kills.py SSECTL [--only kafka,sqs] [--rounds 20] [--seed 1]

For each service an emulator takes 20,000 numbered records, as `ssectl generate` makes them at a steady rate. Meanwhile
`ssectl copy STREAM file:out.ndjson --group g` follows. Each round starts it, waits for its first line, and sends SIGKILL
at a moment that the seed gives. When all is written, it runs to its end. Then every record must be in the file, and none
may be there again that was not written shortly before a kill: whoever copies commits once a second. The services run side
by side.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.programs import PEERS
from support.wait import eventually

RECORDS = 20_000
PACE = 6.0
"""Seconds that the writer takes for each round: more than a round lasts, so that it still writes at the last kill."""
MOMENTS = 0.3, 2.9
"""Seconds from the first line of a round to its kill, from and to."""
LONG = 6.5, 7.5
"""The same for every fourth round, which is longer than the window."""
WINDOW = 6.0
"""Seconds before a kill whose records may not be committed: the interval of a second, and a commit on a machine that is
busy with other work."""
PATIENCE = 120.0
POLL = 0.005

SERVICES = {
    # A member with a name takes its own place again; a nameless one would wait for the session of the dead one to end.
    "kafka": ("kafka", ["--partitions", "2"], "?group-instance=one", ""),
    # Leases as short as the service allows, so that what a dead consumer held comes again soon. A read counts as ended when
    # nothing came for longer than they last.
    "pubsub": ("pubsub", [], "?ack-deadline=10s&outstanding=500", "&quiet=12s"),
    "kinesis": ("aws", ["--partitions", "2"], "", ""),
    "sqs": ("aws", [], "?visibility-timeout=10s", ""),
    "eventhubs": ("eventhubs", ["--partitions", "2"], "", ""),
}
"""By name: the port's flag, how the stream is made, options of the consumer, and more of them for its last run."""


class Output:
    """The file that consumers append to: which record came when, and in which round."""

    def __init__(self, path):
        self.path, self.offset, self.torn = path, 0, 0
        self.rounds, self.kills, self.seen = [[]], [], set()

    def poll(self, now=None):
        """Takes in the whole lines that are new; returns whether there were any."""
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            file.seek(self.offset)
            new = file.read()
        new = new[: new.rfind(b"\n") + 1]
        self.offset += len(new)
        when = now or time.monotonic()
        for line in new.splitlines():
            number = json.loads(line)["seq"]
            self.rounds[-1].append((when, number))
            self.seen.add(number)
        return bool(new)

    def end_round(self, now):
        """What a kill left: the last lines count, a torn one is cut off, as `ssectl` tells its user to do."""
        self.poll(now)
        if self.path.exists() and self.path.stat().st_size > self.offset:
            os.truncate(self.path, self.offset)
            self.torn += 1
        self.kills.append(now)
        self.rounds.append([])


class Service:
    """An emulator of one service in a process of its own, with a stream, who writes to it, and who is killed."""

    def __init__(self, name, ssectl, folder):
        self.name, self.ssectl, self.folder = name, ssectl, folder
        self.port, self.creation, self.options, self.last = SERVICES[name]
        self.children, self.output = [], Output(folder / "out.ndjson")
        # Checkpoints of groups go to the state of whoever has this home.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def spawn(self, what, *arguments):
        """Starts `ssectl`; what it says goes to a log of this name."""
        with (self.folder / f"{what}.log").open("ab") as log:
            child = subprocess.Popen([self.ssectl, *arguments], cwd=self.folder, env=self.environment,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def said(self, what):
        """The log of this name."""
        return (self.folder / f"{what}.log").read_text()

    def ends(self, what, child):
        """Waits until it has ended, as it should."""
        code = child.wait(PATIENCE)
        assert code == 0, f"`{what}` ended with {code}: {self.said(what)[-500:]}"

    def start(self):
        """Emulator and stream."""
        self.spawn("emulator", "emulator", "--only", self.name, f"--{self.port}-port", "0")
        ready = eventually(lambda: [line for line in self.said("emulator").splitlines() if line.endswith(" ready")],
                           f"{self.name} is ready")
        self.stream = f"{self.name}://{ready[0].split()[1]}/killed"
        self.ends("create", self.spawn("create", "streams", "create", self.stream, *self.creation))

    def feed(self, seconds):
        """Starts the writer, which takes so long."""
        return self.spawn("generate", "generate", "orders", "--count", str(RECORDS), "--rate", f"{RECORDS / seconds:.0f}/s",
                          "--to", self.stream)

    def consume(self, more, *arguments):
        """Starts a consumer, which goes on where the group stands."""
        return self.spawn("copy", "copy", self.stream + self.options + more, f"file:{self.output.path}",
                          "--group", "g", "--quiet", *arguments)

    def round(self, moment, writer):
        """One kill; returns whether it hit in mid-stream: new records had come, and the writer was still writing."""
        before = len(self.output.seen)
        consumer = self.consume("", "--follow")

        def alive():
            assert consumer.poll() is None, f"the consumer ended: {self.said('copy')[-500:]}"
            return self.output.poll()

        eventually(lambda: alive() or before == RECORDS, "the first line of a round", deadline=PATIENCE, pause=POLL)
        end = time.monotonic() + moment
        while time.monotonic() < end:
            alive()
            time.sleep(POLL)
        now, writing = time.monotonic(), writer.poll() is None
        consumer.kill()
        consumer.wait()
        self.output.end_round(now)
        return writing and before < len(self.output.seen) < RECORDS

    def stop(self):
        """Ends whatever still runs."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()


def judge(output):
    """The repeats: how many there are, how many there could be, and (round, number) of those that had long been written."""
    may_return, repeats, possible, stale = {}, 0, 0, []
    for index, lines in enumerate(output.rounds):
        kill = output.kills[index] if index < len(output.kills) else None
        for when, number in lines:
            if number in may_return:
                repeats += 1
                if not may_return[number]:
                    stale.append((index + 1, number))
            may_return[number] = kill is not None and when >= kill - WINDOW
            possible += may_return[number]
    return repeats, possible, stale


def prove(service, options):
    """Writes, kills, reads to the end; returns the line to print and whether all holds."""
    chance = random.Random(f"{options.seed} {service.name}")
    service.start()
    writer = service.feed(PACE * options.rounds)
    moments = [chance.uniform(*(MOMENTS if number % 4 else LONG)) for number in range(options.rounds)]
    hits = sum(service.round(moment, writer) for moment in moments)
    service.ends("generate", writer)
    service.ends("copy", service.consume(service.last))
    output = service.output
    output.poll()
    lost = sorted(set(range(RECORDS)) - output.seen)
    strange = output.seen - set(range(RECORDS))
    repeats, possible, stale = judge(output)
    line = (f"{service.name}: {options.rounds} kills, {RECORDS} records, {len(lost)} lost, {repeats} repeated"
            f" (at most {possible}); {hits} kills in mid-stream, {output.torn} torn lines")
    faults = [text for fault, text in (
        (lost, f"lost: {lost[:10]}"),
        (strange, f"never written: {sorted(strange)[:10]}"),
        (stale, f"{len(stale)} came again that were written over {WINDOW:.0f} s before a kill, (round, number): {stale[:10]}"),
        (hits < options.rounds * 3 / 4, "too few kills hit in mid-stream: this proves nothing"),
    ) if fault]
    return line, faults


def run(name, options):
    """The proof of one service; what goes wrong on the way is a fault as well."""
    folder = PEERS / "run" / "kills" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    service = Service(name, options.ssectl, folder)
    try:
        return prove(service, options)
    except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as error:  # the last two: a damaged line
        return f"{name}: not done", [f"{type(error).__name__}: {error}"]
    finally:
        service.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ssectl", type=Path)
    parser.add_argument("--only", type=lambda names: names.split(","), default=list(SERVICES), help="commas between them")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.only) - set(SERVICES):
        parser.error(f"no services: {', '.join(sorted(unknown))}")
    options.ssectl = options.ssectl.resolve()
    failed = False
    with ThreadPoolExecutor(len(options.only)) as pool:
        for line, faults in pool.map(lambda name: run(name, options), options.only):
            print(line, *(f"  FAILED: {fault}" for fault in faults), sep="\n", flush=True)
            failed |= bool(faults)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
