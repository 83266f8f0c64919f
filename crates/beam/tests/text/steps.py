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

STEPS = r'''(.time_ns | if . == null then . else . / 1000000 | floor end) as $time | . + {value: (.value | (.text | scan("[a-z]+") | {word: ., at: $time}
))}
| .key as $key | select(([limit(1; .value | (.word != $key
))][0]))'''


def build(begin, source, output):
    return (
        begin
        | "read" >> Read(source)
        | "steps" >> Jq(STEPS, on_error="skip")
        | "write" >> Write(output)
    )


if __name__ == "__main__":
    main(build)
