#!/usr/bin/env bash
# Everything we demand of a given `ssectl` against programs that we did not write.
#
#   all.sh SSECTL [pytest arguments]      20 rounds of SIGKILL under load, as many for a consumer of each service, the
#                                         footprint, our scenarios on the emulator and on a real Apache Kafka, streams of a
#                                         scenario made and removed on seven servers of others, our
#                                         adapters on that Kafka, on ElasticMQ, on pstest, on Azurite and on three services of
#                                         Kinesis, then the emulators' suites: Kafka; Pub/Sub with Google's clients, Event
#                                         Hubs with Azure's, Kinesis and SQS with AWS's, which other servers have to pass
#                                         as far as they can; and all of them with one log (`--bridge`)
#
# RELEASE is a program that is built as it is shipped: its footprint is what counts, that of SSECTL where there is none.
# DURABILITY_ROUNDS (20) is the number of kills of a broker, KILL_ROUNDS (20) that of kills of each service's consumer.
# All parts run, the adapters beside the emulators. What fails is run once more, since servers of others do not always start;
# what then passes is named at the end as unsteady. The exit code is not 0 when a part failed twice.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/../peers/common.sh"

[[ $# -gt 0 && -x "$1" ]] || die "usage: all.sh SSECTL: the program to test"
SSECTL="$(cd "$(dirname "$1")" && pwd)/${1##*/}"
shift
START="$SSECTL emulator --only kafka --kafka-port"
RUN="$PEERS/run/all"
rm -rf "$RUN" && mkdir -p "$RUN"

# part NAME COMMAND...: runs one part and says what became of it.
part() {
  local name="$1" start=$SECONDS outcome="passed in"
  shift
  printf '\n-- %s\n' "$name"
  if ! "$@"; then
    printf -- '-- %s failed after %d s, and is run once more\n' "$name" "$((SECONDS - start))"
    start=$SECONDS
    if "$@"; then echo "$name" >>"$RUN/unsteady"; else outcome="failed again after" && echo "$name" >>"$RUN/failed"; fi
  fi
  printf -- '-- %s %s %d s\n' "$name" "$outcome" "$((SECONDS - start))"
}

# named FILE WHAT: says which parts FILE lists, if any.
named() { [[ ! -s "$RUN/$1" ]] || printf '\n%s: %s\n' "$2" "$(paste -sd, "$RUN/$1")"; }

# What measures, or kills under load: alone.
first() {
  part "kills of a broker" "$VENV/bin/python" "$HERE/durability.py" --rounds "${DURABILITY_ROUNDS:-20}" \
    --emulator "$START {port} --data-dir {data}"
  part "kills of consumers" "$VENV/bin/python" "$HERE/kills.py" "$SSECTL" --rounds "${KILL_ROUNDS:-20}"
  part "exactly once on Apache Kafka" "$VENV/bin/python" "$HERE/delivery.py" "$SSECTL"
  part "footprint of Kafka" "$VENV/bin/python" "$HERE/footprint.py" \
    --emulator "${RELEASE:-$SSECTL} emulator --only kafka --kafka-port 0"
  part "footprint of all" "$VENV/bin/python" "$HERE/footprint.py" --last eventhubs --ready-ms 100 --idle-mb 50 \
    --emulator "${RELEASE:-$SSECTL} emulator --kafka-port 0 --pubsub-port 0 --aws-port 0 --eventhubs-port 0"
}

# What waits for compilers and for servers of others.
adapters() {
  part "adapter of Kafka" "$HERE/adapter.sh"
  part "adapter of SQS" "$HERE/adapter-sqs.sh"
  part "adapter of Kinesis" "$HERE/adapter-kinesis.sh"
  part "adapter of Pub/Sub" "$HERE/adapter-pubsub.sh"
  part "adapter of Event Hubs" "$HERE/adapter-eventhubs.sh"
  part "windows on Beam and Flink" "$HERE/beam.sh" "$SSECTL"
}

emulators() {
  part "windows by definition" "$VENV/bin/python" "$HERE/../../fixtures/windows/expected.py" --check
  part "scenarios on Apache Kafka" "$HERE/scenarios.sh" "$SSECTL"
  part "cloud up and down" "$VENV/bin/python" "$HERE/cloud.py" "$SSECTL"
  part "Kafka" "$HERE/run.sh" --emulator "$START 0" \
    --emulator-sasl "env SSECTL_EMULATOR_USERS=alice:alice-secret $START 0" "$@"
  part "Kinesis" "$HERE/kinesis.sh" --emulator "$SSECTL emulator --only kinesis --aws-port 0"
  part "Kinesis on moto" "$HERE/kinesis.sh"
  # Not kinesis-local: its streams and consumers change when they like, so where it differs is not the same in every run.
  part "Kinesis on kinesalite" "$HERE/kinesis.sh" --server kinesalite
  part "Pub/Sub" "$HERE/pubsub.sh" --emulator "$SSECTL emulator --only pubsub --pubsub-port 0"
  if "$PEERS_HOME/pubsub.sh" has-google; then
    part "Pub/Sub on Google's emulator" "$HERE/pubsub.sh"
  else
    echo "skipped: the suite of Pub/Sub on Google's emulator, which is not installed"
  fi
  part "SQS" "$HERE/sqs.sh" --emulator "$SSECTL emulator --only sqs --aws-port 0"
  part "SQS on moto" "$HERE/sqs.sh"
  part "Event Hubs" "$HERE/eventhubs.sh" --emulator "$SSECTL emulator --only eventhubs --eventhubs-port 0"
  part "one log for all" "$HERE/bridge.sh" "$SSECTL"
}

"$PEERS_HOME/install.sh"
first
adapters >"$RUN/adapters.log" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null || true' EXIT
emulators "$@"
wait "$beside"
cat "$RUN/adapters.log"
named unsteady "unsteady, passed only when run again"
named failed failed
[[ ! -s "$RUN/failed" ]]
