"""Pipeline `count` of the scenario `words` on Apache Beam: from `in` to `out`.

    python count.py --input in.ndjson --output out --runner DirectRunner

The input is read by the workers: files with a record per line, {key, headers, stream, partition, offset, time_ns, value},
files of bare values with --input_values, or a stream such as kafka://HOST:PORT/NAME, from its start to the end it has now.
It writes a folder, or a stream. `ssectl` is in PATH, or the variable SSECTL names it. Made by
`ssectl export beam`.
"""

import apache_beam as beam
from apache_beam.transforms import trigger, window

from ssectl_beam import FOR_EVER, Aggregates, Events, Jq, Results, Write, main
from ssectl_source import InTime, Read, ReadEvents

EVENTS = r'''(.time_ns | if . == null then . else . / 1000000 | floor end) as $time | . + {value: (.value | (.text | scan("[a-z]+") | {word: ., at: $time}
))}
| .partition as $partition | {partition: ([limit(1; .value | ($partition
))][0]), time: ([limit(1; .value | (.time
))][0]), key: ([limit(1; .value | (.word
))][0]), inputs: {"most": ([limit(1; .value | (.length
))][0])}}'''

THEN = r'''. + {key: (([limit(1; .value | (.key
))][0]) | if . == null or type == "string" then . else tojson end)}'''


def build(begin, source, output):
    return (
        begin
        | "events" >> ReadEvents(source, EVENTS, unit="rfc3339", delay=5000000000, on_error="skip")
        | "windows" >> beam.WindowInto(
            window.FixedWindows(60, offset=0),
            trigger=trigger.AfterWatermark(),
            accumulation_mode=trigger.AccumulationMode.ACCUMULATING,
            allowed_lateness=0,
        )
        | "in time" >> InTime()
        | "aggregates" >> beam.CombinePerKey(Aggregates({"n": "count", "most": "max"}))
        | "results" >> Results(unit="rfc3339")
        | "then" >> Jq(THEN, on_error="skip")
        | "write" >> Write(output)
    )


if __name__ == "__main__":
    main(build)
