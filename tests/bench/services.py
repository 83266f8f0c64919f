#!/usr/bin/env python3
"""Sends records of 200 bytes through each emulator and each adapter, and through the servers of others beside them.

Prints one Markdown table. Every record must come back, once and as it was sent: its sequence number says which it is.
Through our emulators anything else is an error; of other servers the table says it.
Needs the Python of tests/peers (install.sh python moto kinesis_js pstest kafka elasticmq), which has the vendors' clients.
"""

import argparse
import contextlib
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import adapters
import clients
import servers

LONG = 10
"""A job that takes so many seconds runs once; the others several times, turn and turn about."""
SHARES = {
    ("pubsub", "pstest"): 0.01,
    ("kinesis", "kinesis-local"): 0.05,
    ("kinesis", "moto"): 0.1,  # it copies all keys of a shard for every record
    ("sqs", "moto"): 0.005,
}
"""How much of the usual count goes to servers that are far too slow for all of it."""


class Run(NamedTuple):
    """One pass of all records: seconds, and what went wrong with them."""

    write: float
    read: float
    fault: str


class Foreign:
    """A vendor's client as something to measure."""

    def __init__(self, client, lines: Sequence[bytes]):
        self._client = client
        self._lines = lines

    def write(self, stream: str, count: int) -> float:
        """Seconds until all is acknowledged."""
        start = time.perf_counter()
        self._client.write(stream, self._lines[:count])
        return time.perf_counter() - start

    def read(self, stream: str, count: int) -> tuple[float, list[bytes]]:
        """Seconds until all is there, and what came."""
        start = time.perf_counter()
        found = self._client.read(stream, count)
        return time.perf_counter() - start, found


class Bench:
    """One run of everything; what it prints is a table."""

    def __init__(self, ssectl: str, count: int, repeats: int):
        self._ssectl = ssectl
        self._count = count
        self._repeats = repeats
        words = [ssectl, "generate", *adapters.records(count), "--format", "text"]
        self._lines = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.splitlines()
        self._names = (f"bench-{number}" for number in itertools.count())

    def service(self, service: str, ours: str) -> None:
        """The rows of a service: by its own client, then by our adapter."""
        with contextlib.ExitStack() as stack:
            addresses = {"ssectl": ours}
            for name, start in servers.others(service).items():
                addresses[name] = stack.enter_context(start())
            foreign = {name: clients.CLIENTS[service](address) for name, address in addresses.items()}
            ways = {
                foreign["ssectl"].name: {name: Foreign(client, self._lines) for name, client in foreign.items()},
                "our adapter": {
                    name: adapters.Adapter(self._ssectl, service, address) for name, address in addresses.items()
                },
            }
            for way, by_server in ways.items():
                runs = self._interleaved(service, foreign, by_server)
                self._rows(service, way, runs)

    def _interleaved(self, service: str, makers: dict, by_server: dict) -> dict[tuple[str, int], list[Run]]:
        """Passes by server and count: ours is measured with as few records as any other gets, too."""
        sizes = [(name, self.count(service, name)) for name in by_server]
        fewer = {count for _, count in sizes} - {self._count}
        runs: dict[tuple[str, int], list[Run]] = {key: [] for key in sizes + [("ssectl", count) for count in fewer]}
        for _ in range(self._repeats):
            for (name, count), taken in runs.items():
                if not any(run.write + run.read > LONG for run in taken):
                    taken.append(self._once(service, name, count, makers[name], by_server[name]))
        return runs

    def _once(self, service: str, server: str, count: int, maker, way) -> Run:
        stream = next(self._names)
        maker.create(stream)
        write = way.write(stream, count)
        read, found = way.read(stream, count)
        note(f"{service} {server} {type(way).__name__}: {count:,}, {write:.2f} s, {read:.2f} s")
        wrong = fault(self._lines[:count], found)
        if wrong and server == "ssectl":
            raise RuntimeError(f"{service}: of {count} records {wrong}")
        return Run(write, read, wrong)

    def count(self, service: str, server: str) -> int:
        """How many records a server gets."""
        return max(1, int(self._count * SHARES.get((service, server), 1)))

    def _rows(self, service: str, way: str, runs: dict[tuple[str, int], list[Run]]) -> None:
        others = [key for key in runs if key[0] != "ssectl"]
        for verb in ("write", "read"):
            rates = {
                (name, count): count / statistics.median(getattr(run, verb) for run in taken)
                for (name, count), taken in runs.items()
            }
            cells = []
            for name, count in others:
                times = multiple(rates["ssectl", count] / rates[name, count])
                wrong = next((f"; {run.fault}" for run in runs[name, count] if run.fault), "")
                cells.append(f"{name} {rates[name, count]:,.0f} ({times}{wrong})")
            ours = rates["ssectl", self._count]
            print(f"| {service} | {way} | {verb} | {ours:,.0f} | {', '.join(cells) or '-'} |", flush=True)


def fault(sent: Sequence[bytes], found: Sequence[bytes]) -> str:
    """What is wrong, or nothing: every record should be there, once, as it was sent."""
    if sorted(found) == sent:  # they begin with their sequence numbers, in ascending order
        return ""
    counts = {
        "lost": len(set(sent) - set(found)),
        "altered": len(set(found) - set(sent)),
        "twice": len(found) - len(set(found)),
    }
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


def multiple(ratio: float) -> str:
    """How many times as fast, with two digits that count."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def note(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ssectl", required=True, help="the release binary")
    parser.add_argument("--count", type=int, default=100_000, help="records of each pass (default 100,000)")
    parser.add_argument("--repeats", type=int, default=3, help="passes of each job; the median counts (default 3)")
    parser.add_argument("services", nargs="*", help=f"which services (default all): {' '.join(servers.SERVICES)}")
    args = parser.parse_args()
    if unknown := set(args.services) - set(servers.SERVICES):
        parser.error(f"unknown service {', '.join(sorted(unknown))}; there are {', '.join(servers.SERVICES)}")
    args.ssectl = str(Path(args.ssectl).resolve())
    bench = Bench(args.ssectl, args.count, args.repeats)
    print(f"\n**Services: {args.count:,} records of 200 bytes, per second; in brackets how many times as fast ours is**\n")
    print("| service | client | | ssectl | others |\n|---|---|---|---:|---|", flush=True)
    with servers.emulators(args.ssectl) as ours:
        for service in args.services or servers.SERVICES:
            bench.service(service, ours[service])
    shares = ", ".join(f"{server} of {service} {bench.count(service, server):,}" for service, server in SHARES)
    print(f"\nServers that are too slow for so many get fewer records, and are compared with ours at as few: {shares}.")


if __name__ == "__main__":
    main()
