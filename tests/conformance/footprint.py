"""Measures an emulator: time until it serves, memory when idle, memory when clients ask and do not read.

    footprint.py --emulator 'ssectl emulator --only kafka --kafka-port 0'
    footprint.py --emulator 'ssectl emulator ...' --last eventhubs --ready-ms 100 --idle-mb 50

Fails above 50 ms (median of ten starts), 30 MB, and 256 MB more than idle. With several services the last of them counts.
Linux: reads /proc.
"""

import argparse
import re
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from kafka.protocol.consumer import FetchRequest

from support.records import Record
from support.target import Target
from support.wire import Wire, build

STALLED_MB = 256
READERS, REQUESTS, RECORDS = 100, 20, 64


def start(command, last):
    """Starts the emulator; returns its process, the address of Kafka and the milliseconds until all was ready."""
    address = None
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.match(r"(\w+) (\S+:\d+) ready", line):
            address = found[2] if found[1] == "kafka" else address
            if found[1] == last:
                return process, address, (time.monotonic() - began) * 1000
    sys.exit(f"footprint: `{shlex.join(command)}` ended before it was ready")


def memory(process):
    """Resident memory in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000


def start_times(command, last):
    """Milliseconds until ready, of ten starts."""
    times = []
    for _ in range(10):
        process, _, ready = start(command, last)
        times.append(ready)
        process.terminate()
        process.wait(30)
    return times


def stall(address):
    """Connections that ask for 64 MB each, twenty times over, and read nothing; they must be kept by the caller."""
    target = Target(address, "stalled")
    topic = target.topic()
    target.produce(topic, [Record(None, b"x" * 999_000)] * RECORDS, batch_num_messages=1)
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": RECORDS * 1_000_000}
    readers = [Wire(address) for _ in range(READERS)]
    for reader in readers:
        for _ in range(REQUESTS):
            reader.tell(build(FetchRequest, 4, replica_id=-1, max_wait_ms=1, min_bytes=1, max_bytes=RECORDS * 1_000_000,
                              isolation_level=0, topics=[{"topic": topic, "partitions": [partition]}]))
    return target, readers


def peak(process, seconds):
    """The most memory seen while the stalled readers wait."""
    seen, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        seen = max(seen, memory(process))
        time.sleep(0.05)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator", required=True, help="a command that prints `kafka HOST:PORT ready` on stderr")
    parser.add_argument("--last", default="kafka", help="the service that is ready last")
    parser.add_argument("--ready-ms", type=float, default=50)
    parser.add_argument("--idle-mb", type=float, default=30)
    arguments = parser.parse_args()
    command = shlex.split(arguments.emulator)
    ready = statistics.median(start_times(command, arguments.last))
    process, address, _ = start(command, arguments.last)
    try:
        idle = memory(process)
        held = stall(address)
        stored = RECORDS  # MB of records that the topic holds, in memory unless there is a data directory
        growth = peak(process, 5) - idle - stored
        del held
        assert process.poll() is None, "the emulator ended"
    finally:
        process.kill()
    print(f"footprint: ready in {ready:.1f} ms, {idle:.1f} MB idle, {max(growth, 0):.0f} MB more for {READERS} clients"
          " that ask and do not read", flush=True)
    faults = [f"{name} {value:.0f} is above {limit}" for name, value, limit in (
        ("ready ms", ready, arguments.ready_ms), ("idle MB", idle, arguments.idle_mb), ("stalled MB", growth, STALLED_MB)) if value > limit]
    if faults:
        sys.exit(f"footprint: {', '.join(faults)}")


if __name__ == "__main__":
    main()
