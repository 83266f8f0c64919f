#!/usr/bin/env bash
# How fast kcat produces to our emulator and to Apache Kafka, on this machine, in the same run. A report, not a test.
#
#   produce_rate.sh --emulator CMD      CMD prints `kafka HOST:PORT ready` on stderr
#
# RATE_MESSAGES (1000000) messages of 200 bytes go to a fresh topic of 4 partitions, RATE_REPEATS (7) times to each
# broker in turn, after RATE_WARMUPS (5) that do not count: a young JVM is slow. Every message must be there afterwards. RATE_KCAT adds options for kcat.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# == 2 && "$1" == --emulator ]] || die "usage: produce_rate.sh --emulator CMD"
MESSAGES="${RATE_MESSAGES:-1000000}" REPEATS="${RATE_REPEATS:-7}"
RUN="$PEERS/run/rate"
"$PEERS_HOME/kafka.sh" kill --data "$RUN/kafka" # of a run that was interrupted
rm -rf "$RUN" && mkdir -p "$RUN"
"$PEERS_HOME/install.sh" kcat python kafka

# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
trap 'stop_emulators; "$PEERS_HOME/kafka.sh" stop --data "$RUN/kafka"; rm -f "$RUN/lines"' EXIT
start_emulator "$RUN/emulator" "$2"
KAFKA="$(KAFKA_HEAP=1g "$PEERS_HOME/kafka.sh" start --data "$RUN/kafka" | sed -n 's/^BOOTSTRAP=//p')"

"$VENV/bin/python" - "$MESSAGES" >"$RUN/lines" <<'PYTHON'
import sys
for i in range(int(sys.argv[1])):
    sys.stdout.write("%012d%s\n" % (i, "." * 188))
PYTHON

# measure BOOTSTRAP: produces once to a fresh topic, checks and deletes it; prints messages per second.
measure() {
  local topic="rate-$RANDOM$RANDOM" began ended
  "$VENV/bin/python" "$HERE/support/rate.py" create "$1" "$topic"
  began="$EPOCHREALTIME"
  # shellcheck disable=SC2086 # options are meant to be split
  kcat -q -b "$1" -P -t "$topic" ${RATE_KCAT:-} -l "$RUN/lines"
  ended="$EPOCHREALTIME"
  "$VENV/bin/python" "$HERE/support/rate.py" check-and-delete "$1" "$topic" "$MESSAGES"
  awk -v n="$MESSAGES" -v from="$began" -v to="$ended" 'BEGIN { printf "%.0f\n", n / (to - from) }'
}

for _ in $(seq "${RATE_WARMUPS:-5}"); do
  measure "$ADDRESS" >/dev/null
  measure "$KAFKA" >/dev/null
done
for _ in $(seq "$REPEATS"); do
  measure "$ADDRESS" >>"$RUN/ours"
  measure "$KAFKA" >>"$RUN/theirs"
done
"$VENV/bin/python" "$HERE/support/rate.py" report "$RUN/ours" "$RUN/theirs"
