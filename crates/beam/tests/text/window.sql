-- Pipeline `count` of the scenario `words` as Flink SQL. Made by `ssectl export flink-sql`.
--
-- The events are what this program of jq makes of the records, with `time` in ms (here it is in rfc3339):
--   (.time_ns | if . == null then . else . / 1000000 | floor end) as $time | . + {value: (.value | (.text | scan("[a-z]+") | {word: ., at: $time}
--   ))}
--   | .partition as $partition | {partition: ([limit(1; .value | ($partition
--   ))][0]), time: ([limit(1; .value | (.time
--   ))][0]), key: ([limit(1; .value | (.word
--   ))][0]), inputs: {"most": ([limit(1; .value | (.length
--   ))][0])}}
--   | {key, time} + .inputs

SET 'execution.runtime-mode' = 'streaming';

CREATE TABLE events (
  `key` STRING,
  `time` BIGINT,
  `most` DOUBLE,
  ts AS TO_TIMESTAMP_LTZ(`time`, 3),
  -- Flink's watermark is the last time that may still come, ours the first that may not: 1 ms less.
  WATERMARK FOR ts AS ts - INTERVAL '0 00:00:05.001' DAY(3) TO SECOND(3)
) WITH ('connector' = 'filesystem', 'path' = 'events.ndjson', 'format' = 'json');

SELECT
  `key`,
  window_start AS `start`,
  window_end AS `end`,
  COUNT(*) AS `n`,
  MAX(`most`) AS `most`
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '0 00:01:00.000' DAY(3) TO SECOND(3)))
GROUP BY `key`, window_start, window_end;
