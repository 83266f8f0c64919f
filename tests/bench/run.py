#!/usr/bin/env python3
"""Compares ssectl with jq, jaq, gojq, Miller, DuckDB, Polars, kcat and Apache Kafka: same inputs, same machine, turn and turn about.

Prints Markdown. Times are medians of whole processes, from start to exit, output to /dev/null. Ratios carry over to other
machines, seconds do not. What is not installed is left out and said; tests/peers/install.sh bench kafka installs all.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import brokers
import filters
import measure
import memory
from inputs import Inputs
from measure import Command, Sample
from windows import SAMPLE_LINES, Windows

ROOT = Path(__file__).parents[2]
PEERS = Path(os.environ.get("PEERS_DIR", ROOT / ".peers"))
PARTS = ("filters", "windows", "start", "memory", "generate", "brokers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ssectl", required=True, help="the release binary")
    parser.add_argument("--limits", type=Path, help="the release binary of benches/limits (default: beside --ssectl)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each job (default 5)")
    parser.add_argument("--scale", type=float, default=1, help="share of the usual input sizes (default 1)")
    parser.add_argument("--nested", type=Path, help="recorded messages for the nested input, instead of made-up ones")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "bench", help="where inputs are kept")
    parser.add_argument("parts", nargs="*", help=f"what to measure (default all): {' '.join(PARTS)}")
    args = parser.parse_args()
    args.ssectl = str(Path(args.ssectl).resolve())
    args.tools = tools()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    inputs = Inputs(args.work, args.ssectl, args.nested, args.scale)
    for part in args.parts or PARTS:
        note(part)
        globals()[f"bench_{part}"](args, inputs)


def tools() -> dict[str, str]:
    """Where the foreign programs are, those of tests/peers first."""
    found = {}
    for name in ("jq", "jaq", "gojq", "mlr", "kcat"):
        path = shutil.which(name, path=f"{PEERS / 'bin'}{os.pathsep}{os.environ['PATH']}")
        if path:
            found[name] = path
        else:
            note(f"{name} is not installed: left out")
    return found


def bench_filters(args: argparse.Namespace, inputs: Inputs) -> None:
    """Throughput of jq programs."""
    programs = filters.Filters(args.ssectl, args.tools)
    data = [(job, inputs.flat()) for job in filters.FLAT] + [(job, inputs.nested()) for job in filters.NESTED]
    results = []
    for job, path in data:
        note(f"  {job.title}")
        head = inputs.head(path, filters.SAMPLE_LINES)
        size = path.stat().st_size / 1e6
        samples = programs.compare(job, path, head, args.repeats)
        results.append((job.title, size, samples))
    for what, figure in (("time", "wall"), ("processor time", "cpu")):
        heading(f"Filters: {what} as a multiple of ssectl's")
        head_row(["job", "input", *programs.names()])
        for title, size, samples in results:
            row([title, f"{size:.0f} MB", *(multiple(samples, name, figure) for name in programs.names())])


def bench_windows(args: argparse.Namespace, inputs: Inputs) -> None:
    """A tumbling count and sum."""
    limits = args.limits or Path(args.ssectl).with_name("ssectl-limits")
    if not limits.exists():
        note("ssectl-limits is not built (cargo build --release -p ssectl-limits): left out")
    analytics = PEERS / "analytics"
    if not analytics.is_dir():
        note("DuckDB and Polars are not installed: left out")
    windows = Windows(
        args.ssectl, str(limits.resolve()) if limits.exists() else None, analytics if analytics.is_dir() else None
    )
    data = inputs.flat(10)
    records = memory.count_lines(data)
    heading(f"Windows: count and sum by minute and country of {records:,} records, time as a multiple of ssectl's")
    head_row(["cores", "ssectl, records/s", *windows.names()])
    for cores in windows.cores():
        note(f"  {cores}")
        samples = windows.compare(data, inputs.head(data, SAMPLE_LINES), cores, args.repeats)
        cells = [multiple(samples, name, "wall") for name in windows.names()]
        row([cores, f"{records / samples['ssectl'].wall:,.0f}", *cells])


def bench_start(args: argparse.Namespace, _: Inputs) -> None:
    """One record from start to end."""
    programs = filters.Filters(args.ssectl, args.tools)
    samples = programs.start(args.repeats * 10)
    heading("Start: one record in and out, milliseconds")
    head_row(programs.names())
    row([f"{samples[name].wall * 1000:.1f}" for name in programs.names()])


def bench_memory(args: argparse.Namespace, inputs: Inputs) -> None:
    """Peak memory at two sizes."""
    out = args.work / "copied.ndjson"
    sizes = [inputs.flat(0.5), inputs.flat(5)]
    small, large = (memory.peaks(args.ssectl, data, out) for data in sizes)
    heading("Memory: peak of the process in MB")
    head_row(["verb", *(f"{data.stat().st_size / 1e6:.0f} MB of input" for data in sizes), "ratio"])
    for verb, peak in small.items():
        row([verb, f"{peak / 1e6:.1f}", f"{large[verb] / 1e6:.1f}", f"{large[verb] / peak:.2f}"])


def bench_generate(args: argparse.Namespace, _: Inputs) -> None:
    """Made-up events per second."""
    heading("Generate: to standard output")
    head_row(["kind", "records/s", "MB/s"])
    count = max(1, int(1_000_000 * args.scale))
    out = args.work / "generated"
    for kind, share in (("words", 1), ("orders", 1), ("clicks", 1), ("phone", 0.05)):
        records = max(1, int(count * share))
        words = [args.ssectl, "generate", kind, "--quiet", "--count", str(records)]
        sample = measure.median([measure.run(Command(words)) for _ in range(args.repeats)])
        measure.run(Command(words, stdout=out))
        row([kind, f"{records / sample.wall:,.0f}", f"{out.stat().st_size / 1e6 / sample.wall:,.0f}"])
        out.unlink()


def bench_brokers(args: argparse.Namespace, inputs: Inputs) -> None:
    """Messages through brokers."""
    if "kcat" not in args.tools:
        return
    lines = inputs.messages()
    count = memory.count_lines(lines)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-emulator-"))
        addresses = {
            "emulator": stack.enter_context(brokers.emulator(args.ssectl)),
            "emulator, --data-dir": stack.enter_context(brokers.emulator(args.ssectl, "--data-dir", folder)),
        }
        if (PEERS / "kafka" / "jars").is_dir():
            addresses["Apache Kafka"] = stack.enter_context(brokers.kafka())
        else:
            note("Apache Kafka is not installed: left out")
        servers = {name: brokers.Broker(address, args.tools["kcat"], args.ssectl) for name, address in addresses.items()}
        runs = {}
        for verb, act in (
            ("kcat -P", lambda broker: broker.produce_kcat(lines)),
            ("kcat -C", lambda broker: broker.consume_kcat(count)),
            ("ssectl copy", lambda broker: broker.produce_ssectl(lines)),
            ("ssectl tail", lambda broker: broker.consume_ssectl(count)),
        ):
            for name, broker in servers.items():
                runs[verb, name] = lambda act=act, broker=broker: act(broker)
        samples = measure.interleaved(runs, args.repeats)
    heading(f"Brokers: {count:,} messages of 200 bytes, thousands per second")
    head_row(["client", *servers, f"emulator / {[*servers][-1]}"])
    for verb in dict.fromkeys(verb for verb, _ in runs):
        rates = [count / samples[verb, name].wall for name in servers]
        row([verb, *(f"{rate / 1000:,.0f}" for rate in rates), f"{rates[0] / rates[-1]:.1f}"])


def multiple(samples: dict[str, Sample], name: str, figure: str) -> str:
    """A cell: our seconds in brackets, or how often the other takes as long."""
    if name not in samples:
        return "-"
    ours, theirs = (getattr(samples[who], figure) for who in ("ssectl", name))
    return f"1 ({ours:.2f} s)" if name == "ssectl" else f"{theirs / ours:.1f}"


def heading(text: str) -> None:
    print(f"\n**{text}**\n", flush=True)


def head_row(cells: list[str]) -> None:
    row(cells)
    row(["---"] + ["---:"] * (len(cells) - 1))


def row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def note(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
