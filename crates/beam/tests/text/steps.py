"""Pipeline `count` of the scenario `words` on Apache Beam: from `in` to `out`.

    python count.py --input in.ndjson --output out --runner BundleBasedDirectRunner --streaming

The input has a record per line: {key, headers, stream, partition, offset, time_ns, value}. `ssectl` is in PATH,
or the variable SSECTL names it. Made by `ssectl export beam`.
"""

import apache_beam as beam
from apache_beam.transforms import trigger, window

from ssectl_beam import FOR_EVER, Aggregates, Events, Jq, Read, Results, Write, main

STEPS = r'''(.time_ns | if . == null then . else . / 1000000 | floor end) as $time | . + {value: (.value | (.text | scan("[a-z]+") | {word: ., at: $time}
))}
| .key as $key | select(([limit(1; .value | (.word != $key
))][0]))'''


def build(begin, input, output):
    return (
        begin
        | "read" >> Read(input)
        | "steps" >> Jq(STEPS, on_error="skip")
        | "write" >> Write(output)
    )


if __name__ == "__main__":
    main(build)
