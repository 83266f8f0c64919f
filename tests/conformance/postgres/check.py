"""Checks the counters of lookup.yaml's report: each key is asked for once, or a little more as batches run side by side."""

import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
assert report["passed"], report["expectations"]
counts = {step["what"]: step["count"] for step in report["pipelines"][0]["steps"] if step["step"] == "2-enrich"}
print(counts)
assert counts["hits"] + counts["misses"] == 100_000, counts
assert 250 <= counts["misses"] < 100_000, counts
assert 1 <= counts["queries"] < 40, counts
assert counts["evicted"] == 0, counts
