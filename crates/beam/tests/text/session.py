"""Pipeline `count` of the scenario `words` on Apache Beam: from `in` to `out`.

    python count.py --input in.ndjson --output out --runner DirectRunner

The input is a file with a record per line, {key, headers, stream, partition, offset, time_ns, value}. It is played in its
order, which counts here, and has to fit into memory.
It writes a folder, or a stream. `ssectl` is in PATH, or the variable SSECTL names it. Made by
`ssectl export beam`.
"""

import apache_beam as beam
from apache_beam.transforms import trigger, window

from ssectl_beam import FOR_EVER, Aggregates, Events, Jq, Results, Write, main
from ssectl_source import InTime, Read, ReadEvents

EVENTS = r'''.partition as $partition | {partition: ([limit(1; .value | ($partition
))][0]), time: ([limit(1; .value | (.time
))][0]), key: ([limit(1; .value | (.word
))][0]), inputs: {"most": ([limit(1; .value | (.length
))][0])}}'''


def build(begin, source, output):
    return (
        begin
        | "events" >> Events(source, EVENTS, unit="rfc3339", delay=5000000000, on_error="skip")
        | "windows" >> beam.WindowInto(
            window.Sessions(1.5),
            trigger=trigger.AfterWatermark(early=trigger.AfterCount(3), late=trigger.AfterCount(1)),
            accumulation_mode=trigger.AccumulationMode.ACCUMULATING,
            allowed_lateness=FOR_EVER,
        )
        | "aggregates" >> beam.CombinePerKey(Aggregates({"n": "count", "most": "max"}))
        | "results" >> Results(unit="rfc3339")
        | "write" >> Write(output)
    )


if __name__ == "__main__":
    main(build, arrival=True)
