#!/usr/bin/env bash
# Runs the conformance suite of Kafka: against a real Apache Kafka that it starts, or against another broker.
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
# shellcheck source=emulator.sh
source "$HERE/emulator.sh"
OWN_KAFKA=""

# stop_all: ends what this script started, in any case.
# shellcheck disable=SC2317 # the trap calls it
stop_all() {
  stop_emulators
  [[ -z "$OWN_KAFKA" ]] || "$PEERS_HOME/kafka.sh" stop --data "$RUN/kafka"
}
trap stop_all EXIT

"$PEERS_HOME/install.sh" kcat python kafka kafkajs

if [[ -n "$EMULATOR" || -n "$EMULATOR_SASL" ]]; then
  [[ -z "$EMULATOR" ]] || { start_emulator "$RUN/emulator" "$EMULATOR" && BOOTSTRAP="$ADDRESS"; }
  [[ -z "$EMULATOR_SASL" ]] || { start_emulator "$RUN/emulator-sasl" "$EMULATOR_SASL" && SASL="$ADDRESS"; }
elif [[ -z "$BOOTSTRAP" ]]; then
  OWN_KAFKA=yes
  "$PEERS_HOME/kafka.sh" kill --data "$RUN/kafka" # of a run that was interrupted
  rm -rf "$RUN/kafka"
  addresses="$("$PEERS_HOME/kafka.sh" start --data "$RUN/kafka" --sasl)"
  BOOTSTRAP="$(sed -n 's/^BOOTSTRAP=//p' <<<"$addresses")"
  SASL="$(sed -n 's/^SASL_BOOTSTRAP=//p' <<<"$addresses")"
fi

cd "$HERE"
code=0
summary="$RUN/summary"
"$VENV/bin/python" -m pytest -n "${CONFORMANCE_WORKERS:-4}" --dist worksteal --junit-xml="$RUN/report.xml" \
  --ignore=beam --ignore=bridge --ignore=eventhubs --ignore=kinesis --ignore=pubsub --ignore=sqs --bootstrap "$BOOTSTRAP" ${SASL:+--sasl "$SASL"} "$@" | tee "$summary" || code=$?
for pid in ${EMULATORS[@]+"${EMULATORS[@]}"}; do
  if ! kill -0 "$pid" 2>/dev/null; then
    echo "the emulator did not survive the suite: see $RUN/*.log"
    tail -n 1 "$summary"
    code=1
  fi
done
exit "$code"
