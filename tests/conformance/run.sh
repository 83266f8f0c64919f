#!/usr/bin/env bash
# Runs the conformance suite: against a real Apache Kafka that it starts, or against another broker.
#
#   run.sh                            Apache Kafka: proves that the tests expect what Kafka does
#   run.sh --emulator CMD             starts CMD, which prints `kafka HOST:PORT ready` on stderr, and tests that
#          [--emulator-sasl CMD]      a second one that asks for SASL PLAIN of user alice, password alice-secret
#   run.sh --bootstrap HOST:PORT      a broker that runs already
#          [--sasl HOST:PORT]         its listener that asks for SASL PLAIN of the same user
#
# What follows goes to pytest: a folder (`kcat`), `-k EXPRESSION`, `-x`. CONFORMANCE_MESSAGES (300000) is the size of
# the volume tests, CONFORMANCE_WORKERS (4) how many tests run at a time; most of them wait. The last line is
# `conformance: N passed, N failed, N skipped`; the exit code is not 0 when a test failed or none ran.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

EMULATOR="" EMULATOR_SASL="" BOOTSTRAP="" SASL=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --emulator) EMULATOR="${2:?--emulator needs a command}" && shift 2 ;;
    --emulator-sasl) EMULATOR_SASL="${2:?--emulator-sasl needs a command}" && shift 2 ;;
    --bootstrap) BOOTSTRAP="${2:?--bootstrap needs HOST:PORT}" && shift 2 ;;
    --sasl) SASL="${2:?--sasl needs HOST:PORT}" && shift 2 ;;
    *) break ;;
  esac
done

RUN="$PEERS/run/conformance"
mkdir -p "$RUN"
STARTED=() # process ids of emulators

# stop_all: ends what this script started, in any case.
stop_all() {
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  [[ -n "$EMULATOR$BOOTSTRAP$EMULATOR_SASL" ]] || "$PEERS_HOME/kafka.sh" stop --data "$RUN/kafka"
}
trap stop_all EXIT

# start_emulator NAME COMMAND: starts it and sets ADDRESS to what it prints when it is ready.
start_emulator() {
  local log="$RUN/$1.log" fifo="$RUN/$1.stdin" end=$((SECONDS + 30))
  rm -f "$fifo" && mkfifo "$fifo"
  exec {held}<>"$fifo" # its standard input stays open and silent
  # shellcheck disable=SC2086 # the command is meant to be split into words
  exec_emulator $2 <&"$held" 2>"$log" >&2 &
  STARTED+=("$!")
  until ADDRESS="$(sed -n 's/^kafka \([^ ]*:[0-9]*\) ready.*/\1/p' "$log")" && [[ -n "$ADDRESS" ]]; do
    kill -0 "$!" 2>/dev/null || die "the emulator ended: $(tail -n 3 "$log")"
    ((SECONDS < end)) || die "the emulator is not ready after 30 s: see $log"
    sleep 0.02
  done
}

# exec_emulator WORDS...: becomes the command, so that its process id is the emulator's.
exec_emulator() { exec "$@"; }

"$PEERS_HOME/install.sh" kcat python kafka kafkajs

if [[ -n "$EMULATOR" || -n "$EMULATOR_SASL" ]]; then
  [[ -z "$EMULATOR" ]] || { start_emulator emulator "$EMULATOR" && BOOTSTRAP="$ADDRESS"; }
  [[ -z "$EMULATOR_SASL" ]] || { start_emulator emulator-sasl "$EMULATOR_SASL" && SASL="$ADDRESS"; }
elif [[ -z "$BOOTSTRAP" ]]; then
  rm -rf "$RUN/kafka"
  addresses="$("$PEERS_HOME/kafka.sh" start --data "$RUN/kafka" --sasl)"
  BOOTSTRAP="$(sed -n 's/^BOOTSTRAP=//p' <<<"$addresses")"
  SASL="$(sed -n 's/^SASL_BOOTSTRAP=//p' <<<"$addresses")"
fi

cd "$HERE"
code=0
"$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal --junit-xml="$RUN/report.xml" \
  --bootstrap "$BOOTSTRAP" ${SASL:+--sasl "$SASL"} "$@" || code=$?
for pid in ${STARTED[@]+"${STARTED[@]}"}; do
  kill -0 "$pid" 2>/dev/null || die "the emulator did not survive the suite: see $RUN/*.log"
done
exit "$code"
