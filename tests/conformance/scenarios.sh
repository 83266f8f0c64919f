#!/usr/bin/env bash
# Our side of the wire against a real Apache Kafka: every scenario gives the same streams there and on the emulator, exercise
# E8 gives what jq computes, and a restart of the broker in mid-stream loses nothing.
#
#   scenarios.sh SSECTL
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(cd "$HERE/../.." && pwd)"
source "$HERE/../peers/common.sh"
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"

[[ $# -eq 1 && -x "$1" ]] || die "usage: scenarios.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
RUN="$PEERS/run/scenarios"

"$PEERS_HOME/install.sh" kcat kafka
"$PEERS_HOME/kafka.sh" kill --data "$RUN/kafka" # of a run that was interrupted
rm -rf "$RUN" && mkdir -p "$RUN"
trap 'stop_emulators; "$PEERS_HOME/kafka.sh" stop --data "$RUN/kafka"' EXIT
REAL="kafka://$("$PEERS_HOME/kafka.sh" start --data "$RUN/kafka" | sed -n 's/^BOOTSTRAP=//p')"
start_emulator "$RUN/emulator" "$SSECTL emulator --only kafka --kafka-port 0"
OURS="kafka://$ADDRESS"
cd "$ROOT"

passed=0 failed=0
# check WHAT COMMAND...: runs the command and counts how it went.
check() {
  local what="$1"
  shift
  if "$@" >"$RUN/log" 2>&1; then
    passed=$((passed + 1)) && echo "ok: $what"
  else
    failed=$((failed + 1)) && echo "FAILED: $what" && tail -n 20 "$RUN/log"
  fi
}

# content ADDRESS: keys and values of a stream, sorted: partitions have no order between them.
content() { "$SSECTL" tail "$1" -F '%k\t%s\n' | LC_ALL=C sort; }

# same_streams: every stream that either of the two has is the same in both.
same_streams() {
  local streams stream
  streams="$("$SSECTL" streams list "$OURS")"
  [[ -n "$streams" && "$streams" == "$("$SSECTL" streams list "$REAL")" ]] || { echo "other streams"; return 1; }
  for stream in $streams; do
    cmp <(content "$OURS/$stream") <(content "$REAL/$stream") || { echo "stream $stream differs"; return 1; }
  done
}

# e8 TARGET DATA: the scenario's table is what jq computes for the same steps.
e8() {
  jq -c -f "$ROOT/tests/bench/normalise.jq" "$2" >"$RUN/expected.ndjson"
  "$SSECTL" run scenarios/08-phone-normalise --target "$1" \
    --set "data=$2" --set "expected=$RUN/expected.ndjson" --set "table=$RUN/table.csv"
}

# restart: a producer and a follower live through a restart of the broker.
restart() {
  local stream="$REAL/restart" count=20000 producer follower
  "$SSECTL" streams create "$stream" --partitions 2 --config retention.ms=-1
  "$SSECTL" generate orders --count $count --rate 2500/s --to "$stream" &
  producer=$!
  "$SSECTL" tail "$stream" -f -n $count -F '%s\n' >"$RUN/followed" &
  follower=$!
  until [[ "$(wc -l <"$RUN/followed")" -gt 2000 ]]; do sleep 0.1; done
  "$PEERS_HOME/kafka.sh" restart --data "$RUN/kafka"
  wait "$producer" && wait "$follower"
  "$SSECTL" generate orders --count $count | LC_ALL=C sort >"$RUN/made"
  cmp <(LC_ALL=C sort "$RUN/followed") "$RUN/made" && cmp <("$SSECTL" tail "$stream" -F '%s\n' | LC_ALL=C sort) "$RUN/made"
}

# A set of exercises has a file for each. Their streams get prefixes, as several call theirs the same.
for scenario in scenarios/*/*.yaml; do
  folder="$(basename "$(dirname "$scenario")")" name="$(basename "$scenario" .yaml)"
  # What serves clients has no pipelines to run.
  [[ "$name" != gateway ]] || continue
  [[ "$name" == scenario ]] && name="$folder" || name="$folder/$name"
  if grep -q '^clock: virtual' "$scenario"; then
    # Apache Kafka has a clock of its own.
    check "$name on an emulator by the same clock" "$SSECTL" run "$scenario" --target local-kafka
    continue
  fi
  for target in "$REAL" "$OURS"; do
    where=$([[ "$target" == "$REAL" ]] && echo "Apache Kafka" || echo "the emulator")
    check "$name on $where" "$SSECTL" run "$scenario" --target "$target" --prefix "e${name//\//-}-"
  done
done
check "every stream is the same on both" same_streams
# Recorded by a real phone; jq 1.6 loses no digit of its times, as it does of others.
data="$ROOT/../shared/data/demo_stream.json"
if [[ -f "$data" ]]; then
  check "E8 on recorded data is what jq computes (Apache Kafka)" e8 "$REAL" "$data"
  check "E8 on recorded data is what jq computes (emulator)" e8 "$OURS" "$data"
else
  echo "left out: E8 on recorded data, which is not at $data"
fi
check "a restart of Apache Kafka in mid-stream loses nothing" restart
echo "scenarios: $passed passed, $failed failed"
((failed == 0))
